#pragma once

#include "sim/engines/live/load_run.hpp"
#include "sim/records/records.hpp"
#include "sim/scenario/scenario.hpp"

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

namespace sim::live {

enum class run_stage : std::uint8_t { starting, under_load, ending };

/// How a run stands. References: only for the call.
struct run_glance {
  run_stage stage = run_stage::starting;
  std::int64_t start_ns = 0;       // of the load, CLOCK_MONOTONIC; 0: it has not begun
  std::int64_t since_start_ns = 0; // likewise
  load_progress load = {};
  std::uint64_t redirects = 0;
  std::set<std::string> running; // nodes whose processes run
  std::vector<records::event_record> const& events;
};

/// Somebody who looks on while a run goes on, and may ask for events. Called on the run's thread, which waits
/// meanwhile.
class onlooker {
public:
  /// Performs the event as soon as no other one is under way, if the load runs then. From any thread.
  using ask = std::function<void(scenario::event)>;

  virtual ~onlooker() = default;

  /// A run begins. `ask` may be called until `on_end` returns.
  virtual void on_begin(ask ask_for) = 0;
  /// At each stage, and every quarter of a second while the load runs.
  virtual void on_glance(run_glance const& now) = 0;
  /// Whether it wants all that is recorded so far, which costs a copy.
  virtual bool wants_records() = 0;
  /// That, as of a run that was interrupted now.
  virtual void on_records(records::run_records so_far) = 0;
  /// The run is over, or did not come about.
  virtual void on_end() noexcept = 0;
};

}
