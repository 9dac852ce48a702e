#pragma once

#include "sim/engines/live/interruption.hpp"
#include "sim/engines/virtual/run.hpp"
#include "sim/records/result.hpp"

#include <chrono>
#include <string>

namespace sim::cli {

using live::interruption;

/// Marks a result as interrupted: a run that was asked to end has not passed, however far it came.
void mark_interrupted(records::result& r);

/// A line on stderr, written over and over, of how far a simulated run is. Not thread-safe.
class simulation_line {
public:
  explicit simulation_line(bool wanted)
    : wanted_(wanted) {}
  /// At most a few times a second, however often it is called.
  /// `what_else` is added to the line.
  void show(virtual_time::run_progress const& now, std::string const& what_else = {});
  void clear();

private:
  bool wanted_, written_ = false;
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now(), shown_{};
};

}
