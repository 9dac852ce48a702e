// Live proxies that are parted from their sols: held-up messages, broken connections, and what a run may not ask for.
#include "tests/live/lab.hpp"

#include <catch2/catch.hpp>

using namespace tests::live;
using nlohmann::json;

namespace {

/// Two seconds of load with EVE clients; proxy[0] is parted from the sols at 0.5 s.
json parted_scenario(char const* lasts, char const* connections, char const* lease) {
  json scenario = small_scenario();
  scenario["topology"]["proxies"]["lease"] = lease;
  scenario["topology"]["sols"]["count"] = 2;
  scenario["population"]["logged_in"] = 0.5;
  scenario["population"]["eve_clients"] = 10;
  scenario["population"]["eve_notification_rate_rps"] = 50;
  scenario["load"] = {{"kind", "poisson"},
                      {"rate_rps", 150},
                      {"duration", "2s"},
                      {"connections_per_balancer", 1000},
                      {"max_schedule_lag", "60s"},
                      {"targets", {"/characters/{character}/"}},
                      {"mix", {{{"method", "GET"}}, {{"method", "POST"}, {"body_bytes", 50}}}}};
  scenario["partitions"] = {
      {{"between", {"proxy[0]", "sols"}}, {"at", "500ms"}, {"for", lasts}, {"connections", connections}}};
  scenario["thresholds"] = json::object();
  return scenario;
}

std::vector<std::string> const all_invariants{"one_session",  "right_place", "intact",       "at_most_once",
                                              "nobody_elses", "books",       "notifications"};

}

TEST_CASE("a proxy parted from its sols for longer than its lease loses its sessions, and no invariant breaks") {
  for (char const* const connections : {"kept", "broken"}) {
    INFO(connections);
    json scenario = parted_scenario("800ms", connections, "300ms");
    scenario["thresholds"] = {{"sessions_created", {">0"}}};
    lab_run run(scenario);
    int const code = run.wait();
    INFO(run.output());
    CHECK(code == 0);
    json const summary = run.summary();
    check_invariants(summary, all_invariants);
    REQUIRE(summary.at("events").size() == 1);
    json const& event = summary.at("events").at(0);
    CHECK(event.at("kind") == "partition");
    CHECK(event.at("node") == "proxy[0]");
    CHECK(event.at("detail") == std::string("parted proxy[0] from sols for 0.8 s, connections ") + connections);
    CHECK(event.at("done_s").get<double>() - event.at("at_s").get<double>() == Approx(0.8));
    // Its characters' sessions ended with the lease: their EVE clients had to log in anew.
    CHECK(count(summary, "failed_requests") <= 150);
  }
}

TEST_CASE("links that break and come back within the lease lose no notification and fail no request") {
  lab_run run(parted_scenario("200ms", "broken", "30s"));
  int const code = run.wait();
  INFO(run.output());
  CHECK(code == 0);
  json const summary = run.summary();
  check_invariants(summary, all_invariants);
  CHECK(count(summary, "notifications") > 100);
  CHECK(count(summary, "notifications_lost") == 0);
  CHECK(count(summary, "notifications_doubled") == 0);
  CHECK(count(summary, "failed_requests") == 0);
}

TEST_CASE("what is held up by a partition is not overtaken by what comes when it is over") {
  json scenario = parted_scenario("10ms", "kept", "30s");
  scenario["topology"]["proxies"]["count"] = 2;
  scenario["population"]["logged_in"] = 1.0;
  scenario["population"]["eve_clients"] = scenario["population"]["characters"];
  scenario["population"]["eve_notification_rate_rps"] = 40;
  scenario["partitions"] = json::array();
  for (int i = 0; i != 70; ++i)
    scenario["partitions"].push_back(
        {{"between", {"proxies", "sols"}}, {"at_ms", 200 + 25 * i}, {"for", "10ms"}, {"connections", "kept"}});
  lab_run run(scenario);
  int const code = run.wait();
  INFO(run.output());
  CHECK(code == 0);
  json const summary = run.summary();
  check_invariants(summary, all_invariants);
  CHECK(count(summary, "notifications_reordered") == 0);
  CHECK(count(summary, "failed_requests") == 0);
}

TEST_CASE("a live run refuses partitions that it cannot make") {
  for (auto const& [from, to] : {std::pair{"clients", "balancers"}, std::pair{"proxy[1]", "gateway[0]"}}) {
    json scenario = small_scenario();
    scenario["partitions"] = {{{"between", {from, to}}, {"at", "1s"}, {"for", "1s"}}};
    lab_run run(scenario);
    CHECK(run.wait() == 2);
    CHECK_THAT(run.output(), Catch::Contains("only --engine virtual can do; allowed in a live run: proxies from sols"));
  }
}
