#pragma once

#include <chrono>

/// Defaults of those of a gateway's time limits that a simulated gateway keeps as well.
namespace gateway::routing {

inline constexpr std::chrono::seconds answer_limit{60}; // without a byte from an upstream whose answer is due
inline constexpr std::chrono::seconds drain_limit{10};  // after SIGTERM, for the requests in flight

}
