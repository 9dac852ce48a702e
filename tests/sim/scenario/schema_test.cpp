#include "sim/scenario/load.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

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
