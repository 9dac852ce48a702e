// What each kind of load sends, counted from the outside.
#include "tests/live/lab.hpp"

#include <catch2/catch.hpp>

using namespace tests::live;
using nlohmann::json;

namespace {

json with_load(json const& load) {
  json scenario = small_scenario();
  scenario["load"] = load;
  scenario["load"]["targets"] = {"/plain"};
  scenario["load"]["max_schedule_lag"] = "60s"; // a busy machine is not what is tested here
  return scenario;
}

}

TEST_CASE("the books of a closed load over three threads balance to the last request") {
  json scenario = small_scenario();
  scenario["topology"]["balancers"]["count"] = 2;
  scenario["load"]["threads"] = 3;
  scenario["load"]["mix"] = {{{"method", "GET"}}, {{"method", "POST"}, {"body_bytes", 100}}};
  scenario["load"]["targets"] = {"/characters/{character}/"};
  scenario["thresholds"] = {{"requests", {"==500"}}, {"failed_requests", {"==0"}}};
  lab_run run(scenario);
  int const code = run.wait();
  INFO(run.output());
  CHECK(code == 0);
  json const summary = run.summary();
  CHECK(count(summary, "requests") == 500);
  std::uint64_t of_balancers = 0;
  for (json const& balancer : summary.at("balancers")) of_balancers += count(balancer, "requests");
  CHECK(of_balancers == 500);
  check_invariants(summary, {"one_session", "right_place", "intact", "at_most_once", "nobody_elses", "books"});
}

TEST_CASE("a load over TLS makes a connection for so many requests, and resumes sessions") {
  bool const resume = GENERATE(true, false);
  json scenario = small_scenario();
  scenario["load"]["tls"] = true;
  scenario["load"]["tls_resume"] = resume;
  scenario["load"]["requests_per_connection"] = 10;
  scenario["load"]["concurrency"] = 4;
  scenario["load"]["mix"] = {{{"method", "GET"}}, {{"method", "POST"}, {"body_bytes", 20000}}};
  scenario["load"]["targets"] = {"/characters/{character}/"};
  scenario["thresholds"] = {{"failed_requests", {"==0"}}, {"tls_handshakes", {">=50"}}};
  lab_run run(scenario);
  int const code = run.wait();
  INFO(run.output());
  CHECK(code == 0);
  json const summary = run.summary();
  std::uint64_t const handshakes = count(summary, "tls_handshakes"), resumed = count(summary, "tls_resumed");
  CHECK(count(summary, "requests") == 500);
  CHECK(handshakes <= 60); // ten requests each, but for the last of each balancer's four connections, and the probes
  if (resume)
    CHECK(resumed >= handshakes / 2); // those that began before the first ticket was there could not
  else
    CHECK(resumed == 0);
  check_invariants(summary, {"one_session", "right_place", "intact", "at_most_once", "nobody_elses", "books"});
}

TEST_CASE("a constant rate sends rate times duration requests, with any number of threads") {
  unsigned const threads = GENERATE(1u, 2u);
  json scenario = with_load({{"kind", "constant_rate"}, {"rate_rps", 250}, {"duration", "800ms"}});
  scenario["load"]["threads"] = threads;
  lab_run run(scenario);
  int const code = run.wait();
  INFO(threads << " threads: " << run.output());
  CHECK(code == 0);
  json const summary = run.summary();
  CHECK(count(summary, "requests") == 200);
  CHECK(count(summary, "latency_ms") == 200);
  CHECK(count(summary, "schedule_lag_ms") == 200);
  check_invariants(summary, {"books"});
}

TEST_CASE("a ramping rate sends as many requests in each stage as its area holds") {
  json scenario = with_load({{"kind", "ramping_rate"},
                             {"start_rate_rps", 0},
                             {"stages",
                              {{{"rate_rps", 400}, {"duration", "500ms"}},   // 100
                               {{"rate_rps", 400}, {"duration", "250ms"}},   // 100
                               {{"rate_rps", 0}, {"duration", "500ms"}}}}}); // 100
  scenario["phases"] = {
      {{"name", "up"}, {"until", "500ms"}}, {{"name", "level"}, {"until", "750ms"}}, {{"name", "down"}}};
  lab_run run(scenario);
  int const code = run.wait();
  INFO(run.output());
  CHECK(code == 0);
  json const summary = run.summary();
  CHECK(count(summary, "requests") == 300);
  for (char const* phase : {"up", "level", "down"}) {
    INFO(phase);
    CHECK(count(summary.at("phases").at(phase), "requests") == 100);
  }
}

TEST_CASE("an open load that falls behind is invalid, exit code 3, and its latency counts from the intended start") {
  // One connection and 20 ms a request can do 50 a second; 100 a second are due.
  json scenario = with_load({{"kind", "constant_rate"}, {"rate_rps", 100}, {"duration", "500ms"}});
  scenario["topology"]["proxies"] = {{"count", 1}, {"service_time", {{"constant", {{"mean_ms", 20}}}}}};
  scenario["load"]["connections_per_balancer"] = 1;
  scenario["load"]["max_schedule_lag"] = "100ms";
  scenario["thresholds"]["requests"] = {"==50"};
  lab_run run(scenario);
  CHECK(run.wait() == 3);
  CHECK_THAT(run.output(), Catch::Contains("could not keep its rate"));
  json const summary = run.summary();
  CHECK(summary.at("verdict") == "invalid");
  CHECK(summary.at("exit_code") == 3);
  CHECK(count(summary, "requests") == 50); // late, and none left out
  json const& latency = summary.at("metrics").at("latency_ms");
  json const& lag = summary.at("metrics").at("schedule_lag_ms");
  // The last is due after 490 ms and has 49 before it.
  CHECK(lag.at("max").get<double>() >= 49 * 20 - 490);
  CHECK(latency.at("max").get<double>() >= lag.at("max").get<double>());
  CHECK(latency.at("p50").get<double>() > lag.at("p50").get<double>());
}
