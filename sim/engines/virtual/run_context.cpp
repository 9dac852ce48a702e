#include "sim/engines/virtual/run_context.hpp"

namespace sim::virtual_time {

load::small_stream small_stream_of(std::uint64_t seed, std::string_view name, std::uint64_t number) {
  std::uint64_t state = load::mix(seed + 0x9e3779b97f4a7c15u);
  for (char const c : name) state = load::mix(state ^ static_cast<unsigned char>(c));
  return load::small_stream(load::mix(state ^ load::mix(number)));
}

}
