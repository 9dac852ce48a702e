#pragma once

#include <cstdint>
#include <cstring>

namespace gateway::cache {

/// A 64-bit time in parts of 32 bits, for payloads of a token_map.
struct packed_time {
  std::uint32_t parts[2];

  static packed_time of(std::int64_t time) {
    packed_time packed;
    std::memcpy(packed.parts, &time, sizeof time);
    return packed;
  }
  std::int64_t get() const {
    std::int64_t time = 0;
    std::memcpy(&time, parts, sizeof time);
    return time;
  }
};

}
