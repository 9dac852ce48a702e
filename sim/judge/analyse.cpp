#include "sim/judge/analyse.hpp"

#include "sim/judge/convergence.hpp"
#include "sim/judge/findings.hpp"
#include "sim/judge/flows.hpp"
#include "sim/judge/groups.hpp"
#include "sim/judge/invariants.hpp"
#include "sim/judge/next_steps.hpp"
#include "sim/judge/spread.hpp"
#include "sim/judge/theory_fit.hpp"
#include "sim/judge/thresholds.hpp"
#include "sim/judge/timeseries.hpp"
#include "sim/records/utilisation.hpp"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace sim::judge {

using records::invariant_result;
using records::metric_set;
using records::result;
using records::threshold_result;
using records::verdict;

namespace {

std::string in_ms(double ms) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g ms", ms);
  return text;
}

class conclusion {
public:
  explicit conclusion(findings const& f)
    : f_(f) {}

  result run() {
    out_.scenario = f_.what.name;
    out_.description = f_.what.description;
    out_.file = f_.what.file.string();
    out_.seed = f_.what.seed;
    out_.duration_s = f_.counts.seconds();
    out_.phase_spans = f_.counts.spans();
    out_.timeseries = f_.timeseries;
    out_.topology = {f_.what.topology.proxies.count, f_.what.topology.sols.count, {}};
    if (f_.each) out_.topology->flows = flows_of(f_.each->view, f_.each->facts);
    measure_whole();
    measure_phases();
    measure_balancers();
    measure_sets(groups_of(f_.balancers), out_.groups);
    measure_sets(kinds_of(f_.balancers), out_.kinds);
    if (f_.each) add_spread(out_, f_.each->view, f_.each->facts, f_.each->history, f_.counts);
    out_.differences = differences_from_theory(out_);
    out_.invariants = f_.invariants;
    out_.events = f_.events;
    out_.thresholds = f_.judged ? *f_.judged : judge_thresholds(f_);
    out_.load = {.lagged = lagged(),
                 .connections_per_balancer = f_.what.load.connections_per_balancer,
                 .waited_for_connection = f_.waited_for_connection,
                 .cpu_busy = f_.cpu_busy};
    decide();
    add_notes();
    out_.next_steps = next_steps(out_);
    return std::move(out_);
  }

private:
  metric_set measured(cell const& c, double seconds, bool whole) const {
    metric_set set = metrics_of(c, seconds, whole);
    bool const all = whole && f_.counts.counted_seconds() >= f_.counts.seconds(); // no warm-up was left out
    annotate(std::get<records::ratio_metric>(set["redirect_ratio"]), f_.fit, c.trials,
             static_cast<double>(f_.what.topology.proxies.count), all);
    return set;
  }

  void measure_whole() {
    out_.metrics = measured(f_.counts.all(), f_.counts.counted_seconds(), true);
    out_.metrics["schedule_lag_ms"] = trend_of(f_.counts.lag());
    add_utilisation(out_.metrics, f_.work, std::nullopt);
    if (f_.handshakes)
      for (std::string_view const name : records::handshake_counts::metrics)
        if (auto const value = f_.handshakes->value_of(name, f_.counts.seconds()))
          out_.metrics[std::string(name)] = records::counter_metric{*value};
    if (f_.eve.empty()) return;
    records::eve_record sum;
    for (records::eve_record const& e : f_.eve) {
      sum.requests += e.requests;
      sum.received += e.received;
      sum.lost += e.lost;
      sum.doubled += e.doubled;
      sum.reordered += e.reordered;
    }
    auto const counter = [](std::uint64_t n) { return records::counter_metric{static_cast<double>(n)}; };
    out_.metrics["eve_requests"] = counter(sum.requests);
    out_.metrics["notifications"] = counter(sum.received);
    out_.metrics["notifications_lost"] = counter(sum.lost);
    out_.metrics["notifications_doubled"] = counter(sum.doubled);
    out_.metrics["notifications_reordered"] = counter(sum.reordered);
    out_.metrics["eve_latency_ms"] = trend_of(f_.eve_latency);
    out_.metrics["notification_latency_ms"] = trend_of(f_.notification_latency);
  }

