#pragma once

#include "gateway/cache/moment.hpp"

#include <chrono>
#include <cstdint>

namespace gateway::net {

/// The clocks, as the cache wants them.
cache::moment cache_now();

/// CLOCK_MONOTONIC in nanoseconds, as the journals have it.
inline std::int64_t monotonic_ns() {
  return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}
