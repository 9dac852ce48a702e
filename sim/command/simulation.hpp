#pragma once

#include "sim/virtual/run.hpp"

#include <chrono>
#include <string>

namespace sim::command {

/// While it lives, SIGINT and SIGTERM are noted rather than deadly; a second one is deadly again. One at a time.
class interruption {
public:
  interruption();
  interruption(interruption const&) = delete;
  interruption& operator=(interruption const&) = delete;
  ~interruption();
  bool happened() const;
};

/// A line on stderr, written over and over, of how far a simulated run is. Not thread-safe.
class simulation_line {
public:
  explicit simulation_line(bool wanted)
    : wanted_(wanted) {}
  /// At most a few times a second, however often it is called.
  void show(virtual_time::run_progress const& now);
  void clear();

private:
  bool wanted_;
  std::size_t width_ = 0;
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now(), shown_{};
};

}