  void measure_phases() {
    for (std::size_t p = 0; p != f_.counts.spans().size(); ++p) {
      records::phase_span const& span = f_.counts.spans()[p];
      records::named_metrics m{span.name, "", measured(f_.counts.phase(p), span.to_s - span.from_s, false), {}};
      m.metrics["schedule_lag_ms"] = trend_of(f_.counts.lag(p));
      add_utilisation(m.metrics, f_.work, p);
      out_.phases.push_back(std::move(m));
    }
  }

  /// `in_phase`: the cell of a phase.
  template<class InPhase>
  records::named_metrics measured_part(std::string const& name, std::string const& kind, cell const& whole,
                                       InPhase const& in_phase) const {
    records::named_metrics m{name, kind, measured(whole, f_.counts.counted_seconds(), false), {}};
    for (std::size_t p = 0; p != f_.counts.spans().size(); ++p) {
      records::phase_span const& span = f_.counts.spans()[p];
      metric_set& part = m.phases[span.name] = measured(in_phase(p), span.to_s - span.from_s, false);
      std::get<records::trend_metric>(part["latency_ms"]).percentiles.clear(); // too fine a cut for curves
    }
    return m;
  }

  void measure_sets(std::vector<balancer_set> const& sets, std::vector<records::named_metrics>& into) const {
    for (balancer_set const& set : sets)
      into.push_back(measured_part(set.name, set.kind, sum_of(f_.counts, set),
                                   [&](std::size_t p) { return sum_of(f_.counts, set, p); }));
  }

  void measure_balancers() {
    for (std::size_t b = 0; b != f_.balancers.size(); ++b) {
      records::balancer_facts const& facts = f_.balancers[b];
      records::named_metrics m = measured_part(facts.name, facts.kind, f_.counts.balancer(b),
                                               [&](std::size_t p) -> cell const& { return f_.counts.at(p, b); });
      m.group = facts.group_name;
      m.retries_on = facts.retries_on;
      if (f_.counts.balancer(b).failed != 0) m.log = facts.log;
      out_.balancers.push_back(std::move(m));
    }
  }

  /// p(99)
  double lag_ms() const { return static_cast<double>(f_.counts.lag().quantile_ns(0.99)) / 1e6; }

  /// Whether the load was behind its schedule by more than the scenario allows. Closed loads have none.
  bool lagged() const {
    scenario::load const& load = f_.what.load;
    bool const as_fast_as_possible = load.kind == scenario::load_kind::trace && load.speed == 0;
    if (load.kind == scenario::load_kind::closed || as_fast_as_possible) return false;
    return lag_ms() > static_cast<double>(load.max_schedule_lag.count()) / 1e6;
  }

  /// Why the run says nothing about its subject; empty when it does.
  std::vector<std::string> invalidity() const {
    scenario::load const& load = f_.what.load;
    std::vector<std::string> why;
    if (!f_.complete && !f_.interrupted && !f_.aborted_by) why.push_back("invalid: the load was not issued in full");
    if (f_.bad_log) why.push_back("invalid: " + *f_.bad_log);
    if (lagged())
      why.push_back("invalid: the load generator could not keep its rate: p(99) of schedule lag " + in_ms(lag_ms()) +
                    ", allowed " + in_ms(static_cast<double>(load.max_schedule_lag.count()) / 1e6) +
                    "; a lower rate, more load.threads, or more load.connections_per_balancer (now " +
                    std::to_string(load.connections_per_balancer) + ") if answers are slow");
    return why;
  }

