#include "sim/engines/live/counters.hpp"
#include "sim/judge/counters.hpp"
#include "tests/live/harness.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>

using namespace sim;

TEST_CASE("counters are read from Prometheus' text, and what is no whole number of ours is passed over") {
  auto const found = live::parse_counters("# HELP x_a_total Help with 7\n# TYPE x_a_total counter\nx_a_total 7\n"
                                          "x_b{upstream=\"127.0.0.1:1\",le=\"+Inf\"} 18446744073709551615\n"
                                          "x_c 1.5\nx_d -1\nx_e\nother_total 3\nx_f 4",
                                          "x_");
  std::map<std::string, std::uint64_t> const expected{
      {"a_total", 7}, {"b{upstream=\"127.0.0.1:1\",le=\"+Inf\"}", 18446744073709551615u}, {"f", 4}};
  CHECK(found == expected);
}

TEST_CASE("each counter of a gateway is compared with its journal, or named as one that cannot be") {
  tests::live::balancer gateway(tests::live::kind::gateway, {"127.0.0.1:1"});
  auto const counters = live::parse_counters(gateway.admin("/metrics"), "crest_gateway_");
  CHECK(counters.size() > 40);
  auto const uncompared = judge::uncompared_counters();
  for (auto const& [name, value] : counters) {
    std::string const bare = name.substr(0, name.find('{'));
    INFO(bare);
    bool const named = std::find(uncompared.begin(), uncompared.end(), bare) != uncompared.end();
    CHECK(judge::is_compared(bare) != named);
  }
}
