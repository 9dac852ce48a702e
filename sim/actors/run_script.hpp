#pragma once

#include "sim/scenario/scenario.hpp"

#include <chrono>
#include <cstdint>

namespace sim::actors {

/// How long each step of a run may take, in the order of the steps. A run whose step takes longer is aborted, or goes
/// on without it. Chosen to be many times what healthy nodes need, yet short enough for a person to wait for.
struct run_script {
  using duration = std::chrono::nanoseconds;

  duration reach = std::chrono::seconds(5);   // balancers that run already, all of them
  duration start = std::chrono::seconds(20);  // each process, from its start until it is ready; 200 on a busy machine
  duration log_in = std::chrono::seconds(30); // all characters
  // while the load runs
  duration look = std::chrono::seconds(1);        // from one look at thresholds that may abort the run to the next
  duration admin_call = std::chrono::seconds(30); // at a node, such as a thousand moves of sessions
  duration partition = std::chrono::seconds(5);   // from when it is due until a proxy knows of it
  duration stall = std::chrono::seconds(10);      // without the end of a request, beyond a request's time-out
  // when it is over
  duration interrupted = std::chrono::seconds(2); // for what is in flight when the run is interrupted
  duration break_off = std::chrono::seconds(45);  // an event that is under way; more than admin_call
  duration settle = std::chrono::seconds(10);     // what EVE clients still wait for
  duration log_out = std::chrono::seconds(10);    // all EVE clients
  duration counters = std::chrono::seconds(5);    // a balancer's, to be read
  duration stop = std::chrono::seconds(15);       // each process, from SIGTERM until it is killed
};

/// Tells a load that has stalled, that is, in which no request ends although one should, from one that rests. Times are
/// nanoseconds of one clock.
class stall_watch {
public:
  /// The load has just begun. `load` outlives it.
  stall_watch(scenario::load const& load, std::int64_t start_ns, run_script const& script = {})
    : load_(load)
    , start_ns_(start_ns)
    , last_end_ns_(start_ns)
    , patience_ns_((load.timeout + script.stall).count()) {}

  /// `sent` requests have been sent, and `done` of them have ended. Returns whether the load has stalled.
  bool look(std::uint64_t sent, std::uint64_t done, std::int64_t now_ns);

private:
  bool may_rest(std::int64_t since_start_ns) const;

  scenario::load const& load_;
  std::int64_t start_ns_, last_end_ns_;
  std::int64_t patience_ns_;
  std::uint64_t done_ = 0;
};

}
