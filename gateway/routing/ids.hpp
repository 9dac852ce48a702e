#pragma once

#include <cstdint>
#include <limits>

/// Decision code of the balancer, sans-I/O: it works on ids, never on bytes; time, random numbers and the outcomes of
/// I/O are arguments. The live gateway and the simulator run this same code.
namespace gateway::routing {

/// Index of an upstream (an EVE proxy) in the balancer's list; dense. A removed upstream's index is reused only when
/// nothing refers to it any more (router.hpp).
enum class upstream_id : std::uint32_t {};

inline constexpr upstream_id no_upstream{std::numeric_limits<std::uint32_t>::max()};

constexpr std::uint32_t index_of(upstream_id id) { return static_cast<std::uint32_t>(id); }

/// Nanoseconds on a monotonic clock; only differences matter.
using time_ns = std::int64_t;

}
