#pragma once

#include "reports/figure.hpp"

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Pictures of results and of tables of results, each kind in a file of its own.
namespace reports::plots {

/// What to draw, as the command line says it. Empty: the kind's own choice.
struct order {
  std::vector<std::filesystem::path> results;
  std::string kind;
  std::string metric, x, y, line; // columns of a sweep's table
  std::string phase;              // of a sweep's metrics; empty: the whole run
  std::vector<std::string> where; // COLUMN=VALUE: only rows that have it
  std::string title;
};

/// What an order may choose; not every kind uses each.
enum class choice : unsigned { metric = 1, x = 2, y = 4, line = 8, phase = 16, where = 32, title = 64 };

constexpr unsigned operator|(choice a, choice b) { return static_cast<unsigned>(a) | static_cast<unsigned>(b); }
constexpr unsigned operator|(unsigned a, choice b) { return a | static_cast<unsigned>(b); }

struct kind {
  std::string_view name, inputs, shows; // for --help
  unsigned choices;                     // that it uses
  figure (*draw)(order const&);

  constexpr bool takes(choice c) const { return (choices & static_cast<unsigned>(c)) != 0; }
};

/// Titles of lines are cut to this many characters.
inline constexpr std::size_t most_title = 60;

std::span<kind const> kinds();

/// Throws `config::bad_input` if the order chooses what the kind does not use, with the kinds that do.
void check_choices(order const& o, kind const& k);

/// The commands and data. Throws `config::bad_input` for an unknown kind, and as the kind does.
figure figure_of(order const& o);

/// Throws `config::bad_input` if the name does not end in .svg or .png.
void check_image_name(std::filesystem::path const& image);

/// Draws into `image` (.svg or .png) and writes NAME.dat and NAME.gnuplot beside it, with which `gnuplot NAME.gnuplot`
/// in that folder draws it again. All three or none. Throws `config::bad_input` for a bad order, and std::runtime_error
/// if gnuplot is missing or a file cannot be written.
void draw(order const& o, std::filesystem::path const& image);

// The kinds. All throw `config::bad_input`: unreadable results, missing columns, nothing to draw.

/// From a sweep: the metric (redirect ratio) against requests per character, log x; a line for each number of
/// balancers; theory dashed.
figure ratio_by_requests(order const& o);
/// From a sweep: the metric (redirect ratio) against two axes, as coloured and numbered cells.
figure heatmap(order const& o);
/// From summaries: latency by percentile, x = 1/(1 - p).
figure percentiles(order const& o);
/// From a sweep: utilisation and p99 against load, one above the other.
figure knee(order const& o);
/// From a sweep: the metric (redirect ratio) of each value of an axis, as a bar with its interval at 95 % confidence; a
/// bar for each value of a second axis; theory dashed.
figure sweep_bars(order const& o);
/// From one report's directory: redirect ratio, failed requests by cause and latency over time, phases, events.
figure recovery(order const& o);
/// From summaries: redirect ratio, p99 and hops per request as bars.
figure bars(order const& o);
/// From a CSV or JSON file of low and high ends around a base.
figure tornado(order const& o);
/// From a plan that looks for a value: a goal's metric against the input, with its bound and the answer.
figure limit(order const& o);

}
