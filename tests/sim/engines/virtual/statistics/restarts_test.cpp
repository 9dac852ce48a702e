// What restarts of balancers cost in simulated runs, against the closed form.
#include "sim/engines/virtual/run.hpp"
#include "sim/scenario/load.hpp"
#include "sim/theory/explain.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <string>
#include <variant>

using namespace sim;

TEST_CASE("restarts cost what theory says, with the map and without it, by popularity and one after another") {
  struct row {
    char const* name;
    std::vector<std::string> overrides;
  };
  row const rows[] = {
      {"two cold, two warm", {}},
      {"all cold", {"topology.balancers[1].token_map_file=false"}},
      {"all warm", {"topology.balancers[0].token_map_file=true"}},
      {"one with the map, killed", {R"(events=[{"at":"5s","restart":{"node":"gateway[2]","graceful":false}}])"}},
      {"one, twice, soon", {R"(events=[{"at":"1s","restart":"gateway[0]"},{"at":"2s","restart":"gateway[0]"}])"}},
      {"some tokens are asked for more often", {"population.popularity={\"zipf\":1}"}},
  };
  constexpr int runs = 20;
  for (row const& x : rows) {
    INFO(x.name);
    std::vector<std::string> overrides = x.overrides;
    overrides.insert(overrides.end(), {"thresholds={}", "virtual.start_time=\"1ms\""});
    scenario::scenario s =
        scenario::load_file(std::string(CREST_SOURCE_DIR) + "/scenarios/rolling-restart.json", overrides);
    auto const all = theory::explain(s);
    theory::prediction const* const expected = theory::find(all, "redirects{reason:restarted}");
    REQUIRE(expected);
    double sum = 0;
    for (int i = 0; i != runs; ++i) {
      s.seed = 1000 + static_cast<std::uint64_t>(i);
      virtual_time::run_options options;
      options.keep = virtual_time::run_options::detail::full;
      auto const r = virtual_time::run(s, options);
      sum += std::get<records::counter_metric>(r.metrics.at("redirects{reason:restarted}")).value;
    }
    double const mean = sum / runs, error = *expected->standard_error / std::sqrt(runs);
    INFO("simulated " << mean << ", theory " << *expected->value << " +- " << error);
    CHECK(std::abs(mean - *expected->value) <= 4 * error);
  }
}
