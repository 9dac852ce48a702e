#include "base/config/document.hpp"
#include "reports/compare/compare.hpp"
#include "reports/compare/figures.hpp"
#include "tests/reports/samples/golden.hpp"
#include "tests/reports/samples/sample.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <random>
#include <sstream>

using namespace reports_test;
using namespace reports::compare;
using namespace sim::records;
using Catch::Contains;

namespace {

ratio_metric& ratio(result& r, std::string const& name) { return std::get<ratio_metric>(r.metrics.at(name)); }

void set_ratio(result& r, std::string const& name, double value, double error) {
  ratio_metric m;
  m.value = value;
  m.denominator = 40000;
  m.numerator = static_cast<std::uint64_t>(value * 40000);
  m.measured_error = error;
  m.clusters = 2000;
  r.metrics[name] = m;
}

row const& row_of(comparison const& c, std::string const& name) {
  for (row const& r : c.rows)
    if (r.name == name) return r;
  throw std::runtime_error("no row " + name);
}

judgement judged(result const& base, result const& now, std::string const& name, settings const& s = {}) {
  return row_of(compare(base, now, s), name).judged;
}

settings tolerating(std::vector<std::string> const& texts) {
  settings s;
  for (std::string const& text : texts) read_tolerance(text, s.tolerance);
  return s;
}

result slower_run() {
  result r = passed_run();
  r.seed = 43;
  set_ratio(r, "redirect_ratio", 0.1721, 0.002);
  ratio(r, "hops_per_request").value = 1.1389;
  auto& latency = std::get<trend_metric>(r.metrics["latency_ms"]);
  latency.p50 = 1.0, latency.p50_within = {0.98, 1.03};
  latency.p99 = 4.9, latency.p99_within = {4.85, 4.95};
  std::get<counter_metric>(r.metrics["failed_requests"]).value = 4;
  r.metrics.erase("schedule_lag_ms");
  r.invariants[2].passed = false;
  return r;
}

}

TEST_CASE("the table for a pull request is as it was agreed") {
  auto const check = [](std::string const& name, result const& base, result const& now, settings const& s) {
    check_golden("tests/reports/compare/goldens", name, markdown(compare(base, now, s), base, now, s));
  };
  check("same.md", passed_run(), passed_run(), {});
  check("slower.md", passed_run(), slower_run(), {});
  settings forced = tolerating({"convergence_s=20%", "latency_ms.p99=1%"});
  forced.force = true;
  result odd = eventful_run();
  odd.events[0].convergence_s = 2.5;
  check("odd-names.md", eventful_run(), odd, forced);
}

TEST_CASE("a table stays a table whatever names hold") {
  for (std::string const& name :
       {std::string("a | b"), std::string("a\nb"), std::string("_emphasis_ and __more__"), std::string("~~gone~~"),
        std::string("&lt;b&gt;"), std::string("<script>"), std::string("$x^2$"), std::string("[a](b)"),
        std::string("\\|"), std::string("`code`")}) {
    INFO(name);
    result base = passed_run(), now = passed_run();
    base.scenario = now.scenario = name;
    base.metrics[name] = now.metrics[name] = sim::records::counter_metric{1};
    settings how;
    std::string const text = markdown(compare(base, now, how), base, now, how);
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      CHECK(line.find("<script>") == std::string::npos);
      if (!line.starts_with("|")) continue;
      int bars = 0;
      for (std::size_t i = 0; i != line.size(); ++i) {
        if (line[i] == '\\') {
          ++i;
        } else if (line[i] == '|') {
          ++bars;
        }
      }
      CHECK(bars == 8);
    }
  }
}

TEST_CASE("a planted regression is found, in either direction that is worse") {
  result base = passed_run(), now = passed_run();
  set_ratio(base, "redirect_ratio", 0.10, 0.001);
  set_ratio(now, "redirect_ratio", 0.12, 0.001);
  set_ratio(base, "map_hit_ratio", 0.90, 0.001);
  set_ratio(now, "map_hit_ratio", 0.80, 0.001);
  CHECK(judged(base, now, "redirect_ratio") == judgement::regression);
  CHECK(judged(base, now, "map_hit_ratio") == judgement::regression);
  CHECK(compare(base, now, {}).regressed());
  CHECK(judged(now, base, "redirect_ratio") == judgement::better);
  CHECK_FALSE(compare(now, base, {}).regressed());
}

