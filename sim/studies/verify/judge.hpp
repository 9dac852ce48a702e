#pragma once

#include "sim/records/result.hpp"
#include "sim/studies/verify/agreement.hpp"
#include "sim/theory/prediction.hpp"

#include <optional>
#include <string>
#include <vector>

/// The statistics of verify.
namespace sim::verify {

/// One metric over the runs of one engine.
struct sample {
  std::vector<double> values; // one per run
  /// Theory's expectation conditioned on each run, and its error, if the run's result has them.
  std::vector<double> expected, expected_errors;

  bool empty() const { return values.empty(); }
  double mean() const;
  /// Standard deviation of one run's value; empty for fewer than two runs.
  std::optional<double> deviation() const;
};

/// The value of "redirect_ratio", "redirect_ratio{phase:steady}", "sessions_created" or "latency_ms.p99" in the results
/// that have it: ratios without a denominator and distributions without values are left out.
sample sample_of(std::vector<records::result> const& results, std::string const& metric);

/// How certain one run's value is.
struct run_error {
  double deviation = 0;
  /// Degrees of freedom of Student's t if the deviation is estimated from runs; empty if it is theory's, and so known.
  std::optional<double> degrees = std::nullopt;
};

/// How many standard errors make a difference that is not chance: 3, or if the error is estimated, the equivalent by
/// Student's t (the same 0.27 %): 235.8 for one degree of freedom, 4.1 for nine.
double multiple_of(run_error const& e);

/// Theory's if it has one, else that of the first of `samples` with two runs or more.
std::optional<run_error> error_of_run(theory::prediction const* theory, std::vector<sample const*> const& samples);

statement state(sample const& s, std::optional<run_error> const& error);

/// The rules of all comparisons. A difference counts if it is more than `multiple_of` standard errors. Against theory
/// it must also be more than 0.1 % of theory's value (which forgives up to 4 standard errors only), and more than the
/// error of the formula itself. A comparison is undecided, rather than agreement, if no error is known; if the
/// difference is more than 3 standard errors, but these are estimated from so few runs that t allows it; or if so few
/// runs would not have seen a difference as large as the figure.
///
/// `runs` values with mean `value` against theory's number. `relative_error`: of the formula itself.
comparison against_theory(sample const& s, double theory, double relative_error, std::optional<run_error> const& error);

/// Against theory's expectation conditioned on each run; needs `expected`.
comparison against_conditioned_theory(sample const& s);

/// Live runs against simulated ones. `known`: theory's error of a run, if it has one; otherwise each side's spread is
/// used (Welch's t), or for both that of the side that has two runs.
comparison against_simulation(sample const& live, sample const& simulated, std::optional<run_error> const& known);

}
