#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <random>

namespace randomness {

/// std::mt19937_64 with the same numbers at half its cost (M. Matsumoto and T. Nishimura, 1998; Nishimura, "Tables of
/// 64-bit Mersenne twisters", 2000): those of a whole turn are made at once, in loops that compilers vectorise.
class mersenne_twister {
public:
  using result_type = std::uint64_t;

  explicit mersenne_twister(std::seed_seq& seeds);
  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return ~result_type{0}; }

  result_type operator()() {
    if (next_ == length) [[unlikely]]
      turn();
    return made_[next_++];
  }

private:
  static constexpr std::size_t length = 312;

  void turn();

  std::array<std::uint64_t, length> state_, made_;
  std::size_t next_ = length; // of made_
};

}
