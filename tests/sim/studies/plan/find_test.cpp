// What "find" of a plan may say, which values that means, and what is found on the real engine of simulated time.
#include "base/config/schema.hpp"
#include "sim/engines/virtual/run.hpp"
#include "sim/studies/plan/limit_report.hpp"
#include "sim/theory/queues.hpp"
#include "tests/sim/studies/plan/planned.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <fstream>

using namespace sim;
using nlohmann::json;
using plan_test::planned;
using plan_test::scratch_file;

namespace {

std::string finds(std::string const& find, std::string const& goals = R"("redirect_ratio": ["<0.2"])") {
  return "\"goals\": {" + goals + "}, \"find\": {" + find + "}";
}

/// The definition, or what is thrown.
plan::definition defined(std::string const& keys, std::vector<std::string> const& overrides = {},
                         std::string const& engine = "virtual") {
  scratch_file const file(planned(keys));
  return plan::define(file.path(), overrides, engine);
}

std::string message_of(std::string const& keys, std::vector<std::string> const& overrides, std::string const& engine) {
  try {
    defined(keys, overrides, engine);
  } catch (config::bad_input const& error) {
    return error.what();
  }
  return "defined";
}

std::vector<double> values_of(plan::definition const& d) {
  std::vector<double> values;
  for (sweep::point const& p : d.points) values.push_back(p.at(0).value.get<double>());
  return values;
}

plan::evaluation simulated(plan::definition const& d) {
  return [&d](std::size_t candidate, std::size_t circumstance, std::uint32_t replication) {
    return plan::values_of(virtual_time::run(plan::scenario_of(d, candidate, circumstance, replication)),
                           d.goals.size());
  };
}

}

