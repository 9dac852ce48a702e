#include "sim/judge/errors.hpp"

#include "base/contract/expects.hpp"

#include <boost/math/special_functions/erf.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace sim::judge {
namespace {

double normal_quantile(double p) { return std::numbers::sqrt2 * boost::math::erf_inv(2 * p - 1); }

}

void cluster_sums::add(double numerator, double denominator) {
  if (denominator == 0) return;
  y += numerator, n += denominator;
  yy += numerator * numerator, yn += numerator * denominator, nn += denominator * denominator;
  ++clusters;
}

estimate cluster_sums::result() const {
  estimate e;
  if (n == 0) return e;
  e.value = y / n;
  e.denominator = static_cast<std::uint64_t>(n);
  e.clusters = clusters;
  auto const count = static_cast<double>(clusters);
  // Σ(y - ratio·n)². With whole numbers below 2^53 the sums are exact; what rounding of the ratio leaves is noise.
  double const squares = yy - 2 * e.value * yn + e.value * e.value * nn;
  double const noise = 1e-12 * (yy + e.value * e.value * nn);
  e.standard_error = clusters < 2       ? std::numeric_limits<double>::infinity()
                     : squares <= noise ? 0
                                        : std::sqrt(squares * count / (count - 1)) / n;
  return e;
}

estimate clustered(std::span<observation> observations) {
  std::sort(observations.begin(), observations.end(),
            [](observation const& a, observation const& b) { return a.cluster < b.cluster; });
  cluster_sums sums;
  for (std::size_t i = 0; i != observations.size();) {
    double y = 0, n = 0;
    std::uint64_t const cluster = observations[i].cluster;
    for (; i != observations.size() && observations[i].cluster == cluster; ++i)
      y += observations[i].numerator, n += observations[i].denominator;
    sums.add(y, n);
  }
  return sums.result();
}

double one_sided_bound(estimate const& e, double confidence, bool upper) {
  CREST_EXPECTS(confidence > 0.5 && confidence < 1);
  double const z = normal_quantile(confidence);
  if (e.value == 0 && e.standard_error == 0) {
    double const n = static_cast<double>(e.clusters);
    return upper ? z * z / (n + z * z) : 0;
  }
  return upper ? e.value + z * e.standard_error : e.value - z * e.standard_error;
}

std::uint64_t more_to_decide(estimate const& e, double confidence, double limit) {
  CREST_EXPECTS(confidence > 0.5 && confidence < 1);
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
