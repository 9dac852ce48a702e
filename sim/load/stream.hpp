#pragma once

#include "gateway/routing/draw.hpp"

#include <cstdint>
#include <random>
#include <string_view>
#include <utility>
#include <vector>

/// Who asks for what, and when: pure decisions, the same for the live and the virtual engine. Time is nanoseconds from
/// the start of the load; all randomness comes from the scenario's seed through named streams.
namespace sim::load {

using gateway::routing::mix;
using gateway::routing::uniform_below;

/// The random stream of the component `name`: a draw in one component disturbs no other.
std::mt19937_64 stream(std::uint64_t seed, std::string_view name);

/// A generator of 8 bytes (SplitMix64), for one stream per character.
class small_stream {
public:
  using result_type = std::uint64_t;
  explicit small_stream(std::uint64_t state = 0)
    : state_(state) {}
  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return ~result_type{0}; }
  result_type operator()() {
    state_ += 0x9e3779b97f4a7c15u;
    return mix(state_);
  }

private:
  std::uint64_t state_;
};

/// Uniform in [0, 1): 53 bits.
template<class Generator>
double uniform_real(Generator& generator) {
  return static_cast<double>(generator() >> 11) * 0x1p-53;
}

/// Uniform in (0, 1]: safe for logarithms.
template<class Generator>
double uniform_positive(Generator& generator) {
  return static_cast<double>((generator() >> 11) + 1) * 0x1p-53;
}

/// Brings `count` random ones of `all` to its front (at most all of them), each set of so many equally likely.
template<class T, class Generator>
void draw_to_front(std::vector<T>& all, std::size_t count, Generator& generator) {
  for (std::size_t i = 0; i < count && i < all.size(); ++i)
    std::swap(all[i], all[i + uniform_below(generator, static_cast<std::uint32_t>(all.size() - i))]);
}

/// Nanoseconds to the next event of a Poisson process of `rate` per second, rate > 0.
double exponential_ns(double uniform, double rate);

}
