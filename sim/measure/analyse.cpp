#include "sim/measure/analyse.hpp"

#include "sim/measure/convergence.hpp"
#include "sim/measure/invariants.hpp"
#include "sim/measure/spread.hpp"
#include "sim/measure/theory_fit.hpp"
#include "sim/measure/thresholds.hpp"
#include "sim/measure/timeseries.hpp"

#include <cstdio>
#include <utility>

namespace sim::measure {
namespace {

std::string in_ms(double ms) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g ms", ms);
  return text;
}

histogram histogram_of(std::vector<std::uint64_t> const& ns) {
  histogram h;
  for (std::uint64_t x : ns) h.record(static_cast<std::int64_t>(x));
  return h;
}

class analysis {
public:
  analysis(scenario::scenario const& s, run_records const& r)
    : view_(s, r)
    , facts_(facts_of(view_))
    , history_(reconstruct(view_))
    , fit_(fit_theory(view_, facts_, history_))
    , counts_(view_, facts_, history_, fit_.trials)
    , eve_latency_(histogram_of(r.eve_latency_ns))
    , notification_latency_(histogram_of(r.notification_latency_ns)) {}

  result run() {
    scenario::scenario const& s = view_.scenario();
    out_.scenario = s.name;
    out_.description = s.description;
    out_.file = s.file.string();
    out_.seed = s.seed;
    out_.duration_s = counts_.seconds();
    out_.phase_spans = counts_.spans();
    out_.timeseries = timeseries_of(view_, facts_, counts_.seconds());
    measure_whole();
    measure_phases();
    measure_balancers();
    add_spread(out_, view_, facts_, history_, counts_);
    out_.invariants = check_invariants(view_);
    out_.events = events_of(view_, facts_);
    out_.thresholds =
        judge_thresholds({view_, facts_, history_, counts_, out_.events, eve_latency_, notification_latency_});
    decide();
    add_notes();
    return std::move(out_);
  }

private:
  metric_set measured(cell const& c, double seconds, bool whole) const {
    metric_set set = metrics_of(c, seconds, whole);
    annotate(std::get<ratio_metric>(set["redirect_ratio"]), fit_, c.trials,
             static_cast<double>(view_.scenario().topology.proxies.count), whole);
    return set;
  }

  void measure_whole() {
    out_.metrics = measured(counts_.all(), counts_.seconds(), true);
    out_.metrics["schedule_lag_ms"] = trend_of(counts_.lag());
    if (view_.records().eve.empty()) return;
    eve_record sum;
    for (eve_record const& e : view_.records().eve) {
      sum.requests += e.requests;
      sum.received += e.received;
      sum.lost += e.lost;
      sum.doubled += e.doubled;
      sum.reordered += e.reordered;
    }
    auto const counter = [](std::uint64_t n) { return counter_metric{static_cast<double>(n)}; };
    out_.metrics["eve_requests"] = counter(sum.requests);
    out_.metrics["notifications"] = counter(sum.received);
    out_.metrics["notifications_lost"] = counter(sum.lost);
    out_.metrics["notifications_doubled"] = counter(sum.doubled);
    out_.metrics["notifications_reordered"] = counter(sum.reordered);
    out_.metrics["eve_latency_ms"] = trend_of(eve_latency_);
    out_.metrics["notification_latency_ms"] = trend_of(notification_latency_);
  }

  void measure_phases() {
    for (std::size_t p = 0; p != counts_.spans().size(); ++p) {
      phase_span const& span = counts_.spans()[p];
      named_metrics m{span.name, "", measured(counts_.phase(p), span.to_s - span.from_s, false), {}};
      m.metrics["schedule_lag_ms"] = trend_of(counts_.lag(p));
      out_.phases.push_back(std::move(m));
    }
  }

