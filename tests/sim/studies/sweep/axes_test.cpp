#include "base/config/words.hpp"
#include "sim/scenario/load.hpp"
#include "sim/studies/sweep/axes.hpp"
#include "tests/sim/studies/sweep/fake.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace sim::sweep;
using nlohmann::json;

namespace {

axis_set axes_of(std::string const& axes, combination combine = combination::grid) {
  return read_axes(config::document::parse(sweep_test::scenario_text(axes), "s.json"), json::json_pointer("/axes"),
                   combine);
}

/// The values of the one axis.
json values_of(std::string const& path, std::string const& values) {
  return sim::sweep::values_of(axes_of("{\"" + path + "\": " + values + "}").axes.at(0).values);
}

/// What is set, or what is shown, at all points.
json set_at(axis_set const& set) {
  json all = json::array();
  for (point const& p : expand(set)) all.push_back(sim::sweep::values_of(p));
  return all;
}

json shown_at(axis_set const& set) {
  json all = json::array();
  for (point const& p : expand(set)) all.push_back(shown_of(p));
  return all;
}

std::string problem_of(std::string const& axes, combination combine = combination::grid) {
  try {
    axes_of(axes, combine);
  } catch (config::bad_input const& error) {
    return error.what();
  }
  return "read";
}

}

TEST_CASE("without axes there is one point, the scenario as it stands") {
  CHECK(expand(axes_of("")) == std::vector<point>{point{}});
}

TEST_CASE("a grid has every value with every other, and its last axis turns fastest") {
  axis_set const set = axes_of(R"({"topology.proxies.count": [1, 2], "load.requests_per_character": [7, 8, 9]})");
  REQUIRE(set.axes.size() == 2);
  CHECK(set.axes[0].path == "load.requests_per_character");
  CHECK(set.axes[1].line == 2);
  CHECK(set_at(set) == json::parse("[[7,1],[7,2],[8,1],[8,2],[9,1],[9,2]]"));
}

TEST_CASE("a zip takes the values of all axes together and drops points that were there already") {
  axis_set const set = axes_of(
      R"({"topology.proxies.count": [1, 2, 1, 1], "load.requests_per_character": [7, 7, 9, 7]})", combination::zip);
  CHECK(set_at(set) == json::parse("[[7,1],[7,2],[9,1]]"));
}

TEST_CASE("values of any kind are taken as they are written") {
  CHECK(values_of("topology.balancers[0].token_map", R"(["off", "10m"])") == json::parse(R"(["off", "10m"])"));
  CHECK(values_of("topology.balancers", R"([[{"kind": "nginx"}], {"kind": "gateway"}])").size() == 2);
  CHECK(values_of("population.logged_in", "[0, 0.5, 1]") == json::parse("[0, 0.5, 1]"));
}

TEST_CASE("a value with a name is set as it is, and shown by its name") {
  axis_set const set = axes_of(
      R"({"topology.balancers": [{"as": "no map", "value": {"kind": "gateway", "token_map": "off"}}, {"kind": "gateway"}],
          "topology.proxies.count": [2, {"as": "many", "value": 9}]})");
  CHECK(set_at(set) == json::parse(R"([[{"kind": "gateway", "token_map": "off"}, 2],
                                       [{"kind": "gateway", "token_map": "off"}, 9], [{"kind": "gateway"}, 2],
                                       [{"kind": "gateway"}, 9]])"));
  CHECK(shown_at(set) ==
        json::parse(R"([["no map", 2], ["no map", "many"], [{"kind": "gateway"}, 2], [{"kind": "gateway"}, "many"]])"));
  CHECK(describe({"a", "b"}, shown_of(expand(set)[1])) == "a=\"no map\", b=\"many\"");
}

TEST_CASE("in a zip a value may have several names, and a name may come again for its own value") {
  axis_set const set = axes_of(
      R"({"topology.proxies.count": [{"as": "few", "value": 2}, {"as": "two", "value": 2}, {"as": "few", "value": 2}],
          "load.requests_per_character": [7, 7, 7]})",
      combination::zip);
  CHECK(shown_at(set) == json::parse(R"([[7, "few"], [7, "two"]])"));
}

