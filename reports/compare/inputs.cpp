// What went into two results.
#include "base/config/document.hpp"
#include "reports/compare/compare.hpp"
#include "reports/provenance.hpp"
#include "reports/wording.hpp"

#include <nlohmann/json.hpp>

#include <set>

namespace reports::compare {
namespace {

using nlohmann::json;
using sim::records::provenance;
using sim::records::result;

constexpr std::size_t most_lines = 40;
constexpr char const* absent = "not there";

void add(std::vector<std::string>& lines, std::string const& what, std::string const& base, std::string const& now) {
  if (base == now) return;
  auto const shown = [](std::string const& text) { return text.empty() ? "not said" : text; };
  lines.push_back(what + ": " + shown(base) + " → " + shown(now));
}

/// The values of a resolved scenario, by path; without what has no effect.
std::map<std::string, std::string> values_of(provenance const& p) {
  json root = json::parse(p.scenario, nullptr, false);
  if (!root.is_object()) return {};
  for (char const* key : {"$schema", "description", "name", "seed"}) root.erase(key);
  std::map<std::string, std::string> values;
  json const flat = root.flatten(); // outlives the loop over it
  for (auto const& [pointer, value] : flat.items())
    values[config::dotted(json::json_pointer(pointer))] = value.dump(-1, ' ', false, json::error_handler_t::replace);
  return values;
}

void add_scenario(std::vector<std::string>& lines, provenance const& base, provenance const& now) {
  if (base.scenario_digest == now.scenario_digest) return;
  if (base.scenario.empty() || now.scenario.empty())
    return add(lines, "scenario", base.scenario_digest, now.scenario_digest);
  auto const before = values_of(base), after = values_of(now);
  std::size_t const first = lines.size();
  auto const value = [](std::map<std::string, std::string> const& values, std::string const& path) {
    auto const found = values.find(path);
    return found == values.end() ? std::string(absent) : found->second;
  };
  std::set<std::string> paths;
  for (auto const* values : {&before, &after})
    for (auto const& [path, text] : *values) paths.insert(path);
  for (std::string const& path : paths) add(lines, path, value(before, path), value(after, path));
  if (lines.size() == first)
    lines.push_back("files that the scenario names differ: digest " + base.scenario_digest + " → " +
                    now.scenario_digest);
}

/// What somebody did who watched the run: no scenario has it.
std::string by_hand_in(result const& r) {
  std::string text;
  for (sim::records::event_result const& e : r.events)
    if (e.by_hand) text += (text.empty() ? "" : "; ") + e.name + " at " + fixed(e.at_s, 2) + " s";
  return text.empty() ? std::string(absent) : text;
}

std::string machine_of(provenance const& p) {
  return p.host + (p.cores == 0 ? "" : ", " + std::to_string(p.cores) + (p.cores == 1 ? " core" : " cores"));
}

}

std::vector<std::string> input_differences(result const& base, result const& now) {
  std::vector<std::string> lines;
  add(lines, "scenario", base.scenario, now.scenario);
  add(lines, "engine", base.engine, now.engine);
  add(lines, "seed", std::to_string(base.seed), std::to_string(now.seed));
  add(lines, "events", by_hand_in(base), by_hand_in(now));
  bool const told = base.provenance && now.provenance;
  if (!told) {
    if (base.provenance || now.provenance)
      lines.push_back(std::string(base.provenance ? "NEW" : "BASE") + " does not say what ran");
    return lines;
  }
  provenance const &before = *base.provenance, &after = *now.provenance;
  add_scenario(lines, before, after);
  add(lines, "crest-sim", version_of(before), version_of(after));
  add(lines, "machine", machine_of(before), machine_of(after));
  if (lines.size() <= most_lines) return lines;
  std::size_t const more = lines.size() - most_lines;
  lines.resize(most_lines);
  lines.push_back("and " + std::to_string(more) + " more");
  return lines;
}

}
