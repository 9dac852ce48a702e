#pragma once

#include "sim/engines/live/load_run.hpp"
#include "sim/scenario/scenario.hpp"

#include <cstdint>
#include <optional>

namespace sim::live {

/// One line on stderr that is overwritten: phase, requests a second, redirect ratio so far, errors, time left.
class progress_line {
public:
  progress_line(scenario::scenario const& s, std::optional<std::uint64_t> total_requests);
  /// Clears the line.
  ~progress_line();
  progress_line(progress_line const&) = delete;
  progress_line& operator=(progress_line const&) = delete;

  void show(load_progress const& now, std::uint64_t redirects, std::int64_t since_start_ns);

private:
  scenario::scenario const& scenario_;
  std::optional<std::uint64_t> total_;
  std::uint64_t last_done_ = 0;
  std::int64_t last_ns_ = 0;
  bool shown_ = false;
};

}
