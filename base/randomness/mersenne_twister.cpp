#include "base/randomness/mersenne_twister.hpp"

#include <algorithm>

namespace randomness {
namespace {

constexpr std::size_t middle = 156;
constexpr std::uint64_t lower = (std::uint64_t{1} << 31) - 1, matrix = 0xb5026f5aa96619e9u;

std::uint64_t twisted(std::uint64_t upper_of, std::uint64_t lower_of, std::uint64_t with) {
  std::uint64_t const y = (upper_of & ~lower) | (lower_of & lower);
  return with ^ (y >> 1) ^ (matrix & (0 - (y & 1)));
}

std::uint64_t tempered(std::uint64_t x) {
  x ^= (x >> 29) & 0x5555555555555555u;
  x ^= (x << 17) & 0x71d67fffeda60000u;
  x ^= (x << 37) & 0xfff7eee000000000u;
  return x ^ (x >> 43);
}

}

/// As the C++ standard seeds its engine (rand.eng.mers).
mersenne_twister::mersenne_twister(std::seed_seq& seeds) {
  std::array<std::uint32_t, 2 * length> words{};
  seeds.generate(words.begin(), words.end());
  for (std::size_t i = 0; i != length; ++i) state_[i] = words[2 * i] | std::uint64_t{words[2 * i + 1]} << 32;
  bool const is_zero = (state_[0] & ~lower) == 0 &&
                       std::all_of(state_.begin() + 1, state_.end(), [](std::uint64_t word) { return word == 0; });
  if (is_zero) state_[0] = std::uint64_t{1} << 63;
}

void mersenne_twister::turn() {
  std::uint64_t* const x = state_.data();
  for (std::size_t i = 0; i != length - middle; ++i) x[i] = twisted(x[i], x[i + 1], x[i + middle]);
  for (std::size_t i = length - middle; i != length - 1; ++i) x[i] = twisted(x[i], x[i + 1], x[i + middle - length]);
  x[length - 1] = twisted(x[length - 1], x[0], x[middle - 1]);
  for (std::size_t i = 0; i != length; ++i) made_[i] = tempered(x[i]);
  next_ = 0;
}

}
