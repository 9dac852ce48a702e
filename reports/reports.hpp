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

/// The summary for tools; `summary_schema` describes it. `of`: "run", "sweep" or "plan".
std::string summary_json(sim::records::result const& result, std::string_view of = "run");

/// The version of summary.json's shape: raised when a key changes its meaning or goes away.
inline constexpr int summary_schema_version = 1;

/// reports/summary.schema.json, embedded.
extern std::string_view const summary_schema;

/// A test case of JUnit.
struct test_case {
  std::string group, name;
  std::string element = {}, message = {}, text = {}; // element: "failure", "error", "skipped" or empty
  std::string type = {};                             // of the element; empty: the group
  double duration_s = 0;
  std::vector<std::string> invalid_attempts = {}; // before this one: why each was invalid
};

/// The run's validity, each invariant and threshold, and `more`, as test cases.
std::string junit_xml(sim::records::result const& result, std::vector<test_case> const& more = {});

/// One line per time slice and balancer ("all": all of them).
std::string timeseries_csv(sim::records::result const& result);

/// report.html: summary.json and, unless the run came to nothing, timeseries.csv as a page.
std::string report_html(sim::records::result const& result);

/// The same for a run that goes on: a page without a result, which asks the server that it came from for events, and
/// shows what the newest one has. `about` is JSON (docs/watching.md).
std::string live_report_html(std::string const& about);
/// What such a page shows of a result: JSON.
std::string report_data(sim::records::result const& result);

/// Makes report.html again beside what a command wrote: `at` is a directory, or a summary.json of a run, sweep.csv,
/// plan.json, limit.json or compare.json under any name. The same bytes as the command itself wrote, as long as both
/// are of one version. Returns its path, which is `out` unless that is empty. Throws `config::bad_input` when `at` is
/// no such result, and std::runtime_error when the page cannot be written.
std::filesystem::path write_report_of(std::filesystem::path const& at, std::filesystem::path const& out = {});

/// The same, once: returns why it could not be, or nothing.
std::string try_report_of(std::filesystem::path const& at) noexcept;

/// The text of the timeseries.csv beside a summary (or in its directory); empty where there is none.
std::string timeseries_beside(std::filesystem::path const& summary);

/// The gnuplot script, with its data, that draws the redirect ratio over time into `image` (SVG, 800 pixels wide).
std::string plot_script(sim::records::result const& result, std::filesystem::path const& image);

/// The files that `write_all` writes.
extern std::vector<std::string> const report_files;

/// What became of a report.
struct written {
  sim::records::result result;   // as it says in the report
  std::string not_drawn;         // why there is no picture (no gnuplot); empty if there is one, or nothing to draw
  std::vector<std::string> lost; // a line for each file that could not be written: "cannot write FILE: No space left …"
};

/// Writes summary.txt, summary.json, junit.xml and report.html into `directory`, which is created, and, unless the run
/// came to nothing, timeseries.csv and redirect-ratio.svg. None is ever partial. If one cannot be written, the others
/// are, and say so: a run that passed is an error then. Throws nothing of its own.
written write_all(sim::records::result const& result, std::filesystem::path const& directory);

/// The same of what is more than one run, whose figures are elsewhere: junit.xml with `more`, `text` and what ran as
/// summary.txt, summary.json without metrics.
written write_verdict(sim::records::result const& result, std::string_view of, std::string const& text,
                      std::vector<test_case> const& more, std::filesystem::path const& directory);

/// A file of the result could not be written: what passed is an error then.
void note_lost(sim::records::result& result, std::string const& problem);

/// The names of those three files.
extern std::vector<std::string> const verdict_files;

/// What ran, where and when, as summary.txt has it; empty where it is not known.
std::string what_ran(sim::records::result const& result);

/// Whether it is an error without figures: it could not run or was refused. Its reports are short.
bool came_to_nothing(sim::records::result const& result);

/// The result of what could not run or was refused: its scenario's name, as far as it is known, and why.
sim::records::result result_of_failure(std::string const& scenario, std::string const& why, int exit_code);

}
