#include "reports/compare/compare.hpp"

#include "base/os/write_file.hpp"
#include "reports/read_summary.hpp"
#include "reports/reports.hpp"
#include "sim/cli/command.hpp"
#include "sim/cli/output_directory.hpp"
#include "sim/records/result.hpp"

#include <filesystem>
#include <iostream>
#include <memory>

namespace sim::cli {
namespace {

namespace fs = std::filesystem;

struct compare_choice {
  std::string base, now, markdown, out, confidence = "95%";
  std::vector<std::string> tolerances;
  reports::compare::settings how;
};

/// What a comparison is written as in its --out. Of an earlier one nothing stays; compare.json comes last but for the
/// page that is made of it.
void write(fs::path const& out, std::string const& json, std::string const& markdown) {
  auto const claim = claim_directory(out);
  for (char const* name : {"report.html", "compare.json", "compare.md"}) fs::remove(out / name);
  os::write_file(out / "compare.md", markdown);
  os::write_file(out / "compare.json", json);
  reports::write_report_of(out / "compare.json");
}

int compare(compare_choice const& choice) {
  reports::compare::settings how = choice.how;
  how.confidence = reports::compare::read_confidence(choice.confidence);
  for (std::string const& text : choice.tolerances) reports::compare::read_tolerance(text, how.tolerance);
  reports::compare::side const base{reports::read_summary(choice.base), reports::timeseries_beside(choice.base)},
      now{reports::read_summary(choice.now), reports::timeseries_beside(choice.now)};
  auto const comparison = reports::compare::compare(base.result, now.result, how);
  std::string const text = reports::compare::markdown(comparison, base.result, now.result, how);
  if (!choice.markdown.empty()) os::write_file(choice.markdown, text);
  if (!choice.out.empty()) write(choice.out, reports::compare::compare_json(comparison, base, now, how), text);
  std::cout << text << std::flush;
  return comparison.regressed() ? records::exit_failed : records::exit_passed;
}

}

void add_compare(CLI::App& app, action& chosen) {
  auto const choice = std::make_shared<compare_choice>();
  CLI::App& command = *app.add_subcommand("compare", "two results as a markdown table; 99 when the second is worse");
  command.add_option("BASE", choice->base, "summary.json, or the directory of a report")->required();
  command.add_option("NEW", choice->now, "the same, to be judged")->required();
  command
      .add_option("--tolerance", choice->tolerances,
                  "how much worse is too much: redirect_ratio=2%, latency_ms.p99=10%; without a metric, of all ratios "
                  "and percentiles (default: 5%); may be repeated")
      ->type_name("[METRIC=]N%")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command.add_option("--confidence", choice->confidence, "that all alarms together are no chance")
      ->type_name("N%")
      ->capture_default_str();
  command.add_option("--phase", choice->how.phase, "compare this phase in place of the whole run")->type_name("NAME");
  command.add_option("--markdown", choice->markdown, "also write the table here")->type_name("FILE");
  command.add_option("--out", choice->out, "write compare.json, compare.md and report.html there")->type_name("DIR");
  command.add_flag("--force", choice->how.force, "also different scenarios, and runs that are invalid or interrupted");
  command.callback([choice, &chosen] { chosen = [choice] { return compare(*choice); }; });
}

}
