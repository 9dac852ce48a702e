#include "tests/reports/samples/sample.hpp"

#include <cmath>
#include <initializer_list>
#include <limits>
#include <string_view>
#include <utility>

namespace reports_test {

using namespace sim::records;

namespace {

ratio_metric ratio(std::uint64_t numerator, std::uint64_t denominator) {
  ratio_metric m;
  m.value = denominator == 0 ? 0 : static_cast<double>(numerator) / static_cast<double>(denominator);
  m.numerator = numerator;
  m.denominator = denominator;
  m.clusters = denominator / 20;
  if (m.clusters > 1) m.measured_error = 0.004;
  return m;
}

ratio_metric with_theory(ratio_metric m, double theory, double error) {
  m.theory = theory;
  m.standard_error = error;
  m.theory_note = "map per balancer, fixed R: redirects per token = (D - 1 + q)(P - 1)/P";
  return m;
}

trend_metric trend(std::uint64_t count, double scale) {
  trend_metric t{count,       1.25 * scale, 2.5 * scale, 3.0 * scale, 4.75 * scale,
                 8.0 * scale, 12.5 * scale, 1.5 * scale, 0.25 * scale};
  t.percentiles = {{0, 0.25 * scale}, {50, 1.25 * scale}, {90, 2.5 * scale}, {99, 4.75 * scale}, {99.9, 8.0 * scale}};
  t.p50_within = {1.2 * scale, 1.3 * scale};
  t.p90_within = {2.4 * scale, 2.625 * scale};
  t.p99_within = {4.5 * scale, 5.125 * scale};
  return t;
}

metric_set usual_metrics(std::uint64_t redirects, std::uint64_t requests) {
  metric_set m;
  m["redirect_ratio"] = ratio(redirects, requests);
  m["redirect_ratio{reason:cold}"] = ratio(redirects, requests);
  m["hops_per_request"] = ratio(requests + redirects, requests);
  m["requests"] = counter_metric{static_cast<double>(requests)};
  m["failed_requests"] = counter_metric{0};
  m["requests_per_second"] = counter_metric{2345.678};
  m["latency_ms"] = trend(requests, 1);
  m["schedule_lag_ms"] = trend(requests, 0.01);
  return m;
}

threshold_result threshold(std::string metric, std::string expression, std::optional<double> value, bool passed) {
  threshold_result t;
  t.metric = std::move(metric);
  t.expression = std::move(expression);
  t.value = value;
  t.passed = passed;
  return t;
}

/// Slices of half a second: a step at `step_s` that decays.
void add_series(result& r, std::string const& balancer, double level, double step_s) {
  for (int i = 0; i < 24; ++i) {
    double const from = i * 0.5;
    double const excess = from < step_s ? 0 : 0.5 * std::exp(-(from - step_s));
    auto const redirects = static_cast<std::uint64_t>((level + excess + (i % 3) * 0.004) * 1000);
    r.timeseries.push_back({from, from + 0.5, balancer, 1000, redirects, 0, 1.2, 4.5});
  }
}

}

provenance provenance_of_samples() {
  provenance p;
  p.version = "0.1.0", p.commit = "0123456789ab+";
  p.command = {"crest-sim", "run", "quick start.json", "--set", "topology.proxies.count=8"};
  p.overrides = {"topology.proxies.count=8"};
  p.scenario = R"({"name":"quickstart","topology":{"proxies":{"count":8}}})";
  p.scenario_digest = "00112233445566778899aabbccddeeff";
  p.started = "2026-01-31T12:00:00Z", p.ended = "2026-01-31T12:00:17Z";
  p.host = "lab", p.cores = 2;
  p.load_average_before = 0.25, p.load_average_after = 1.5, p.cpu_busy_during = 0.75;
  return p;
}

result passed_run() {
  result r;
  r.scenario = "quickstart";
  r.description = "Two gateways, four proxies, two sols: the article's mechanism in a few seconds.";
  r.file = "/somewhere/scenarios/quickstart.json";
  r.seed = 42;
  r.provenance = provenance_of_samples();
  r.duration_s = 12;
  r.metrics = usual_metrics(5568, 40000);
  r.metrics["redirect_ratio"] = with_theory(ratio(5568, 40000), 0.13875, 0.00148);
  r.phases = {{"run", "", r.metrics, {}}};
  r.balancers = {{"gateway[0]", "gateway", usual_metrics(2800, 20000), {{"run", usual_metrics(2800, 20000)}}},
                 {"gateway[1]", "gateway", usual_metrics(2768, 20000), {{"run", usual_metrics(2768, 20000)}}}};
  for (char const* name :
       {"one_session", "right_place", "intact", "at_most_once", "nobody_elses", "closed_door", "books"}) {
    invariant_result i;
    i.name = name;
    i.checked = 40000;
    i.passed = i.exercised = true;
    r.invariants.push_back(i);
  }
  r.thresholds = {threshold("redirect_ratio", "<0.16 @95%", 0.1392, true),
                  threshold("failed_requests", "==0", 0.0, true)};
  r.phase_spans = {{"run", 0, 12}};
  add_series(r, "gateway[0]", 0.13, 100);
  add_series(r, "gateway[1]", 0.15, 100);
  add_series(r, "", 0.139, 100);
  return r;
}

result eventful_run() {
  result r = passed_run();
  r.scenario = "it's <odd> & \"eventful\"";
  r.description = "";
  r.verdict = verdict::failed;
  r.exit_code = exit_failed;
  r.reasons = {"invariant intact: 12 violations", "threshold latency_ms p(99)<1"};
  auto broken = ratio(6000, 40000);
  broken.theory_note = "no theory: a proxy is killed";
  r.metrics["redirect_ratio"] = broken;
  r.metrics["redirect_ratio{reason:cold}"] = ratio(5400, 40000);
  r.metrics["redirect_ratio{reason:moved}"] = ratio(600, 40000);
  r.metrics["map_hit_ratio"] = ratio(0, 0);
  r.metrics["peak"] = counter_metric{std::numeric_limits<double>::quiet_NaN()};
  r.phases = {{"warm-up", "", usual_metrics(3000, 20000), {}}, {"after the storm", "", usual_metrics(3000, 20000), {}}};
  std::get<ratio_metric>(r.phases[0].metrics["redirect_ratio"]) = with_theory(ratio(3000, 20000), 0.15, 0);
  r.phase_spans = {{"warm-up", 0, 5}, {"after the storm", 5, 12}};
  r.balancers.push_back({"nginx[0]", "nginx", usual_metrics(10, 100), {}});
  // Of 815 failed requests 812 are the black box's, in the second phase.
  auto const fail = [](metric_set& of, std::initializer_list<std::pair<char const*, double>> parts) {
    double sum = 0;
    for (auto const& [part, n] : parts) {
      of["failed_requests{" + std::string(part) + "}"] = counter_metric{n};
      sum += std::string_view(part).starts_with("cause:") ? n : 0;
    }
    of["failed_requests"] = counter_metric{sum};
  };
  fail(r.metrics, {{"cause:status", 810},
                   {"cause:reset", 4},
                   {"cause:wrong_answer", 1},
                   {"cause:timeout", 0},
                   {"status:502", 800},
                   {"status:503", 10}});
  fail(r.balancers[1].metrics, {{"cause:reset", 3}});
  fail(r.balancers[2].metrics,
       {{"cause:status", 810}, {"cause:reset", 1}, {"cause:wrong_answer", 1}, {"status:502", 800}, {"status:503", 10}});
  fail(r.phases[1].metrics,
       {{"cause:status", 810}, {"cause:reset", 4}, {"cause:wrong_answer", 1}, {"status:502", 800}, {"status:503", 10}});
  r.balancers[2].log = {
      {"[error] connect() failed (111: Connection refused) while connecting to upstream: proxy[1]", 790},
      {"other messages", 12}};
  r.balancers[2].retries_on = std::vector<std::string>{"http_404"};
  for (auto const& [b, group] : {std::pair(0u, "edge"), std::pair(1u, "core"), std::pair(2u, "nginx")}) {
    r.balancers[b].group = group;
    r.groups.push_back({group, r.balancers[b].kind, r.balancers[b].metrics, r.balancers[b].phases});
  }
  r.kinds = {{"gateway", "gateway", usual_metrics(5568, 40000), {}}, r.groups[2]};
  fail(r.kinds[0].metrics, {{"cause:reset", 3}});
  r.next_steps = {"nginx[0] answered 800 requests with 502: give it another proxy to ask"};
  r.load = {.lagged = false, .connections_per_balancer = 64, .waited_for_connection = 12, .cpu_busy = 0.75};
  r.invariants[1].exercised = false;
  r.invariants[1].checked = 0;
  r.invariants[2].passed = false;
  r.invariants[2].violations = 12;
  r.invariants[2].expected_violations = 3;
  r.invariants[2].by_kind = {{"method", 8}, {"target", 4}};
  r.invariants[2].examples = {"request 17 at nginx[0]: sent POST, arrived GET",
                              "request 18 at nginx[0]: sent /a%20b,\narrived /a b"};
  r.invariants[2].note = "nginx[0]: hops of its own could not be checked";
  r.thresholds.push_back(threshold("latency_ms", "p(99)<1", 4.75, false));
  r.thresholds.push_back(threshold("redirect_ratio{phase:warm-up}", "<0.15 @95%", std::nullopt, false));
  r.thresholds.back().note = "no samples";
  r.thresholds.push_back(threshold("redirect_ratio", "<0.151 @95%", 0.15, false));
  r.thresholds.back().undecided = true;
  r.thresholds.back().note = "undecided: about 12000 more requests would decide";
  event_result kill;
  kill.name = "kill proxy[1]";
  kill.kind = "kill";
  kill.node = "proxy[1]";
  kill.at_s = 5;
  kill.done_s = 5.1;
  kill.convergence_s = 1.5;
  kill.peak_redirect_ratio = 0.62;
  kill.convergence_requests = 3000;
  kill.failures_back_s = 2.5;
  kill.latency_back_s = 0;
  event_result move;
  move.name = "move sessions";
  move.kind = "move_sessions";
  move.detail = "moved 412 sessions";
  move.at_s = 8;
  move.done_s = 8.2;
  move.convergence_note = "the load ended when 60 % of its redirects had happened";
  move.failures_back_note = "it still went on when the load ended";
  move.latency_back_note = "no request was due after it";
  r.events = {kill, move};
  r.topology =
      topology_facts{4, 2, {{"clients", "gateway[0]", 20000, 3000, 12}, {"gateway[0]", "proxy[1]", 5000, 100, 12}}};
  r.differences = {
      "redirect_ratio{phase:after}: measured 0.2, theory 0.15: +12.5 standard errors, and nothing in the run "
      "explains it"};
  r.notes = {"trace: 3 lines could not be replayed"};
  r.timeseries.clear();
  add_series(r, "gateway[0]", 0.13, 5);
  add_series(r, "gateway[1]", 0.16, 8);
  add_series(r, "nginx[0]", 0.3, 100);
  add_series(r, "", 0.2, 5);
  r.timeseries[5].failed = 3, r.timeseries[5].failed_by_cause = {1, 0, 2};
  r.timeseries.push_back({12, 12.5, "", 0, 0, 0, 0, 0});
  return r;
}

}
