#include "sim/studies/verify/verify.hpp"

#include "sim/studies/verify/judge.hpp"
#include "sim/studies/verify/variants.hpp"
#include "sim/theory/expect.hpp"
#include "sim/theory/explain.hpp"

#include <algorithm>

namespace sim::verify {
namespace {

using records::result;
using theory::prediction;

/// Every scenario's metrics; those of phases follow if theory has something to say about them.
std::vector<std::string> metrics_of(std::vector<prediction> const& predictions, bool latency) {
  std::vector<std::string> metrics{"redirect_ratio",  "hops_per_request", "map_hit_ratio", "guess_hit_ratio",
                                   "cache_hit_ratio", "sessions_created", "utilisation"};
  for (prediction const& p : predictions)
    if (p.metric.find("{phase:") != std::string::npos) metrics.push_back(p.metric);
  if (latency) metrics.insert(metrics.end(), {"latency_ms.avg", "latency_ms.p50", "latency_ms.p99"});
  return metrics;
}

class verification {
public:
  verification(scenario::scenario const& s, engines const& with, options const& how)
    : scenario_(s)
    , with_(with)
    , how_(how) {}

  scenario_agreement run() {
    out_.scenario = scenario_.name;
    variant const gateways = with_gateways(scenario_), nginx = with_nginx(scenario_);
    simulated_ = results_of("virtual", with_.simulated, gateways, how_.simulated_runs, true);
    gateway_ = results_of("gateway", with_.gateway, gateways, how_.live_runs, true);
    nginx_ = results_of("nginx", with_.nginx, nginx, how_.live_runs, false);
    if (!gateway_.empty() && !simulated_.empty() && scenario_.topology.proxies.count > 1) note_guesses_by_load();
    std::vector<prediction> const predictions = theory::explain(scenario_);
    for (std::string const& metric : metrics_of(predictions, how_.latency))
      add_row(metric, theory::find(predictions, metric));
    decide();
    return std::move(out_);
  }

private:
  void note_guesses_by_load() {
    auto const& groups = scenario_.topology.balancers;
    auto const found = std::find_if(groups.begin(), groups.end(), [](scenario::balancer_group const& g) {
      return theory::guesses_follow(g, theory::guess_law::by_load);
    });
    if (found == groups.end()) return;
    out_.notes.push_back(std::string(name_of(found->guess)) +
                         ": its guesses follow what is in flight, and so the times that hops take: simulated ones are "
                         "those of 'virtual' (crest-sim calibrate measures this machine's), live ones those of a "
                         "machine that all processes share (docs/simulated-time.md, least_conn)");
  }

  /// What `runs` runs with consecutive seeds came to; none when the engine or the variant is not there.
  std::vector<result> results_of(std::string const& engine, evaluate const& evaluate, variant const& what,
                                 unsigned runs, bool must_hold_invariants) {
    std::vector<result> results;
    if (!evaluate) return results;
    if (!what.what) {
      out_.notes.push_back(engine + ": not run: " + what.why_not);
      return results;
    }
    scenario::scenario s = *what.what;
    for (unsigned i = 0; i < runs; ++i, ++s.seed) {
      if (how_.progress)
        how_.progress(scenario_.name + ": " + engine + ", run " + std::to_string(i + 1) + " of " +
                      std::to_string(runs));
      try {
        result r = evaluate(s);
        if (is_sound(engine, s.seed, r, must_hold_invariants)) results.push_back(std::move(r));
      } catch (refused const& error) {
        out_.notes.push_back(engine + ": not run: " + error.what());
        return {};
      }
    }
    return results;
  }

  /// Notes what disqualifies a run. False if its figures say nothing about its subject.
  bool is_sound(std::string const& engine, std::uint64_t seed, result const& r, bool must_hold_invariants) {
    std::string const which = engine + ", seed " + std::to_string(seed) + ": ";
    if (!r.load_as_planned || r.verdict == records::verdict::invalid || r.verdict == records::verdict::interrupted ||
        r.verdict == records::verdict::error) {
      out_.failures.push_back(which + (r.reasons.empty() ? "not a whole run" : r.reasons.front()));
      return false;
    }
    for (std::string const& difference : r.differences) out_.failures.push_back(which + difference);
    if (!must_hold_invariants) return true;
    for (records::invariant_result const& i : r.invariants)
      if (i.violations > 0)
        out_.failures.push_back(which + "invariant " + i.name + ": " + std::to_string(i.violations) + " violations");
    return true;
  }

