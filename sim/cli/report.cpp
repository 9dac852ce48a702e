#include "base/config/document.hpp"
#include "reports/reports.hpp"
#include "sim/cli/command.hpp"
#include "sim/records/result.hpp"

#include <iostream>
#include <memory>

namespace sim::cli {
namespace {

struct report_choice {
  std::vector<std::string> results;
  std::string out;
};

int report(report_choice const& choice) {
  if (!choice.out.empty() && choice.results.size() != 1)
    throw config::bad_input("--out: found with " + std::to_string(choice.results.size()) +
                            " results; allowed: with one, as each has a page of its own");
  for (std::string const& result : choice.results)
    std::cout << reports::write_report_of(result, choice.out).string() << '\n';
  return records::exit_passed;
}

}

void add_report(CLI::App& app, action& chosen) {
  auto const choice = std::make_shared<report_choice>();
  CLI::App& command = *app.add_subcommand("report", "make report.html again from what an earlier command wrote");
  command
      .add_option(
          "RESULT", choice->results,
          "summary.json, sweep.csv, plan.json, limit.json, compare.json, or a directory that has one; report.html is "
          "written beside it")
      ->required();
  command.add_option("--out", choice->out, "of one RESULT: write the page here")->type_name("FILE");
  command.callback([choice, &chosen] { chosen = [choice] { return report(*choice); }; });
}

}
