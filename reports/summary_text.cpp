#include "reports/attempts.hpp"
#include "reports/failures.hpp"
#include "reports/parts.hpp"
#include "reports/provenance.hpp"
#include "reports/reports.hpp"
#include "reports/table.hpp"
#include "reports/wording.hpp"
#include "sim/scenario/metrics.hpp"

#include <cctype>
#include <cmath>

namespace reports {
namespace {

using namespace sim::records;

template<class Kind>
Kind const* find(metric_set const& metrics, std::string const& name) {
  auto const found = metrics.find(name);
  return found == metrics.end() ? nullptr : std::get_if<Kind>(&found->second);
}

std::string upper(std::string_view text) {
  std::string out;
  for (char const c : text) out += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

std::string heading(result const& r) {
  std::string out = one_line(r.scenario) + ": " + upper(verdict_name(r.verdict)) + "\n";
  if (!r.description.empty()) out += "  " + one_line(r.description) + "\n";
  return out + "  " + r.engine + " engine, seed " + std::to_string(r.seed) + ", " + fixed(r.duration_s, 1) + " s, " +
         file_name(r.file) + (r.history_hash ? ", history " + hexadecimal(*r.history_hash) : std::string()) + "\n" +
         (r.replications ? "  " + std::to_string(r.replications->count) + " replications; ± across replications\n"
                         : "");
}

/// Half of an interval's width: "± 0.00021".
std::string plus_minus(std::optional<interval> const& bounds, int digits = -1) {
  if (!bounds) return "";
  double const half = (bounds->high - bounds->low) / 2;
  return "± " + (digits < 0 ? short_number(half) : fixed(half, digits));
}

/// A duration's figure, with its error if there are replications.
std::string with_interval(trend_metric const& m, std::string const& name, double value) {
  auto const bounds = m.confidence_intervals.find(name);
  return short_number(value) +
         (bounds == m.confidence_intervals.end() ? "" : " " + plus_minus(std::optional(bounds->second)));
}

void ratio_row(table& t, std::string const& name, ratio_metric const* ratio) {
  if (ratio == nullptr) return;
  t.row({name, ratio->denominator == 0 ? "-" : fixed(ratio->value, 5),
         std::to_string(ratio->numerator) + " / " + std::to_string(ratio->denominator),
         ratio->theory ? fixed(*ratio->theory, 5) : "-", difference(*ratio),
         ratio->standard_error ? fixed(*ratio->standard_error, 5) : "", plus_minus(ratio->confidence_interval, 5)});
}

/// The heading of the column of intervals: "± at 95 %".
std::string confidence(result const& r) {
  return r.replications ? "± at " + short_number(100 * r.replications->confidence) + " %" : "";
}

std::string redirect_ratios(result const& r) {
  table t;
  t.row({"Redirect ratio", "measured", "redirects / requests", "theory", "difference", "std error", confidence(r)});
  auto const* whole = find<ratio_metric>(r.metrics, "redirect_ratio");
  ratio_row(t, "  all", whole);
  for (part const& p : parts_of(r)) ratio_row(t, "  " + p.name, find<ratio_metric>(*p.metrics, "redirect_ratio"));
  std::string out = "\n" + t.text("");
  if (whole != nullptr && !whole->theory_note.empty()) {
    out += std::string("  ") + (whole->theory ? "theory: " : "") + one_line(whole->theory_note) + "\n";
  }
  return out;
}

std::string reasons(result const& r) {
  auto const* all = find<ratio_metric>(r.metrics, "redirect_ratio");
  if (all == nullptr || all->numerator == 0) return "";
  table t;
  for (std::string_view const reason : sim::scenario::redirect_reasons()) {
    auto const* part = find<ratio_metric>(r.metrics, "redirect_ratio{reason:" + std::string(reason) + "}");
    if (part == nullptr || part->numerator == 0) continue;
    double const share = 100 * static_cast<double>(part->numerator) / static_cast<double>(all->numerator);
    t.row({"  " + std::string(reason), std::to_string(part->numerator), fixed(share, 1) + " %"});
  }
  return "\nRedirects by reason\n" + t.text("");
}

std::string other_ratios(result const& r) {
  table t;
  t.row({"Ratios", "measured", "counts", confidence(r)});
  for (sim::scenario::metric_info const& info : sim::scenario::metrics()) {
    auto const* ratio = find<ratio_metric>(r.metrics, std::string(info.name));
    if (ratio == nullptr || info.name == "redirect_ratio") continue;
    t.row({"  " + std::string(info.name), ratio->denominator == 0 ? "-" : fixed(ratio->value, 5),
           std::to_string(ratio->numerator) + " / " + std::to_string(ratio->denominator),
           plus_minus(ratio->confidence_interval, 5)});
  }
  return "\n" + t.text("");
}

void trend_row(table& t, std::string const& name, trend_metric const* trend) {
  if (trend == nullptr || trend->count == 0) return;
  t.row({name, with_interval(*trend, "p50", trend->p50), with_interval(*trend, "p90", trend->p90),
         with_interval(*trend, "p99", trend->p99), short_number(trend->max), with_interval(*trend, "mean", trend->mean),
         std::to_string(trend->count)});
}

std::string durations(result const& r) {
  table t;
  t.row({"Milliseconds", "p50", "p90", "p99", "max", "mean", "count"});
  for (sim::scenario::metric_info const& info : sim::scenario::metrics()) {
    trend_row(t, "  " + std::string(info.name), find<trend_metric>(r.metrics, std::string(info.name)));
  }
  for (part const& p : parts_of(r)) {
    bool const is_the_whole = r.balancers.size() == 1 && p.metrics == &r.balancers.front().metrics;
    if (!is_the_whole) trend_row(t, "  latency_ms " + p.name, find<trend_metric>(*p.metrics, "latency_ms"));
  }
  return "\n" + t.text("");
}

std::string counters(result const& r) {
  table t;
  for (sim::scenario::metric_info const& info : sim::scenario::metrics()) {
    auto const* counter = find<counter_metric>(r.metrics, std::string(info.name));
    if (counter == nullptr) continue;
    t.row({"  " + std::string(info.name), short_number(counter->value), plus_minus(counter->confidence_interval)});
  }
  return (r.replications ? "\nCounts, on average\n" : "\nCounts\n") + t.text("");
}

std::string invariants(result const& r) {
  table t;
  std::string out = "\nInvariants\n";
  std::size_t longest = 0;
  for (invariant_result const& i : r.invariants) longest = std::max(longest, i.name.size());
  for (invariant_result const& i : r.invariants) {
    std::string_view const state = !i.passed ? "FAIL         " : i.exercised ? "pass         " : "NOT EXERCISED";
    out += "  " + std::string(state) + "  " + i.name + std::string(longest - i.name.size(), ' ') + "  checked " +
           std::to_string(i.checked) + ", violations " + std::to_string(i.violations);
    if (i.expected_violations > 0) out += ", expected ones " + std::to_string(i.expected_violations);
    std::string kinds;
    for (auto const& [kind, count] : i.by_kind) {
      kinds += (kinds.empty() ? "" : ", ") + kind + " " + std::to_string(count);
    }
    out += (kinds.empty() ? "" : " (" + kinds + ")") + "\n";
    if (!i.note.empty()) out += "                 " + one_line(i.note) + "\n";
    for (std::size_t e = 0; e < i.examples.size() && e < 3; ++e)
      out += "                 e.g. " + one_line(i.examples[e]) + "\n";
  }
  return out;
}

std::string thresholds(result const& r) {
  if (r.thresholds.empty()) return "";
  std::string out = "\nThresholds\n";
  for (threshold_result const& t : r.thresholds) {
    out += std::string("  ") + (t.passed ? "✓ " : "✗ ") + t.metric + " " + t.expression + "  (" +
           (t.value ? short_number(*t.value) : "no value") +
           (t.confidence_interval ? " " + plus_minus(t.confidence_interval) : "") +
           (t.note.empty() ? "" : "; " + one_line(t.note)) + ")\n";
  }
  return out;
}

std::string events(result const& r) {
  if (r.events.empty()) return "";
  std::string out = "\nEvents\n";
  for (event_result const& e : r.events) {
    out += "  " + fixed(e.at_s, 2) + " s  " + e.name;
    if (!e.detail.empty()) out += " (" + one_line(e.detail) + ")";
    if (!e.convergence_note.empty()) out += ", convergence cannot be told: " + e.convergence_note;
    if (e.convergence_s) out += ", converged after " + short_number(*e.convergence_s) + " s";
    if (e.convergence_requests) out += ", " + std::to_string(*e.convergence_requests) + " requests";
    if (e.peak_redirect_ratio) out += ", peak redirect ratio " + short_number(*e.peak_redirect_ratio);
    out += "\n";
    if (std::string const back = recovery_text(e); !back.empty()) out += "          " + back + "\n";
  }
  return out;
}

/// Why this run is not the first one.
std::string attempts(result const& r) {
  if (!r.attempts || r.attempts->invalid.empty()) return "";
  std::string out = "\nThis is " + attempt_text(r) + "; those before it were invalid\n";
  std::size_t number = 0;
  for (invalid_attempt const& one : r.attempts->invalid) {
    out += "  " + std::to_string(++number) + "  " + (one.reasons.empty() ? "" : one_line(one.reasons.front())) + "\n";
    for (std::size_t i = 1; i < one.reasons.size(); ++i) out += "     " + one_line(one.reasons[i]) + "\n";
  }
  return out;
}

std::string lines(std::string const& title, std::vector<std::string> const& items) {
  if (items.empty()) return "";
  std::string out = "\n" + title + "\n";
  for (std::string const& item : items) out += "  - " + one_line(item) + "\n";
  return out;
}

}

std::string what_ran(result const& r) {
  if (!r.provenance) return "";
  std::string out = "\nWhat ran\n";
  for (auto const& [name, value] : facts_of(*r.provenance)) {
    std::string const padding(name.size() < 10 ? 10 - name.size() : 0, ' ');
    out += "  " + name + padding + " " + value + "\n";
  }
  return out;
}

namespace {

std::string failure_text(result const& r) {
  std::string out = one_line(r.scenario) + ": COULD NOT RUN, exit code " + std::to_string(r.exit_code) + "\n";
  for (std::string const& reason : r.reasons) out += "  " + one_line(reason) + "\n";
  return out + what_ran(r);
}

}

std::string summary_text(result const& r) {
  if (came_to_nothing(r)) return printable(failure_text(r));
  return printable(heading(r) + attempts(r) + lines("Not as theory has it", r.differences) + redirect_ratios(r) +
                   reasons(r) + failures_text(r) + logs_text(r) + other_ratios(r) + durations(r) + counters(r) +
                   invariants(r) + thresholds(r) + events(r) + lines("Notes", r.notes) + what_ran(r) +
                   lines(r.verdict == verdict::passed ? "Remarks" : "Why it did not pass", r.reasons) +
                   lines("What to do next", r.next_steps) + "\n" + upper(verdict_name(r.verdict)) + ", exit code " +
                   std::to_string(r.exit_code) + "\n");
}

}