TEST_CASE("each broken name of a value gets one line with its place") {
  struct row {
    char const* name;
    char const* values;
    combination combine;
    std::vector<char const*> says;
  };
  auto const grid = combination::grid, zip = combination::zip;
  row const rows[] = {
      {"no value", R"([1, {"as": "x"}])", grid, {"count[1]: found a name without a value"}},
      {"an unknown key", R"([{"as": "x", "valeu": 2, "value": 2}])", grid, {"[0].valeu", "did you mean 'value'?"}},
      {"an empty name", R"([{"as": "", "value": 2}])", grid, {"[0].as: found \"\"", "1 to 100 characters"}},
      {"a name that is no text", R"([{"as": 7, "value": 2}])", grid, {"[0].as: found 7"}},
      {"a name that --where could not say", R"([{"as": "a=b", "value": 2}])", grid, {"without = and"}},
      {"a name twice",
       R"([{"as": "x", "value": 2}, {"as": "x", "value": 3}])",
       grid,
       {"[1]: found \"x\" for a second"}},
      {"a name twice, in a zip", R"([{"as": "x", "value": 2}, {"as": "x", "value": 3}])", zip, {"for a second value"}},
      {"a name that another value shows as", R"([{"as": "3", "value": 2}, 3])", grid, {"[1]: found 3 for a second"}},
      {"a value with two names",
       R"([{"as": "x", "value": 2}, {"as": "y", "value": 2}])",
       grid,
       {"found 2 (\"y\") a second time"}},
  };
  for (row const& r : rows) {
    std::string const message = problem_of("{\"topology.proxies.count\": " + std::string(r.values) + "}", r.combine);
    INFO(r.name << ": " << message);
    CHECK_THAT(message, Catch::StartsWith("s.json:2: axes.topology.proxies.count") && Catch::Contains("; allowed: "));
    for (char const* words : r.says) CHECK_THAT(message, Catch::Contains(words));
  }
}

TEST_CASE("spaced values are whole where the scenario wants whole numbers, and are not repeated") {
  CHECK(values_of("load.requests_per_character", R"({"log": [1, 1000, 4]})") == json::parse("[1, 10, 100, 1000]"));
  CHECK(values_of("load.requests_per_character", R"({"log": [1, 4, 9]})") == json::parse("[1, 2, 3, 4]"));
  CHECK(values_of("topology.balancers[0].count", R"({"linear": [1, 4, 7]})") == json::parse("[1, 2, 3, 4]"));
  CHECK(values_of("seed", R"({"linear": [1, 3, 3]})") == json::parse("[1, 2, 3]"));
  for (json const& value : values_of("population.characters", R"({"log": [10, 1e6, 8]})"))
    CHECK(value.is_number_integer());
}

TEST_CASE("spaced values keep their fractions where the scenario takes any number") {
  CHECK(values_of("population.logged_in", R"({"linear": [0, 1, 5]})") == json::parse("[0, 0.25, 0.5, 0.75, 1]"));
  CHECK(values_of("population.popularity.zipf", R"({"linear": [0.1, 0.3, 3]})") == json::parse("[0.1, 0.2, 0.3]"));
  CHECK(values_of("population.token_rotation_rps", R"({"log": [1, 100, 4]})") ==
        json::parse("[1, 4.64159, 21.5443, 100]"));
}

TEST_CASE("spacing goes down as well as up, and ends exactly where it says") {
  CHECK(values_of("load.requests_per_character", R"({"log": [100, 1, 3]})") == json::parse("[100, 10, 1]"));
  auto const values = log_spaced(0.123456789, 98765.4321, 50);
  CHECK(values.size() == 50);
  CHECK(values.front() == 0.123456789);
  CHECK(values.back() == 98765.4321);
  CHECK(std::is_sorted(values.begin(), values.end()));
  CHECK(linear_spaced(3, 3, 2) == std::vector<double>{3, 3});
}

TEST_CASE("neighbours of logarithmic values have equal ratios") {
  auto const values = log_spaced(2, 3e5, 30);
  double const ratio = values[1] / values[0];
  for (std::size_t i = 1; i < values.size(); ++i) CHECK(values[i] / values[i - 1] == Approx(ratio).epsilon(2e-5));
}

TEST_CASE("the schema allows the words for how axes combine that are read") {
  json const allowed =
      json::parse(sim::scenario::scenario_schema).at(json::json_pointer("/properties/axes_combine/enum"));
  CHECK(allowed == json(config::words_of<combination>()));
}
