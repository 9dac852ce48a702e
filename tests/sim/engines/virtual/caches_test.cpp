// Caches and resources in simulated time: the gateway's own cache, who waits in it, and what clients may see.
#include "sim/engines/virtual/run.hpp"
#include "sim/judge/invariants.hpp"
#include "sim/scenario/load.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>
#include <vector>

using namespace sim;

namespace {

scenario::scenario shipped(std::string const& name, std::vector<std::string> const& overrides = {}) {
  return scenario::load_file(std::string(CREST_SOURCE_DIR) + "/scenarios/" + name + ".json", overrides);
}

double ratio(records::result const& r, char const* name) {
  return std::get<records::ratio_metric>(r.metrics.at(name)).value;
}
double count(records::result const& r, char const* name) {
  return std::get<records::counter_metric>(r.metrics.at(name)).value;
}

void check_invariants(records::result const& r) {
  for (records::invariant_result const& i : r.invariants) {
    INFO(i.name << (i.examples.empty() ? "" : ": " + i.examples.front()));
    CHECK(i.violations == 0);
  }
}

/// Fifty characters that ask one balancer for the same, two requests a millisecond.
scenario::scenario crowd(std::string const& cache_control, std::vector<std::string> const& more = {}) {
  std::vector<std::string> overrides{
      "topology.proxies.resources=[{\"path\":\"/market\",\"cache_control\":\"" + cache_control +
          R"(","validators":"etag","changes_every":"1s","bytes":20000}])",
      "topology.proxies.service_time={\"constant\":{\"mean_ms\":50}}", "population.characters=50",
      R"(load={"kind":"constant_rate","rate_rps":2000,"duration":"5s","targets":["/market/prices"]})", "thresholds={}"};
  overrides.insert(overrides.end(), more.begin(), more.end());
  return shipped("cache-stampede", overrides);
}

}

TEST_CASE("a fetch is made once for all who come meanwhile") {
  auto const r = virtual_time::run(shipped("cache-stampede"));
  CHECK(count(r, "hops") == 1);
  CHECK(ratio(r, "cache_hit_ratio") == 499.0 / 500);
  check_invariants(r);
}

TEST_CASE("what is said of a session decides who may see an answer, and nobody sees another's") {
  double sum = 0;
  for (unsigned const seed : {1u, 2u, 3u}) {
    auto const r = virtual_time::run(shipped("corporations", {"seed=" + std::to_string(seed)}));
    check_invariants(r);
    auto const judged =
        std::find_if(r.invariants.begin(), r.invariants.end(), [](auto const& i) { return i.name == "nobody_elses"; });
    CHECK(judged->checked == static_cast<std::uint64_t>(count(r, "requests")));
    sum += ratio(r, "cache_hit_ratio");
  }
  CHECK(sum / 3 == Approx(0.65).epsilon(0.04)); // derived in the scenario file
}

// One fetch a lifetime, which is whole seconds of the proxies' clocks: nobody else goes there.
TEST_CASE("what may not be served stale is waited for, what may is not") {
  auto const plain = virtual_time::run(crowd("public, max-age=1"));
  CHECK(count(plain, "hops") >= 4);
  CHECK(count(plain, "hops") <= 8);
  CHECK(std::get<records::trend_metric>(plain.metrics.at("latency_ms")).max > 50);
  check_invariants(plain);

  // The first request waits, since nothing is stored yet; after that, validations run beside the requests.
  auto const stale =
      virtual_time::run(crowd("public, max-age=1, stale-while-revalidate=10", {"virtual.warm_up=\"500ms\""}));
  CHECK(count(stale, "hops") == 0); // of clients
  CHECK(std::get<records::trend_metric>(stale.metrics.at("latency_ms")).max < 1);
  CHECK(ratio(stale, "cache_hit_ratio") == 1);
  check_invariants(stale);
}

TEST_CASE("a cache that is too small for all keeps what is asked for most") {
  std::string const resources =
      R"(topology.proxies.resources=[{"path":"/types","cache_control":"public, max-age=600","bytes":2000}])";
  std::string const load =
      R"(load={"kind":"poisson","rate_rps":4000,"duration":"2s","targets":["/types/{character}"]})";
  auto const hits = [&](std::string const& size, std::string const& popularity) {
    auto const r = virtual_time::run(
        shipped("cache-stampede",
                {resources, load, R"(topology.balancers={"kind":"gateway","cache":{"size":")" + size + R"("}})",
                 R"(population={"characters":1000,"popularity":)" + popularity + "}", "thresholds={}"}));
    check_invariants(r);
    return ratio(r, "cache_hit_ratio");
  };
  std::string const zipf = R"({"zipf":0.9})", uniform = R"("uniform")";
  CHECK(hits("256k", uniform) < 0.15); // a tenth of it fits
  CHECK(hits("256k", zipf) > 2 * hits("256k", uniform));
  CHECK(hits("1m", zipf) > hits("512k", zipf));
  CHECK(hits("16m", uniform) == Approx(0.875).epsilon(0.01)); // each is fetched once: 1 - 1000 / 8000
}