  void measure_balancers() {
    for (std::size_t b = 0; b != view_.balancers().size(); ++b) {
      balancer_facts const& facts = view_.balancers()[b];
      named_metrics m{facts.name, facts.kind, measured(counts_.balancer(b), counts_.seconds(), false), {}};
      for (std::size_t p = 0; p != counts_.spans().size(); ++p) {
        phase_span const& span = counts_.spans()[p];
        metric_set& part = m.phases[span.name] = measured(counts_.at(p, b), span.to_s - span.from_s, false);
        std::get<trend_metric>(part["latency_ms"]).percentiles.clear(); // too fine a cut for curves
      }
      out_.balancers.push_back(std::move(m));
    }
  }

  /// Why the run says nothing about its subject; empty when it does.
  std::vector<std::string> invalidity() const {
    run_records const& r = view_.records();
    scenario::load const& load = view_.scenario().load;
    std::vector<std::string> why;
    if (!r.complete && !r.interrupted && !r.aborted_by) why.push_back("invalid: the load was not issued in full");
    bool const as_fast_as_possible = load.kind == scenario::load_kind::trace && load.speed == 0;
    if (load.kind == scenario::load_kind::closed || as_fast_as_possible) return why;
    double const lag = static_cast<double>(counts_.lag().quantile_ns(0.99)) / 1e6;
    double const allowed = static_cast<double>(load.max_schedule_lag.count()) / 1e6;
    if (lag > allowed)
      why.push_back("invalid: the load generator could not keep its rate: p(99) of schedule lag " + in_ms(lag) +
                    ", allowed " + in_ms(allowed) +
                    "; a lower rate, more load.threads, or more load.connections_per_balancer (now " +
                    std::to_string(load.connections_per_balancer) + ") if answers are slow");
    return why;
  }

  void decide() {
    run_records const& r = view_.records();
    std::vector<std::string> failures;
    if (r.aborted_by) failures.push_back("aborted by threshold " + *r.aborted_by);
    for (invariant_result const& i : out_.invariants)
      if (!i.passed)
        failures.push_back("invariant " + i.name + ": " +
                           (i.violations ? std::to_string(i.violations) + " violations" : i.note));
    for (threshold_result const& t : out_.thresholds)
      if (!t.passed) failures.push_back("threshold " + t.metric + " " + t.expression + ": " + found(t));
    std::vector<std::string> const invalid = invalidity();
    out_.verdict = verdict::passed;
    out_.exit_code = exit_passed;
    if (r.interrupted) {
      out_.verdict = verdict::interrupted;
      out_.exit_code = exit_interrupted;
      out_.reasons.push_back("interrupted");
    } else if (!invalid.empty()) {
      out_.verdict = verdict::invalid;
      out_.exit_code = exit_invalid;
    } else if (!failures.empty()) {
      out_.verdict = verdict::failed;
      out_.exit_code = exit_failed;
    }
    out_.reasons.insert(out_.reasons.end(), invalid.begin(), invalid.end());
    out_.reasons.insert(out_.reasons.end(), failures.begin(), failures.end());
  }

  static std::string found(threshold_result const& t) {
    if (!t.value) return t.note;
    char text[32];
    std::snprintf(text, sizeof text, "%.6g", *t.value);
    return "found " + std::string(text) + (t.note.empty() ? "" : " (" + t.note + ")");
  }

  void add_notes() {
    auto const& whole = std::get<ratio_metric>(out_.metrics["redirect_ratio"]);
    if (!whole.theory_note.empty()) out_.notes.push_back("redirect_ratio: " + whole.theory_note);
    for (invariant_result const& i : out_.invariants) {
      if (!i.note.empty()) out_.notes.push_back(i.name + ": " + i.note);
      if (!i.exercised) out_.notes.push_back(i.name + ": not exercised");
    }
    for (balancer_facts const& b : view_.balancers())
      if (!b.map_known) out_.notes.push_back(b.name + ": what its map knows is hidden, so reasons are unknown");
  }

  run_view view_;
  std::vector<request_facts> facts_;
  routing_history history_;
  theory_fit fit_;
  tally counts_;
  histogram eve_latency_, notification_latency_;
  result out_;
};

}

result analyse(scenario::scenario const& s, run_records const& r) { return analysis(s, r).run(); }

}
