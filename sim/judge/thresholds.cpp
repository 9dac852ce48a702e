#include "sim/judge/thresholds.hpp"

#include "sim/judge/errors.hpp"
#include "sim/judge/shares.hpp"
#include "sim/records/utilisation.hpp"
#include "sim/scenario/threshold.hpp"

#include <algorithm>
#include <cstdlib>
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
  std::optional<std::size_t> phase, why, event;
  std::optional<std::vector<std::size_t>> balancers; // none: all
  std::optional<std::size_t> cause;                  // scenario::failure_cause
  std::optional<std::uint16_t> status;
  bool known = true;

  bool has(std::size_t balancer) const {
    return !balancers || std::find(balancers->begin(), balancers->end(), balancer) != balancers->end();
  }
};

template<class Items>
std::optional<std::size_t> find_name(Items const& items, std::string const& name, bool& known) {
  auto const at = std::find_if(items.begin(), items.end(), [&](auto const& item) { return item.name == name; });
  if (at == items.end()) known = false;
  return static_cast<std::size_t>(at - items.begin());
}

/// Those of the name, kind and group asked for.
std::vector<std::size_t> balancers_of(std::map<std::string, std::string> const& labels, findings const& m) {
  auto const fits = [&](char const* label, std::string const& value) {
    auto const asked = labels.find(label);
    return asked == labels.end() || asked->second == value;
  };
  std::vector<std::size_t> which;
  for (std::size_t b = 0; b != m.balancers.size(); ++b) {
    records::balancer_facts const& facts = m.balancers[b];
    if (fits("balancer", facts.name) && fits("kind", facts.kind) && fits("group", facts.group_name)) which.push_back(b);
  }
  return which;
}

slice slice_of(scenario::threshold const& t, findings const& m) {
  slice s;
  if (t.labels.contains("balancer") || t.labels.contains("kind") || t.labels.contains("group")) {
    s.balancers = balancers_of(t.labels, m);
    s.known = !s.balancers->empty();
  }
  for (auto const& [label, name] : t.labels) {
    if (label == "phase") s.phase = find_name(m.what.phases, name, s.known);
    if (label == "event") s.event = find_name(m.events, name, s.known);
    if (label == "status") s.status = static_cast<std::uint16_t>(std::strtoul(name.c_str(), nullptr, 10));
    if (label == "cause") {
      auto const causes = scenario::failure_causes();
      s.cause = static_cast<std::size_t>(std::find(causes.begin(), causes.end(), name) - causes.begin());
      s.known = s.known && *s.cause != causes.size();
    }
    if (label != "reason") continue;
    std::size_t r = 0;
    while (r != reason_count && name_of(static_cast<reason>(r)) != name) ++r;
    s.why = r;
    s.known = s.known && r != reason_count;
  }
  return s;
}

/// The counts of a slice: of one of the tally's cells, or of several put together.
class counts_of {
public:
  counts_of(slice const& s, findings const& m) {
    if (!s.balancers) {
      at_ = s.phase ? &m.counts.phase(*s.phase) : &m.counts.all();
      return;
    }
    for (std::size_t const b : *s.balancers) {
      cell const& one = s.phase ? m.counts.at(*s.phase, b) : m.counts.balancer(b);
      if (s.balancers->size() == 1)
        at_ = &one;
      else
        sum_.merge(one);
    }
  }
  counts_of(counts_of const&) = delete;
  counts_of& operator=(counts_of const&) = delete;

  cell const& operator*() const { return *at_; }
  cell const* operator->() const { return at_; }

private:
  cell sum_;
  cell const* at_ = &sum_;
};

/// Failed requests of the slice's cause and status.
std::uint64_t failures(cell const& c, slice const& s) {
  if (!s.status) return s.cause ? c.by_cause[*s.cause] : c.failed;
  if (s.cause && *s.cause != static_cast<std::size_t>(scenario::failure_cause::status)) return 0;
  auto const found = c.by_status.find(*s.status);
  return found == c.by_status.end() ? 0 : found->second;
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
    if ((s.phase && c.phase != *s.phase) || !s.has(c.balancer)) continue;
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

/// `counts` of the slice.
histogram const* durations(std::string const& metric, slice const& s, findings const& m, counts_of const& counts) {
  if (metric == "latency_ms") return &counts->latency;
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

/// Why the event has no such figure; empty: nothing is known of that.
std::string note_of(records::event_result const& e, std::string_view metric) {
  if (metric.starts_with("convergence_")) return e.convergence_note;
  if (metric.starts_with("failures_")) return e.failures_back_note;
  return metric.starts_with("latency_") ? e.latency_back_note : "";
}

std::optional<double> of_event(std::string const& metric, slice const& s, findings const& m) {
  if (!s.event) return std::nullopt;
  for (records::event_figure const& f : records::figures_of(m.events[*s.event]))
    if (f.name == metric) return f.value;
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
  if ((scenario::find_metric(metric)->labels & scenario::by_event) != 0) return of_event(metric, s, m);
  counts_of const c(s, m);
  if (c->requests == 0) return std::nullopt;
  if (s.why) return static_cast<double>(c->by_reason[*s.why]);
  if (s.cause || s.status) return static_cast<double>(failures(*c, s));
  records::metric_set const set = metrics_of(*c, seconds_of(s, m), true);
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
    auto const ratio = ratio_in(metrics_of(*counts_of(s, m), seconds_of(s, m), true), t.metric, s);
    if (!ratio) return std::nullopt;
    return figure{static_cast<double>(ratio->numerator), static_cast<double>(ratio->denominator)};
  }
  std::optional<double> value;
  if (info->kind == metric_kind::duration) {
    counts_of const counts(s, m);
    histogram const* h = durations(t.metric, s, m, counts);
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
  r.line = t.line;
  std::optional<figure> const found = figure_of(t, m);
  if (!found) {
    r.note = "no samples";
    if (t.metric.starts_with("utilisation"))
      r.note += ": only simulated runs know it, of proxies with topology.proxies.servers";
    if (slice const s = slice_of(t, m); s.known && s.event) {
      std::string const why = note_of(m.events[*s.event], t.metric);
      r.note += why.empty() ? "" : ": " + why;
    }
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
