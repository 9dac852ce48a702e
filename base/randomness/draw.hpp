#pragma once

#include "base/contract/expects.hpp"

#include <cstdint>

namespace randomness {

/// Mixes 64 bits so that neighbours become unrelated: every input bit reaches every output bit (the finaliser of
/// SplitMix64; Steele, Lea and Flood 2014).
[[gnu::always_inline]] constexpr std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

/// The part of `uniform_below` that few draws need: `product` is bound · draw, with its lower half below `bound`.
template<class Generator>
[[gnu::cold, gnu::noinline]] std::uint64_t draw_until_even(Generator& generator, std::uint32_t bound,
                                                           std::uint64_t product) {
  std::uint32_t const threshold = (0u - bound) % bound;
  while (static_cast<std::uint32_t>(product) < threshold) product = (generator() >> 32) * bound;
  return product;
}

/// A uniform integer in [0, bound), bound > 0, from a 64-bit generator; the same on every platform, unlike
/// std::uniform_int_distribution. Multiply-and-shift with rejection (Lemire, "Fast Random Integer Generation in an
/// Interval", 2019), so without bias.
template<class Generator>
[[gnu::always_inline]] inline std::uint32_t uniform_below(Generator& generator, std::uint32_t bound) {
  static_assert(Generator::min() == 0 && Generator::max() == ~std::uint64_t{0}, "a 64-bit generator");
  CREST_EXPECTS(bound > 0);
  std::uint64_t product = (generator() >> 32) * bound;
  if (static_cast<std::uint32_t>(product) < bound) [[unlikely]]
    product = draw_until_even(generator, bound, product);
  return static_cast<std::uint32_t>(product >> 32);
}

}
