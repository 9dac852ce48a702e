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
  return axes_of("{\"" + path + "\": " + values + "}").axes.at(0).values;
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
  CHECK(json(expand(set)) == json::parse("[[7,1],[7,2],[8,1],[8,2],[9,1],[9,2]]"));
}

TEST_CASE("a zip takes the values of all axes together and drops points that were there already") {
  axis_set const set = axes_of(
      R"({"topology.proxies.count": [1, 2, 1, 1], "load.requests_per_character": [7, 7, 9, 7]})", combination::zip);
  CHECK(json(expand(set)) == json::parse("[[7,1],[7,2],[9,1]]"));
}

TEST_CASE("values of any kind are taken as they are written") {
  CHECK(values_of("topology.balancers[0].token_map", R"(["off", "10m"])") == json::parse(R"(["off", "10m"])"));
  CHECK(values_of("topology.balancers", R"([[{"kind": "nginx"}], {"kind": "gateway"}])").size() == 2);
  CHECK(values_of("population.logged_in", "[0, 0.5, 1]") == json::parse("[0, 0.5, 1]"));
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
