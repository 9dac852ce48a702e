// Balancers whose maps outlive their restarts, in simulated time.
#include "sim/engines/virtual/run.hpp"
#include "sim/scenario/load.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <variant>

using namespace sim;

namespace {

scenario::scenario rolling(std::vector<std::string> const& overrides) {
  return scenario::load_file(std::string(CREST_SOURCE_DIR) + "/scenarios/rolling-restart.json", overrides);
}

records::result run_in_full(scenario::scenario const& s) {
  virtual_time::run_options options;
  options.keep = virtual_time::run_options::detail::full;
  return virtual_time::run(s, options);
}

std::uint64_t redirects(records::metric_set const& set, std::string const& reason) {
  auto const found = set.find("redirects{reason:" + reason + "}");
  if (found == set.end()) return 0; // left out where there were none
  return static_cast<std::uint64_t>(std::get<records::counter_metric>(found->second).value);
}

std::uint64_t restarted(records::result const& r, std::string const& balancer) {
  for (records::named_metrics const& b : r.balancers)
    if (b.name == balancer) return redirects(b.metrics, "restarted");
  FAIL(balancer << " is not there");
  return 0;
}

void check_invariants(records::result const& r) {
  for (records::invariant_result const& i : r.invariants) {
    INFO(i.name);
    CHECK(i.violations == 0);
  }
}

}

TEST_CASE("a gateway that drains comes back with its map if it has a token_map_file, and the report says so") {
  auto const r = run_in_full(rolling({}));
  check_invariants(r);
  CHECK(restarted(r, "gateway[0]") > 250);
  CHECK(restarted(r, "gateway[1]") > 250);
  CHECK(restarted(r, "gateway[2]") == 0);
  CHECK(restarted(r, "gateway[3]") == 0);
  REQUIRE(r.events.size() == 4);
  CHECK(r.events[0].detail == "stopped and started gateway[0]");
  CHECK(r.events[2].detail == "stopped and started gateway[2], which knows 400 tokens from before");
  REQUIRE(r.events[0].convergence_s);
  CHECK(*r.events[0].convergence_s > 1);
}

TEST_CASE("a gateway that is killed kept nothing, and is cold, also when it had drained once before") {
  for (
      char const* const events :
      {R"(events=[{"at":"8s","restart":{"node":"gateway[2]","graceful":false}}])",
       R"(events=[{"at":"8s","kill":"gateway[2]"},{"at":"8500ms","restart":"gateway[2]"}])",
       R"(events=[{"at":"2s","restart":"gateway[2]"},{"at":"8s","restart":{"node":"gateway[2]","graceful":false}}])"}) {
    INFO(events);
    auto const r = run_in_full(rolling({events, "thresholds={}"}));
    check_invariants(r);
    CHECK(restarted(r, "gateway[2]") > 250);
    CHECK(r.events.back().detail.find("from before") == std::string::npos);
  }
}

TEST_CASE("a small map that was kept loses what it would have lost without a restart, and says so") {
  scenario::scenario const s =
      rolling({"topology.balancers[0].token_map=\"4k\"", "topology.balancers[1].token_map=\"4k\"",
               R"(events=[{"at":"8s","restart":"gateway[2]"}])", "thresholds={}"});
  auto const r = run_in_full(s);
  check_invariants(r);
  CHECK(restarted(r, "gateway[2]") == 0);
  CHECK(redirects(r.metrics, "evicted") > 1000);
  virtual_time::run_options options;
  options.keep = virtual_time::run_options::detail::summary;
  auto const brief = virtual_time::run(s, options);
  CHECK(restarted(brief, "gateway[2]") == 0);
  // A request that failed while the balancer was away could have made it forget, as far as records tell.
  std::uint64_t const perhaps = redirects(r.metrics, "forgotten");
  CHECK(perhaps < 100);
  CHECK(redirects(brief.metrics, "evicted") == redirects(r.metrics, "evicted") + perhaps);
}

TEST_CASE("a kept entry whose session moved meanwhile costs one redirect, as moved") {
  auto const r = run_in_full(rolling({R"(events=[{"at":"8s","restart":"gateway[2]"},)"
                                      R"({"at":"9s","move_sessions":{"share":1}}])",
                                      "thresholds={}"}));
  check_invariants(r);
  CHECK(restarted(r, "gateway[2]") == 0);
  CHECK(redirects(r.metrics, "moved") > 1500); // four maps, nearly all tokens
  CHECK(redirects(r.metrics, "moved") < 1650); // a few overlap
}
