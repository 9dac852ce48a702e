// Simulated token maps against Che's approximation: one balancer, independent requests of unequal popularity.
#include "sim/engines/virtual/run.hpp"
#include "sim/scenario/load.hpp"
#include "sim/theory/expect.hpp"
#include "sim/theory/lru.hpp"
#include "sim/theory/routed.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace sim;

TEST_CASE("a simulated map hits as often as Che's approximation says") {
  for (char const* zipf : {"0.6", "0.9", "1.2"})
    for (char const* map : {"16k", "64k", "256k"}) {
      auto const s = scenario::load_text(
          std::string(R"({"name": "map", "seed": 3, "topology": {"balancers": {"kind": "gateway", "token_map": ")") +
              map +
              R"("}, "proxies": {"count": 4, "service_time": {"constant": {"mean_ms": 0}}}},
          "population": {"characters": 10000, "logged_in": 1, "popularity": {"zipf": )" +
              zipf + R"(}},
          "load": {"kind": "poisson", "rate_rps": 10000, "duration": "80s", "targets": ["/status"]},
          "phases": [{"name": "warm-up", "until": "20s"}, {"name": "steady"}],
          "virtual": {"network": {"client": {"constant": {"mean_ms": 0}}, "proxy": {"constant": {"mean_ms": 0}}}}})",
          "map.json", {});
      std::uint64_t const entries = theory::map_entries(s.topology.balancers.front(), s.population.token_bytes);
      double const expected =
          theory::hit_ratio(theory::popularity_classes(s.population.characters, s.population.zipf), double(entries));
      virtual_time::run_options options;
      options.keep = virtual_time::run_options::detail::summary;
      auto const steady = virtual_time::run(s, options).phases.at(1);
      auto const got = std::get<records::ratio_metric>(steady.metrics.at("map_hit_ratio"));
      INFO("Zipf " << zipf << ", " << entries << " entries: " << got.value << ", Che " << expected);
      REQUIRE(got.denominator > 500'000);
      CHECK(std::abs(got.value / expected - 1) < 0.02);
    }
}