TEST_CASE("each question that cannot be asked gets one line with its path and what is allowed") {
  std::string const rate = R"("load.rate_rps": {"from": 100, "to": 1000})";
  struct row {
    char const* name;
    std::string keys;
    std::vector<std::string> overrides;
    std::string engine;
    std::vector<char const*> says;
  };
  row const rows[] = {
      {"good", finds(rate), {}, "virtual", {"defined"}},
      {"good, live", finds(rate), {}, "live", {"defined"}},
      {"nothing to look for",
       R"("goals": {"redirect_ratio": ["<0.2"]})",
       {},
       "virtual",
       {":2: plan: ", "'space'", "either find"}},
      {"a space beside it",
       finds(rate) + R"(, "space": {"topology.proxies.count": [1]})",
       {},
       "virtual",
       {"plan.space: found beside 'find'"}},
      {"sensitivity beside it",
       finds(rate) + R"(, "sensitivity": {"load.rate_rps": "±20%"})",
       {},
       "virtual",
       {"plan.sensitivity: found beside 'find'"}},
      {"two inputs", finds(rate + R"(, "population.characters": {"from": 1, "to": 9})"), {}, "virtual", {"plan.find"}},
      {"no input", finds(""), {}, "virtual", {"plan.find"}},
      {"no upper bound",
       finds(R"("load.rate_rps": {"from": 100})"),
       {},
       "virtual",
       {"plan.find.load.rate_rps", "'to'"}},
      {"an unknown key",
       finds(R"("load.rate_rps": {"from": 1, "to": 2, "withing": "2%"})"),
       {},
       "virtual",
       {"did you mean 'within'?"}},
      {"bounds the wrong way round",
       finds(R"("load.rate_rps": {"from": 100, "to": 100})"),
       {},
       "virtual",
       {"plan.find.load.rate_rps.to: found 100; allowed: more than from, which is 100"}},
      {"a percentage from 0",
       finds(R"("load.rate_rps": {"from": 0, "to": 100})"),
       {},
       "virtual",
       {".from: found 0; allowed: more than 0"}},
      {"too fine",
       finds(R"("load.rate_rps": {"from": 1, "to": 100, "within": "0.05%"})"),
       {},
       "virtual",
       {".within: found \"0.05%\"; allowed: from 0.1% to 50%"}},
      {"too coarse",
       finds(R"("load.rate_rps": {"from": 1, "to": 100, "within": "51%"})"),
       {},
       "virtual",
       {"0.1% to 50%"}},
      {"no percentage",
       finds(R"("load.rate_rps": {"from": 1, "to": 100, "within": "fine"})"),
       {},
       "virtual",
       {".within: found \"fine\""}},
      {"a step of nothing",
       finds(R"("load.rate_rps": {"from": 1, "to": 100, "within": 0})"),
       {},
       "virtual",
       {".within"}},
      {"a step that is too long",
       finds(R"("load.rate_rps": {"from": 1, "to": 100, "within": 100})"),
       {},
       "virtual",
       {".within: found 100; allowed: a step of at most 99"}},
      {"too many values",
       finds(R"("load.rate_rps": {"from": 1, "to": 1000000, "within": 1})"),
       {},
       "virtual",
       {"more than 100000 values"}},
      {"a part of a proxy",
       finds(R"("topology.proxies.count": {"from": 1.5, "to": 9})"),
       {},
       "virtual",
       {"plan.find.topology.proxies.count.from: found 1.5; allowed: a whole number"}},
      {"a step of a part",
       finds(R"("topology.proxies.count": {"from": 1, "to": 9, "within": 1.5})"),
       {},
       "virtual",
       {".within: found 1.5; allowed: a whole number"}},
      {"a path that leads nowhere",
       finds(R"("load.rate_rsp": {"from": 1, "to": 9})"),
       {},
       "virtual",
       {"did you mean 'rate_rps'?"}},
      {"the plan itself",
       finds(R"("plan.replications": {"from": 1, "to": 9})"),
       {},
       "virtual",
       {"found a value of the plan"}},
      {"no number",
       finds(R"("topology.balancers.guess": {"from": 1, "to": 9})"),
       {},
       "virtual",
       {"topology.balancers.guess"}},
      {"a value that the input cannot have",
       finds(R"("topology.proxies.count": {"from": 1, "to": 5000})"),
       {},
       "virtual",
       {"topology.proxies.count: found 5000"}},
      {"another direction",
       finds(R"("load.rate_rps": {"from": 1, "to": 9, "which": "best"})"),
       {},
       "virtual",
       {"largest", "smallest"}},
      {"a space, live", "", {}, "live", {"--engine: found live", "allowed: virtual, or live with plan.find"}},
      {"a lost balancer, live",
       finds(rate) + R"(, "survive": {"balancers": 1, "settle": "1s"})",
       {},
       "live",
       {"plan.survive.balancers: found with --engine live"}},
      {"utilisation, live",
       finds(rate, R"("utilisation": ["<0.7"])"),
       {},
       "live",
       {"found with --engine live, which does not measure it"}},
      {"an input of simulated time, live",
       finds(R"("virtual.network.client.constant.mean_ms": {"from": 1, "to": 9})"),
       {},
       "live",
       {"found an input of simulated time"}},
  };
  for (row const& r : rows) {
    INFO(r.name);
    std::string const message = message_of(r.keys, r.overrides, r.engine);
    for (char const* part : r.says) CHECK_THAT(message, Catch::Contains(part));
    CHECK(message.find('\n') == std::string::npos);
  }
}

TEST_CASE("values are as near to each other as the plan asks, and whole where the input is") {
  auto const ratio = defined(finds(R"("load.rate_rps": {"from": 100, "to": 20000, "within": "2%"})"));
  auto const rates = values_of(ratio);
  CHECK(rates.size() == 269); // ln 200 / ln 1.02 intervals
  CHECK(rates.front() == 100);
  CHECK(rates.back() == 20000);
  for (std::size_t i = 1; i < rates.size(); ++i) CHECK(rates[i] / rates[i - 1] == Approx(1.02).epsilon(0.001));
  CHECK(ratio.find->within == "2%");

  CHECK(values_of(defined(finds(R"("population.logged_in": {"from": 0, "to": 1, "within": 0.3})"))) ==
        std::vector<double>{0, 0.3, 0.6, 0.9, 1});
  CHECK(values_of(defined(finds(R"("topology.proxies.count": {"from": 1, "to": 12, "within": "20%"})"))) ==
        std::vector<double>{1, 2, 3, 4, 5, 6, 7, 8, 10, 12});
  CHECK(values_of(
            defined(finds(R"("topology.proxies.count": {"from": 2, "to": 9, "within": 3, "which": "smallest"})"))) ==
        std::vector<double>{9, 8, 5, 2});
}

