#pragma once

#include "sim/judge/reasons.hpp"
#include "sim/judge/tally.hpp"
#include "sim/records/run_view.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace sim::judge {

/// Redirects that one event of the time line brought about.
struct effect {
  struct part {
    std::int64_t at_ns; // intended start of the request
    double redirects;
  };
  std::vector<part> parts; // by time
  /// The expected number of its redirects that are still to come: for what it made stale or left unknown, and nobody
  /// asked for before the load ended. 0 where the load was finite and ended by itself: then nothing is to come.
  double outstanding = 0;
  std::string untold; // why it is unknown which redirects the event caused; empty: it is known
};

/// Attributes redirects to the events of the run, by index in its records. Each goes to one event at most, the last
/// that explains it, by what the event did and not by how the redirect ratio looks before and after it:
/// - what ends or moves sessions (moves; death, restart or fencing of a proxy) causes, at each map that knew a token of
///   theirs, the redirects up to the next answer that teaches it;
/// - the death or restart of a balancer causes those of tokens that it knew before;
/// - a balancer that joins causes those of tokens that it does not know. Where others do not know a token either, its
///   request might have been redirected elsewhere without the newcomer: if that is so of more than 5 %, it is untold;
/// - a shared map that is away causes those of tokens that another balancer knew.
/// O(n log n) in the requests, times the events that affect the same character.
std::vector<effect> effects_of(records::run_view const& v, std::vector<request_facts> const& facts,
                               routing_history const& history);

}
