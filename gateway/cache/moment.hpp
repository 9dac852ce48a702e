#pragma once

#include <cstdint>

/// A shared HTTP cache (RFC 9111), sans-I/O: heads and times go in, decisions come out. Nothing here reads a clock.
namespace gateway::cache {

/// Now. Dates that servers write are compared with `wall_s`; how long an answer has been here is measured by
/// `steady_ns`, so that setting the clock cannot make anything fresh again.
struct moment {
  std::int64_t wall_s = 0;    // seconds since 1970-01-01 UTC
  std::int64_t steady_ns = 0; // of a monotonic clock
};

inline constexpr std::int64_t second_ns = 1'000'000'000;

}
