#pragma once

#include "base/randomness/draw.hpp"

#include <cstdint>
#include <span>

namespace randomness {

/// An 8-byte generator (SplitMix64), for cases where each of many objects has a stream of its own.
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

/// Nanoseconds to the next event of a Poisson process of `rate` per second, rate > 0; `uniform` in (0, 1].
double exponential_ns(double uniform, double rate);

/// … each of `uniform` becomes such a time, with the same bits.
void exponentials_ns(std::span<double> uniform, double rate);

}
