#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sim::scenario {

/// Why a client request failed: each that failed has exactly one (docs/TERMS.md).
enum class failure_cause : std::uint8_t {
  status,       // a whole answer that says so: 5xx, or 401 for a token that is good or absent
  refused,      // no connection to the balancer could be made
  reset,        // the connection ended before any of the answer came
  timeout,      // no whole answer in time
  truncated,    // the connection ended within the answer
  wrong_answer, // what came is no HTTP answer
  unfinished    // given up with the rest of a load that stalled
};

inline constexpr std::size_t failure_cause_count = 7;

/// As thresholds and reports write it; empty for no cause.
constexpr std::string_view name_of(failure_cause cause) {
  switch (cause) {
  case failure_cause::status:
    return "status";
  case failure_cause::refused:
    return "refused";
  case failure_cause::reset:
    return "reset";
  case failure_cause::timeout:
    return "timeout";
  case failure_cause::truncated:
    return "truncated";
  case failure_cause::wrong_answer:
    return "wrong_answer";
  case failure_cause::unfinished:
    return "unfinished";
  }
  return {};
}

// One that was added is counted.
static_assert(!name_of(static_cast<failure_cause>(failure_cause_count - 1)).empty() &&
              name_of(static_cast<failure_cause>(failure_cause_count)).empty());

}
