// Service times as laws: moments and distribution functions.
#include "sim/theory/queues.hpp"

#include <cmath>
#include <limits>
#include <numbers>

namespace sim::theory {
namespace {

using scenario::constant_time;
using scenario::exponential_time;
using scenario::lognormal_time;
using scenario::service_time;

constexpr double unknown = std::numeric_limits<double>::quiet_NaN(); // a law without a closed form here

double seconds(scenario::nanoseconds t) { return static_cast<double>(t.count()) * 1e-9; }

double normal(double x) { return 0.5 * std::erfc(-x / std::numbers::sqrt2); }

double mean_of(service_time const& time) {
  if (auto const* constant = std::get_if<constant_time>(&time)) return seconds(constant->value);
  if (auto const* exponential = std::get_if<exponential_time>(&time)) return seconds(exponential->mean);
  if (auto const* lognormal = std::get_if<lognormal_time>(&time)) return seconds(lognormal->mean);
  return unknown;
}

/// E[S²] ÷ E[S]².
double second_moment_factor(service_time const& time) {
  if (std::holds_alternative<constant_time>(time)) return 1;
  if (std::holds_alternative<exponential_time>(time)) return 2;
  if (auto const* lognormal = std::get_if<lognormal_time>(&time)) return std::exp(lognormal->sigma * lognormal->sigma);
  return unknown;
}

/// (ln t - mu) / sigma, with mu such that the mean is the law's.
double standardised(lognormal_time const& law, double t_s) {
  return (std::log(t_s / seconds(law.mean)) + law.sigma * law.sigma / 2) / law.sigma;
}

double within(service_time const& time, double t_s) {
  double const mean = mean_of(time);
  if (t_s < 0) return 0;
  if (std::holds_alternative<exponential_time>(time)) return mean > 0 ? -std::expm1(-t_s / mean) : 1;
  auto const* lognormal = std::get_if<lognormal_time>(&time);
  if (lognormal && lognormal->sigma > 0 && mean > 0) return t_s > 0 ? normal(standardised(*lognormal, t_s)) : 0;
  if (lognormal || std::holds_alternative<constant_time>(time)) return t_s >= mean;
  return unknown;
}

/// The integral of P(S > u) from 0 to t.
double integrated_tail(service_time const& time, double t_s) {
  double const mean = mean_of(time);
  if (t_s <= 0 || mean <= 0) return 0;
  if (std::holds_alternative<exponential_time>(time)) return -mean * std::expm1(-t_s / mean);
  auto const* lognormal = std::get_if<lognormal_time>(&time);
  if (lognormal && lognormal->sigma > 0) {
    double const z = standardised(*lognormal, t_s);
    return mean * normal(z - lognormal->sigma) + t_s * normal(-z); // the partial expectation, and t P(S > t)
  }
  if (lognormal || std::holds_alternative<constant_time>(time)) return std::min(t_s, mean);
  return unknown;
}

}

double mean_s(workload const& w) {
  double sum = 0;
  for (work_kind const& k : w) sum += k.share * mean_of(k.time);
  return sum;
}

double squared_variation(workload const& w) {
  double second = 0;
  for (work_kind const& k : w) second += k.share * second_moment_factor(k.time) * mean_of(k.time) * mean_of(k.time);
  double const mean = mean_s(w);
  return mean > 0 ? second / (mean * mean) - 1 : 0;
}

double served_within(workload const& w, double t_s) {
  double sum = 0;
  for (work_kind const& k : w) sum += k.share * within(k.time, t_s);
  return sum;
}

double residual_within(workload const& w, double t_s) {
  double sum = 0;
  for (work_kind const& k : w) sum += k.share * integrated_tail(k.time, t_s);
  double const mean = mean_s(w);
  return mean > 0 ? sum / mean : 1;
}

double service_quantile_s(service_time const& what, double q) {
  double low = 0, high = mean_of(what);
  if (!(high > 0)) return high;
  workload const alone{{1, what}};
  if (std::holds_alternative<constant_time>(what)) return high;
  while (served_within(alone, high) < q) low = high, high *= 2;
  while (high - low > 1e-12 * high) {
    double const middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) break;
    (served_within(alone, middle) < q ? low : high) = middle;
  }
  return high;
}

}
