#include "sim/measure/errors.hpp"

#include <boost/math/special_functions/erf.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace sim::measure {
namespace {

double normal_quantile(double p) { return std::numbers::sqrt2 * boost::math::erf_inv(2 * p - 1); }

}

estimate clustered(std::span<observation> observations) {
  std::sort(observations.begin(), observations.end(),
            [](observation const& a, observation const& b) { return a.cluster < b.cluster; });
  double numerator = 0, denominator = 0;
  for (observation const& o : observations) numerator += o.numerator, denominator += o.denominator;
  estimate e;
  if (denominator == 0) return e;
  e.value = numerator / denominator;
  e.denominator = static_cast<std::uint64_t>(denominator);
  double squares = 0;
  for (std::size_t i = 0; i != observations.size();) {
    double y = 0, n = 0;
    std::uint64_t const cluster = observations[i].cluster;
    for (; i != observations.size() && observations[i].cluster == cluster; ++i)
      y += observations[i].numerator, n += observations[i].denominator;
    squares += (y - e.value * n) * (y - e.value * n);
    ++e.clusters;
  }
  auto const count = static_cast<double>(e.clusters);
  e.standard_error =
      e.clusters > 1 ? std::sqrt(squares * count / (count - 1)) / denominator : std::numeric_limits<double>::infinity();
  return e;
}

double one_sided_bound(estimate const& e, double confidence, bool upper) {
  double const z = normal_quantile(confidence);
  if (e.value == 0 && e.standard_error == 0) {
    double const n = static_cast<double>(e.clusters);
    return upper ? z * z / (n + z * z) : 0;
  }
  return upper ? e.value + z * e.standard_error : e.value - z * e.standard_error;
}

std::uint64_t more_to_decide(estimate const& e, double confidence, double limit) {
  double const z = normal_quantile(confidence);
  double const n = static_cast<double>(e.denominator);
  double const distance = std::abs(limit - e.value);
  double factor = 0; // by how much the sample must grow
  if (e.value == 0 && e.standard_error == 0)
    factor = e.clusters && limit > 0 ? z * z * (1 / limit - 1) / static_cast<double>(e.clusters) : 0;
  else if (distance > 0 && std::isfinite(e.standard_error))
    factor = std::pow(z * e.standard_error / distance, 2);
  else
    return std::numeric_limits<std::uint64_t>::max();
  double const more = std::ceil(n * (factor - 1));
  if (more >= 1e18) return std::numeric_limits<std::uint64_t>::max();
  return more < 1 ? 1 : static_cast<std::uint64_t>(more);
}

}
