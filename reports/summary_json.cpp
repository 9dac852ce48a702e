#include "reports/attempts.hpp"
#include "reports/optional_json.hpp"
#include "reports/provenance.hpp"
#include "reports/reports.hpp"
#include "reports/wording.hpp"

#include <nlohmann/json.hpp>

#include <cmath>

namespace reports {
namespace {

using namespace sim::records;
using json = nlohmann::ordered_json;

/// A count as a whole number if it is one; null if it is not a number.
json number(double value) {
  if (!std::isfinite(value)) return nullptr;
  if (std::abs(value) < 9e15 && std::nearbyint(value) == value) return static_cast<std::int64_t>(value);
  return value;
}

json to_json(interval const& i) { return json::array({i.low, i.high}); }

json to_json(std::map<std::string, interval> const& intervals) {
  json out = json::object();
  for (auto const& [name, bounds] : intervals) out[name] = to_json(bounds);
  return out;
}

/// A metric's interval, if there are several replications.
json with_interval(json metric, std::optional<interval> const& bounds, std::uint64_t replications) {
  if (replications == 0) return metric;
  metric["confidence_interval"] = bounds ? to_json(*bounds) : json(nullptr);
  metric["replications"] = replications;
  return metric;
}

json to_json(ratio_metric const& m) {
  return with_interval({{"value", m.value},
                        {"numerator", m.numerator},
                        {"denominator", m.denominator},
                        {"theory", optional_json(m.theory)},
                        {"standard_error", optional_json(m.standard_error)},
                        {"theory_note", m.theory_note},
                        {"measured_error", optional_json(m.measured_error)},
                        {"clusters", m.clusters}},
                       m.confidence_interval, m.replications);
}

json known(interval const& within) { return within.high > 0 ? to_json(within) : json(nullptr); }

json to_json(trend_metric const& m) {
  json curve = json::array();
  for (percentile const& p : m.percentiles) curve.push_back(json::array({p.percent, p.ms}));
  json out = {{"count", m.count},
              {"p50", m.p50},
              {"p90", m.p90},
              {"p95", m.p95},
              {"p99", m.p99},
              {"p999", m.p999},
              {"max", m.max},
              {"mean", m.mean},
              {"min", m.min},
              {"within",
               {{"p50", known(m.p50_within)},
                {"p90", known(m.p90_within)},
                {"p95", known(m.p95_within)},
                {"p99", known(m.p99_within)},
                {"p999", known(m.p999_within)}}},
              {"percentiles", std::move(curve)}};
  if (m.replications == 0) return out;
  out["confidence_interval"] = to_json(m.confidence_intervals);
  out["replications"] = m.replications;
  return out;
}

json to_json(counter_metric const& m) {
  return with_interval({{"value", number(m.value)}}, m.confidence_interval, m.replications);
}

json to_json(metric_set const& metrics) {
  json out = json::object();
  for (auto const& [name, metric] : metrics) {
    out[name] = std::visit([](auto const& m) { return to_json(m); }, metric);
  }
  return out;
}

json to_json(replication_facts const& f) {
  json out = {{"count", f.count}, {"confidence", f.confidence}, {"method", "across replications"}};
  if (!f.wanted_precision) return out;
  out["wanted_precision"] = *f.wanted_precision;
  out["precision"] = f.precision ? number(*f.precision) : json(nullptr);
  out["last"] = f.last;
  return out;
}

json phases(result const& r) {
  json out = json::object();
  for (named_metrics const& p : r.phases) {
    json& at = out[p.name] = json::object();
    for (phase_span const& span : r.phase_spans) {
      if (span.name != p.name) continue;
      at["from_s"] = span.from_s;
      at["to_s"] = span.to_s;
    }
    at["metrics"] = to_json(p.metrics);
  }
  return out;
}

/// What balancers, groups and kinds of them have in common.
json kind_and_metrics(named_metrics const& m) {
  json by_phase = json::object();
  for (auto const& [name, metrics] : m.phases) by_phase[name] = {{"metrics", to_json(metrics)}};
  return {{"kind", m.kind}, {"metrics", to_json(m.metrics)}, {"phases", std::move(by_phase)}};
}

json balancers(result const& r) {
  json out = json::object();
  for (named_metrics const& b : r.balancers) {
    json log = json::array();
    for (log_message const& m : b.log) log.push_back({{"text", m.text}, {"count", m.count}});
    json& at = out[b.name] = kind_and_metrics(b);
    at["log"] = std::move(log);
    at["retries_on"] = optional_json(b.retries_on);
    if (!b.group.empty()) at["group"] = b.group;
  }
  return out;
}

json sets(std::vector<named_metrics> const& all) {
  json out = json::object();
  for (named_metrics const& set : all) out[set.name] = kind_and_metrics(set);
  return out;
}

json invariants(result const& r) {
  json out = json::array();
  for (invariant_result const& i : r.invariants) {
    out.push_back({{"name", i.name},
                   {"passed", i.passed},
                   {"exercised", i.exercised},
                   {"checked", i.checked},
                   {"violations", i.violations},
                   {"expected_violations", i.expected_violations},
                   {"by_kind", i.by_kind},
                   {"examples", i.examples},
                   {"note", i.note}});
  }
  return out;
}

json thresholds(result const& r) {
  json out = json::array();
  for (threshold_result const& t : r.thresholds) {
    out.push_back({{"metric", t.metric},
                   {"expression", t.expression},
                   {"value", t.value ? number(*t.value) : json(nullptr)},
                   {"passed", t.passed},
                   {"undecided", t.undecided},
                   {"note", t.note}});
    if (t.confidence_interval) out.back()["confidence_interval"] = to_json(*t.confidence_interval);
    if (t.line > 0) out.back()["line"] = t.line;
  }
  return out;
}

json events(result const& r) {
  json out = json::array();
  for (event_result const& e : r.events) {
    out.push_back({{"name", e.name},
                   {"kind", e.kind},
                   {"node", e.node},
                   {"detail", e.detail},
                   {"at_s", e.at_s},
                   {"done_s", e.done_s},
                   {"convergence_s", optional_json(e.convergence_s)},
                   {"convergence_requests", optional_json(e.convergence_requests)},
                   {"convergence_note", e.convergence_note},
                   {"peak_redirect_ratio", optional_json(e.peak_redirect_ratio)},
                   {"failures_back_s", optional_json(e.failures_back_s)},
                   {"failures_back_note", e.failures_back_note},
                   {"latency_back_s", optional_json(e.latency_back_s)},
                   {"latency_back_note", e.latency_back_note}});
    if (!e.confidence_intervals.empty()) out.back()["confidence_interval"] = to_json(e.confidence_intervals);
    if (e.by_hand) out.back()["by_hand"] = true;
    if (e.left) out.back()["left"] = true;
  }
  return out;
}

json topology(topology_facts const& t) {
  json flows = json::array();
  for (flow const& f : t.flows)
    flows.push_back({{"from", f.from},
                     {"to", f.to},
                     {"requests", f.requests},
                     {"redirects", f.redirects},
                     {"failures", f.failures}});
  return {{"proxies", t.proxies}, {"sols", t.sols}, {"flows", std::move(flows)}};
}

/// What differs from theory comes first.
std::vector<std::string> notes(result const& r) {
  std::vector<std::string> all = r.differences;
  all.insert(all.end(), r.notes.begin(), r.notes.end());
  return all;
}

}

std::string summary_json(result const& r, std::string_view of) {
  json out = {{"schema_version", summary_schema_version},
              {"scenario", r.scenario},
              {"description", r.description},
              {"file", file_name(r.file)},
              {"engine", r.engine},
              {"seed", r.seed},
              {"verdict", verdict_name(r.verdict)},
              {"exit_code", r.exit_code},
              {"reasons", r.reasons},
              {"load_as_planned", r.load_as_planned},
              {"next_steps", r.next_steps},
              {"load",
               {{"lagged", r.load.lagged},
                {"connections_per_balancer", r.load.connections_per_balancer},
                {"waited_for_connection", r.load.waited_for_connection},
                {"cpu_busy", optional_json(r.load.cpu_busy)}}},
              {"differences", r.differences},
              {"duration_s", r.duration_s},
              {"metrics", to_json(r.metrics)},
              {"phases", phases(r)},
              {"balancers", balancers(r)},
              {"groups", sets(r.groups)},
              {"kinds", sets(r.kinds)},
              {"invariants", invariants(r)},
              {"thresholds", thresholds(r)},
              {"events", events(r)},
              {"notes", notes(r)}};
  if (r.topology) out["topology"] = topology(*r.topology);
  if (r.provenance) out["provenance"] = to_json(*r.provenance);
  if (of != "run") out["of"] = of;
  if (r.attempts) out["attempts"] = to_json(*r.attempts);
  if (r.replications) out["replications"] = to_json(*r.replications);
  if (r.history_hash) out["history_hash"] = hexadecimal(*r.history_hash);
  return out.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

}
