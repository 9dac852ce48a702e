#include "sim/judge/thresholds.hpp"

#include "sim/judge/errors.hpp"
#include "sim/judge/shares.hpp"
#include "sim/records/utilisation.hpp"
#include "sim/scenario/threshold.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace sim::judge {

using records::eve_record;
using records::histogram;
using records::threshold_result;

namespace {

using scenario::aggregate;
using scenario::comparison;
using scenario::metric_kind;
using scenario::threshold_expression;

/// The part of the run that a threshold's labels name. An index past the end: a name that the run does not know.
struct slice {
  std::optional<std::size_t> phase, balancer, why, event;
  bool known = true;
};

template<class Items>
std::optional<std::size_t> find_name(Items const& items, std::string const& name, bool& known) {
  auto const at = std::find_if(items.begin(), items.end(), [&](auto const& item) { return item.name == name; });
  if (at == items.end()) known = false;
  return static_cast<std::size_t>(at - items.begin());
}

slice slice_of(scenario::threshold const& t, findings const& m) {
  slice s;
  for (auto const& [label, name] : t.labels) {
    if (label == "phase") s.phase = find_name(m.what.phases, name, s.known);
    if (label == "balancer") s.balancer = find_name(m.balancers, name, s.known);
    if (label == "event") s.event = find_name(m.events, name, s.known);
    if (label != "reason") continue;
    std::size_t r = 0;
    while (r != reason_count && name_of(static_cast<reason>(r)) != name) ++r;
    s.why = r;
    s.known = s.known && r != reason_count;
  }
  return s;
}

cell const& cell_of(slice const& s, findings const& m) {
  if (s.phase && s.balancer) return m.counts.at(*s.phase, *s.balancer);
  if (s.phase) return m.counts.phase(*s.phase);
  return s.balancer ? m.counts.balancer(*s.balancer) : m.counts.all();
}

double seconds_of(slice const& s, findings const& m) {
  if (!s.phase) return m.counts.counted_seconds();
  records::phase_span const& span = m.counts.spans()[*s.phase];
  return span.to_s - span.from_s;
}

estimate estimate_of(std::string const& metric, slice const& s, findings const& m) {
  std::vector<observation> all;
  for (std::size_t i = 0; i != m.each->view.size(); ++i) {
    if (!m.each->view.is_counted(i)) continue;
    records::client_record const& c = m.each->view.client(i);
    if ((s.phase && c.phase != *s.phase) || (s.balancer && c.balancer != *s.balancer)) continue;
    share const x = share_of(metric, s.why, i, m.each->view, m.each->facts, m.each->history);
    if (x.below != 0) all.push_back({cluster_of(c, i), x.above, x.below});
  }
  return clustered(all);
}

/// The confidence at which look number `looks` may refute: over any number of looks the chances of a wrong refutation
/// add up to no more than 1 - confidence, since the sum of 1/(k(k + 1)) is 1. 0: the one look after the run.
double corrected(double confidence, std::uint32_t looks) {
  double const k = looks;
  return looks == 0 ? confidence : 1 - (1 - confidence) / (k * (k + 1));
}

void with_confidence(threshold_result& r, threshold_expression const& e, estimate const& sample, std::uint32_t looks) {
  bool const below = e.compare == comparison::less || e.compare == comparison::less_equal;
  double const near = one_sided_bound(sample, *e.confidence, below);                   // the side that must hold
  double const far = one_sided_bound(sample, corrected(*e.confidence, looks), !below); // the side that cannot
  r.passed = scenario::holds(e.compare, near, e.bound);
  if (r.passed) return;
  if (!scenario::holds(e.compare, far, e.bound)) {
    r.note = "decided against";
    return;
  }
  r.undecided = true;
  std::uint64_t const more = more_to_decide(sample, *e.confidence, e.bound);
  r.note = more == std::numeric_limits<std::uint64_t>::max()
               ? "undecided: no number of requests would decide at this value"
               : "undecided: about " + std::to_string(more) + " more requests would decide";
}

/// The ratio's counts, none without samples.
std::optional<records::ratio_metric> ratio_in(records::metric_set const& set, std::string const& metric,
                                              slice const& s) {
  std::string name = metric;
  if (s.why) name += "{reason:" + std::string(name_of(static_cast<reason>(*s.why))) + "}";
  auto const at = set.find(name);
  if (at == set.end()) return std::nullopt;
  auto const* r = std::get_if<records::ratio_metric>(&at->second);
  if (!r || r->denominator == 0) return std::nullopt;
  return *r;
}

histogram const* durations(std::string const& metric, slice const& s, findings const& m) {
  if (metric == "latency_ms") return &cell_of(s, m).latency;
  if (metric == "schedule_lag_ms") return s.phase ? &m.counts.lag(*s.phase) : &m.counts.lag();
  if (metric == "eve_latency_ms") return &m.eve_latency;
  if (metric == "notification_latency_ms") return &m.notification_latency;
  return nullptr;
}

std::optional<double> aggregated(histogram const& h, threshold_expression const& e) {
  if (h.count() == 0) return std::nullopt;
  auto const ms = [](std::uint64_t ns) { return static_cast<double>(ns) / 1e6; };
  switch (e.of) {
  case aggregate::percentile:
    return ms(h.quantile_ns(e.percentile / 100));
  case aggregate::average:
    return h.mean_ns() / 1e6;
  case aggregate::minimum:
    return ms(h.min_ns());
  case aggregate::maximum:
    return ms(h.max_ns());
  case aggregate::median:
    return ms(h.quantile_ns(0.5));
  case aggregate::count:
    return static_cast<double>(h.count());
  case aggregate::none:
    break;
  }
  return std::nullopt;
}

std::optional<double> of_event(std::string const& metric, slice const& s, findings const& m) {
  if (!s.event) return std::nullopt;
  records::event_result const& e = m.events[*s.event];
  if (metric == "convergence_s") return e.convergence_s;
  if (metric == "peak_redirect_ratio") return e.peak_redirect_ratio;
  if (metric == "convergence_requests" && e.convergence_requests) return static_cast<double>(*e.convergence_requests);
  return std::nullopt;
}

std::optional<double> of_eve(std::string const& metric, findings const& m) {
  using count = std::uint64_t eve_record::*;
  static constexpr std::pair<std::string_view, count> counts[] = {{"eve_requests", &eve_record::requests},
                                                                  {"notifications", &eve_record::received},
                                                                  {"notifications_lost", &eve_record::lost},
                                                                  {"notifications_doubled", &eve_record::doubled},
                                                                  {"notifications_reordered", &eve_record::reordered}};
  auto const at = std::find_if(std::begin(counts), std::end(counts), [&](auto const& c) { return c.first == metric; });
  if (m.eve.empty() || at == std::end(counts)) return std::nullopt;
  std::uint64_t sum = 0;
  for (eve_record const& e : m.eve) sum += e.*at->second;
  return static_cast<double>(sum);
}

std::optional<double> of_servers(std::string const& metric, slice const& s, findings const& m) {
  auto const u = utilisation_in(m.work, s.phase);
  if (u && metric == "utilisation") return u->mean;
  if (u && metric == "utilisation_max") return u->busiest;
  return std::nullopt;
}

/// A single number: counters, rates, values of events. None without samples.
std::optional<double> number(std::string const& metric, slice const& s, findings const& m) {
  if (metric.starts_with("eve_") || metric.starts_with("notifications")) return of_eve(metric, m);
  if (metric.starts_with("utilisation")) return of_servers(metric, s, m);
  if (metric.starts_with("tls_"))
    return m.handshakes ? m.handshakes->value_of(metric, m.counts.seconds()) : std::nullopt;
  if (s.event || metric.starts_with("convergence_") || metric == "peak_redirect_ratio") return of_event(metric, s, m);
  cell const& c = cell_of(s, m);
  if (c.requests == 0) return std::nullopt;
  if (s.why) return static_cast<double>(c.by_reason[*s.why]);
  records::metric_set const set = metrics_of(c, seconds_of(s, m), true);
  auto const at = set.find(metric);
  if (at == set.end()) return std::nullopt;
  auto const* counter = std::get_if<records::counter_metric>(&at->second);
  return counter ? std::optional(counter->value) : std::nullopt;
}

}

