#pragma once

#include "base/randomness/generator.hpp"

#include <boost/random/mersenne_twister.hpp>

#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

/// Who asks for what, and when: pure decisions, the same for the live and the virtual engine. Time is nanoseconds from
/// the start of the load; all randomness comes from the scenario's seed through named streams.
namespace sim::load {

using randomness::exponential_ns;
using randomness::exponentials_ns;
using randomness::mix;
using randomness::small_stream;
using randomness::uniform_below;
using randomness::uniform_positive;
using randomness::uniform_real;

/// Boost's gives the numbers of the standard library's in a third of the time: GCC compiles the latter to a branch on a
/// random bit of each word.
using mersenne_twister = boost::random::mt19937_64;

/// The random stream of the component `name`: a draw in one component disturbs no other.
mersenne_twister stream(std::uint64_t seed, std::string_view name);

/// Brings `count` random ones of `all` to its front (at most all of them), each set of so many equally likely.
template<class T, class Generator>
void draw_to_front(std::vector<T>& all, std::size_t count, Generator& generator) {
  for (std::size_t i = 0; i < count && i < all.size(); ++i)
    std::swap(all[i], all[i + uniform_below(generator, static_cast<std::uint32_t>(all.size() - i))]);
}

}
