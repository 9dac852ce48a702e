// What happens during a run: phases and events by share of the load, sols that die and come back under EVE clients.
#include "tests/live/lab.hpp"

#include <catch2/catch.hpp>

#include <csignal>
#include <cstdio>

using namespace tests::live;
using nlohmann::json;

namespace {

/// Players and third-party applications on one sol, so that its death is everybody's.
json game_scenario() {
  json scenario = small_scenario();
  scenario["population"]["eve_clients"] = 10;
  scenario["population"]["eve_request_rate_rps"] = 5;
  scenario["population"]["eve_notification_rate_rps"] = 5;
  scenario["load"] = {{"kind", "poisson"},
                      {"rate_rps", 150},
                      {"duration", "1500ms"},
                      {"connections_per_balancer", 1000},
                      {"max_schedule_lag", "60s"},
                      {"targets", {"/characters/{character}/"}},
                      {"mix", {{{"method", "GET"}}, {{"method", "POST"}, {"body_bytes", 50}}}}};
  return scenario;
}

}

TEST_CASE("phases and events by share of a closed load") {
  json scenario = small_scenario();
  scenario["load"]["think_time"] = "20ms"; // 1.2 s, so that the event takes place within the load
  scenario["load"]["threads"] = 1;
  scenario["phases"] = {{{"name", "before"}, {"until_share", 0.4}}, {{"name", "after"}}};
  scenario["events"] = {{{"at_share", 0.4}, {"name", "moved"}, {"move_sessions", {{"share", 1.0}}}}};
  scenario["thresholds"] = {{"redirects{reason:moved}", {">0"}}}; // also of requests begun before and served after
  lab_run run(scenario);
  int const code = run.wait();
  INFO(run.output());
  CHECK(code == 0);
  json const summary = run.summary();
  CHECK(count(summary.at("phases").at("before"), "requests") == 200);
  CHECK(count(summary.at("phases").at("after"), "requests") == 300);
  REQUIRE(summary.at("events").size() == 1);
  json const& event = summary.at("events").at(0);
  CHECK(event.at("name") == "moved");
  CHECK(event.at("kind") == "move_sessions");
  CHECK(event.at("at_s") > 0);
  CHECK(event.at("done_s") >= event.at("at_s"));
  // 200 requests are those of 20 characters at least, of which 8 may still wait for their first answer.
  unsigned moved = 0, sessions = 0;
  REQUIRE(std::sscanf(event.at("detail").get<std::string>().c_str(), "moved %u of %u sessions", &moved, &sessions) ==
          2);
  CHECK(sessions >= 12);
  CHECK(moved > 0);
  check_invariants(summary, {"one_session", "right_place", "books"});
}

TEST_CASE("a sol is killed under EVE clients: requests are answered 503, the run ends and its books balance") {
  json scenario = game_scenario();
  scenario["events"] = {{{"at", "500ms"}, {"kill", "sol[0]"}}};
  scenario["phases"] = {{{"name", "before"}, {"until", "500ms"}}, {{"name", "down"}}};
  scenario["thresholds"] = {{"unavailable{phase:down}", {">0"}}, {"eve_requests", {">0"}}};
  lab_run run(scenario);
  int const code = run.wait();
  INFO(run.output());
  CHECK(code == 0);
  json const summary = run.summary();
  CHECK(summary.at("events").at(0).at("detail") == "killed sol[0]");
  CHECK(count(summary, "notifications") > 0);
  check_invariants(summary, {"one_session", "right_place", "intact", "books"});
  CHECK(run.processes().empty());
}

TEST_CASE("a sol is restarted under EVE clients: its shard is served again, and nothing is applied twice") {
  bool const graceful = GENERATE(true, false);
  INFO((graceful ? "SIGTERM" : "SIGKILL"));
  json scenario = game_scenario();
  scenario["events"] = {{{"at", "300ms"}, {"restart", {{"node", "sol[0]"}, {"graceful", graceful}}}}};
  scenario["phases"] = {{{"name", "before"}, {"until", "300ms"}}, {{"name", "after"}}};
  lab_run run(scenario);
  int const code = run.wait();
  INFO(run.output());
  CHECK(code == 0);
  json const summary = run.summary();
  CHECK(summary.at("events").at(0).at("kind") == "restart");
  json const& after = summary.at("phases").at("after");
  CHECK(count(after, "requests") > count(after, "failed_requests")); // all are of its shard
  check_invariants(summary, {"one_session", "right_place", "intact", "at_most_once", "books"});
  CHECK(run.processes().empty());
}

TEST_CASE("SIGINT while a sol is down and EVE clients look for their sessions gives 130, a report, no process left") {
  json scenario = game_scenario();
  scenario["load"]["duration"] = "600s";
  scenario["events"] = {{{"at", "300ms"}, {"kill", "sol[0]"}}, {{"at", "500s"}, {"restart", "sol[0]"}}};
  lab_run run(scenario);
  run.wait_for_load();
  REQUIRE(eventually([&] { return !run.runs("sol[0]"); }));
  run.sim().signal(SIGINT);
  CHECK(run.wait() == 130);
  INFO(run.output());
  CHECK(run.processes().empty());
  json const summary = run.summary();
  CHECK(summary.at("verdict") == "interrupted");
  CHECK(summary.at("exit_code") == 130);
  CHECK(count(summary, "requests") > 0);
  REQUIRE(summary.at("events").size() == 2);
  CHECK(summary.at("events").at(1).at("detail") == "not carried out: the load had ended"); // it was not waited for
  check_invariants(summary, {});
}
