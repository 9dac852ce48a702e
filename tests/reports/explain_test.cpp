#include "reports/explain.hpp"
#include "sim/scenario/load.hpp"
#include "sim/theory/explain.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <fstream>

namespace {

std::vector<sim::theory::prediction> predicted(std::string const& scenario) {
  return sim::theory::explain(
      sim::scenario::load_file(std::string(CREST_SOURCE_DIR) + "/scenarios/" + scenario + ".json"));
}

/// Compares with tests/reports/goldens/NAME, or writes it when UPDATE_GOLDENS=1 is in the environment.
void check_golden(std::string const& name, std::string const& text) {
  std::string const file = std::string(CREST_SOURCE_DIR) + "/tests/reports/goldens/" + name;
  char const* const update = std::getenv("UPDATE_GOLDENS");
  if (update != nullptr && std::string_view(update) == "1") std::ofstream(file, std::ios::binary) << text;
  std::ifstream in(file, std::ios::binary);
  INFO(name << ": if the change is meant, run again with UPDATE_GOLDENS=1");
  CHECK(std::string(std::istreambuf_iterator<char>(in), {}) == text);
}

}

TEST_CASE("theory explains shipped scenarios as it was agreed") {
  for (std::string const name : {"quickstart", "small-map", "noisy-tokens"})
    check_golden("explain-" + name + ".txt", reports::explain_text(name, predicted(name)));
}

TEST_CASE("predictions for tools have a value or say what is broken") {
  auto const j = nlohmann::json::parse(reports::explain_json("small-map", predicted("small-map")));
  CHECK(j["schema_version"] == 1);
  int values = 0, broken = 0;
  for (auto const& p : j["predictions"]) {
    INFO(p["metric"]);
    CHECK(p.contains("value") != p.contains("broken"));
    CHECK(p.contains("value") == p.contains("formula"));
    (p.contains("value") ? values : broken) += 1;
  }
  CHECK(values > 5);
  CHECK(broken > 0);
}
