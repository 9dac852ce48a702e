#pragma once

#include "sim/records/result.hpp"

#include <cstdint>
#include <optional>

namespace sim::judge {

/// How one figure differs between independent replications: each adds a ratio's two counts, or a plain number over 1.
/// Constant memory. What is added in the same order gives the same to the last bit.
class sampled_figure {
public:
  void add(double numerator, double denominator = 1);

  /// Replications added.
  std::uint64_t count() const { return count_; }
  /// Sum of numerators ÷ sum of denominators: the mean of plain numbers. 0 when empty.
  double value() const { return denominator_sum_ != 0 ? numerator_sum_ / denominator_sum_ : 0; }

  /// Standard error of a combined value: the replications' deviations from it (sectioning: Asmussen and Glynn,
  /// Stochastic Simulation, III.5a; of ratios: Cochran, Sampling Techniques, 3rd ed., 6.4). `around` is the value of
  /// all replications together, which of a quantile is not the mean of theirs. Nullopt for fewer than two.
  std::optional<double> standard_error(double around) const;

  /// Where the true value lies with `confidence`, by Student's t with count - 1 degrees of freedom.
  std::optional<records::interval> around(double value, double confidence) const;

  /// The bound that the true value lies below (`upper`) or above with the given one-sided confidence.
  std::optional<double> one_sided_bound(double value, double confidence, bool upper) const;

private:
  std::uint64_t count_ = 0;
  double numerator_sum_ = 0, denominator_sum_ = 0; // of whole numbers exact
  // Means, and sums of products of deviations from them (B. P. Welford 1962).
  double numerator_ = 0, denominator_ = 0;
  double numerator_squares_ = 0, denominator_squares_ = 0, products_ = 0;
};

/// The value that Student's t with `degrees` >= 1 does not exceed with probability p, 0 < p < 1.
double students_t_quantile(std::uint64_t degrees, double p);

}
