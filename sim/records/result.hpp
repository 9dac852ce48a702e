#pragma once

#include "sim/records/log_message.hpp"
#include "sim/records/provenance.hpp"
#include "sim/scenario/failure_cause.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// What a run amounts to: the content of summary.json, and all that reports may know.
namespace sim::records {

/// error: it could not run, its input was refused, or what it found could not all be written.
enum class verdict : std::uint8_t { passed, failed, invalid, interrupted, error };

/// The published exit codes (README.md).
inline constexpr int exit_passed = 0, exit_could_not_run = 1, exit_bad_input = 2, exit_invalid = 3, exit_failed = 99,
                     exit_interrupted = 130;

inline constexpr int exit_code_of(verdict v) {
  switch (v) {
  case verdict::passed:
    return exit_passed;
  case verdict::failed:
    return exit_failed;
  case verdict::invalid:
    return exit_invalid;
  case verdict::interrupted:
    return exit_interrupted;
  case verdict::error:
    return exit_could_not_run;
  }
  return exit_could_not_run;
}

/// All exit codes, the mildest first. Several runs have the worst of theirs: what says nothing of its subject outweighs
/// a pass, a finding outweighs that, a run that is missing outweighs findings, and a command that was told to end says
/// so.
inline constexpr std::array exit_codes_by_weight = {exit_passed,        exit_invalid,   exit_failed,
                                                    exit_could_not_run, exit_bad_input, exit_interrupted};

/// The worse of two exit codes, or of two verdicts.
inline constexpr int worse(int a, int b) {
  auto const weight = [](int code) {
    return std::find(exit_codes_by_weight.begin(), exit_codes_by_weight.end(), code) - exit_codes_by_weight.begin();
  };
  return weight(a) >= weight(b) ? a : b;
}
inline constexpr verdict worse(verdict a, verdict b) {
  return worse(exit_code_of(a), exit_code_of(b)) == exit_code_of(a) ? a : b;
}

/// What a figure lies between. Of percentiles, low == high == 0: not known.
struct interval {
  double low = 0, high = 0;
};

/// numerator ÷ denominator. `theory` and `standard_error` are there when the scenario meets theory's assumptions.
struct ratio_metric {
  double value = 0; // 0 when the denominator is 0
  std::uint64_t numerator = 0, denominator = 0;
  std::optional<double> theory, standard_error; // standard_error: expected statistical error, clustered by token
  std::string theory_note = {};                 // which form, or why none
  /// The statistical error that the run itself shows, clustered by token (of several replications: by these); none from
  /// fewer than two clusters.
  std::optional<double> measured_error = std::nullopt;
  std::uint64_t clusters = 0;                                 // tokens that the ratio rests on
  std::optional<interval> confidence_interval = std::nullopt; // across replications
  std::uint64_t replications = 0;                             // with samples; 0: one run
};

/// A percentile's value, milliseconds.
struct percentile {
  double percent = 0; // 0 ≤ percent < 100
  double ms = 0;
};

/// Durations in milliseconds, from the intended start.
struct trend_metric {
  std::uint64_t count = 0;
  double p50 = 0, p90 = 0, p95 = 0, p99 = 0, p999 = 0, max = 0, mean = 0, min = 0;
  std::vector<percentile> percentiles = {}; // ten a decade of 1/(1 - p), as far as the count carries; may be empty
  interval p50_within = {}, p90_within = {}, p95_within = {}, p99_within = {}, p999_within = {}; // 95 %
  std::map<std::string, interval> confidence_intervals = {}; // across replications, by field: p50, …, p999, mean
  std::uint64_t replications = 0;
};

struct counter_metric {
  double value = 0; // of a replicated run: the mean
  std::optional<interval> confidence_interval{};
  std::uint64_t replications = 0;
};

using metric = std::variant<ratio_metric, trend_metric, counter_metric>;

/// By name, such as "redirect_ratio", with "redirect_ratio{reason:cold}" for the reasons,
/// "failed_requests{cause:reset}" for the causes and "failed_requests{status:502}" for the statuses of failed requests.
using metric_set = std::map<std::string, metric>;

/// A counter's value; 0 if there is none of that name.
inline double counter_in(metric_set const& metrics, std::string const& name) {
  auto const found = metrics.find(name);
  auto const* const counter = found == metrics.end() ? nullptr : std::get_if<counter_metric>(&found->second);
  return counter ? counter->value : 0;
}

struct named_metrics {
  std::string name;
  std::string kind; // of a balancer, a group, a kind: "gateway", "nginx", …; empty for phases
  metric_set metrics;
  std::map<std::string, metric_set> phases; // of all but a phase: by phase name
  /// Of a balancer with failed requests: the first distinct messages of its own log. Live runs only.
  std::vector<log_message> log = {};
  /// Of an nginx in a live run: what its configuration answers in another way than by passing the failure on, in the
  /// words of proxy_next_upstream ("error", "http_502"). Others: not known.
  std::optional<std::vector<std::string>> retries_on = std::nullopt;
  std::string group = {}; // of a balancer: its group's name; empty: not known
};

struct invariant_result {
  std::string name; // "one_session", …
  std::uint64_t checked = 0;
  std::uint64_t violations = 0;
  std::uint64_t expected_violations = 0;        // those of balancers that declare them; not counted in `violations`
  std::uint64_t lag_explains = 0;               // of `violations`: what an overloaded machine can bring about by itself
  bool passed = false;                          // violations == 0 and every expected violation occurred
  bool exercised = false;                       // checked > 0
  std::vector<std::string> examples;            // at most 10, each one line
  std::map<std::string, std::uint64_t> by_kind; // "method", "target", …: what exactly was broken
  std::string note;                             // what could not be checked on black boxes
};

struct threshold_result {
  std::string metric;     // "redirect_ratio{phase:steady}"
  std::string expression; // "<0.05"
  std::optional<double> value;
  bool passed = false;
  bool undecided = false; // with confidence: neither holds nor is refuted yet, so no reason to abort a run
  std::string note;       // "no samples", "undecided: about 12000 more requests would decide"
  std::optional<interval> confidence_interval{};
  std::size_t line = 0; // of the scenario's file, where it is written; 0: it was set by --set, or nobody knows
};

struct event_result {
  std::string name, kind, node, detail;
  double at_s = 0, done_s = 0; // from the start of load
  std::optional<double> convergence_s, peak_redirect_ratio;
  std::optional<std::uint64_t> convergence_requests;           // see docs/TERMS.md
  std::string convergence_note = {};                           // why there is no convergence; empty where there is
  std::optional<double> failures_back_s, latency_back_s;       // until they were back to normal: see docs/TERMS.md
  std::string failures_back_note = {}, latency_back_note = {}; // why there is no such time; empty where there is
  std::map<std::string, interval> confidence_intervals{};      // by field: convergence_s, …
  bool by_hand = false;                                        // not in the scenario: see event_record
  bool left = false;                                           // not carried out, or not to the end: likewise
};

/// One of an event's figures, named as the metric that thresholds ask for; no value where it cannot be told.
struct event_figure {
  std::string_view name;
  std::optional<double> value;
};

/// All figures of an event, in the order of the metric catalogue.
inline std::array<event_figure, 5> figures_of(event_result const& e) {
  std::optional<double> requests;
  if (e.convergence_requests) requests = static_cast<double>(*e.convergence_requests);
  return {{{"convergence_s", e.convergence_s},
           {"convergence_requests", requests},
           {"peak_redirect_ratio", e.peak_redirect_ratio},
           {"failures_back_s", e.failures_back_s},
           {"latency_back_s", e.latency_back_s}}};
}

inline void set_figure(event_result& e, std::string_view name, double value) {
  if (name == "convergence_s") e.convergence_s = value;
  if (name == "convergence_requests") e.convergence_requests = static_cast<std::uint64_t>(std::llround(value));
  if (name == "peak_redirect_ratio") e.peak_redirect_ratio = value;
  if (name == "failures_back_s") e.failures_back_s = value;
  if (name == "latency_back_s") e.latency_back_s = value;
}

/// One second (or a fraction) of one balancer.
struct time_slice {
  double from_s = 0, to_s = 0;
  std::string balancer; // "" = all
  std::uint64_t requests = 0, redirects = 0, failed = 0;
  // NaN: no request of the slice was answered, or single requests were not kept.
  double latency_ms_p50 = std::numeric_limits<double>::quiet_NaN(),
         latency_ms_p99 = std::numeric_limits<double>::quiet_NaN();
  std::array<std::uint64_t, scenario::failure_cause_count> failed_by_cause = {}; // their sum is `failed`
};

struct phase_span {
  std::string name;
  double from_s = 0, to_s = 0;
};

/// What went from one node to another while the load ran. Nodes: "clients", balancers by name, "proxy[1]", "sol[0]".
/// From a proxy to a sol: sessions granted and game requests applied.
struct flow {
  std::string from, to;
  std::uint64_t requests = 0, redirects = 0, failures = 0; // redirects and failures: of these requests
};

/// Who took part behind the balancers. Without flows where single requests were not kept.
struct topology_facts {
  std::uint64_t proxies = 0, sols = 0;
  std::vector<flow> flows;
};

/// How a result was put together from several runs of one scenario.
struct replication_facts {
  std::uint64_t count = 0;
  double confidence = 0.95; // of the intervals
  // When it went on until a precision was reached: half of an interval's width ÷ the figure.
  std::optional<double> wanted_precision{}, precision{}; // precision: of `last`
  std::string last{};                                    // the figure that took longest
};

/// What is known of the load's own side.
struct load_facts {
  bool lagged = false;                        // p(99) of the schedule lag was above load.max_schedule_lag
  std::uint64_t connections_per_balancer = 0; // 0: not known
  std::uint64_t waited_for_connection = 0; // requests that were due while all connections to their balancer were busy
  std::optional<double> cpu_busy = std::nullopt; // share of the machine's CPU time that was used; live runs only
};

/// A run that was invalid, so that another one was made in its place.
struct invalid_attempt {
  std::vector<std::string> reasons;
  double duration_s = 0;
};

/// How often a run was made because it was invalid (`--retry-invalid`).
struct attempt_facts {
  std::uint64_t most = 1;               // that were allowed
  std::vector<invalid_attempt> invalid; // those before the one that is reported
  std::uint64_t count() const { return invalid.size() + 1; }
};

struct result {
  std::string scenario, description, file;
  std::string engine = "live";
  std::optional<attempt_facts> attempts; // none: there would have been only one in any case
  std::optional<replication_facts> replications;
  std::optional<sim::records::provenance> provenance; // none: whoever ran it did not say
  std::uint64_t seed = 0;
  std::optional<std::uint64_t> history_hash; // of a simulated run: equal if every event was
  sim::records::verdict verdict = sim::records::verdict::passed;
  int exit_code = exit_passed;
  std::vector<std::string> reasons; // why it did not pass, or is invalid; one line each
  bool load_as_planned = true; // false: the load lagged or was not issued, so that metrics say nothing of its subject
  /// Where it differs from theory by more than chance and nothing in the run explains that; one line each. No failure
  /// by itself: the run may pass, but its report begins with them, and `verify` fails on them.
  std::vector<std::string> differences;
  std::vector<std::string> next_steps; // what to do next, where the lab knows it; one line each
  load_facts load;
  double duration_s = 0;
  metric_set metrics;
  std::vector<named_metrics> phases, balancers;
  std::vector<named_metrics> groups; // of balancers; empty unless there are several
  std::vector<named_metrics> kinds;  // of balancers; empty unless there are several, and others than the groups
  std::vector<invariant_result> invariants;
  std::vector<threshold_result> thresholds;
  std::vector<event_result> events;
  std::vector<phase_span> phase_spans;
  std::optional<topology_facts> topology; // none in summaries of older versions
  std::vector<time_slice> timeseries;
  std::vector<std::string> notes; // black boxes, theory's conditions, warnings
};

}
