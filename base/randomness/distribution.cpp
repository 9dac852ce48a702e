#include "base/randomness/distribution.hpp"

#include "base/randomness/elementary.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace randomness {
namespace {

double ns(std::chrono::nanoseconds time) { return static_cast<double>(time.count()); }

/// Caps a heavy-tailed time at what clocks can hold: 100 days.
std::int64_t bounded(double time_ns) { return static_cast<std::int64_t>(std::min(time_ns, 8.64e15)); }

}

time_sampler::time_sampler(time_distribution const& what) {
  if (auto const* constant = std::get_if<constant_time>(&what)) {
    constant_ = constant->value.count();
    mean_ = ns(constant->value);
  } else if (auto const* exponential = std::get_if<exponential_time>(&what)) {
    kind_ = shape::exponential;
    mean_ = scale_ = ns(exponential->mean);
  } else if (auto const* lognormal = std::get_if<lognormal_time>(&what)) {
    kind_ = shape::lognormal;
    mean_ = ns(lognormal->mean);
    exponent_ = lognormal->sigma;
    scale_ = mean_ * exact_exp(-exponent_ * exponent_ / 2);
  } else if (auto const* pareto = std::get_if<pareto_time>(&what)) {
    kind_ = shape::pareto;
    mean_ = ns(pareto->mean);
    scale_ = mean_ * (pareto->alpha - 1) / pareto->alpha;
    exponent_ = 1 / pareto->alpha;
  } else {
    kind_ = shape::empirical;
    for (std::chrono::nanoseconds const time : std::get<empirical_time>(what).sorted) sorted_.push_back(time.count());
    // The mean of the piecewise linear inverse that times are drawn from.
    double const ends = static_cast<double>(sorted_.front() + sorted_.back()) / 2;
    double const sum = std::accumulate(sorted_.begin(), sorted_.end(), 0.0) - ends;
    mean_ = sum / static_cast<double>(sorted_.size() - 1);
  }
  if (mean_ == 0 && kind_ != shape::empirical) kind_ = shape::constant;
  if (kind_ != shape::constant && kind_ != shape::empirical) tabulate();
}

double time_sampler::quantile(double p) const {
  switch (kind_) {
  case shape::exponential:
    return -exact_log(1 - p) * scale_;
  case shape::lognormal:
    return scale_ * exact_exp(exponent_ * exact_normal_quantile(p));
  case shape::pareto:
    return scale_ * exact_exp(-exponent_ * exact_log(1 - p));
  case shape::constant:
  case shape::empirical:
    break;
  }
  return mean_;
}

/// Each cell's mean comes from Simpson's rule; with 1024 cells its relative error is below 10^-8.
void time_sampler::tabulate() {
  std::vector<cell> table;
  for (std::uint64_t i = outer; i != cells - outer; ++i) {
    auto const at = [&](double part) { return quantile((static_cast<double>(i) + part) / cells); };
    double const from = at(0), middle = at(0.5), to = at(1);
    double const mean = (from + 4 * middle + to) / 6;
    table.push_back({static_cast<float>(mean - (to - from) / 2),
                     static_cast<float>(to - from) * 0x1p-53f}); // exact, as any power of two
  }
  table_ = std::make_shared<std::vector<cell> const>(std::move(table));
  inner_ = table_->data();
  tabulated_ = table_->size();
}

std::int64_t time_sampler::exactly(std::uint64_t bits) const {
  if (kind_ != shape::empirical) return bounded(quantile((static_cast<double>(bits >> 12) + 0.5) * 0x1p-52));
  double const place = static_cast<double>(bits >> 11) * 0x1p-53 * static_cast<double>(sorted_.size() - 1);
  auto const below = static_cast<std::size_t>(place);
  double const part = place - static_cast<double>(below);
  return sorted_[below] + static_cast<std::int64_t>(part * static_cast<double>(sorted_[below + 1] - sorted_[below]));
}

}
