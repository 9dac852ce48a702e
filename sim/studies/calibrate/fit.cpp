#include "sim/studies/calibrate/fit.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace sim::calibrate {

double quantile(std::vector<double> values, double q) {
  if (values.empty()) return 0;
  auto const last = static_cast<double>(values.size() - 1);
  auto const at = values.begin() + static_cast<std::ptrdiff_t>(std::llround(std::clamp(q, 0.0, 1.0) * last));
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

double interquartile_mean(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  auto const quarter = static_cast<std::ptrdiff_t>(values.size() / 4);
  return std::accumulate(values.begin() + quarter, values.end() - quarter, 0.0) /
         static_cast<double>(values.end() - values.begin() - 2 * quarter);
}

fitted_law fit(std::vector<double> const& ns) {
  constexpr double to_ms = 1e-6, least_spread = 0.01;
  fitted_law law;
  law.count = ns.size();
  if (ns.empty()) return law;
  double const middle = quantile(ns, 0.5), low = quantile(ns, 0.1587), high = quantile(ns, 0.8413);
  law.p50_ms = middle * to_ms;
  law.p99_ms = quantile(ns, 0.99) * to_ms;
  law.interquartile_mean_ms = interquartile_mean(ns) * to_ms;
  law.mean_of_all_ms = std::accumulate(ns.begin(), ns.end(), 0.0) / static_cast<double>(ns.size()) * to_ms;
  double const sigma = low > 0 ? std::log(high / low) / 2 : 0;
  law.sigma = sigma < least_spread ? 0 : sigma;
  law.mean_ms = law.p50_ms * std::exp(law.sigma * law.sigma / 2);
  return law;
}

}
