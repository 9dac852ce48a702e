#pragma once

#include "sim/records/result.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

/// Reports of a run, for people and tools. Everything here sees only the result.
namespace reports {

/// The summary for people: measured, theory and difference side by side, invariants, thresholds, events, verdict.
std::string summary_text(sim::records::result const& result);

/// The summary for tools; `summary_schema` describes it.
std::string summary_json(sim::records::result const& result);

/// The version of summary.json's shape: raised when a key changes its meaning or goes away.
inline constexpr int summary_schema_version = 1;

/// reports/summary.schema.json, embedded.
extern std::string_view const summary_schema;

/// Each invariant and threshold, and the run's validity, as a test case.
std::string junit_xml(sim::records::result const& result);

/// One line per time slice and balancer ("all": all of them).
std::string timeseries_csv(sim::records::result const& result);

/// The gnuplot script, with its data, that draws the redirect ratio over time into `image` (SVG, 800 pixels wide).
std::string plot_script(sim::records::result const& result, std::filesystem::path const& image);

/// The files that `write_all` and `write_failure` write.
extern std::vector<std::string> const report_files;

/// Writes summary.txt, summary.json, junit.xml, timeseries.csv and redirect-ratio.svg into `directory`, which is
/// created. None is ever partial. Returns a line for what could not be drawn (no gnuplot); throws std::runtime_error
/// when a file cannot be written, and leaves none of them.
std::vector<std::string> write_all(sim::records::result const& result, std::filesystem::path const& directory);

/// A run without a result: the scenario's name, as far as it is known, what stopped it, and the exit code.
struct failure {
  std::string scenario, why;
  int exit_code = 1;
};

/// JUnit with one test case, whose <error> is `why`.
std::string junit_xml(failure const& f);

/// "COULD NOT RUN, exit code 1" and why.
std::string summary_text(failure const& f);

/// Writes junit.xml and summary.txt: a job that publishes reports without looking at exit codes must show neither an
/// older one nor none. Writes no summary.json. Throws as `write_all` does.
void write_failure(failure const& f, std::filesystem::path const& directory);

}