TEST_CASE("a run of a value is invalid when it is sent so late that a goal on latency would see it") {
  auto const lag_of = [](std::string const& goals, std::vector<std::string> const& overrides) {
    auto const d = defined(finds(R"("load.rate_rps": {"from": 100, "to": 1000})", goals), overrides);
    return plan::scenario_of(d, 0, 0, 0).load.max_schedule_lag;
  };
  using std::chrono::milliseconds;
  CHECK(lag_of(R"("redirect_ratio": ["<0.2"])", {}) == milliseconds(100));
  CHECK(lag_of(R"("latency_ms": ["p(99)<60", "p(50)<20"])", {}) == milliseconds(4));
  CHECK(lag_of(R"("latency_ms": ["p(99)<60"])", {"load.max_schedule_lag=5ms"}) == milliseconds(5));
  CHECK(lag_of(R"("latency_ms": ["count>5", "p(99)<60s"])", {}) == milliseconds(100));
  auto const chosen = defined(R"("goals": {"latency_ms": ["p(99)<60"]}, "prices": {"proxies": 1},
                                 "space": {"topology.proxies.count": [1]})");
  CHECK(plan::scenario_of(chosen, 0, 0, 0).load.max_schedule_lag == milliseconds(100));
}

TEST_CASE("live there are fewer values and replications, unless the plan says more") {
  std::string const rate = R"("load.rate_rps": {"from": 100, "to": 20000)";
  auto const fine = defined(finds(rate + R"(, "within": "2%"})"), {}, "live");
  CHECK(fine.find->within == "5%");
  CHECK(fine.points.size() == 110);
  CHECK(fine.rule.replications == 3);
  CHECK(defined(finds(rate + "}"), {}, "live").find->within == "5%");
  CHECK(defined(finds(rate + R"(, "within": "20%"})"), {}, "live").find->within == "20%");
  CHECK(defined(finds(rate + "}"), {"plan.replications=7"}, "live").rule.replications == 7);
  CHECK(defined(finds(rate + "}")).rule.replications == 5);
}

TEST_CASE("the highest rate of one queue with two servers is the one of its closed form, and below its capacity") {
  // M/M/2: exponential service of 10 ms, which 99 % of the requests leave within 60 ms up to a rate of theory.
  constexpr double service_s = 0.01, bound_ms = 60;
  double low = 1, high = 199.9;
  for (int i = 0; i < 60; ++i) {
    double const rate = (low + high) / 2;
    (theory::sojourn_quantile_s(rate, service_s, 2, 0.99) * 1000 < bound_ms ? low : high) = rate;
  }
  REQUIRE(low > 100);
  scratch_file const file(planned(finds(R"("load.rate_rps": {"from": 20, "to": 300, "within": "2%"})",
                                        R"("latency_ms{phase:steady}": ["p(99)<60"])")));
  auto const d =
      plan::define(file.path(), {"topology.proxies.count=1", "topology.balancers.count=1", "load.duration=120s",
                                 "load.connections_per_balancer=10000", "plan.replications=8"});
  auto const found = plan::find_limit(plan::problem_of(d), d.points.size(), plan::run_ahead(simulated(d), 2, d.rule));
  REQUIRE(found.how() == plan::ending::inside);
  double const answer = plan::value_at(d, *found.answer).get<double>();
  INFO("found " << answer << ", theory " << low);
  CHECK(answer < low * 1.02); // with confidence: not beyond it, but for the step
  CHECK(answer > low * 0.9);
  CHECK(answer < 2 / service_s);
  CHECK(found.reversals.empty());
}