std::optional<figure> figure_of(scenario::threshold const& t, findings const& m) {
  scenario::metric_info const* info = scenario::find_metric(t.metric);
  slice const s = slice_of(t, m);
  if (!info || !s.known) return std::nullopt;
  if (info->kind == metric_kind::ratio) {
    auto const ratio = ratio_in(metrics_of(cell_of(s, m), seconds_of(s, m), true), t.metric, s);
    if (!ratio) return std::nullopt;
    return figure{static_cast<double>(ratio->numerator), static_cast<double>(ratio->denominator)};
  }
  std::optional<double> value;
  if (info->kind == metric_kind::duration) {
    histogram const* h = durations(t.metric, s, m);
    if (h) value = aggregated(*h, scenario::parse_expression(t.expression, info->kind));
  } else {
    value = number(t.metric, s, m);
  }
  if (!value) return std::nullopt;
  return figure{*value, 1};
}

threshold_result judge_threshold(scenario::threshold const& t, findings const& m) {
  threshold_result r;
  r.metric = t.written.empty() ? t.metric : t.written;
  r.expression = t.expression;
  std::optional<figure> const found = figure_of(t, m);
  if (!found) {
    r.note = "no samples";
    if (t.metric.starts_with("utilisation"))
      r.note += ": only simulated runs know it, of proxies with topology.proxies.servers";
    if (t.metric.starts_with("convergence_"))
      for (records::event_result const& e : m.events)
        if (auto const named = t.labels.find("event"); named != t.labels.end() && named->second == e.name)
          r.note += e.convergence_note.empty() ? "" : ": " + e.convergence_note;
    return r;
  }
  r.value = found->value();
  threshold_expression const e = scenario::parse_expression(t.expression, scenario::find_metric(t.metric)->kind);
  if (e.confidence && !m.each)
    r.note = "no confidence: no records of single requests were kept; --detail full keeps them";
  else if (e.confidence)
    with_confidence(r, e, estimate_of(t.metric, slice_of(t, m), m), m.looks);
  else
    r.passed = scenario::holds(e.compare, *r.value, e.bound);
  return r;
}

std::vector<threshold_result> judge_thresholds(findings const& m) {
  std::vector<threshold_result> results;
  for (scenario::threshold const& t : m.what.thresholds) results.push_back(judge_threshold(t, m));
  return results;
}

}
