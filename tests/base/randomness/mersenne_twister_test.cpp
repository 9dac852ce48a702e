#include "base/randomness/mersenne_twister.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <random>

TEST_CASE("the twister gives the numbers of the standard library's") {
  for (std::uint32_t seed = 0; seed != 20; ++seed) {
    std::seed_seq words{seed, seed + 1, 77u}, same{seed, seed + 1, 77u};
    std::mt19937_64 expected(words);
    randomness::mersenne_twister twister(same);
    for (int i = 0; i != 2000; ++i)
      if (std::uint64_t const number = expected(); twister() != number) FAIL("seed " << seed << ", number " << i);
  }
  SUCCEED();
}
