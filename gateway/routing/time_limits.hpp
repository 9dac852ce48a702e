#pragma once

#include <chrono>

namespace gateway::routing {

/// How long a gateway waits unless its configuration says otherwise; what each covers is said in gateway.schema.json.
/// Only those that simulated time has to know.
struct time_limits {
  std::chrono::nanoseconds answer = std::chrono::seconds(60);
  std::chrono::nanoseconds drain = std::chrono::seconds(10);
};
inline constexpr time_limits default_limits{};

}
