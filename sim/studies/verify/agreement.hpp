#pragma once

#include <optional>
#include <string>
#include <vector>

/// What theory, simulated time and real processes say about the same scenarios, side by side. Plain data.
namespace sim::verify {

/// What one source says about a metric.
struct statement {
  double value = 0;                     // mean over its runs
  std::optional<double> standard_error; // of that mean
  unsigned runs = 0;                    // 0: theory
};

enum class judgement {
  agrees,
  differs,
  undecided // too few runs to tell
};

/// Whether a statement agrees with the one that it is compared with.
struct comparison {
  std::string against;                   // "theory", "virtual"
  double difference = 0;                 // this - that
  std::optional<double> standard_errors; // the same in standard errors of the difference
  double allowed = 0;                    // the largest that is allowed, in the metric's unit
  judgement verdict = judgement::undecided;
  /// The power of the comparison: a true difference of this size would have been found with a probability of 95 %, at
  /// the level of `allowed` (a chance of 0.27 % of finding one where there is none). In the metric's unit; empty when
  /// not known.
  std::optional<double> smallest_seen;
  std::optional<double> smallest_seen_share; // as a share of the value that it is compared with; empty if that is 0
  std::string note;                          // why it is undecided, and what would decide

  bool agrees() const { return verdict == judgement::agrees; }
};

struct metric_row {
  std::string metric;
  std::optional<statement> theory, simulated, gateway, nginx;
  std::string theory_note; // which form, or why theory says nothing
  std::optional<comparison> simulated_agrees, gateway_agrees, nginx_agrees;
};

struct scenario_agreement {
  std::string scenario;
  std::vector<metric_row> rows;
  std::vector<std::string> notes;    // what was not run, and why
  std::vector<std::string> failures; // what else, besides differences, prevents agreement; one line each
  bool agrees = false;               // something was compared, all of it agrees, and nothing failed
};

}
