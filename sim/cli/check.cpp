// The command check: all that is wrong with scenario files, and with what they name.
#include "sim/studies/sweep/check.hpp"

#include "base/config/faults.hpp"
#include "sim/cli/command.hpp"
#include "sim/engines/live/balancer_check.hpp"
#include "sim/load/plan.hpp"
#include "sim/records/result.hpp"
#include "sim/scenario/load.hpp"
#include "sim/studies/plan/definition.hpp"

#include <iostream>
#include <memory>
#include <set>
#include <tuple>

namespace sim::cli {
namespace {

struct check_choice {
  std::vector<std::string> files;
  scenario_choice what; // its file is each of them in turn
};

/// What is known of one file.
struct checked {
  std::string name; // empty: not a scenario, see `notes`
  config::faults found;
  std::vector<std::string> notes;
};

/// Templates, of which each is asked about once a file.
class templates {
public:
  templates(config::faults& found, std::vector<std::string>& notes)
    : found_(found)
    , notes_(notes) {}

  void look(scenario::scenario const& s) {
    for (scenario::balancer_identity const& balancer : scenario::balancers_of(s)) {
      scenario::balancer_group const& group = *balancer.settings;
      if (asked_
              .insert({group.nginx_config, group.nginx_template, group.program, s.load.tls,
                       s.topology.proxies.first_port != 0})
              .second)
        note(live::check_balancer(s, group, found_));
    }
  }

private:
  void note(std::string const& why) {
    if (!why.empty() && said_.insert(why).second)
      notes_.push_back("configuration not tried by the balancer's own program: " + why);
  }

  config::faults& found_;
  std::vector<std::string>& notes_;
  /// All on which an answer depends.
  std::set<std::tuple<scenario::nginx_rules, std::filesystem::path, scenario::command_settings, bool, bool>> asked_;
  std::set<std::string> said_;
};

/// Files beside scenarios that a shell's `*.json` names too.
bool is_schema(config::document const& document) {
  nlohmann::json const& root = document.root();
  if (!root.is_object() || !root.contains("$schema") || !root["$schema"].is_string()) return false;
  return root["$schema"].get_ref<std::string const&>().find("json-schema.org") != std::string::npos;
}

void check_document(config::document const& document, std::string const& file, checked& result) {
  if (is_schema(document)) {
    result.notes.emplace_back("a JSON Schema, not a scenario: left out");
    return;
  }
  auto const s = scenario::read_document(document, file, result.found);
  if (!s) return;
  result.name = s->name;
  templates used(result.found, result.notes);
  used.look(*s);
  if (s->load.kind == scenario::load_kind::trace)
    result.found.good([&] { // reads it, as a start would
      for (std::string& note : load::make_plan(*s).notes) result.notes.push_back(std::move(note));
    });
  auto const points =
      sweep::check_axes(document, file, result.found, [&used](scenario::scenario const& point) { used.look(point); });
  if (points.read < points.all)
    result.notes.push_back("of " + std::to_string(points.all) + " points " + std::to_string(points.read) +
                           " were read, with each value of each axis");
  plan::check(document, file, result.found);
}

checked check_file(scenario_choice const& choice) {
  checked result;
  config::document document;
  bool const read = result.found.good([&] { document = choice.document(); });
  if (read) check_document(document, choice.file, result);
  return result;
}

int check(check_choice const& choice) {
  std::size_t faults = 0, bad_files = 0;
  for (std::string const& file : choice.files) {
    scenario_choice one = choice.what;
    one.file = file;
    checked const result = check_file(one);
    faults += result.found.size();
    bad_files += result.found.empty() ? 0 : 1;
    for (std::size_t i = 0; i < result.found.size(); ++i) std::cerr << "crest-sim: " << result.found.line(i) << '\n';
    if (result.found.size() == config::faults::most)
      std::cerr << "crest-sim: " << file << ": more than " << config::faults::most
                << " errors: the rest is not shown\n";
    if (result.found.empty()) std::cout << file << (result.name.empty() ? "" : ": good: " + result.name) << '\n';
    for (std::string const& note : result.notes) std::cout << "    " << note << '\n';
  }
  if (faults == 0) return records::exit_passed;
  std::cout << std::flush;
  if (faults > 1 || choice.files.size() > 1)
    std::cerr << "crest-sim: " << faults << (faults == 1 ? " error in " : " errors in ") << bad_files << " of "
              << choice.files.size() << (choice.files.size() == 1 ? " file\n" : " files\n");
  return records::exit_bad_input;
}

}

void add_check(CLI::App& app, action& chosen) {
  auto const choice = std::make_shared<check_choice>();
  CLI::App& command = *app.add_subcommand(
      "check", "read scenarios, with their axes, plans, templates and logs, and say all that is wrong with them");
  add_scenarios(command, choice->files, choice->what);
  command.callback([choice, &chosen] { chosen = [choice] { return check(*choice); }; });
}

}