  void decide() {
    std::vector<std::string> failures;
    if (f_.aborted_by) failures.push_back("aborted by threshold " + *f_.aborted_by);
    for (invariant_result const& i : out_.invariants)
      if (!i.passed)
        failures.push_back("invariant " + i.name + ": " +
                           (i.violations ? std::to_string(i.violations) + " violations" : i.note));
    for (threshold_result const& t : out_.thresholds)
      if (!t.passed) failures.push_back("threshold " + t.metric + " " + t.expression + ": " + found(t));
    std::vector<std::string> const invalid = invalidity();
    bool const broken = std::any_of(out_.invariants.begin(), out_.invariants.end(),
                                    [](invariant_result const& i) { return i.violations > i.lag_explains; });
    out_.load_as_planned = invalid.empty();
    out_.verdict = verdict::passed;
    out_.exit_code = records::exit_passed;
    if (f_.interrupted) {
      out_.verdict = verdict::interrupted;
      out_.exit_code = records::exit_interrupted;
      out_.reasons.push_back("interrupted");
    } else if (!invalid.empty() && !broken) {
      out_.verdict = verdict::invalid;
      out_.exit_code = records::exit_invalid;
    } else if (!failures.empty()) {
      out_.verdict = verdict::failed;
      out_.exit_code = records::exit_failed;
    }
    // What decided the verdict comes first; neither hides the other.
    bool const failed = out_.verdict == verdict::failed;
    for (auto const* part : {failed ? &failures : &invalid, failed ? &invalid : &failures})
      out_.reasons.insert(out_.reasons.end(), part->begin(), part->end());
  }

  static std::string found(threshold_result const& t) {
    if (!t.value) return t.note;
    char text[32];
    std::snprintf(text, sizeof text, "%.6g", *t.value);
    return "found " + std::string(text) + (t.note.empty() ? "" : " (" + t.note + ")");
  }

  void add_notes() {
    auto const& whole = std::get<records::ratio_metric>(out_.metrics["redirect_ratio"]);
    if (!whole.theory_note.empty()) out_.notes.push_back("redirect_ratio: " + whole.theory_note);
    for (invariant_result const& i : out_.invariants) {
      if (!i.note.empty()) out_.notes.push_back(i.name + ": " + i.note);
      if (!i.exercised) out_.notes.push_back(i.name + ": not exercised");
    }
    auto const by_hand =
        std::count_if(out_.events.begin(), out_.events.end(), [](records::event_result const& e) { return e.by_hand; });
    if (by_hand)
      out_.notes.push_back(std::to_string(by_hand) +
                           " events by hand: the scenario does not have them, and another run will not repeat them");
    for (records::balancer_facts const& b : f_.balancers)
      if (!b.map_known) out_.notes.push_back(b.name + ": what its map knows is hidden, so reasons are unknown");
  }

  findings const& f_;
  result out_;
};

}

records::histogram histogram_of(std::vector<std::uint64_t> const& ns) {
  records::histogram h;
  for (std::uint64_t x : ns) h.record(static_cast<std::int64_t>(x));
  return h;
}

result conclude(findings const& f) { return conclusion(f).run(); }

result analyse(scenario::scenario const& s, records::run_records const& r, observer const& observe) {
  records::run_view const view(s, r);
  std::vector<request_facts> const facts = facts_of(view);
  routing_history const history = reconstruct(view);
  theory_fit const fit = fit_theory(view, facts, history);
  tally const counts(view, facts, history, fit.trials);
  detail const each{view, facts, history};
  findings const found{.what = s,
                       .counts = counts,
                       .fit = fit,
                       .balancers = view.balancers(),
                       .invariants = check_invariants(view),
                       .events = events_of(view, facts, history),
                       .timeseries = timeseries_of(view, facts, counts.seconds()),
                       .eve = r.eve,
                       .eve_latency = histogram_of(r.eve_latency_ns),
                       .notification_latency = histogram_of(r.notification_latency_ns),
                       .interrupted = r.interrupted,
                       .complete = r.complete,
                       .aborted_by = r.aborted_by,
                       .bad_log = r.bad_log,
                       .looks = r.looks,
                       .each = &each,
                       .work = r.work,
                       .handshakes = r.handshakes,
                       .waited_for_connection = r.waited_for_connection,
                       .cpu_busy = r.cpu_busy};
  if (observe) observe(found);
  return conclude(found);
}

std::optional<std::string> broken_threshold(scenario::scenario const& s, result const& so_far,
                                            std::int64_t since_start_ns) {
  for (std::size_t i = 0; i < so_far.thresholds.size() && i < s.thresholds.size(); ++i) {
    scenario::threshold const& asked = s.thresholds[i];
    threshold_result const& judged = so_far.thresholds[i];
    if (asked.abort_on_fail && since_start_ns >= asked.abort_delay.count() && judged.value && !judged.passed &&
        !judged.undecided)
      return judged.metric + " " + judged.expression;
  }
  return std::nullopt;
}

}
