#include "sim/cli/checked_file.hpp"

#include "sim/engines/live/balancer_check.hpp"
#include "sim/load/plan.hpp"
#include "sim/scenario/load.hpp"
#include "sim/scenario/reading.hpp"
#include "sim/studies/plan/definition.hpp"
#include "sim/studies/sweep/check.hpp"

#include <set>
#include <tuple>

namespace sim::cli {
namespace {

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

}

bool is_schema(config::document const& document) {
  nlohmann::json const& root = document.root();
  if (!root.is_object() || !root.contains("$schema") || !root["$schema"].is_string()) return false;
  return root["$schema"].get_ref<std::string const&>().find("json-schema.org") != std::string::npos;
}

checked_file check_document(config::document const& document, std::string const& file) {
  checked_file result;
  if (is_schema(document)) {
    result.notes.emplace_back("a JSON Schema, not a scenario: left out");
    return result;
  }
  scenario::partial_scenario read = scenario::read_partially(document, file, result.found);
  templates used(result.found, result.notes);
  if (read.nodes) used.look(*read.nodes);
  result.what = std::move(read.whole);
  if (!result.what) return result;
  scenario::scenario const& s = *result.what;
  used.look(s); // also what events add
  if (s.load.kind == scenario::load_kind::trace)
    result.found.good([&] { // reads it, as a start would
      for (std::string& note : load::make_plan(s).notes) result.notes.push_back(std::move(note));
    });
  auto const points =
      sweep::check_axes(document, file, result.found, [&used](scenario::scenario const& point) { used.look(point); });
  if (points.read < points.all)
    result.notes.push_back("of " + std::to_string(points.all) + " points " + std::to_string(points.read) +
                           " were read, with each value of each axis");
  plan::check(document, file, result.found);
  return result;
}

checked_file check_file(scenario_choice const& choice) {
  checked_file unread;
  config::document document;
  return unread.found.good([&] { document = choice.document(); }) ? check_document(document, choice.file) : unread;
}

}