  void add_row(std::string const& metric, prediction const* theory) {
    // A profile has the gateway's times, and says nothing about nginx's latencies.
    bool const about_nginx = !metric.starts_with("latency_ms");
    sample const simulated = sample_of(simulated_, metric), gateway = sample_of(gateway_, metric),
                 nginx = about_nginx ? sample_of(nginx_, metric) : sample{};
    metric_row row;
    row.metric = metric;
    if (theory && theory->value) {
      row.theory = statement{*theory->value, theory->standard_error, 0};
      row.theory_note = theory->formula;
    } else if (theory) {
      row.theory_note = theory->broken;
    }
    auto const error = error_of_run(theory, {&simulated, &gateway, &nginx});
    if (theory && theory->unless_raced && add_raced_row(row, simulated, gateway, error)) {
      out_.rows.push_back(std::move(row));
      return;
    }
    if (!simulated.empty()) {
      row.simulated = state(simulated, error);
      row.simulated_agrees = judge_by_theory(row, simulated, theory, error);
    }
    row.gateway_agrees = judge_live(row, row.gateway, gateway, simulated, theory, error);
    row.nginx_agrees = judge_live(row, row.nginx, nginx, simulated, theory, error);
    if (row.theory || row.simulated || row.gateway || row.nginx) out_.rows.push_back(std::move(row));
  }

  /// How many redirects of these runs came before the shared map had the entry.
  static double raced_in(std::vector<result> const& results) {
    double sum = 0;
    for (result const& r : results) sum += records::counter_in(r.metrics, "redirects{reason:raced}");
    return sum;
  }

  /// Theory's closed form does not hold where guesses raced the shared map, and how many did depends on the speed of
  /// Redis and the machine. So each engine is compared with what theory says of its own runs, if it says anything.
  bool add_raced_row(metric_row& row, sample const& simulated, sample const& gateway,
                     std::optional<run_error> const& error) {
    double const simulations = raced_in(simulated_), live = raced_in(gateway_);
    if (simulations + live <= 0) return false;
    std::string const why = "guesses came before the shared map had the entry (redirects that raced: virtual " +
                            std::to_string(static_cast<std::uint64_t>(simulations)) + ", gateway " +
                            std::to_string(static_cast<std::uint64_t>(live)) + ")";
    row.theory.reset();
    row.theory_note = why;
    if (!simulated.empty()) row.simulated = state(simulated, error);
    if (!gateway.empty()) row.gateway = state(gateway, error);
    if (row.simulated) row.simulated_agrees = judge_by_theory(row, simulated, nullptr, error);
    if (row.gateway) row.gateway_agrees = judge_by_theory(row, gateway, nullptr, error);
    out_.notes.push_back(row.metric +
                         (row.simulated_agrees || row.gateway_agrees
                              ? ": held against theory conditioned on the guesses of each run: "
                              : ": not compared: ") +
                         why);
    return true;
  }

  /// Against theory's number, or without one against what theory says of each run.
  static std::optional<comparison> judge_by_theory(metric_row& row, sample const& s, prediction const* theory,
                                                   std::optional<run_error> const& error) {
    if (theory && theory->value) return against_theory(s, *theory->value, theory->relative_error, error);
    if (s.expected.size() != s.values.size()) return std::nullopt;
    if (!row.theory) {
      double sum = 0;
      for (double const e : s.expected) sum += e;
      row.theory = statement{sum / static_cast<double>(s.expected.size()), std::nullopt, 0};
      row.theory_note = "conditioned on the maps that each token visited; " + row.theory_note;
    }
    return against_conditioned_theory(s);
  }

  static std::optional<comparison> judge_live(metric_row& row, std::optional<statement>& said, sample const& live,
                                              sample const& simulated, prediction const* theory,
                                              std::optional<run_error> const& error) {
    if (live.empty()) return std::nullopt;
    said = state(live, error);
    if (simulated.empty()) return judge_by_theory(row, live, theory, error);
    return against_simulation(live, simulated, error);
  }

  void decide() {
    bool compared = false, all = true;
    for (metric_row const& row : out_.rows)
      for (auto const* c : {&row.simulated_agrees, &row.gateway_agrees, &row.nginx_agrees}) {
        compared = compared || c->has_value();
        all = all && (!c->has_value() || (*c)->agrees());
      }
    if (!compared) out_.failures.push_back("nothing could be compared");
    out_.agrees = all && out_.failures.empty();
  }

  scenario::scenario const& scenario_;
  engines const& with_;
  options const& how_;
  std::vector<result> simulated_, gateway_, nginx_;
  scenario_agreement out_;
};

}

scenario_agreement verify(scenario::scenario const& s, engines const& with, options const& how) {
  return verification(s, with, how).run();
}

}
