#pragma once

#include "sim/judge/causes.hpp"
#include "sim/records/result.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace sim::judge {

/// One request that needed a proxy, in the order of intended starts.
struct redirect_sample {
  std::int64_t at_ns;
  std::uint32_t redirects;
};

struct convergence {
  std::optional<double> seconds;
  std::optional<std::uint64_t> requests;
  std::string untold; // why there is no number; empty where there is one
};

/// Which share of an event's redirects has happened when it counts as converged (docs/TERMS.md).
inline constexpr double converged_share = 0.95;

/// Consecutive requests over which the peak redirect ratio is taken (all of them when there are fewer).
inline constexpr std::size_t peak_window = 200;

/// When 95 % of the redirects that an event caused have happened, from its begin: in seconds, and in requests of
/// `samples` (by time). An event that caused none converged at once. No number where causes cannot be told, and where
/// more than 5 % of what it will cause was still to come when the load ended. O(log n) and the size of the effect.
convergence converge(effect const& caused, std::span<redirect_sample const> samples, std::int64_t event_ns);

/// The highest redirect ratio of `peak_window` consecutive requests of [event_ns, until_ns); nullopt without any.
std::optional<double> peak_ratio(std::span<redirect_sample const> samples, std::int64_t event_ns,
                                 std::int64_t until_ns);

/// The run's events with their convergence. An event that never began has none.
std::vector<records::event_result> events_of(records::run_view const& v, std::vector<request_facts> const& facts,
                                             routing_history const& history);

}
