#include "sim/judge/replicated.hpp"

#include "sim/judge/errors.hpp"
#include "sim/judge/groups.hpp"
#include "sim/scenario/threshold.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

namespace sim::judge {

using records::interval;
using records::named_metrics;
using records::result;
using records::threshold_result;
using records::trend_metric;

namespace {

struct quantity {
  char const* name;
  double trend_metric::*value;
  interval trend_metric::*within; // at 95 %
};
/// Of durations, with intervals. The extremes of a few replications say nothing about those of others.
constexpr std::array<quantity, 6> quantities{{{"p50", &trend_metric::p50, &trend_metric::p50_within},
                                              {"p90", &trend_metric::p90, &trend_metric::p90_within},
                                              {"p95", &trend_metric::p95, &trend_metric::p95_within},
                                              {"p99", &trend_metric::p99, &trend_metric::p99_within},
                                              {"p999", &trend_metric::p999, &trend_metric::p999_within},
                                              {"mean", &trend_metric::mean, nullptr}}};

std::string name_of(scenario::threshold const& t) {
  std::string const metric = t.written.empty() ? t.metric : t.written;
  std::string const what = t.expression.substr(0, t.expression.find_first_of("<>=!"));
  std::size_t const end = what.find_last_not_of(' ');
  return end == std::string::npos ? metric : metric + " " + what.substr(0, end + 1);
}

/// For a quantile, in ms: widens it to the ends of the histogram's buckets; the widening does not go beyond the least
/// and greatest duration.
interval with_bucket_error(interval const& i, double least = 0,
                           double greatest = std::numeric_limits<double>::infinity()) {
  auto const bucket = [](double ms) {
    return records::histogram::bucket_around(static_cast<std::uint64_t>(std::lround(ms * 1e6)));
  };
  if (i.high <= 0) return i;
  double const low = i.low > 0 ? static_cast<double>(bucket(i.low).low_ns) / 1e6 : i.low;
  double const high = static_cast<double>(bucket(i.high).high_ns) / 1e6;
  return {std::min(i.low, std::max(low, least)), std::max(i.high, std::min(high, greatest))};
}

}

std::vector<scenario::threshold> watched_by(scenario::scenario const& s) {
  if (!s.thresholds.empty()) return s.thresholds;
  scenario::threshold ratio, latency;
  ratio.metric = "redirect_ratio";
  ratio.expression = "<1";
  latency.metric = "latency_ms";
  latency.expression = "p(99)<1";
  return {ratio, latency};
}

replication replication_of(findings const& f) {
  replication r{.alone = {},
                .counts = f.counts,
                .fit = f.fit,
                .balancers = f.balancers,
                .eve = f.eve,
                .eve_latency = f.eve_latency,
                .notification_latency = f.notification_latency,
                .interrupted = f.interrupted,
                .complete = f.complete,
                .aborted_by = f.aborted_by,
                .bad_log = f.bad_log,
                .slices = {},
                .watched = {},
                .work = f.work,
                .waited_for_connection = f.waited_for_connection};
  r.fit.trials.clear();
  for (records::balancer_facts& b : r.balancers) b.group = nullptr; // into this run's scenario, which ends before
  auto const length = [&](std::size_t p) { return f.counts.spans()[p].to_s - f.counts.spans()[p].from_s; };
  for (std::size_t p = 0; p != f.counts.spans().size(); ++p) {
    r.slices.push_back(metrics_of(f.counts.phase(p), length(p), true));
    r.slices.back()["schedule_lag_ms"] = trend_of(f.counts.lag(p));
    add_utilisation(r.slices.back(), f.work, p);
  }
  for (std::size_t b = 0; b != f.balancers.size(); ++b)
    r.slices.push_back(metrics_of(f.counts.balancer(b), f.counts.counted_seconds(), true));
  for (std::size_t b = 0; b != f.balancers.size(); ++b)
    for (std::size_t p = 0; p != f.counts.spans().size(); ++p)
      r.slices.push_back(metrics_of(f.counts.at(p, b), length(p), true));
  for (balancer_set const& set : sets_of(f.balancers)) {
    r.slices.push_back(metrics_of(sum_of(f.counts, set), f.counts.counted_seconds(), true));
    for (std::size_t p = 0; p != f.counts.spans().size(); ++p)
      r.slices.push_back(metrics_of(sum_of(f.counts, set, p), length(p), true));
  }
  for (scenario::threshold const& t : watched_by(f.what)) r.watched.push_back(figure_of(t, f));
  return r;
}

replicated::replicated(scenario::scenario const& s, double confidence)
  : scenario_(s)
  , confidence_(confidence)
  , watched_(watched_by(s))
  , watched_figures_(watched_.size()) {}

// ---- one more

void replicated::add(replication r) {
  for (std::size_t i = 0; i != watched_.size(); ++i)
    if (r.watched[i]) watched_figures_[i].add(r.watched[i]->numerator, r.watched[i]->denominator);
  add(whole_, r.alone.metrics);
  slices_.resize(r.slices.size());
  for (std::size_t i = 0; i != r.slices.size(); ++i) add(slices_[i], r.slices[i]);
  add_invariants(r.alone);
  add_events(r.alone);

  if (r.fit.expected.per_token) {
    per_token_mean_ += r.fit.expected.per_token->mean * static_cast<double>(r.fit.tokens);
    per_token_variance_ += r.fit.expected.per_token->variance * static_cast<double>(r.fit.tokens);
  }
  interrupted_ = interrupted_ || r.interrupted;
  complete_ = complete_ && r.complete;
  if (r.aborted_by && !aborted_by_) aborted_by_ = *r.aborted_by + " in replication " + std::to_string(count_);
  std::uint64_t const hash = r.alone.history_hash.value_or(0);
  hash_ = count_ == 0 ? hash : (hash_ ^ hash) * 0x9e3779b97f4a7c15u + (hash_ >> 29);
  if (count_++ == 0) {
    fit_ = r.fit;
    first_ = std::move(r);
    return;
  }
  fit_.tokens += r.fit.tokens;
  fit_.requests += r.fit.requests;
  fit_.raced += r.fit.raced;
  fit_.conditioned = fit_.conditioned && r.fit.conditioned;
  if (fit_.broken.empty()) fit_.broken = r.fit.broken;
  first_->counts.merge(r.counts);
  records::add(first_->work, r.work);
  first_->waited_for_connection += r.waited_for_connection;
  first_->eve_latency.merge(r.eve_latency);
  first_->notification_latency.merge(r.notification_latency);
  for (std::size_t i = 0; i < first_->eve.size() && i < r.eve.size(); ++i) {
    records::eve_record& into = first_->eve[i];
    into.requests += r.eve[i].requests, into.received += r.eve[i].received, into.lost += r.eve[i].lost;
    into.doubled += r.eve[i].doubled, into.reordered += r.eve[i].reordered;
  }
}

void replicated::add(figures& into, records::metric_set const& set) {
  for (auto const& [name, m] : set) {
    std::vector<sampled_figure>& of = into[name];
    if (auto const* ratio = std::get_if<records::ratio_metric>(&m)) {
      of.resize(1);
      if (ratio->denominator > 0)
        of[0].add(static_cast<double>(ratio->numerator), static_cast<double>(ratio->denominator));
    } else if (auto const* trend = std::get_if<trend_metric>(&m)) {
      of.resize(quantities.size());
      if (trend->count == 0) continue;
      for (std::size_t q = 0; q != quantities.size(); ++q) of[q].add(trend->*quantities[q].value);
    } else {
      of.resize(1);
      of[0].add(std::get<records::counter_metric>(m).value);
    }
  }
}

void replicated::add_invariants(result const& alone) {
  constexpr std::size_t most_examples = 10; // as `invariant_check`
  if (count_ == 0) invariants_ = alone.invariants;
  for (std::size_t i = 0; i < invariants_.size() && i < alone.invariants.size(); ++i) {
    records::invariant_result& into = invariants_[i];
    records::invariant_result const& one = alone.invariants[i];
    if (count_ == 0) {
      into.examples.clear();
    } else {
      into.checked += one.checked;
      into.violations += one.violations;
      into.expected_violations += one.expected_violations;
      into.passed = into.passed && one.passed;
      into.exercised = into.exercised || one.exercised;
      for (auto const& [kind, n] : one.by_kind) into.by_kind[kind] += n;
      if (into.note.empty()) into.note = one.note;
    }
    for (std::string const& example : one.examples)
      if (into.examples.size() < most_examples)
        into.examples.push_back("replication " + std::to_string(count_) + ": " + example);
  }
}

void replicated::add_events(result const& alone) {
  if (count_ == 0) events_.resize(alone.events.size());
  for (std::size_t i = 0; i < events_.size() && i < alone.events.size(); ++i) {
    if (count_ != 0 && alone.events[i].name != first_->alone.events[i].name) continue;
    for (auto const& [name, value] : records::figures_of(alone.events[i]))
      if (value) events_[i][std::string(name)].add(*value);
  }
}

// ---- all of them

/// A theory_fit's counts and a tally that holds sums; `events` and `invariants` are combined already.
findings replicated::pooled() const {
  return {.what = scenario_,
          .counts = first_->counts,
          .fit = fit_,
          .balancers = first_->balancers,
          .invariants = invariants_,
          .events = first_->alone.events,
          .timeseries = first_->alone.timeseries,
          .eve = first_->eve,
          .eve_latency = first_->eve_latency,
          .notification_latency = first_->notification_latency,
          .interrupted = interrupted_,
          .complete = complete_,
          .aborted_by = aborted_by_,
          .bad_log = first_->bad_log,
          .work = first_->work,
          .waited_for_connection = first_->waited_for_connection};
}

bool replicated::is_quantile(std::size_t watched) const {
  using scenario::aggregate;
  scenario::threshold const& t = watched_[watched];
  scenario::metric_kind const kind = scenario::find_metric(t.metric)->kind;
  if (kind != scenario::metric_kind::duration) return false;
  aggregate const of = scenario::parse_expression(t.expression, kind).of;
  return of == aggregate::percentile || of == aggregate::median;
}

std::optional<interval> replicated::bounds_of(std::size_t watched, double value) const {
  auto bounds = watched_figures_[watched].around(value, confidence_);
  if (bounds && is_quantile(watched)) bounds = with_bucket_error(*bounds);
  return bounds;
}

/// A watched figure of all replications: a quantile is that of the merged histogram, others follow from the sums.
double replicated::combined(std::size_t watched) const {
  using scenario::aggregate;
  scenario::threshold const& t = watched_[watched];
  scenario::metric_kind const kind = scenario::find_metric(t.metric)->kind;
  if (kind == scenario::metric_kind::duration &&
      scenario::parse_expression(t.expression, kind).of != aggregate::count) {
    if (auto const f = figure_of(t, pooled())) return f->value();
  }
  return watched_figures_[watched].value();
}

replicated::precision replicated::widest() const {
  precision p;
  for (std::size_t i = 0; i != watched_.size(); ++i) {
    if (watched_figures_[i].count() == 0) continue;
    double const value = combined(i);
    auto const bounds = bounds_of(i, value);
    double relative = std::numeric_limits<double>::infinity();
    if (bounds) {
      double const half = (bounds->high - bounds->low) / 2;
      if (half <= 0)
        relative = 0;
      else if (value != 0)
        relative = half / std::abs(value);
    }
    if (p.figure.empty() || relative > p.relative) p = {name_of(watched_[i]), relative};
  }
  return p;
}

void replicated::by_confidence(threshold_result& r, std::size_t watched, double confidence, bool below,
                               double bound) const {
  sampled_figure const& of = watched_figures_[watched];
  auto near = of.one_sided_bound(*r.value, confidence, below);
  auto far = of.one_sided_bound(*r.value, confidence, !below);
  if (near && far && is_quantile(watched)) {
    interval const wide = with_bucket_error({std::min(*near, *far), std::max(*near, *far)});
    near = below ? wide.high : wide.low, far = below ? wide.low : wide.high;
  }
  scenario::comparison const compare =
      scenario::parse_expression(watched_[watched].expression, scenario::metric_kind::ratio).compare;
  if (!near || !far) {
    r.undecided = true;
    r.note = "undecided: confidence needs two replications with samples";
    return;
  }
  double must = *near;
  if (*r.value == 0 && *near == 0) {
    // Nothing was seen anywhere: no spread, but few tokens prove little.
    must = one_sided_bound({.value = 0, .standard_error = 0, .clusters = fit_.tokens, .denominator = fit_.requests},
                           confidence, below);
  }
  r.passed = scenario::holds(compare, must, bound);
  if (r.passed) return;
  if (!scenario::holds(compare, *far, bound)) {
    r.note = "decided against";
    return;
  }
  r.undecided = true;
  double const distance = std::abs(bound - *r.value), reach = std::abs(*near - *r.value);
  r.note = "undecided: no number of replications would decide at this value";
  if (distance > 0 && reach > 0) {
    auto const n = static_cast<double>(of.count());
    double const more = std::max(1.0, std::ceil(n * (std::pow(reach / distance, 2) - 1)));
    if (more < 1e9)
      r.note =
          "undecided: about " + std::to_string(static_cast<std::uint64_t>(more)) + " more replications would decide";
  }
}

threshold_result replicated::judge(scenario::threshold const& t, std::size_t watched) const {
  threshold_result r;
  r.metric = t.written.empty() ? t.metric : t.written;
  r.expression = t.expression;
  r.line = t.line;
  scenario::metric_kind const kind = scenario::find_metric(t.metric)->kind;
  if (watched_figures_[watched].count() == 0) {
    r.note = "no samples";
    return r;
  }
  scenario::threshold_expression const e = scenario::parse_expression(t.expression, kind);
  r.value = combined(watched);
  r.confidence_interval = bounds_of(watched, *r.value);
  if (e.confidence) {
    bool const below = e.compare == scenario::comparison::less || e.compare == scenario::comparison::less_equal;
    by_confidence(r, watched, *e.confidence, below, e.bound);
  } else {
    r.passed = scenario::holds(e.compare, *r.value, e.bound);
  }
  return r;
}

result replicated::conclude() const {
  findings all = pooled();
  theory_fit fit = fit_;
  if (fit.expected.per_token && fit.tokens > 0) {
    fit.expected.per_token->mean = per_token_mean_ / static_cast<double>(fit.tokens);
    fit.expected.per_token->variance = per_token_variance_ / static_cast<double>(fit.tokens);
  }
  std::vector<threshold_result> judged;
  for (std::size_t i = 0; i != scenario_.thresholds.size(); ++i) judged.push_back(judge(scenario_.thresholds[i], i));
  result r = judge::conclude({.what = all.what,
                              .counts = all.counts,
                              .fit = fit,
                              .balancers = std::move(all.balancers),
                              .invariants = std::move(all.invariants),
                              .events = std::move(all.events),
                              .timeseries = std::move(all.timeseries),
                              .eve = all.eve,
                              .eve_latency = std::move(all.eve_latency),
                              .notification_latency = std::move(all.notification_latency),
                              .interrupted = all.interrupted,
                              .complete = all.complete,
                              .aborted_by = all.aborted_by,
                              .bad_log = all.bad_log,
                              .judged = std::move(judged),
                              .work = std::move(all.work),
                              .waited_for_connection = all.waited_for_connection});
  r.engine = first_->alone.engine;
  r.history_hash = hash_;
  r.replications = records::replication_facts{count_, confidence_, {}, {}, {}};
  annotate(r.metrics, whole_);
  annotate_parts(r);
  annotate_events(r);
  // The first replication's notes, but for those about its figures.
  for (std::string const& note : first_->alone.notes)
    if (!note.starts_with("redirect_ratio: ") && std::find(r.notes.begin(), r.notes.end(), note) == r.notes.end())
      r.notes.push_back(note);
  return r;
}

void replicated::annotate(records::metric_set& set, figures const& of) const {
  for (auto& [name, m] : set) {
    auto const found = of.find(name);
    if (found == of.end()) continue;
    std::vector<sampled_figure> across = found->second;
    if (auto* ratio = std::get_if<records::ratio_metric>(&m)) {
      ratio->replications = across[0].count();
      ratio->confidence_interval = across[0].around(ratio->value, confidence_);
      ratio->measured_error = across[0].standard_error(ratio->value);
      ratio->clusters = std::min(fit_.tokens, ratio->denominator);
    } else if (auto* trend = std::get_if<trend_metric>(&m)) {
      trend->replications = across[0].count();
      for (std::size_t q = 0; q != quantities.size(); ++q) {
        double const value = trend->*quantities[q].value;
        bool const is_quantile = quantities[q].within != nullptr;
        auto const between = [&](double confidence) {
          auto const bounds = across[q].around(value, confidence);
          return bounds && is_quantile ? with_bucket_error(*bounds, trend->min, trend->max) : bounds;
        };
        if (auto const bounds = between(confidence_)) trend->confidence_intervals[quantities[q].name] = *bounds;
        if (is_quantile) trend->*quantities[q].within = between(0.95).value_or(interval{});
      }
    } else {
      auto& counter = std::get<records::counter_metric>(m);
      // A part that a replication does not list did not occur in it, such as a status that no request failed with.
      if (name.find('{') != std::string::npos)
        while (across[0].count() < count_) across[0].add(0);
      counter.value = across[0].value();
      counter.replications = across[0].count();
      counter.confidence_interval = across[0].around(counter.value, confidence_);
    }
  }
}

void replicated::annotate_parts(result& r) const {
  auto const n = static_cast<double>(count_);
  std::size_t slice = 0;
  for (named_metrics& p : r.phases) annotate(p.metrics, slices_[slice++]);
  for (named_metrics& b : r.balancers) annotate(b.metrics, slices_[slice++]);
  for (named_metrics& b : r.balancers)
    for (records::phase_span const& span : r.phase_spans) annotate(b.phases[span.name], slices_[slice++]);
  for (std::vector<named_metrics>* const sets : {&r.groups, &r.kinds})
    for (named_metrics& set : *sets) {
      annotate(set.metrics, slices_[slice++]);
      for (records::phase_span const& span : r.phase_spans) annotate(set.phases[span.name], slices_[slice++]);
    }
  for (records::phase_span& span : r.phase_spans) span.from_s /= n, span.to_s /= n;
  r.duration_s /= n;
}

void replicated::annotate_events(result& r) const {
  for (std::size_t i = 0; i < r.events.size(); ++i) {
    records::event_result& e = r.events[i];
    for (auto const& [name, of] : events_[i]) {
      double const mean = of.value();
      records::set_figure(e, name, mean);
      if (auto const bounds = of.around(mean, confidence_)) e.confidence_intervals[name] = *bounds;
    }
  }
}

}
