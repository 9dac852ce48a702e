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

TEST_CASE("two choices miss sessions as often in simulated time as live, where little is in flight") {
  json scenario = from_file("quickstart");
  scenario["topology"]["balancers"] = {{"kind", "gateway"}, {"count", 2}, {"guess", "two_choices"}};
  scenario["population"]["characters"] = 1000;
  scenario["load"] = {{"kind", "poisson"}, {"rate_rps", 800}, {"duration", "4s"}};
  scenario["phases"] = {{{"name", "all"}}};
  check_agreement(scenario, "redirect_ratio");
}

TEST_CASE("both engines give the same rows by group and by kind, which add up to the whole") {
  json scenario = small_scenario();
  scenario["topology"]["balancers"] = {{{"kind", "gateway"}, {"name", "edge"}},
                                       {{"kind", "gateway"}, {"name", "core"}, {"count", 2}, {"token_map", "off"}}};
  scenario["thresholds"] = {{"requests{group:core}", {">0"}}, {"failed_requests{group:edge,kind:gateway}", {"==0"}}};
  std::vector<json> results;
  for (char const* engine : {"live", "virtual"}) {
    lab_run run(scenario, {"--engine", engine});
    int const code = run.wait();
    INFO(engine << "\n" << run.output());
    json const summary = results.emplace_back(run.summary());
    CHECK(code == 0);
    REQUIRE(summary.at("groups").size() == 2);
    CHECK(summary.at("kinds").empty()); // one kind is the whole
    CHECK(summary.at("balancers").at("gateway[2]").at("group") == "core");
    for (char const* metric : {"requests", "redirects", "hops", "failed_requests"}) {
      INFO(metric);
      CHECK(count(summary["groups"]["edge"], metric) + count(summary["groups"]["core"], metric) ==
            count(summary, metric));
    }
    // Without a map each guess is new; with one a character's redirects come but once.
    CHECK(ratio(summary["groups"]["core"], "redirect_ratio") > ratio(summary["groups"]["edge"], "redirect_ratio"));
    CHECK_THAT(run.output(), Catch::Contains("group edge (gateway)") && Catch::Contains("group core (gateway)"));
  }
  for (char const* group : {"edge", "core"})
    CHECK(count(results[0]["groups"][group], "requests") == count(results[1]["groups"][group], "requests"));
}

TEST_CASE("a restart costs as much in simulated time as live without the map's file, and nothing in both with it") {
  json scenario = from_file("rolling-restart");
  for (char const* const engine : {"virtual", "live"}) {
    INFO(engine);
    lab_run run(scenario, {"--engine", engine});
    int const code = run.wait();
    INFO(run.output());
    bool const ended = code == 0 || code == 3; // 3: the machine was too busy for the rate
    CHECK(ended);
    json const summary = run.summary();
    auto const restarted = [&](char const* balancer) -> std::uint64_t {
      json const& of = summary.at("balancers").at(balancer);
      std::string const metric = "redirects{reason:restarted}"; // left out where there were none
      return of.at("metrics").contains(metric) ? count(of, metric) : 0;
    };
    double const cold = static_cast<double>(restarted("gateway[0]") + restarted("gateway[1]"));
    CHECK(std::abs(cold - 598) < 5 * 12.2); // docs/theory.md
    CHECK(restarted("gateway[2]") + restarted("gateway[3]") == 0);
    json const& events = summary.at("events");
    REQUIRE(events.size() == 4);
    CHECK(events[0].at("detail") == "stopped and started gateway[0]");
    std::string const warm = events[2].at("detail");
    CHECK(warm.find("stopped and started gateway[2], which knows ") == 0);
    check_invariants(summary, {"right_place", "nobody_elses", "books"});
  }
}
