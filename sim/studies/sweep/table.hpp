#pragma once

#include "sim/studies/sweep/evaluation.hpp"
#include "sim/studies/sweep/manifest.hpp"
#include "sim/studies/sweep/store.hpp"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <vector>

namespace sim::sweep {

/// One tidy table: a row per trial, null if a trial has no such value.
///
/// Columns: `point`, `replication`, the axes by path, `seed` (unless an axis), `verdict`, `history_hash`, then the
/// metrics in the catalogue's order: a ratio R as R, R_numerator, R_denominator, R_theory, R_standard_error,
/// R_measured_error; a distribution D as D_count, D_mean, D_p50, D_p90, D_p95, D_p99, D_p999, D_max, and what the run
/// itself shows its p50 and p99 to lie between at 95 %: D_p50_low, D_p50_high, D_p99_low, D_p99_high; labels follow:
/// D_p99{phase:steady}.
/// Durations are in milliseconds or seconds, as their names say. Last, `reasons`: why a trial did not pass.
struct table {
  std::vector<std::string> columns;
  std::vector<std::vector<nlohmann::json>> rows;
};

/// `evaluations`: one for each trial of `m`, in its order.
table tabulate(manifest const& m, std::vector<evaluation> const& evaluations);

/// RFC 4180 with line feeds; null is empty; numbers are the shortest text that reads back as the same double.
std::string csv(table const& t);

/// A JSON object for each row, one per line.
std::string json_lines(table const& t);

/// The files' names in a sweep's directory; report.html is made of the table.
inline constexpr char const *csv_name = "sweep.csv", *json_lines_name = "sweep.jsonl";
inline std::vector<std::string> const table_files = {csv_name, json_lines_name, "report.html"};

/// A sweep whose trials are all finished.
struct finished {
  records::verdict verdict = records::verdict::passed; // the worst
  std::vector<evaluation> trials;                      // in the manifest's order
  std::vector<std::string> lost;                       // a line for each file that could not be written
};

/// Writes both files into the store's directory when all trials are finished; if one cannot be written, the other one
/// still is. Returns nothing if trials are missing; then neither file exists.
std::optional<finished> write_table(manifest const& m, store const& results);

}
