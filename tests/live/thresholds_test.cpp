// Thresholds that end a run, and those with a confidence, as exit codes and in summary.json.
#include "tests/live/lab.hpp"

#include <catch2/catch.hpp>

using namespace tests::live;
using nlohmann::json;

namespace {

/// Load that would go on for ten minutes.
json endless_scenario() {
  json scenario = small_scenario();
  scenario["topology"]["balancers"]["token_map"] = "off";
  scenario["load"] = {{"kind", "constant_rate"}, {"rate_rps", 200}, {"duration", "600s"}, {"targets", {"/plain"}}};
  scenario["load"]["max_schedule_lag"] = "60s"; // a busy machine is not what is tested here
  return scenario;
}

json aborting(std::string const& expression, std::string const& delay = "0s") {
  return json::array({{{"threshold", expression}, {"abort_on_fail", true}, {"delay", delay}}});
}

json const& threshold_of(json const& summary, std::string const& expression) {
  for (json const& one : summary.at("thresholds"))
    if (one.at("expression") == expression) return one;
  FAIL("no threshold " + expression);
  return summary;
}

}

TEST_CASE("abort_on_fail ends a run early with exit code 99 and says so, but not before its delay") {
  json scenario = endless_scenario();
  scenario["thresholds"]["redirect_ratio"] = aborting("<0.001", "1500ms");
  lab_run run(scenario);
  CHECK(run.wait() == 99);
  CHECK_THAT(run.output(), Catch::Contains("aborted by threshold redirect_ratio <0.001"));
  json const summary = run.summary();
  CHECK(summary.at("verdict") == "failed");
  CHECK(summary.at("exit_code") == 99);
  CHECK(summary.at("reasons").at(0) == "aborted by threshold redirect_ratio <0.001");
  CHECK(summary.at("duration_s") >= 1.5);
  CHECK(count(summary, "requests") < 200 * 600);
  CHECK(threshold_of(summary, "<0.001").at("passed") == false);
  check_invariants(summary, {"right_place", "books"});
  CHECK(run.processes().empty());
}

TEST_CASE("abort_on_fail does not end a run whose threshold is undecided, only one that is decided against") {
  json scenario = endless_scenario();
  // One token says nothing about the spread between tokens: that threshold is undecided for ever.
  scenario["population"]["characters"] = 1;
  scenario["load"]["duration"] = "2500ms";
  scenario["thresholds"]["redirect_ratio"] = aborting("<0.9 @95%");
  lab_run run(scenario);
  CHECK(run.wait() == 99);
  json const summary = run.summary();
  CHECK(count(summary, "requests") == 500); // all
  CHECK(threshold_of(summary, "<0.9 @95%").at("undecided") == true);
  CHECK_THAT(run.output(), !Catch::Contains("aborted"));

  scenario["population"]["characters"] = 50;
  scenario["load"]["duration"] = "600s";
  scenario["thresholds"]["redirect_ratio"] = aborting("<0.1 @95%"); // guesses miss half the time
  lab_run decided(scenario);
  CHECK(decided.wait() == 99);
  CHECK_THAT(decided.output(), Catch::Contains("aborted by threshold redirect_ratio <0.1 @95%"));
  CHECK(count(decided.summary(), "requests") < 200 * 600);
}

TEST_CASE("a ratio with confidence is decided for, decided against or undecided, and undecided fails") {
  // Which requests hit the map follows from the seed alone: all with a token but each token's first.
  json scenario = small_scenario();
  scenario["population"]["no_token_share"] = 0.3;
  lab_run first(scenario);
  REQUIRE(first.wait() == 0);
  json const ratio = first.summary().at("metrics").at("map_hit_ratio");
  double const value = ratio.at("value");

  std::string const against = "<" + std::to_string(value - 0.1) + " @95%";
  std::string const open = "<" + std::to_string(value + 0.0001) + " @95%";
  scenario["thresholds"]["map_hit_ratio"] = {"<" + std::to_string(value + 0.1) + " @95%"};
  lab_run passes(scenario);
  CHECK(passes.wait() == 0);
  CHECK(passes.summary().at("metrics").at("map_hit_ratio").at("numerator") == ratio.at("numerator"));
  CHECK(passes.summary().at("thresholds").at(0).at("passed") == true);

  scenario["thresholds"]["map_hit_ratio"] = {against};
  lab_run fails(scenario);
  CHECK(fails.wait() == 99);
  CHECK(threshold_of(fails.summary(), against).at("note") == "decided against");

  scenario["thresholds"]["map_hit_ratio"] = {open, "<" + std::to_string(value + 0.0001)};
  lab_run undecided(scenario);
  CHECK(undecided.wait() == 99);
  json const summary = undecided.summary();
  CHECK(threshold_of(summary, open).at("undecided") == true);
  CHECK(threshold_of(summary, open).at("passed") == false);
  CHECK_THAT(threshold_of(summary, open).at("note").get<std::string>(), Catch::Contains("more requests would decide"));
  CHECK(summary.at("thresholds").at(1).at("passed") == true); // the same bound, without confidence
}
