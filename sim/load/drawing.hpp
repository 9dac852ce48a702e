#pragma once

#include "sim/load/plan.hpp"

#include <algorithm>

namespace sim::load {

/// Running sums of the methods' weights.
std::vector<double> cumulative_weights(plan const& p);

/// An index into `cumulative` with probability proportional to its weight.
template<class Generator>
std::uint16_t draw_weighted(std::vector<double> const& cumulative, Generator& generator) {
  double const at = uniform_real(generator) * cumulative.back();
  auto const found = std::upper_bound(cumulative.begin(), cumulative.end() - 1, at);
  return static_cast<std::uint16_t>(found - cumulative.begin());
}

/// The kind of token, and for junk a number that makes it differ from other junk.
template<class Generator>
void draw_token(scenario::population const& population, std::uint32_t rotation, Generator& generator,
                planned_request& request) {
  request.rotation = rotation;
  if (population.junk_share <= 0 && population.no_token_share <= 0) return;
  double const at = uniform_real(generator);
  if (at < population.junk_share) {
    request.kind = token_kind::junk;
    request.rotation = static_cast<std::uint32_t>(generator() >> 32);
  } else if (at < population.junk_share + population.no_token_share) {
    request.kind = token_kind::none;
    request.rotation = 0;
  }
}

}