TEST_CASE(
    "a bound on utilisation is met up to that share of the capacity, which theory rules out beyond without a run") {
  scratch_file const file(
      planned(finds(R"("load.rate_rps": {"from": 20, "to": 5000, "within": "2%"})", R"("utilisation": ["<0.7"])")));
  auto const d = plan::define(file.path(), {"load.duration=60s", "load.connections_per_balancer=10000"});
  auto const found = plan::find_limit(plan::problem_of(d), d.points.size(), simulated(d));
  REQUIRE(found.answer);
  double const capacity = 3 * 2 / 0.01; // proxies × servers ÷ service
  CHECK(plan::value_at(d, *found.answer).get<double>() == Approx(0.7 * capacity).epsilon(0.04));
  CHECK(plan::value_at(d, *found.answer).get<double>() < 0.7 * capacity);
  auto const without = std::count_if(found.tried.begin(), found.tried.end(),
                                     [](auto const& t) { return t.second.how == plan::fate::ruled_out; });
  CHECK(without >= 2);
}

TEST_CASE("the smallest number of proxies is found from the large end, in all circumstances") {
  scratch_file const file(
      planned(finds(R"("topology.proxies.count": {"from": 1, "to": 40, "within": 1, "which": "smallest"})",
                    R"("utilisation": ["<0.7"])") +
              R"(, "survive": {"proxies": 1, "settle": "3s"})"));
  auto const d =
      plan::define(file.path(), {"load.duration=20s", "plan.replications=5", "load.connections_per_balancer=20000"});
  auto const found = plan::find_limit(plan::problem_of(d), d.points.size(), simulated(d));
  REQUIRE(found.answer);
  CHECK(plan::value_at(d, *found.answer) == 4); // 400/s × 10 ms = 4 servers: 2 proxies of 2, of 0.7 3, and one is lost
  plan::limit_outcome const o{d, found};
  auto const miss = plan::first_miss_of(o);
  REQUIRE(miss);
  CHECK(miss->circumstance == 1);
  CHECK_THAT(plan::limit_csv(o), Catch::Contains("\n3,") && Catch::Contains("1 proxy lost"));
}

TEST_CASE("what is written of a limit follows its schema, whatever was found") {
  auto const schema = json::parse(std::ifstream(std::string(CREST_SOURCE_DIR) + "/reports/limit.schema.json"));
  struct row {
    char const* goals;
    char const* outcome;
  };
  for (row const& r : {row{R"("utilisation": ["<0.7"], "redirect_ratio": ["<0.9"])", "found"},
                       row{R"("utilisation": ["<70"])", "at the end"}, row{R"("utilisation": ["<0.01"])", "nowhere"},
                       row{R"("latency_ms": ["p(99)<100000"])", "not known"}}) {
    INFO(r.outcome);
    scratch_file const file(planned(finds(R"("load.rate_rps": {"from": 50, "to": 3000, "within": "20%"})", r.goals)));
    std::vector<std::string> more{"load.duration=4s", "phases=[{\"name\": \"run\"}]"};
    if (std::string_view(r.outcome) != "not known")
      more.push_back("load.connections_per_balancer=20000");
    else
      more.push_back("load.connections_per_balancer=2");
    auto const d = plan::define(file.path(), more);
    auto const found = plan::find_limit(plan::problem_of(d), d.points.size(), simulated(d));
    plan::limit_outcome const o{d, found};
    auto const written = json::parse(plan::to_json(o).dump());
    auto const violation = config::validate(written, schema);
    INFO((violation ? config::dotted(violation->at) + ": " + violation->message() : ""));
    CHECK_FALSE(violation);
    CHECK(written.at("outcome") == r.outcome);
    CHECK(written.at("order").size() == written.at("values").size());
    std::string const csv = plan::limit_csv(o);
    CHECK(static_cast<std::size_t>(std::count(csv.begin(), csv.end(), '\n')) >= 1 + written.at("values").size());
  }
}
