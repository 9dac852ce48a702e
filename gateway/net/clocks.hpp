#pragma once

#include "gateway/cache/moment.hpp"

#include <chrono>
#include <cstdint>

namespace gateway::net {

/// The clocks in the form that the cache needs.
cache::moment cache_now();

/// CLOCK_MONOTONIC in nanoseconds, as in the journals.
inline std::int64_t monotonic_ns() {
  return std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}
