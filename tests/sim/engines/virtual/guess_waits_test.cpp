// At most one guess in flight a token, in simulated time: those who wait go on when it is over, or lose patience.
#include "sim/engines/virtual/run.hpp"
#include "sim/scenario/load.hpp"

#include <catch2/catch.hpp>

#include <memory>
#include <string>
#include <vector>

using namespace sim;

namespace {

struct single_guess final : virtual_time::routers_of<virtual_time::dense_keys> {
  std::optional<std::uint64_t> open(std::size_t balancer, virtual_time::router_options const& options,
                                    std::int64_t now_ns) override {
    virtual_time::router_options own = options;
    own.routing.single_guess = true;
    return routers_of::open(balancer, own, now_ns);
  }
};

/// Twenty characters with a hundred requests a second each, and proxies that take a constant time.
scenario::scenario crowd(int service_ms, std::vector<std::string> const& more = {}) {
  std::vector<std::string> overrides{
      "topology.proxies.service_time={\"constant\":{\"mean_ms\":" + std::to_string(service_ms) + "}}",
      "topology.proxies.servers=0", "population.characters=20",
      R"(load={"kind":"poisson","rate_rps":2000,"duration":"2s","connections_per_balancer":10000,"targets":["/status"]})",
      "thresholds={}"};
  overrides.insert(overrides.end(), more.begin(), more.end());
  return scenario::load_file(CREST_SOURCE_DIR "/scenarios/cached-one-balancer.json", overrides);
}

records::result run(scenario::scenario const& s, bool one_guess, bool step_by_step = false) {
  virtual_time::run_options options;
  options.step_by_step = step_by_step;
  if (one_guess) options.decisions = [] { return std::make_unique<single_guess>(); };
  records::result r = virtual_time::run(s, options);
  for (records::invariant_result const& i : r.invariants) {
    INFO(i.name << (i.examples.empty() ? "" : ": " + i.examples.front()));
    CHECK(i.violations == 0);
  }
  return r;
}

double redirects(records::result const& r) {
  return static_cast<double>(std::get<records::ratio_metric>(r.metrics.at("redirect_ratio")).numerator);
}
double count(records::result const& r, char const* name) {
  return std::get<records::counter_metric>(r.metrics.at(name)).value;
}
double longest_ms(records::result const& r) { return std::get<records::trend_metric>(r.metrics.at("latency_ms")).max; }

}

TEST_CASE("requests of a token that come at once wait for one guess, and cost one redirect at most") {
  auto const s = crowd(50);
  auto const each = run(s, false), one = run(s, true);
  CHECK(redirects(each) > 2 * 20);
  CHECK(redirects(one) <= 20);
  CHECK(count(one, "failed_requests") == 0);
  CHECK(count(one, "hops") - redirects(one) == count(one, "requests")); // nobody was sent twice
  CHECK(longest_ms(one) > longest_ms(each) + 30);                       // who waits pays for that
  CHECK(run(s, true, true).history_hash == one.history_hash);
}

TEST_CASE("who has waited for a guess long enough makes its own") {
  auto const r = run(crowd(600), true);
  CHECK(count(r, "failed_requests") == 0);
  CHECK(longest_ms(r) > 600 + 200);
  CHECK(longest_ms(r) < 600 + 600); // as it would be if it waited for the guess
}

TEST_CASE("clients that leave, and a balancer that is killed, while requests wait for a guess") {
  auto const left = run(crowd(600, {"load.timeout=\"100ms\""}), true);
  CHECK(count(left, "failed_requests") == count(left, "requests"));
  auto const killed =
      run(crowd(300, {R"(events=[{"at":"100ms","kill":"gateway[0]"},{"at":"500ms","restart":"gateway[0]"}])"}), true);
  CHECK(count(killed, "failed_requests") > 0);
  CHECK(count(killed, "failed_requests") < count(killed, "requests"));
}
