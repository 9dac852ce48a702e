#pragma once

#include <chrono>
#include <cstdint>

namespace gateway::routing {

/// Limits of a gateway whose configuration does not set them; gateway.schema.json says what each covers. Only those
/// that simulated time has to know.
struct gateway_limits {
  std::chrono::nanoseconds answer = std::chrono::seconds(60);
  std::chrono::nanoseconds upstream_idle = std::chrono::seconds(60);
  std::chrono::nanoseconds drain = std::chrono::seconds(10);
  std::uint32_t idle_per_upstream = 64;
};
inline constexpr gateway_limits default_limits{};

}
