#include "sim/load/stream.hpp"

#include <array>
#include <random>

namespace sim::load {

mersenne_twister stream(std::uint64_t seed, std::string_view name) {
  std::uint64_t state = mix(seed + 0x9e3779b97f4a7c15u);
  for (char const c : name) state = mix(state ^ static_cast<unsigned char>(c));
  small_stream words(state);
  std::array<std::uint32_t, 16> seeds{};
  for (std::uint32_t& word : seeds) word = static_cast<std::uint32_t>(words() >> 32);
  std::seed_seq sequence(seeds.begin(), seeds.end());
  return mersenne_twister(sequence);
}

}
