#include "sim/judge/sampled_figure.hpp"

#include "base/contract/expects.hpp"

#include <boost/math/distributions/students_t.hpp>

#include <algorithm>
#include <cmath>

namespace sim::judge {

double students_t_quantile(std::uint64_t degrees, double p) {
  CREST_EXPECTS(degrees >= 1 && p > 0 && p < 1);
  return boost::math::quantile(boost::math::students_t(static_cast<double>(degrees)), p);
}

void sampled_figure::add(double numerator, double denominator) {
  ++count_;
  numerator_sum_ += numerator;
  denominator_sum_ += denominator;
  auto const n = static_cast<double>(count_);
  double const above = numerator - numerator_, below = denominator - denominator_;
  numerator_ += above / n;
  denominator_ += below / n;
  numerator_squares_ += above * (numerator - numerator_);
  denominator_squares_ += below * (denominator - denominator_);
  products_ += above * (denominator - denominator_);
}

std::optional<double> sampled_figure::standard_error(double around) const {
  if (count_ < 2 || denominator_ == 0) return std::nullopt;
  auto const n = static_cast<double>(count_);
  double const off = numerator_ - around * denominator_; // the mean deviation: 0 unless the value is a quantile
  double const squares =
      numerator_squares_ - 2 * around * products_ + around * around * denominator_squares_ + n * off * off;
  return std::sqrt(std::max(0.0, squares) / (n * (n - 1))) / std::abs(denominator_);
}

std::optional<records::interval> sampled_figure::around(double value, double confidence) const {
  auto const error = standard_error(value);
  if (!error) return std::nullopt;
  double const half = *error * students_t_quantile(count_ - 1, (1 + confidence) / 2);
  return records::interval{value - half, value + half};
}

std::optional<double> sampled_figure::one_sided_bound(double value, double confidence, bool upper) const {
  auto const error = standard_error(value);
  if (!error) return std::nullopt;
  double const away = *error * students_t_quantile(count_ - 1, confidence);
  return upper ? value + away : value - away;
}

}