TEST_CASE("a difference within the error is no regression, however low the tolerance") {
  result base = passed_run(), now = passed_run();
  set_ratio(base, "redirect_ratio", 0.10, 0.01);
  set_ratio(now, "redirect_ratio", 0.12, 0.01);
  CHECK(judged(base, now, "redirect_ratio", tolerating({"redirect_ratio=0%"})) == judgement::same);
}

TEST_CASE("a significant difference within the tolerance is no regression") {
  result base = passed_run(), now = passed_run();
  set_ratio(base, "redirect_ratio", 0.100, 0.0001);
  set_ratio(now, "redirect_ratio", 0.104, 0.0001);
  CHECK(judged(base, now, "redirect_ratio") == judgement::tolerated);
  CHECK(judged(base, now, "redirect_ratio", tolerating({"redirect_ratio=3%"})) == judgement::regression);
  CHECK(judged(base, now, "redirect_ratio", tolerating({"3%"})) == judgement::regression);
}

TEST_CASE("failures where there were none are a regression once they are more than chance") {
  result base = passed_run(), now = passed_run();
  set_ratio(base, "failed_ratio", 0, 0);
  set_ratio(now, "failed_ratio", 0.0004, 0.0004);
  CHECK(judged(base, now, "failed_ratio") == judgement::same);
  set_ratio(now, "failed_ratio", 0.05, 0.002);
  CHECK(judged(base, now, "failed_ratio") == judgement::regression);
}

TEST_CASE("percentiles are judged by what they lie between") {
  result base = passed_run(), now = passed_run();
  auto& latency = std::get<trend_metric>(now.metrics["latency_ms"]);
  latency.p99 = 6, latency.p99_within = {5.8, 6.3};
  CHECK(judged(base, now, "latency_ms.p99") == judgement::regression);
  CHECK(judged(base, now, "latency_ms.p90") == judgement::same);
  latency.p99_within = {4.0, 8.0};
  CHECK(judged(base, now, "latency_ms.p99") == judgement::same);
  latency.p99_within = {}; // not known
  CHECK(judged(base, now, "latency_ms.p99") == judgement::same);
  CHECK(judged(base, now, "latency_ms.p99", tolerating({"latency_ms.p99=10%"})) == judgement::regression);
}

TEST_CASE("counts and values are judged when a tolerance names them") {
  result base = passed_run(), now = passed_run();
  std::get<counter_metric>(now.metrics["failed_requests"]).value = 30;
  std::get<counter_metric>(now.metrics["requests_per_second"]).value /= 2;
  CHECK(judged(base, now, "failed_requests") == judgement::not_judged);
  CHECK(judged(base, now, "failed_requests", tolerating({"failed_requests=5%"})) == judgement::regression);
  CHECK(judged(base, now, "requests_per_second", tolerating({"requests_per_second=5%"})) == judgement::regression);
  CHECK(judged(base, now, "requests_per_second", tolerating({"requests_per_second=60%"})) == judgement::tolerated);
}

TEST_CASE("two samples of the same thing raise an alarm in no more than the agreed share of comparisons") {
  std::mt19937_64 random(3);
  auto const normal = [&] {
    double sum = -6;
    for (int i = 0; i != 12; ++i) sum += static_cast<double>(random() >> 11) * 0x1p-53;
    return sum;
  };
  int alarms = 0;
  int const comparisons = 1000;
  for (int i = 0; i != comparisons; ++i) {
    result base, now;
    for (result* r : {&base, &now})
      for (char const* name : {"redirect_ratio", "map_hit_ratio", "stale_hit_ratio", "failed_ratio"})
        set_ratio(*r, name, 0.1 + 0.01 * normal(), 0.01);
    alarms += compare(base, now, tolerating({"0%"})).regressed();
  }
  CHECK(alarms > 0);
  CHECK(alarms <= comparisons * 5 / 100);
}

