#include "sim/theory/explain.hpp"

#include "reports/explain.hpp"
#include "sim/cli/command.hpp"
#include "sim/records/result.hpp"

#include <iostream>
#include <memory>

namespace sim::cli {
namespace {

struct explain_choice {
  scenario_choice what;
  bool json = false;
};

int explain(explain_choice const& choice) {
  scenario::scenario const s = choice.what.load();
  auto const predictions = theory::explain(s);
  std::cout << (choice.json ? reports::explain_json(s.name, predictions) : reports::explain_text(s.name, predictions));
  return records::exit_passed;
}

}

void add_explain(CLI::App& app, action& chosen) {
  auto const choice = std::make_shared<explain_choice>();
  CLI::App& command = *app.add_subcommand("explain", "what theory expects of a scenario: formula, inputs, assumptions");
  add_scenario(command, choice->what);
  command.add_flag("--json", choice->json, "for tools");
  command.callback([choice, &chosen] { chosen = [choice] { return explain(*choice); }; });
}

}
