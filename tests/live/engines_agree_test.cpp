// The same scenario over sockets and in simulated time: what balancers remember makes the same of it.
#include "tests/live/lab.hpp"

#include <catch2/catch.hpp>

#include <cmath>

using namespace tests::live;
using nlohmann::json;

namespace {

json from_file(std::string const& name) {
  return json::parse(text_of(std::string(CREST_SOURCE_DIR) + "/scenarios/" + name + ".json"), nullptr, true, true);
}

double ratio(json const& summary, char const* metric) { return summary.at("metrics").at(metric).at("value"); }

/// The mean of a ratio over simulated runs, and their spread.
struct simulated {
  double mean = 0, deviation = 0;

  simulated(json scenario, char const* metric) {
    constexpr int runs = 8;
    double sum = 0, squares = 0;
    for (int i = 0; i < runs; ++i) {
      scenario["seed"] = 100 + i;
      lab_run run(scenario, {"--engine", "virtual"});
      INFO(run.output());
      REQUIRE(run.wait() == 0);
      double const value = ratio(run.summary(), metric);
      sum += value, squares += value * value;
    }
    mean = sum / runs;
    deviation = std::sqrt(std::max(0.0, (squares - sum * mean) / (runs - 1)));
  }
};

/// One live run, within what chance allows and half a percent for what a busy machine adds.
void check_agreement(json scenario, char const* metric) {
  scenario["thresholds"] = json::object();
  scenario["load"]["max_schedule_lag"] = "60s";
  simulated const expected(scenario, metric);
  lab_run run(scenario, {"--engine", "live"});
  int const code = run.wait();
  INFO(run.output());
  REQUIRE(code == 0);
  json const summary = run.summary();
  double const live = ratio(summary, metric);
  INFO(metric << ": live " << live << ", simulated " << expected.mean << " +- " << expected.deviation);
  CHECK(std::abs(live - expected.mean) < 5 * expected.deviation + 0.005);
  check_invariants(summary, {"right_place", "nobody_elses", "books"});
}

}

TEST_CASE("caches answer as often in simulated time as live: what may be served stale, and what may not") {
  json scenario = from_file("stale-while-revalidate");
  scenario["load"]["duration"] = "3s";
  check_agreement(scenario, "cache_hit_ratio");
}

TEST_CASE("caches answer as often in simulated time as live: one that is too small for all") {
  json scenario = from_file("stale-while-revalidate");
  scenario["topology"]["balancers"] = {{"kind", "gateway"}, {"cache", {{"size", "512k"}}}};
  scenario["topology"]["proxies"]["service_time"] = {{"constant", {{"mean_ms", 1}}}};
  scenario["topology"]["proxies"]["resources"] = {
      {{"path", "/types"}, {"cache_control", "public, max-age=600"}, {"validators", "etag"}, {"bytes", 2000}}};
  scenario["population"] = {{"characters", 1000}, {"popularity", {{"zipf", 0.9}}}};
  scenario["load"] = {{"kind", "poisson"}, {"rate_rps", 1500}, {"duration", "3s"}, {"targets", {"/types/{character}"}}};
  check_agreement(scenario, "cache_hit_ratio");
}

TEST_CASE("a shared map saves as many redirects in simulated time as live, and as few when its Redis is gone") {
  json scenario = from_file("redis-dies");
  scenario["topology"]["balancers"]["shared_map"] = {{"timeout", "50ms"}};
  scenario["population"]["characters"] = 2000;
  scenario["load"]["duration"] = "3s";
  scenario["phases"] = {{{"name", "all"}}};
  scenario["events"] = {{{"at", "1500ms"}, {"kill", "redis[0]"}}};
  check_agreement(scenario, "redirect_ratio");
}

TEST_CASE("two choices miss sessions as often in simulated time as live, where nothing else is in flight") {
  json scenario = from_file("quickstart");
  scenario["topology"]["balancers"] = {{"kind", "gateway"}, {"count", 2}, {"guess", "two_choices"}};
  scenario["population"]["characters"] = 1000;
  scenario["load"] = {{"kind", "closed"}, {"requests_per_character", 5}, {"concurrency", 1}};
  scenario["phases"] = {{{"name", "all"}}};
  check_agreement(scenario, "redirect_ratio");
}
