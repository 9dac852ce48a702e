#pragma once

#include "base/contract/expects.hpp"

#include <cstdint>

namespace randomness {

/// Mixes 64 bits so that neighbours become unrelated: every input bit reaches every output bit (the finaliser of
/// SplitMix64; Steele, Lea and Flood 2014).
constexpr std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

/// A uniform integer in [0, bound), bound > 0, from a 64-bit generator; the same on every platform, unlike
/// std::uniform_int_distribution. Multiply-and-shift with rejection (Lemire, "Fast Random Integer Generation in an
/// Interval", 2019), so without bias.
template<class Generator>
std::uint32_t uniform_below(Generator& generator, std::uint32_t bound) {
  static_assert(Generator::min() == 0 && Generator::max() == ~std::uint64_t{0}, "a 64-bit generator");
  CREST_EXPECTS(bound > 0);
  auto product = (generator() >> 32) * bound;
  auto low = static_cast<std::uint32_t>(product);
  if (low < bound) {
    std::uint32_t const threshold = (0u - bound) % bound;
    while (low < threshold) {
      product = (generator() >> 32) * bound;
      low = static_cast<std::uint32_t>(product);
    }
  }
  return static_cast<std::uint32_t>(product >> 32);
}

}
