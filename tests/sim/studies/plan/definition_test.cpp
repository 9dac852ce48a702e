// What a plan's file may say, what it costs, and what is run.
#include "sim/scenario/load.hpp"
#include "sim/studies/plan/definition.hpp"
#include "sim/studies/plan/sensitivity.hpp"
#include "sim/studies/plan/theory.hpp"
#include "tests/sim/studies/plan/planned.hpp"

#include <catch2/catch.hpp>

#include <filesystem>

using namespace sim;
using plan_test::planned;
using plan_test::scratch_file;

namespace {

/// What defining a plan throws, or "defined".
std::string message_of(std::string const& keys, std::vector<std::string> const& overrides) {
  scratch_file const file(planned(keys));
  try {
    plan::define(file.path(), overrides);
  } catch (config::bad_input const& error) {
    return error.what();
  }
  return "defined";
}

struct row {
  char const* name;
  std::string keys; // in place of the plan's own
  std::vector<std::string> overrides;
  std::vector<char const*> says;
};

}

TEST_CASE("each broken plan gets one line with its path and what is allowed, before anything runs") {
  row const rows[] = {
      {"no plan", "", {}, {"found no key 'plan'"}},
      {"no goals",
       R"("prices": {"proxies": 1}, "space": {"topology.proxies.count": [1]})",
       {},
       {":2: plan: ", "'goals'"}},
      {"unknown key",
       R"("goals": {"requests": [">1"]}, "prices": {"proxies": 1}, "space": {"topology.proxies.count": [1]}, "survives": {})",
       {},
       {"plan.survives: ", "did you mean 'survive'?"}},
      {"unknown metric",
       "",
       {R"(plan.goals={"redirect_ration": ["<1"]})"},
       {"plan.goals", "did you mean 'redirect_ratio'?"}},
      {"unknown phase", "", {R"(plan.goals={"redirect_ratio{phase:steadi}": ["<1"]})"}, {"unknown phase 'steadi'"}},
      {"label that a metric has not",
       "",
       {R"(plan.goals={"utilisation{balancer:gateway[0]}": ["<1"]})"},
       {"'balancer'", "phase"}},
      {"goal without aggregate",
       "",
       {R"(plan.goals={"latency_ms": ["<50"]})"},
       {"plan.goals.latency_ms[0]", "no aggregate"}},
      {"goal with a confidence of its own",
       "",
       {R"(plan.goals={"redirect_ratio": ["<0.1 @95%"]})"},
       {"plan.confidence"}},
      {"goal that is no text",
       "",
       {R"(plan.goals={"redirect_ratio": [0.1]})"},
       {"plan.goals.redirect_ratio[0]", "found 0.1"}},
      {"negative price", "", {"plan.prices.proxies=-1"}, {"plan.prices.proxies", "found -1"}},
      {"price of a path that is no axis",
       "",
       {R"(plan.prices={"topology.proxies.cuont": {"2": 1}})"},
       {"no axis of plan.space", "did you mean 'topology.proxies.count'?"}},
      {"price of a value that the axis has not",
       "",
       {R"(plan.prices={"topology.balancers.token_map": {"64m": 1}})"},
       {"does not have", "64k"}},
      {"unknown path of the space", "", {R"(plan.space={"topology.proxies.cuont": [1]})"}, {"did you mean 'count'?"}},
      {"space that varies the plan", "", {R"(plan.space={"plan.replications": [1]})"}, {"varies the plan"}},
      {"value twice", "", {R"(plan.space={"topology.proxies.count": [2, 2]})"}, {"found 2 a second time"}},
      {"no proxies",
       "",
       {R"(plan.space={"topology.proxies.count": [2, 0]})"},
       {"topology.proxies.count", "found 0", "candidate 1"}},
      {"more candidates than anyone waits for",
       "",
       {R"(plan.space={"topology.proxies.count": {"linear": [1, 1000, 1000]}, "seed": {"linear": [1, 11, 11]}})"},
       {"found 11000 candidates"}},
      {"loss of nothing", "", {R"(plan.survive={"proxies": 0})"}, {"found nothing that is lost"}},
      {"loss that never settles",
       "",
       {R"(plan.survive={"proxies": 1, "settle": "9s"})"},
       {"plan.survive", "a tenth of it is left"}},
      {"settle twice", "", {R"(plan.survive={"proxies": 1, "settle": "1s", "settle_ms": 5})"}, {"both"}},
      {"late loss", "", {R"(plan.survive={"proxies": 1, "at_share": 0.5})"}, {"at_share", "found 0.5"}},
      {"confidence of 40 %", "", {"plan.confidence=40%"}, {"plan.confidence", "such as \"95%\""}},
      {"confidence of 50 %", "", {"plan.confidence=50%"}, {"plan.confidence", "above 50%"}},
      {"no replications", "", {"plan.replications=0"}, {"plan.replications", "found 0"}},
      {"sensitivity of an axis",
       "",
       {R"(plan.sensitivity={"topology.proxies.count": "±20%"})"},
       {"an axis of the space"}},
      {"sensitivity of a text",
       "",
       {R"(plan.sensitivity={"load.kind": "±20%"})"},
       {"plan.sensitivity", "\"poisson\"", "[LOW, HIGH]"}},
      {"sensitivity of what the file does not say",
       "",
       {R"(plan.sensitivity={"population.token_bytes": "±20%"})"},
       {"no value in the file"}},
      {"sensitivity that is no change",
       "",
       {R"(plan.sensitivity={"load.rate_rps": "20%"})"},
       {"plan.sensitivity", "±20%"}},
      {"sensitivity to a value out of range",
       "",
       {R"(plan.sensitivity={"population.logged_in": [0.5, 1.5]})"},
       {"population.logged_in", "found 1.5"}},
      {"unknown path of the sensitivity",
       "",
       {R"(plan.sensitivity={"load.rate_rsp": [1, 2]})"},
       {"load.rate_rsp: ", "did you mean 'rate_rps'?"}},
  };
  for (row const& r : rows) {
    std::string const message = message_of(std::string(r.name) == "no plan" ? "-" : r.keys, r.overrides);
    INFO(r.name << ": " << message);
    CHECK(message.find('\n') == std::string::npos);
    for (char const* part : r.says) CHECK(message.find(part) != std::string::npos);
  }
}