TEST_CASE("metrics that one result lacks are named") {
  result base = passed_run(), now = passed_run();
  now.metrics.erase("schedule_lag_ms");
  now.metrics["eve_requests"] = counter_metric{12};
  auto const c = compare(base, now, {});
  CHECK(c.only_in_base == std::vector<std::string>{"schedule_lag_ms.p50", "schedule_lag_ms.p90", "schedule_lag_ms.p95",
                                                   "schedule_lag_ms.p99", "schedule_lag_ms.p999"});
  CHECK(c.only_in_new == std::vector<std::string>{"eve_requests"});
  CHECK_THROWS_WITH(compare(base, now, tolerating({"eve_latency_ms=5%"})), Contains("no eve_latency_ms in both"));
}

TEST_CASE("an invariant that held and is broken now is a regression") {
  result now = passed_run();
  now.invariants[3].passed = false;
  auto const c = compare(passed_run(), now, {});
  CHECK(c.broken_invariants == std::vector<std::string>{"at_most_once"});
  CHECK(c.regressed());
  CHECK_FALSE(compare(now, now, {}).regressed());
}

TEST_CASE("one phase can be compared") {
  result base = eventful_run(), now = eventful_run();
  std::get<ratio_metric>(now.phases[1].metrics["redirect_ratio"]).value = 0.5;
  settings s;
  CHECK_FALSE(compare(base, now, s).regressed());
  s.phase = "after the storm";
  CHECK(compare(base, now, s).regressed());
  s.phase = "steady";
  CHECK_THROWS_WITH(compare(base, now, s), Contains("does not have; allowed: warm-up, after the storm"));
}

TEST_CASE("results that should not be compared are refused, unless forced") {
  result other = passed_run(), invalid = passed_run();
  other.scenario = "another";
  invalid.verdict = verdict::invalid;
  CHECK_THROWS_AS(compare(passed_run(), other, {}), config::bad_input);
  CHECK_THROWS_WITH(compare(passed_run(), invalid, {}), Contains("NEW: found a run that is invalid"));
  result lagged = passed_run(); // failed by an invariant that no lag explains, but lagged all the same
  lagged.verdict = verdict::failed;
  lagged.load_as_planned = false;
  CHECK_THROWS_WITH(compare(lagged, passed_run(), {}), Contains("BASE: found a run whose load was not as planned"));
  result simulated = passed_run();
  simulated.engine = "virtual";
  CHECK_THROWS_WITH(compare(passed_run(), simulated, {}),
                    Contains("BASE was run by the live engine, NEW by the virtual engine; allowed:"));
  result incomplete = passed_run();
  incomplete.verdict = verdict::error;
  CHECK_THROWS_WITH(compare(passed_run(), incomplete, {}), Contains("NEW: found a run whose report is not complete"));
  settings s;
  s.force = true;
  CHECK_NOTHROW(compare(passed_run(), simulated, s));
  CHECK_THAT(compare(passed_run(), other, s).remarks.at(0), Contains("scenarios differ"));
  CHECK_NOTHROW(compare(passed_run(), invalid, s));
}

TEST_CASE("what differs in what ran is told by path, before what came of it") {
  result const base = passed_run();
  CHECK(input_differences(base, base).empty());
  result later = base; // when, and how busy the machine was, is no input
  later.provenance->started = later.provenance->ended = "2027-01-01T00:00:00Z";
  later.provenance->load_average_before = 9, later.provenance->cpu_busy_during = 1;
  later.provenance->command = {"crest-sim", "run", "other.json"};
  CHECK(input_differences(base, later).empty());
  result now = base;
  auto& p = *now.provenance;
  p.scenario = R"({"name":"quickstart","description":"new","seed":7,"topology":{"proxies":{"count":4}}})";
  now.seed = 7, p.scenario_digest = "ff", p.commit = "ba9876543210", p.cores = 1;
  auto const lines = input_differences(base, now);
  CHECK(lines == std::vector<std::string>{"seed: 42 → 7", "topology.proxies.count: 8 → 4",
                                          "crest-sim: 0.1.0 (0123456789ab+) → 0.1.0 (ba9876543210)",
                                          "machine: lab, 2 cores → lab, 1 core"});
  std::string const text = markdown(compare(base, now, {}), base, now, {});
  CHECK(text.find("topology.proxies.count: 8 → 4") < text.find("| metric |"));
  p.scenario = base.provenance->scenario; // another trace under the same name
  CHECK_THAT(input_differences(base, now).at(1), Contains("files that the scenario names differ"));
  result struck = base;
  struck.events.resize(2);
  struck.events[0].name = "kill proxy[1], by hand", struck.events[0].at_s = 3.5, struck.events[0].by_hand = true;
  CHECK(input_differences(base, struck) ==
        std::vector<std::string>{"events: not there → kill proxy[1], by hand at 3.50 s"});
  result old = base;
  old.provenance.reset(), old.seed = 43;
  CHECK(input_differences(old, base) == std::vector<std::string>{"seed: 43 → 42", "BASE does not say what ran"});
}

