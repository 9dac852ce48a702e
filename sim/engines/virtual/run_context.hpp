#pragma once

#include "sim/engines/virtual/recorder.hpp"
#include "sim/engines/virtual/request_state.hpp"
#include "sim/engines/virtual/scheduler.hpp"
#include "sim/load/plan.hpp"
#include "sim/scenario/scenario.hpp"

#include <cstdint>
#include <string_view>

namespace sim::virtual_time {

/// A random stream of eight bytes for one component of a run.
load::small_stream small_stream_of(std::uint64_t seed, std::string_view name, std::uint64_t number = 0);

/// What all parts of a run share: what is simulated, the clock and the events to come, the requests, the records. A
/// part gets this, and by name the other parts that it talks to.
struct run_context {
  run_context(scenario::scenario const& s, load::plan const& p, bool full, bool early)
    : scenario(s)
    , plan(p)
    , full_detail(full)
    , settles_early(early) {}
  run_context(run_context const&) = delete;
  run_context& operator=(run_context const&) = delete;

  std::int64_t now() const { return time.now_ns; }
  /// Whether the request's client, if it has no outcome before, has not timed out by then.
  bool in_time(request_state const& f, std::int64_t at_ns) const {
    return at_ns < f.client.sent_ns + scenario.load.timeout.count();
  }

  scenario::scenario const& scenario;
  load::plan const& plan;
  bool const full_detail; // else requests are counted, not recorded
  /// Nothing in the scenario interferes with a request that a proxy serves, or whose answer has left its balancer: what
  /// becomes of it is settled at once, without an event for each step.
  bool const settles_early;
  scheduler time;
  request_states requests;
  recorder record;
  std::int64_t start_ns = 0; // of the load; 0 before
};

}
