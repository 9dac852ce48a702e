#include "base/config/words.hpp"
#include "sim/scenario/load.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

using nlohmann::json;

namespace {

/// Visits every key that the schema documents, with its dotted path.
template<class Visit>
void each_key(json const& node, std::string const& path, Visit const& visit) {
  if (node.is_object() && node.contains("properties")) {
    for (auto const& [key, value] : node["properties"].items()) visit(path + "." + key, value);
  }
  if (!node.is_structured()) return;
  for (auto const& [key, value] : node.items()) each_key(value, path + "." + key, visit);
}

}

TEST_CASE("every key of the scenario file says what it means") {
  json const schema = json::parse(sim::scenario::scenario_schema);
  std::size_t keys = 0;
  each_key(schema, "", [&](std::string const& path, json const& key) {
    ++keys;
    json const* described = &key;
    if (!key.contains("description") && key.contains("$ref")) {
      described = &schema.at(json::json_pointer(key["$ref"].get<std::string>().substr(1)));
    }
    INFO(path);
    bool const is_invariant = path.find(".expect_violations.") != std::string::npos;
    CHECK((is_invariant || described->contains("description")));
  });
  CHECK(keys > 80);
}

TEST_CASE("objects of the scenario file refuse keys that they do not know") {
  json const schema = json::parse(sim::scenario::scenario_schema);
  std::size_t objects = 0;
  auto const visit = [&](auto const& self, json const& node, std::string const& path) -> void {
    if (!node.is_structured()) return;
    if (node.is_object() && node.contains("properties") && node.contains("type")) {
      INFO(path);
      ++objects;
      CHECK(node.contains("additionalProperties"));
    }
    for (auto const& [key, value] : node.items()) self(self, value, path + "/" + key);
  };
  visit(visit, schema, "");
  CHECK(objects > 10);
}

namespace {

/// Whether the words that the schema allows at `at` are those that the values of `Enum` are called.
template<class Enum>
void check_words(json const& schema, char const* at) {
  json const& there = schema.at(json::json_pointer(at)).at("enum");
  auto const called = config::words_of<Enum>();
  for (std::string_view const word : called) {
    INFO("scenarios/scenario.schema.json lacks \"" << word << "\" at " << at);
    CHECK(std::find(there.begin(), there.end(), word) != there.end());
  }
  for (json const& word : there) {
    INFO(word << ", which scenarios/scenario.schema.json allows at " << at << ", is the name_of of no value");
    CHECK(config::value_of<Enum>(word.get<std::string>()));
  }
}

}

TEST_CASE("the schema allows the words that are read, no more and no less") {
  json const schema = json::parse(sim::scenario::scenario_schema);
  std::string const gateway = "/$defs/balancers/oneOf/0/properties", nginx = "/$defs/balancers/oneOf/1/properties";
  using namespace sim::scenario;
  check_words<guess_policy>(schema, (gateway + "/guess").c_str());
  json allowed = schema.at(json::json_pointer(nginx + "/config")).at("enum");
  CHECK(allowed == json({name_of(nginx_rules::guess), name_of(nginx_rules::lua_map)})); // "template" has its own key
  check_words<guess_policy>(schema, "/$defs/routes_as/properties/guess");
  std::string const topology = "/properties/topology/properties", load = "/properties/load/properties";
  check_words<process_layout>(schema, (topology + "/proxies/properties/process").c_str());
  check_words<process_layout>(schema, (topology + "/sols/properties/process").c_str());
  check_words<discipline>(schema, (topology + "/proxies/properties/discipline").c_str());
  check_words<load_kind>(schema, (load + "/kind").c_str());
  check_words<gap_choice>(schema, (load + "/longer_gaps").c_str());
  check_words<balancer_choice>(schema, (load + "/balancer_choice").c_str());
}

TEST_CASE("each kind of balancer has a branch in the schema, and each branch a kind") {
  json const schema = json::parse(sim::scenario::scenario_schema);
  std::vector<std::string> branches;
  for (json const& branch : schema.at(json::json_pointer("/$defs/balancers/oneOf")))
    branches.push_back(branch.at("properties").at("kind").at("const").get<std::string>());
  for (std::string_view const kind : config::words_of<sim::scenario::balancer_kind>()) {
    INFO("scenarios/scenario.schema.json has no balancers of kind " << kind);
    CHECK(std::count(branches.begin(), branches.end(), kind) == 1);
  }
  for (std::string const& branch : branches) {
    INFO("no balancer_kind has the name_of " << branch);
    CHECK(config::value_of<sim::scenario::balancer_kind>(branch));
  }
}

namespace {

template<class... Actions>
std::vector<std::string> keys_of(std::type_identity<std::variant<Actions...>>) {
  return {Actions::key...};
}

}

TEST_CASE("each action of an event has a key in the schema") {
  json const schema = json::parse(sim::scenario::scenario_schema);
  json const& event = schema.at(json::json_pointer("/properties/events/items/properties"));
  std::vector<std::string> known = keys_of(std::type_identity<sim::scenario::action>());
  for (std::string const& key : known) {
    INFO("scenarios/scenario.schema.json has no events with \"" << key << "\"");
    CHECK(event.contains(key));
  }
  known.insert(known.end(), {"at", "at_ms", "at_share", "name"});
  for (auto const& [key, value] : event.items()) {
    INFO("no action of sim::scenario has the key " << key);
    CHECK(std::find(known.begin(), known.end(), key) != known.end());
  }
}