TEST_CASE("options that make no sense are refused with what is allowed") {
  struct bad {
    char const *text, *message;
  };
  tolerances t;
  for (bad const& x : std::vector<bad>{{"redirect_ratio", "allowed: METRIC=5%"},
                                       {"redirect_ratio=5", "allowed: METRIC=5%"},
                                       {"redirect_ratio=-5%", "allowed: METRIC=5%"},
                                       {"=5%", "allowed: METRIC=5%"},
                                       {"redirect_ration=5%", "did you mean 'redirect_ratio'?"},
                                       {"latency_ms.p98=5%", "did you mean 'latency_ms.p9"},
                                       {"requests=5%", "neither more nor less is worse"}}) {
    INFO(x.text);
    CHECK_THROWS_WITH(read_tolerance(x.text, t), Contains(x.message));
  }
  CHECK(t.named.empty());
  CHECK(read_confidence("99.9%") == Approx(0.999));
  for (char const* text : {"95", "100%", "20%", "", "x%"}) CHECK_THROWS_AS(read_confidence(text), config::bad_input);
}

TEST_CASE("a Poisson count lies between Garwood's bounds") {
  figure f;
  f.kind = figure::error_kind::poisson;
  CHECK(bounds(f, 0.95)->low == 0);
  CHECK(bounds(f, 0.95)->high == Approx(3.689).epsilon(1e-3)); // -ln(0.025)
  f.value = 10;
  CHECK(bounds(f, 0.95)->low == Approx(4.795).epsilon(1e-3));
  CHECK(bounds(f, 0.95)->high == Approx(18.39).epsilon(1e-3));
}

TEST_CASE("of replicated runs, what the replications show is the error, of counts and values as well") {
  result base = passed_run(), now = passed_run();
  for (result* r : {&base, &now}) {
    auto& rate = std::get<counter_metric>(r->metrics["requests_per_second"]);
    rate.value = r == &base ? 100 : 80;
    rate.confidence_interval = interval{rate.value - 5, rate.value + 5};
    rate.replications = 4;
  }
  settings const named = tolerating({"requests_per_second=5%"});
  CHECK(judged(base, now, "requests_per_second", named) == judgement::regression);
  std::get<counter_metric>(now.metrics["requests_per_second"]).confidence_interval = interval{60, 100};
  CHECK(judged(base, now, "requests_per_second", named) == judgement::same);
  auto& latency = std::get<trend_metric>(now.metrics["latency_ms"]);
  latency.p99 = 6, latency.p99_within = {5.9, 6.1};
  CHECK(judged(base, now, "latency_ms.p99") == judgement::regression);
  latency.confidence_intervals["p99"] = {2, 10};
  latency.replications = 4;
  CHECK(judged(base, now, "latency_ms.p99") == judgement::same);
}

TEST_CASE("few replications reach further at a higher confidence than many") {
  figure f;
  f.value = 10;
  f.kind = figure::error_kind::arms;
  f.within = {9, 11};
  f.degrees = 2;
  CHECK(bounds(f, 0.95)->high == Approx(11));
  CHECK(bounds(f, 0.99)->high == Approx(10 + 9.925 / 4.303).epsilon(1e-3)); // Student's t, two degrees
  f.degrees = 0;
  CHECK(bounds(f, 0.99)->high == Approx(10 + 2.5758 / 1.95996).epsilon(1e-3));
}