TEST_CASE("a trace cannot be survived, since nobody knows how long it is") {
  scratch_file const file(planned(""));
  std::string const trace = std::string(CREST_SOURCE_DIR) + "/scenarios/traces/small-access.log";
  CHECK_THROWS_WITH(plan::define(file.path(), {R"(load={"kind": "trace", "file": ")" + trace + R"("})",
                                               "plan.survive={\"proxies\": 1}"}),
                    Catch::Contains("the replay of a trace"));
}

TEST_CASE("prices are of nodes, and of values for each node whose they are") {
  scratch_file const file(planned(""));
  auto const d = plan::define(
      file.path(),
      {R"(plan.space={"topology.balancers.count": [1, 2], "topology.balancers.token_map": ["64k", "1m"], "topology.proxies.count": [2, 3]})",
       R"(plan.prices={"balancers": 3, "proxies": 10, "sols": 100, "topology.balancers.token_map": {"1m": 0.5}})"});
  CHECK(d.prices == std::vector<double>{123, 133, 123.5, 133.5, 126, 136, 127, 137});
  CHECK(d.circumstances.size() == 1);
}

TEST_CASE("the Redis of a shared map is paid once, and values are priced by their names") {
  scratch_file const file(planned(""));
  auto const d = plan::define(
      file.path(), {R"(plan.space={"topology.balancers.count": [2, 3],
                      "topology.balancers.shared_map": ["off", {"as": "patient", "value": {"timeout": "50ms"}}]})",
                    R"(plan.prices={"balancers": 3, "redis": 2, "topology.balancers.shared_map": {"patient": 0.25}})"});
  CHECK(d.prices == std::vector<double>{6, 8.5, 9, 11.75});
  CHECK(plan::edges_of(d, 0).size() == 1); // values with names are in no order
  CHECK_FALSE(plan::scenario_of(d, 0, 0, 0).topology.balancers[0].shared_map);
  CHECK(plan::scenario_of(d, 1, 0, 0).topology.balancers[0].shared_map->timeout == std::chrono::milliseconds(50));
  CHECK_THAT(message_of("", {R"(plan.space={"topology.balancers.shared_map": [{"as": "patient", "value": {}}]})",
                             R"(plan.prices={"topology.balancers.shared_map": {"patent": 1}})"}),
             Catch::Contains("did you mean 'patient'?"));
}

TEST_CASE("after a loss the nodes are killed early and the goals are judged once it has settled") {
  scratch_file const file(planned(""));
  auto const d = plan::define(file.path(), {R"(plan.survive={"proxies": 2, "balancers": 1, "settle": "3s"})"});
  REQUIRE(d.circumstances.size() == 3);
  CHECK(d.circumstances[1].text() == "2 proxies lost");
  std::size_t const last = d.points.size() - 1;
  auto const proxies = plan::scenario_of(d, last, 1, 0);
  REQUIRE(proxies.events.size() == 2);
  CHECK(std::get<scenario::kill_node>(proxies.events[1].action).node == "proxy[1]");
  CHECK(proxies.events[0].at <= proxies.load.duration / 10);
  REQUIRE(proxies.phases.size() == 2);
  CHECK(proxies.phases[0].until == proxies.events[0].at + std::chrono::seconds(3));
  for (scenario::threshold const& t : proxies.thresholds) CHECK(t.labels.at("phase") == proxies.phases[1].name);
  CHECK_FALSE(proxies.simulated.failover);
  auto const balancers = plan::scenario_of(d, last, 2, 1);
  CHECK(std::get<scenario::kill_node>(balancers.events.at(0).action).node == "gateway[0]");
  CHECK(balancers.simulated.failover);
  CHECK(balancers.seed != proxies.seed);
}

