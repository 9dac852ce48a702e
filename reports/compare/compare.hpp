#pragma once

#include "sim/records/result.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

/// Two results side by side: what changed, whether chance explains it, and whether it is too much.
namespace reports::compare {

/// How much worse is too much, as a share of the base's value: 0.05 is 5 %.
struct tolerances {
  double usual = 0.05;                 // of ratios and percentiles
  std::map<std::string, double> named; // "redirect_ratio", "latency_ms" (all its percentiles), "latency_ms.p99"
};

struct settings {
  tolerances tolerance;
  double confidence = 0.95; // of the whole comparison, 0.5 < c < 1
  std::string phase;        // compare this phase only; empty: the whole run
  bool force = false;       // compare even what should not be compared
};

enum class judgement {
  not_judged, // no direction, or a count or value that no tolerance names
  same,       // chance explains the difference
  better,     // significant
  tolerated,  // worse, significant, within the tolerance
  regression  // worse, significant, beyond the tolerance
};

/// One number of both results.
struct row {
  std::string name; // "redirect_ratio", "latency_ms.p99", "convergence_s{event:joins}"
  std::optional<double> base, now;
  double tolerance = 0;
  std::optional<sim::records::interval> difference_within; // now - base at the row's confidence; none: no error known
  judgement judged = judgement::not_judged;

  /// Whether `difference_within` excludes 0; none when there is none.
  std::optional<bool> significant() const;
};

struct comparison {
  std::vector<row> rows; // in the order of the catalogue
  std::vector<std::string> only_in_base, only_in_new, broken_invariants, remarks;
  std::vector<std::string> inputs; // what differs in what ran: "topology.proxies.count: 4 → 8"
  double row_confidence = 0;       // the confidence of each judged row

  bool regressed() const;
};

/// Compares. An invariant that held in `base` and is broken in `now` is a regression whatever the tolerances.
///
/// Each figure has an interval: ratios value ± z · measured error, clustered by token (theory's error where none was
/// measured; where all clusters agree, Wilson's bound for a share of clusters); percentiles the summary's interval, its
/// arms scaled to the confidence; counts Garwood's for a Poisson number. The two are combined into an interval of the
/// difference (MOVER: Zou and Donner, Statistics in Medicine 27, 2008). `confidence` holds for all judged rows together
/// (Bonferroni), so that two runs of the same thing raise a false alarm in no more than 1 - confidence of the cases.
///
/// Ratios and percentiles are judged. Counts depend on each other, and values come from one run: they are judged when a
/// tolerance names them, and those without any error by the tolerance alone.
///
/// Throws `config::bad_input`: a tolerance for a metric that neither result has, or that has no direction; different
/// scenarios or engines, runs that are invalid or were interrupted, without `force`; a phase that is not in both.
comparison compare(sim::records::result const& base, sim::records::result const& now, settings const& s);

/// What differs in what ran: scenario, engine, seed, each value of the resolved scenario by its path, version, machine.
/// "WHAT: BASE → NEW", one a line. Times, load of the machine and the words of the command do not count.
std::vector<std::string> input_differences(sim::records::result const& base, sim::records::result const& now);

/// For a pull request. `base` and `now` head the columns.
std::string markdown(comparison const& c, sim::records::result const& base, sim::records::result const& now,
                     settings const& s);

/// One of the two: its result, and the text of its timeseries.csv, if there is one.
struct side {
  sim::records::result result;
  std::string timeseries;
};

/// For tools, and for report.html: the comparison with both results, so that it says all by itself. Schema version 1.
std::string compare_json(comparison const& c, side const& base, side const& now, settings const& s);

/// "redirect_ratio=5%" or "5%" (for all). Throws `config::bad_input`: not of that shape, or no such metric.
void read_tolerance(std::string const& text, tolerances& out);

/// "95%". Throws `config::bad_input`.
double read_confidence(std::string const& text);

}