TEST_CASE("balancers with caches are killed, restarted and left by their clients, and the books still balance") {
  for (auto const detail : {virtual_time::run_options::detail::full, virtual_time::run_options::detail::summary}) {
    virtual_time::run_options options;
    options.keep = detail;
    for (char const* cache_control : {"public, max-age=1", "public, max-age=1, stale-while-revalidate=2", "no-store"}) {
      INFO(cache_control);
      auto const impatient =
          virtual_time::run(crowd(cache_control, {"load.timeout=\"30ms\"", "topology.balancers.shared_map={}",
                                                  "population.characters=5000",
                                                  R"(load.targets=["/market/prices","/market/{character}"])",
                                                  R"(topology.proxies.service_time={"exponential":{"mean_ms":25}})"}),
                            options);
      CHECK(count(impatient, "failed_requests") > 0);
      check_invariants(impatient);
      auto const faulty = virtual_time::run(
          crowd(
              cache_control,
              {R"(topology.balancers=[{"kind":"gateway","count":2,"cache":{"size":"1m"}}])",
               R"(events=[{"at":"1s","kill":"gateway[0]"},{"at":"1500ms","restart":"gateway[0]"},)"
               R"({"at":"2s","restart":"gateway[1]"},{"at":"3020ms","kill":"proxy[0]"},{"at":"3100ms","restart":"proxy[0]"}])",
               "topology.proxies.process=\"each\"", "virtual.failover=true"}),
          options);
      check_invariants(faulty);
      CHECK(count(faulty, "requests") == 10'000);
    }
  }
}

TEST_CASE("a run with caches may be cut short") {
  virtual_time::run_options options;
  options.progress = [](virtual_time::run_progress const&) { return false; };
  auto const r = virtual_time::run(crowd("no-store", {"load.rate_rps=20000"}), options);
  CHECK(r.verdict == records::verdict::interrupted);
}

TEST_CASE("a target that gateways keep to themselves is refused, and goes nowhere") {
  auto const r =
      virtual_time::run(crowd("public, max-age=1", {R"(load.targets=["/internal_redirect/127.0.0.1:9/x"])"}));
  CHECK(count(r, "hops") == 0);
  CHECK(count(r, "refused") == count(r, "requests"));
  check_invariants(r);
}

TEST_CASE("when all proxies are gone, what is stale is served for as long as the scenario allows") {
  auto const gone = [](std::string const& allowed) {
    return virtual_time::run(
        crowd("public, max-age=1",
              {R"(topology.balancers={"kind":"gateway","cache":{"stale_if_unreachable":")" + allowed + "\"}}",
               R"(topology.proxies={"count":1,"resources":[{"path":"/market",)"
               R"("cache_control":"public, max-age=1","changes_every":"1s"}]})",
               R"(events=[{"at":"1s","kill":"proxy[0]"}])"}));
  };
  auto const strict = gone("0s"), brief = gone("2s"), lenient = gone("60s");
  CHECK(count(strict, "failed_requests") > 5'000); // from 2 s on, of 2,000 a second
  CHECK(count(brief, "failed_requests") < count(strict, "failed_requests") - 3'000);
  CHECK(count(brief, "failed_requests") > 1'000);
  CHECK(count(lenient, "failed_requests") == 0);
  for (auto const* r : {&strict, &brief, &lenient}) check_invariants(*r);
}

TEST_CASE("a request that changes a resource makes the stored answer untrue") {
  auto const with_posts = [](double weight) {
    return virtual_time::run(
        crowd("public, max-age=100", {R"(load.mix=[{"method":"GET","weight":10,"targets":["/market/prices"]},)"
                                      R"({"method":"POST","weight":)" +
                                      std::to_string(weight) + R"(,"targets":["/market/prices"]}])"}));
  };
  auto const none = with_posts(0.0001), many = with_posts(1);
  CHECK(count(many, "hops") > count(none, "hops") + 800);
  CHECK(ratio(many, "cache_hit_ratio") < ratio(none, "cache_hit_ratio"));
  check_invariants(many);
}
