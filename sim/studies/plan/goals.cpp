#include "sim/studies/plan/goals.hpp"

#include "sim/scenario/threshold.hpp"

#include <boost/math/distributions/students_t.hpp>

#include <algorithm>
#include <cmath>

namespace sim::plan {
namespace {

using scenario::comparison;

bool exact(comparison c) { return c == comparison::equal || c == comparison::not_equal; }
bool from_below(comparison c) { return c == comparison::less || c == comparison::less_equal; }

/// How many standard errors of a mean of `count` values the bound is away, at one of the looks that `r` allows.
double width(std::size_t count, rule const& r) {
  double const looks = std::max(1.0, static_cast<double>(r.replications) - 1);
  boost::math::students_t const law(static_cast<double>(count - 1));
  return boost::math::quantile(boost::math::complement(law, (1 - r.confidence) / looks));
}

void add_bounds(estimate& e, std::vector<std::optional<double>> const& values, rule const& r) {
  double sum = 0, squares = 0;
  for (auto const& v : values) sum += *v;
  e.mean = sum / static_cast<double>(values.size());
  e.low = e.high = *e.mean;
  if (values.size() < 2) return;
  for (auto const& v : values) squares += (*v - *e.mean) * (*v - *e.mean);
  auto const n = static_cast<double>(values.size());
  double const half = width(values.size(), r) * std::sqrt(squares / (n - 1) / n);
  e.low -= half;
  e.high += half;
}

}

estimate estimate_of(goal const& g, std::vector<std::optional<double>> const& values, rule const& r) {
  estimate e;
  e.count = values.size();
  if (values.empty()) return e;
  if (std::any_of(values.begin(), values.end(), [](auto const& v) { return !v.has_value(); })) {
    e.how = standing::missed;
    return e;
  }
  add_bounds(e, values, r);
  if (exact(g.compare)) {
    bool const all = std::all_of(values.begin(), values.end(),
                                 [&](auto const& v) { return scenario::holds(g.compare, *v, g.bound); });
    if (!all) e.how = standing::missed;
    if (all && values.size() >= std::min<std::size_t>(2, r.replications)) e.how = standing::met;
    return e;
  }
  if (values.size() < 2 && r.replications > 1) return e;
  bool const below = from_below(g.compare);
  if (scenario::holds(g.compare, below ? e.high : e.low, g.bound)) {
    e.how = standing::met;
  } else if (!scenario::holds(g.compare, below ? e.low : e.high, g.bound)) {
    e.how = standing::missed;
  }
  return e;
}

double shortfall(goal const& g, double value) {
  double const scale = std::abs(g.bound) > 0 ? std::abs(g.bound) : 1;
  switch (g.compare) {
  case comparison::less:
  case comparison::less_equal:
    return (value - g.bound) / scale;
  case comparison::greater:
  case comparison::greater_equal:
    return (g.bound - value) / scale;
  case comparison::equal:
    return std::abs(value - g.bound) / scale;
  case comparison::not_equal:
    return scenario::holds(g.compare, value, g.bound) ? -1 : 0;
  }
  return 0;
}

}
