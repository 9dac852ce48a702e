#pragma once

#include "sim/measure/result.hpp"
#include "sim/theory/prediction.hpp"
#include "sim/verify/agreement.hpp"

#include <optional>
#include <string>
#include <vector>

/// The statistics of verify.
namespace sim::verify {

/// One metric over the runs of one engine.
struct sample {
  std::vector<double> values; // a run each
  /// Theory's expectation conditioned on each run, and its error, where the run's result has them.
  std::vector<double> expected, expected_errors;

  bool empty() const { return values.empty(); }
  double mean() const;
  /// Standard deviation of one run's value; empty for fewer than two runs.
  std::optional<double> deviation() const;
};

/// The value of "redirect_ratio", "redirect_ratio{phase:steady}", "sessions_created" or "latency_ms.p99" in the results
/// that have it: ratios without a denominator and distributions without values are left out.
sample sample_of(std::vector<measure::result> const& results, std::string const& metric);

/// How sure one run's value is, and how many of its standard errors make a difference that is not chance: 3, or what
/// Student's t puts in their place (the same 0.27 %) where the deviation is estimated from few runs.
struct run_error {
  double deviation = 0;
  double multiple = 3;
};

/// Theory's, when it has one, else that of the first of `samples` with two runs or more.
std::optional<run_error> error_of_run(theory::prediction const* theory, std::vector<sample const*> const& samples);

statement state(sample const& s, std::optional<run_error> const& error);

/// `runs` values with mean `value` against theory's number. `relative_error`: of the formula itself.
comparison against_theory(sample const& s, double theory, double relative_error, std::optional<run_error> const& error);

/// Against theory's expectation conditioned on each run; needs `expected`.
comparison against_conditioned_theory(sample const& s);

/// Live runs against simulated ones.
comparison against_simulation(sample const& live, sample const& simulated, std::optional<run_error> const& error);

}
