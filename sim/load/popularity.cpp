#include "sim/load/popularity.hpp"

#include "base/randomness/elementary.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace sim::load {
namespace {

/// log1p(x) / x and expm1(x) / x, also at 0.
double log1p_over(double x) { return std::abs(x) > 1e-8 ? randomness::exact_log1p(x) / x : 1 - x / 2; }
double expm1_over(double x) { return std::abs(x) > 1e-8 ? randomness::exact_expm1(x) / x : 1 + x / 2; }

}

zipf_ranks::zipf_ranks(std::uint32_t n, double exponent)
  : n_(n)
  , exponent_(exponent)
  , low_(0)
  , high_(0)
  , shortcut_(0) {
  low_ = integral(1.5) - 1;
  high_ = integral(n_ + 0.5);
  shortcut_ = 2 - inverse(integral(2.5) - weight(2));
}

double zipf_ranks::integral(double x) const {
  double const log_x = randomness::exact_log(x);
  return expm1_over((1 - exponent_) * log_x) * log_x;
}

double zipf_ranks::inverse(double y) const {
  double const t = std::max(-1.0, y * (1 - exponent_));
  return randomness::exact_exp(log1p_over(t) * y);
}

double zipf_ranks::weight(double x) const { return randomness::exact_exp(-exponent_ * randomness::exact_log(x)); }

std::uint32_t zipf_ranks::nearest_rank(double x) const {
  if (!(x > 1)) return 1;
  if (x >= n_) return n_;
  return std::clamp(static_cast<std::uint32_t>(x + 0.5), std::uint32_t{1}, n_);
}

popularity::popularity(std::uint32_t characters, double zipf, std::uint64_t seed)
  : characters_(characters)
  , ranks_(characters, zipf > 0 ? zipf : 1) {
  if (zipf > 0) by_rank_ = shuffled(characters, stream(seed, "popularity"));
}

void popularity::draw(mersenne_twister& generator, std::span<planned_request> into) const {
  if (by_rank_.empty()) {
    std::uint32_t const characters = characters_;
    for (planned_request& request : into) request.character = uniform_below(generator, characters);
  } else {
    for (planned_request& request : into) request.character = by_rank_[ranks_(generator) - 1];
  }
}

std::vector<std::uint32_t> shuffled(std::uint32_t n, mersenne_twister generator) {
  std::vector<std::uint32_t> order(n);
  std::iota(order.begin(), order.end(), 0u);
  for (std::uint32_t i = n; i > 1; --i) std::swap(order[i - 1], order[uniform_below(generator, i)]);
  return order;
}

}
