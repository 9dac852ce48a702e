#pragma once

#include "base/config/document.hpp"
#include "reports/csv.hpp"
#include "reports/plots/plots.hpp"

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace reports::plots {

/// A sweep's table as pictures need it: the rows that count, and where they come from.
struct sweep_table {
  csv_table csv;
  std::vector<std::size_t> rows;     // of valid runs, filtered by --where
  std::vector<std::size_t> left_out; // rows of invalid and interrupted runs
  std::vector<std::string> axes;     // between "replication" and "seed"; empty in a table of another shape
  std::string caption;               // scenario, seeds, simulated or measured
  std::string footer;                // points that are left out, what ran it
};

/// The result of a kind that takes exactly one: a file, or `name` in a directory. `allowed` is for the message. Throws
/// `config::bad_input`: not one.
std::filesystem::path only_result(order const& o, char const* name, char const* allowed);

/// What a result is of and which crest-sim made it, by the summary.json beside it, as `reports::origin_of` says it;
/// empty if not known.
std::string origin_beside(std::filesystem::path const& file);

/// Reads the one result: sweep.csv or the directory that has it; scenario and engine are in sweep.json beside it, or in
/// columns of these names. Throws `config::bad_input`: not one result, no rows left.
sweep_table read_sweep(order const& o);

/// The column of an axis: the requested one, else the first of `usual` that exists. `option` is for messages.
std::size_t axis_column(sweep_table const& t, std::string const& asked, std::vector<std::string> const& usual,
                        char const* option);

/// The column of a metric, of --phase where it has no labels of its own; "latency_ms.p99" is latency_ms_p99.
std::size_t metric_column(sweep_table const& t, order const& o, std::string metric);

/// The phases of which a table has metrics.
std::vector<std::string> phases_in(csv_table const& t);

/// Throws `config::bad_input` if the table has no metric of `phase`, with those that there are. Empty: the whole run.
void check_phase(csv_table const& t, std::string const& phase);

/// The error for a `column` that the table does not have, for `asked` (--metric, or empty) in `phase`.
config::bad_input unknown_metric(csv_table const& t, std::string const& column, std::string const& asked,
                                 std::string const& phase);

/// "latency_ms_p99_low{phase:steady}" for "latency_ms_p99{phase:steady}" and "_low", if there is such a column.
std::optional<std::size_t> column_beside(sweep_table const& t, std::size_t metric, std::string_view suffix);

/// "redirect_ratio_theory{phase:steady}" for "redirect_ratio{phase:steady}", if there is such a column.
std::optional<std::size_t> theory_column(sweep_table const& t, std::size_t metric);

/// Throws `config::bad_input` if an axis that is not drawn has several values at one place of the picture, which would
/// be mixed.
void check_drawn(sweep_table const& t, std::vector<std::size_t> const& drawn);

/// Means over rows with equal cells (replications), by x. Cells without a number are left out.
std::map<double, double> curve(sweep_table const& t, std::vector<std::size_t> const& rows, std::size_t x,
                               std::size_t y);

/// What varies in these rows: "topology.proxies.count=4, load.rate_rps=800; topology.proxies.count=8, …", each once, at
/// most `most` of them and how many more.
std::string points_of(sweep_table const& t, std::vector<std::size_t> const& rows, std::size_t most);

/// Comments for the data: a line for each row that is not drawn, with why.
std::string left_out_lines(sweep_table const& t, std::vector<std::size_t> const& columns);

/// "; no value in 2 of 12 rows of redirect_ratio", where cells of the columns are empty: for the caption. Names the
/// points in the footer.
std::string without_value(sweep_table& t, std::vector<std::size_t> const& columns);

/// Rows by the text in a column.
using rows_by_text = std::vector<std::pair<std::string, std::vector<std::size_t>>>;

/// In the table's order, which is the sweep's.
rows_by_text in_order(sweep_table const& t, std::size_t column);

/// Whether all the texts are numbers.
bool are_numbers(rows_by_text const& groups);

/// Numbers in their order, other text in the table's.
rows_by_text by_value(sweep_table const& t, std::size_t column);

/// What an axis or metric is called in a picture: "requests per character", with unit.
std::string label_of(std::string const& column);

/// The same for one of the order's metrics: without the phase that the caption says.
std::string metric_label_of(order const& o, std::string const& column);

/// A label without its unit.
std::string words_of(std::string const& label);

/// With a capital letter.
std::string as_title(std::string text);

}
