// The map that balancers share, and its Redis, in simulated time.
#include "sim/engines/virtual/run.hpp"
#include "sim/scenario/load.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <string>
#include <vector>

using namespace sim;

namespace {

scenario::scenario shipped(std::string const& name, std::vector<std::string> const& overrides = {}) {
  return scenario::load_file(std::string(CREST_SOURCE_DIR) + "/scenarios/" + name + ".json", overrides);
}

records::ratio_metric ratio(records::metric_set const& of, char const* name) {
  return std::get<records::ratio_metric>(of.at(name));
}

void check_invariants(records::result const& r) {
  for (records::invariant_result const& i : r.invariants) {
    INFO(i.name);
    CHECK(i.violations == 0);
  }
}

/// The law of messages between balancers and Redis.
std::string redis(std::string const& law) { return "virtual.network={\"redis\":" + law + "}"; }

}

TEST_CASE("what one balancer learnt all know: redirects are those of one map") {
  double sum = 0, variance = 0;
  constexpr unsigned runs = 6;
  for (unsigned seed = 1; seed <= runs; ++seed) {
    auto const r = virtual_time::run(shipped("shared-map", {"seed=" + std::to_string(seed)}));
    check_invariants(r);
    auto const redirects = ratio(r.metrics, "redirect_ratio");
    REQUIRE(redirects.theory);
    sum += redirects.value - *redirects.theory;
    variance += *redirects.standard_error * *redirects.standard_error;
  }
  CHECK(std::abs(sum) < 4 * std::sqrt(variance));
}

TEST_CASE("requests that come before the entry is in Redis race, in full and in brief, and theory counts them") {
  struct row {
    char const* name;
    char const* law;
    char const* client; // its delay, ms
    double least, most; // of 2,000 characters' redirects
  };
  for (row const& x : {row{"always there in time", R"({"constant":{"mean_ms":0.05}})", "0.05", 0, 0},
                       row{"as by default", R"({"lognormal":{"mean_ms":0.05,"sigma":0.45}})", "0.05", 1, 40},
                       row{"as slow as clients are fast", R"({"exponential":{"mean_ms":0.3}})", "0.05", 200, 700},
                       row{"slow, and clients far away", R"({"exponential":{"mean_ms":0.3}})", "5", 0, 0},
                       row{"a quick Redis", R"({"exponential":{"mean_ms":0.005}})", "0.05", 0, 0},
                       row{"clients without any delay", R"({"exponential":{"mean_ms":0.05}})", "0", 300, 800}}) {
    INFO(x.name);
    auto const s =
        shipped("shared-map", {"thresholds={}", std::string(R"(virtual={"network":{"redis":)") + x.law +
                                                    R"(,"client":{"constant":{"mean_ms":)" + x.client + "}}}}"});
    std::vector<records::result> both;
    for (auto const detail : {virtual_time::run_options::detail::full, virtual_time::run_options::detail::summary}) {
      virtual_time::run_options options;
      options.keep = detail;
      both.push_back(virtual_time::run(s, options));
      records::result const& r = both.back();
      check_invariants(r);
      double const raced = std::get<records::counter_metric>(r.metrics.at("redirects{reason:raced}")).value;
      CHECK(raced >= x.least);
      CHECK(raced <= x.most);
      auto const m = ratio(r.metrics, "redirect_ratio");
      REQUIRE(m.theory);
      INFO(m.theory_note);
      CHECK(std::abs(m.value - *m.theory) < 4 * *m.standard_error);
      CHECK((m.theory_note.find("(raced)") != std::string::npos) == (x.least > 0));
      CHECK(r.differences.empty());
    }
    for (char const* name : {"redirect_ratio", "map_hit_ratio", "redirect_ratio{reason:raced}"}) {
      INFO(name);
      CHECK(ratio(both[0].metrics, name).numerator == ratio(both[1].metrics, name).numerator);
    }
    CHECK(ratio(both[0].metrics, "redirect_ratio").theory == ratio(both[1].metrics, "redirect_ratio").theory);
  }
}

TEST_CASE("a Redis that dies costs redirects and no request, and helps again when it is back") {
  auto const r = virtual_time::run(shipped("redis-dies"));
  check_invariants(r);
  CHECK(std::get<records::counter_metric>(r.metrics.at("failed_requests")).value == 0);
  auto const in_phase = [&](std::size_t i) { return ratio(r.phases.at(i).metrics, "redirect_ratio").value; };
  CHECK(in_phase(1) > 1.8 * in_phase(0));
  // Back for long enough that each balancer has tried it, it saves as much as before.
  auto const back = virtual_time::run(
      shipped("redis-dies",
              {R"(events=[{"at":"1s","kill":"redis[0]"},{"at":"1100ms","restart":"redis[0]"}])", "thresholds={}"}));
  auto const away =
      virtual_time::run(shipped("redis-dies", {R"(events=[{"at":"1s","kill":"redis[0]"}])", "thresholds={}"}));
  CHECK(ratio(back.metrics, "redirect_ratio").value < 0.85 * ratio(away.metrics, "redirect_ratio").value);
}

TEST_CASE("a Redis that is slower than anybody waits for is not waited for") {
  auto const quick = virtual_time::run(shipped("redis-dies", {"events=[]", "thresholds={}"}));
  // Answers at times when it is asked, and mostly too late: 2.5 ms each way, with 3 ms of patience.
  auto const slow = virtual_time::run(
      shipped("redis-dies", {"events=[]", "thresholds={}", redis(R"({"exponential":{"mean_ms":2.5}})")}));
  check_invariants(slow);
  CHECK(std::get<records::counter_metric>(slow.metrics.at("failed_requests")).value == 0);
  auto const mean = [](records::result const& r) {
    return std::get<records::trend_metric>(r.metrics.at("latency_ms")).mean;
  };
  CHECK(mean(slow) < mean(quick) + 0.3);
  CHECK(ratio(slow.metrics, "redirect_ratio").value > ratio(quick.metrics, "redirect_ratio").value);
}

TEST_CASE("a Redis that never answers in time is said before the load begins") {
  CHECK_THROWS_WITH(virtual_time::run(shipped("redis-dies", {redis(R"({"constant":{"mean_ms":20}})")})),
                    Catch::Contains("virtual.network.redis"));
}

TEST_CASE("an entry that expired is not known any more") {
  std::vector<std::string> const quiet{"thresholds={}", "population.characters=500",
                                       R"(load={"kind":"poisson","rate_rps":100,"duration":"60s"})"};
  auto with_ttl = [&](std::string const& ttl) {
    std::vector<std::string> overrides = quiet;
    // Maps of their own that hold next to nothing.
    overrides.push_back(R"(topology.balancers={"kind":"gateway","count":4,"token_map":"1k","shared_map":{"ttl":")" +
                        ttl + "\"}}");
    auto const r = virtual_time::run(shipped("shared-map", overrides));
    check_invariants(r);
    return ratio(r.metrics, "redirect_ratio").value;
  };
  double const long_lived = with_ttl("1h"), brief = with_ttl("1s");
  CHECK(long_lived < 0.1);
  CHECK(brief > 3 * long_lived);
}
