// Distributions of service times: moments and distribution functions.
#include "sim/theory/queues.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace sim::theory {
namespace {

using namespace scenario;

double seconds(nanoseconds t) { return static_cast<double>(t.count()) * 1e-9; }

double normal(double x) { return 0.5 * std::erfc(-x / std::numbers::sqrt2); }

/// One distribution: its mean, E[S²] ÷ E[S]², P(S <= t), and E[min(S, t)], the integral of P(S > u) from 0 to t. t > 0.
struct constant_law {
  double value;

  double mean() const { return value; }
  double second_moment_factor() const { return 1; }
  double within(double t) const { return t >= value; }
  double shorter_of(double t) const { return std::min(t, value); }
};

struct exponential_law {
  double m;

  double mean() const { return m; }
  double second_moment_factor() const { return 2; }
  double within(double t) const { return -std::expm1(-t / m); }
  double shorter_of(double t) const { return -m * std::expm1(-t / m); }
};

struct lognormal_law {
  double m, sigma;

  double mean() const { return m; }
  double second_moment_factor() const { return std::exp(sigma * sigma); }
  double within(double t) const { return normal(standardised(t)); }
  /// The partial expectation of shorter times, plus t P(S > t).
  double shorter_of(double t) const { return m * normal(standardised(t) - sigma) + t * normal(-standardised(t)); }

private:
  double standardised(double t) const { return (std::log(t / m) + sigma * sigma / 2) / sigma; }
};

struct pareto_law {
  double m, alpha;

  double mean() const { return m; }
  double second_moment_factor() const {
    if (alpha <= 2) return std::numeric_limits<double>::infinity();
    return alpha / (alpha - 2) * lowest() * lowest() / (m * m);
  }
  double within(double t) const { return t > lowest() ? 1 - std::pow(lowest() / t, alpha) : 0; }
  double shorter_of(double t) const {
    if (t <= lowest()) return t;
    return lowest() + lowest() / (alpha - 1) * (1 - std::pow(lowest() / t, alpha - 1));
  }

private:
  double lowest() const { return m * (alpha - 1) / alpha; }
};

/// Linear between the measured times, all equally likely.
struct empirical_law {
  std::vector<nanoseconds> const& sorted;

  double mean() const {
    return sum([](double low, double high) { return (low + high) / 2; });
  }
  double second_moment_factor() const {
    return sum([](double low, double high) { return (low * low + low * high + high * high) / 3; }) / (mean() * mean());
  }
  double within(double t) const {
    return sum([t](double low, double high) { return high > low ? part_below(low, high, t) : t >= low; });
  }
  double shorter_of(double t) const {
    return sum([t](double low, double high) {
      double const part = part_below(low, high, t);
      return part * (low + std::min(t, high)) / 2 + (1 - part) * t;
    });
  }

private:
  static double part_below(double low, double high, double t) {
    if (t >= high) return 1;
    return t > low ? (t - low) / (high - low) : 0;
  }
  template<class Value>
  double sum(Value value) const {
    double total = 0;
    for (std::size_t i = 1; i < sorted.size(); ++i) total += value(seconds(sorted[i - 1]), seconds(sorted[i]));
    return total / static_cast<double>(sorted.size() - 1);
  }
};

/// Calls `what` with the distribution of `time`. Those without spread are constant.
template<class What>
double with_law(service_time const& time, What what) {
  if (auto const* t = std::get_if<exponential_time>(&time); t && t->mean.count() > 0)
    return what(exponential_law{seconds(t->mean)});
  if (auto const* t = std::get_if<lognormal_time>(&time)) {
    if (t->mean.count() > 0 && t->sigma > 0) return what(lognormal_law{seconds(t->mean), t->sigma});
    return what(constant_law{seconds(t->mean)});
  }
  if (auto const* t = std::get_if<pareto_time>(&time); t && t->mean.count() > 0)
    return what(pareto_law{seconds(t->mean), t->alpha});
  if (auto const* t = std::get_if<empirical_time>(&time)) return what(empirical_law{t->sorted});
  auto const* constant = std::get_if<constant_time>(&time);
  return what(constant_law{constant ? seconds(constant->value) : 0});
}

double mean_of(service_time const& time) {
  return with_law(time, [](auto const& law) { return law.mean(); });
}

double second_moment_factor(service_time const& time) {
  return with_law(time, [](auto const& law) { return law.second_moment_factor(); });
}

double within(service_time const& time, double t_s) {
  if (t_s < 0) return 0;
  if (t_s == 0) return mean_of(time) == 0;
  return with_law(time, [t_s](auto const& law) { return static_cast<double>(law.within(t_s)); });
}

double integrated_tail(service_time const& time, double t_s) {
  if (t_s <= 0) return 0;
  return with_law(time, [t_s](auto const& law) { return law.shorter_of(t_s); });
}

}

double mean_s(workload const& w) {
  double sum = 0;
  for (work_kind const& k : w) sum += k.share * mean_of(k.time);
  return sum;
}

double squared_variation(workload const& w) {
  double second = 0;
  for (work_kind const& k : w)
    if (double const mean = mean_of(k.time); mean > 0) second += k.share * second_moment_factor(k.time) * mean * mean;
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
