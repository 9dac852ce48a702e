#include "sim/judge/trend.hpp"

#include <boost/math/distributions/students_t.hpp>

#include <algorithm>
#include <array>
#include <cmath>

namespace sim::judge {

using records::histogram;
using records::trend_metric;

namespace {

constexpr double two_sided_95 = 0.975, normal_95 = 1.959963984540054;
constexpr int steps_a_decade = 10;

struct named_quantile {
  double q;
  double trend_metric::*value;
  records::interval trend_metric::*within;
};

constexpr std::array<named_quantile, 5> named = {
    named_quantile{0.5, &trend_metric::p50, &trend_metric::p50_within},
    named_quantile{0.9, &trend_metric::p90, &trend_metric::p90_within},
    named_quantile{0.95, &trend_metric::p95, &trend_metric::p95_within},
    named_quantile{0.99, &trend_metric::p99, &trend_metric::p99_within},
    named_quantile{0.999, &trend_metric::p999, &trend_metric::p999_within}};

double ms(std::uint64_t ns) { return static_cast<double>(ns) / 1e6; }

/// p = 1 - 10^(-k/10): 0, 20.6, …, 90, …, 99 %, until less than one duration lies beyond.
std::vector<records::percentile> percentiles_of(histogram const& h) {
  std::vector<records::percentile> all;
  for (int k = 0;; ++k) {
    double const beyond = std::pow(10.0, -static_cast<double>(k) / steps_a_decade);
    if (static_cast<double>(h.count()) * beyond < 1) return all;
    double const percent = std::round(100 * (1 - beyond) * 1e6) / 1e6;
    all.push_back({percent, ms(h.quantile_ns(1 - beyond))});
  }
}

/// The share of durations up to the quantile `q` has this standard error.
void bound(trend_metric& t, histogram const& h, named_quantile const& n, double standard_error, double deviations) {
  double const low = n.q - deviations * standard_error, high = n.q + deviations * standard_error;
  if (low <= 0 || high >= 1 || h.count() == 0) {
    t.*n.within = {}; // beyond what was seen
    return;
  }
  t.*n.within = {ms(h.quantile_bounds_ns(low).low_ns), ms(h.quantile_bounds_ns(high).high_ns)};
}

double independent_error(double q, std::uint64_t count) {
  return count == 0 ? 0 : std::sqrt(q * (1 - q) / static_cast<double>(count));
}

double batch_error(std::span<std::int64_t const> in_order, std::uint64_t quantile_ns) {
  std::size_t const size = in_order.size() / batch_count; // what is left over joins no batch
  std::array<double, batch_count> share{};
  double mean = 0;
  for (std::size_t b = 0; b != batch_count; ++b) {
    auto const batch = in_order.subspan(b * size, size);
    auto const up_to = std::count_if(batch.begin(), batch.end(), [&](std::int64_t ns) {
      return static_cast<std::uint64_t>(std::max<std::int64_t>(ns, 0)) <= quantile_ns;
    });
    share[b] = static_cast<double>(up_to) / static_cast<double>(size);
    mean += share[b] / batch_count;
  }
  double squares = 0;
  for (double const s : share) squares += (s - mean) * (s - mean);
  return std::sqrt(squares / (batch_count - 1) / batch_count);
}

}

trend_metric trend_of(histogram const& h) {
  trend_metric t;
  t.count = h.count();
  t.min = ms(h.min_ns());
  t.max = ms(h.max_ns());
  t.mean = h.mean_ns() / 1e6;
  t.percentiles = percentiles_of(h);
  for (named_quantile const& n : named) {
    t.*n.value = ms(h.quantile_ns(n.q));
    bound(t, h, n, independent_error(n.q, h.count()), normal_95);
  }
  return t;
}

trend_metric trend_of_run(histogram const& h, std::span<std::int64_t const> in_order) {
  trend_metric t = trend_of(h);
  if (in_order.size() < least_for_batches) return t;
  static double const student = boost::math::quantile(boost::math::students_t(batch_count - 1), two_sided_95);
  for (named_quantile const& n : named) {
    double const error = std::max(independent_error(n.q, h.count()), batch_error(in_order, h.quantile_ns(n.q)));
    bound(t, h, n, error, student);
  }
  return t;
}

}