TEST_CASE("a topology of which nothing would be left is ruled out") {
  scratch_file const file(planned(""));
  auto const d = plan::define(file.path(), {R"(plan.survive={"proxies": 2, "settle": "3s"})",
                                            "plan.space={\"topology.proxies.count\": [2, 3]}"});
  auto const p = plan::problem_of(d);
  REQUIRE(p.objects(0));
  CHECK(p.objects(0)->why.find("none would be left") != std::string::npos);
}

TEST_CASE("theory rules out too few proxies only where a run could not say otherwise") {
  scratch_file const file(planned(""));
  // 400 requests a second × 10 ms ÷ 2 servers = 2 proxies fully busy; < 0.8 takes 2.5, and a margin
  auto const rules_out = [&](int proxies, std::vector<std::string> overrides) {
    overrides.push_back("plan.space={\"topology.proxies.count\": [" + std::to_string(proxies) + "]}");
    auto const d = plan::define(file.path(), overrides);
    return plan::too_few_proxies(plan::scenario_of(d, 0, 0, 0), d.goals, d.asked).has_value();
  };
  CHECK(rules_out(2, {}));
  CHECK_FALSE(rules_out(3, {}));
  CHECK_FALSE(rules_out(2, {"plan.goals.utilisation=[\"<0.98\"]"})); // 1.0, but chance may help
  CHECK_FALSE(rules_out(2, {"topology.proxies.servers=0"}));
  CHECK_FALSE(rules_out(2, {"plan.goals.utilisation=[\">0.1\"]"}));
  CHECK_FALSE(rules_out(2, {R"(events=[{"at": "1s", "kill": "proxy[0]"}])"}));
  CHECK_FALSE(rules_out(2, {R"(load={"kind": "closed"})"}));
  CHECK_FALSE(rules_out(2, {"virtual.balancer.service_time.constant.mean_ms=5"}));
}

TEST_CASE("inputs are changed by a share or between two values, whole where they must be") {
  scratch_file const file(planned(""));
  auto const d = plan::define(
      file.path(),
      {R"(plan.sensitivity={"load.rate_rps": "±20%", "population.characters": "+-33%", "topology.proxies.service_time": [{"constant": {"mean_ms": 1}}, {"constant": {"mean_ms": 2}}]})"});
  REQUIRE(d.inputs.size() == 3);
  CHECK(d.inputs[0].low == 320);
  CHECK(d.inputs[0].high == 480);
  CHECK(d.inputs[1].low == 134);
  CHECK(d.inputs[1].high == 266);
  CHECK(plan::scenario_of(plan::with(d, d.inputs[0], d.inputs[0].high), 0, 0, 0).load.rate_rps == Approx(480));
}

TEST_CASE("cheaper neighbours are one step away on one axis") {
  scratch_file const file(planned(""));
  auto const d = plan::define(
      file.path(), {R"(plan.space={"topology.balancers.count": [1, 2, 4], "topology.proxies.count": [2, 3]})",
                    R"(plan.prices={"balancers": 3, "proxies": 10})"});
  auto const near = plan::cheaper_neighbours(d, 3); // 2 balancers, 3 proxies
  REQUIRE(near.size() == 2);
  CHECK(near[0].candidate == 1);
  CHECK(near[1].candidate == 2);
  CHECK(plan::cheaper_neighbours(d, 0).empty());
}

TEST_CASE("an answer at an end of an axis is at the edge of the space, one between is not") {
  plan_test::scratch_file const file(plan_test::planned(""));
  auto const d =
      plan::define(file.path(), {R"(plan.space={"topology.balancers.count": [1, 2, 4], "topology.proxies.count": [2, 3],
                                   "topology.proxies.servers": [2]})",
                                 R"(plan.prices={"balancers": 3, "proxies": 10})"});
  struct row {
    std::size_t candidate;
    std::vector<std::pair<std::size_t, bool>> edges;
  };
  for (row const& r :
       {row{0, {{0, true}, {1, true}}}, row{2, {{1, true}}}, row{3, {{1, false}}}, row{5, {{0, false}, {1, false}}}}) {
    INFO(r.candidate);
    std::vector<std::pair<std::size_t, bool>> found;
    for (plan::edge const& e : plan::edges_of(d, r.candidate)) found.emplace_back(e.axis, e.first);
    CHECK(found == r.edges); // an axis of one value has no edge
  }
}

TEST_CASE("the shipped plans are good") {
  std::size_t plans = 0;
  for (auto const& entry : std::filesystem::directory_iterator(std::string(CREST_SOURCE_DIR) + "/scenarios/plans")) {
    INFO(entry.path().string());
    CHECK_NOTHROW(plan::define(entry.path(), {}));
    ++plans;
  }
  CHECK(plans >= 1);
}
