#pragma once

#include <chrono>
#include <cstdint>

namespace sim::live {

/// CLOCK_MONOTONIC in nanoseconds, as in journals and records.
inline std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

/// The same moment for Asio's timers.
inline std::chrono::steady_clock::time_point time_at(std::int64_t ns) {
  return std::chrono::steady_clock::time_point(std::chrono::nanoseconds(ns));
}

}
