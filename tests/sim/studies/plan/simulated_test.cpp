// Plans on the real engine of simulated time.
#include "base/config/schema.hpp"
#include "sim/engines/virtual/run.hpp"
#include "sim/studies/plan/report.hpp"
#include "tests/sim/studies/plan/planned.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <fstream>

using namespace sim;
using plan_test::planned;
using plan_test::scratch_file;

namespace {

plan::evaluation simulated(plan::definition const& d) {
  return [&d](std::size_t candidate, std::size_t circumstance, std::uint32_t replication) {
    return plan::values_of(virtual_time::run(plan::scenario_of(d, candidate, circumstance, replication)),
                           d.goals.size());
  };
}

std::vector<std::string> const small{"load.duration=3s", "phases=[{\"name\": \"run\"}]", "plan.replications=3",
                                     R"(plan.space={"topology.balancers.token_map": ["1k", "64k"],
                                                    "topology.proxies.count": [1, 2, 3, 4]})"};

}

TEST_CASE(
    "utilisation in simulated time is the load that the proxies were offered, and more where they cannot keep up") {
  scratch_file const file(planned(""));
  auto const run_with = [&](int proxies) {
    auto const d =
        plan::define(file.path(), {"load.connections_per_balancer=20000",
                                   "plan.space={\"topology.proxies.count\": [" + std::to_string(proxies) + "]}"});
    return virtual_time::run(plan::scenario_of(d, 0, 0, 0));
  };
  auto const value = [](records::metric_set const& set, char const* name) {
    return std::get<records::counter_metric>(set.at(name)).value;
  };
  auto const four = run_with(4), one = run_with(1);
  CHECK(value(four.metrics, "utilisation") == Approx(0.5).epsilon(0.08)); // 400/s × 10 ms ÷ (4 × 2)
  CHECK(value(four.metrics, "utilisation_max") >= value(four.metrics, "utilisation"));
  CHECK(value(four.phases.at(1).metrics, "utilisation") == Approx(0.5).epsilon(0.08));
  CHECK(value(one.metrics, "utilisation") == Approx(2.0).epsilon(0.08));
  REQUIRE(four.thresholds.size() == 2);
  CHECK(four.thresholds[1].value == Approx(value(four.metrics, "utilisation")));
}

TEST_CASE("without a limit of servers there is no utilisation, and a threshold on it says so") {
  scratch_file const file(planned(""));
  auto const d = plan::define(file.path(), {"topology.proxies.servers=0", "load.duration=3s"});
  auto const result = virtual_time::run(plan::scenario_of(d, 0, 0, 0));
  CHECK_FALSE(result.metrics.contains("utilisation"));
  CHECK_FALSE(result.thresholds.at(1).passed);
  CHECK_THAT(result.thresholds.at(1).note, Catch::Contains("no samples") && Catch::Contains("servers"));
}

TEST_CASE("a killed proxy's time counts as long as it ran") {
  scratch_file const file(planned(""));
  auto const d = plan::define(file.path(), {R"(plan.survive={"proxies": 1, "settle": "4s"})"});
  auto const lost = virtual_time::run(plan::scenario_of(d, 5, 1, 0)); // 4 proxies, 3 left
  auto const& after = lost.phases.at(1).metrics;
  CHECK(std::get<records::counter_metric>(after.at("utilisation")).value == Approx(2.0 / 3).epsilon(0.08));
}

TEST_CASE("simulated plans give the answer of an exhaustive search") {
  scratch_file const file(planned(""));
  for (std::vector<std::string> const& more :
       {std::vector<std::string>{},
        {R"(plan.survive={"proxies": 1, "settle": "1s"})", "topology.proxies.lease=500ms", "load.duration=6s"}}) {
    std::vector<std::string> overrides = small;
    overrides.insert(overrides.end(), more.begin(), more.end());
    auto const d = plan::define(file.path(), overrides);
    auto const quick = plan::search(plan::problem_of(d), simulated(d), {2, false, [] { return false; }});
    auto const whole = plan::search(plan::problem_of(d), simulated(d), {2, true, [] { return false; }});
    REQUIRE(quick.answer);
    CHECK(quick.answer == whole.answer);
    auto const ruled_out = [](plan::judgement const& j) { return j.how == plan::fate::ruled_out; };
    CHECK(std::any_of(quick.candidates.begin(), quick.candidates.end(), ruled_out));
    CHECK(std::none_of(whole.candidates.begin(), whole.candidates.end(), ruled_out));
  }
}

TEST_CASE("clients of a lost balancer go to the others, where the scenario says so") {
  scratch_file const file(planned(""));
  auto const d = plan::define(file.path(), {R"(plan.survive={"balancers": 1, "settle": "2s"})"});
  auto s = plan::scenario_of(d, 0, 1, 0);
  auto const failed = [](records::result const& r) {
    return std::get<records::counter_metric>(r.phases.at(1).metrics.at("failed_requests")).value;
  };
  CHECK(failed(virtual_time::run(s)) == Approx(0));
  s.simulated.failover = false;
  CHECK(failed(virtual_time::run(s)) > 100);
}

TEST_CASE("the report of a plan follows its schema and says what binds") {
  scratch_file const file(planned(""));
  auto overrides = small;
  overrides.push_back(R"(plan.sensitivity={"load.rate_rps": "±50%"})");
  auto const d = plan::define(file.path(), overrides);
  auto const found = plan::search(plan::problem_of(d), simulated(d));
  REQUIRE(found.answer);
  auto const tornado = plan::sensitivity_of(d, found, simulated, {});
  REQUIRE(tornado);
  plan::outcome const o{d, found, *tornado};
  auto const written = nlohmann::json::parse(plan::to_json(o).dump());
  auto const schema = nlohmann::json::parse(std::ifstream(std::string(CREST_SOURCE_DIR) + "/reports/plan.schema.json"));
  auto const violation = config::validate(written, schema);
  INFO((violation ? config::dotted(violation->at) + ": " + violation->message() : ""));
  CHECK_FALSE(violation);
  auto const bound = plan::binding_of(d, found);
  REQUIRE(bound);
  CHECK(d.goals[bound->goal].metric == "utilisation");
  CHECK(plan::binding_is_shown(d, found));
  REQUIRE(tornado->size() == 1);
  CHECK(tornado->front().price_low < d.prices[*found.answer]);
  CHECK(tornado->front().metric_high > tornado->front().metric_low);
  std::string const csv = plan::candidates_csv(o), bars = plan::tornado_csv(o);
  CHECK(std::count(csv.begin(), csv.end(), '\n') == 9);
  CHECK(bars.find("load.rate_rps,200,400,600,") != std::string::npos);
}

TEST_CASE("a plan without an answer names the nearest miss") {
  scratch_file const file(planned(""));
  auto overrides = small;
  overrides.push_back(R"(plan.goals={"utilisation": ["<0.4"], "redirect_ratio": ["<0.9"]})");
  auto const d = plan::define(file.path(), overrides);
  auto const found = plan::search(plan::problem_of(d), simulated(d));
  CHECK_FALSE(found.answer);
  auto const miss = plan::nearest_miss(d, found);
  REQUIRE(miss);
  CHECK(d.points[*miss].at(1).value == 4);
  CHECK_THAT(plan::reason_of(d, found.candidates[*miss]), Catch::Contains("utilisation <0.4: "));
}
