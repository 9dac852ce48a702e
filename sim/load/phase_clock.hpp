#pragma once

#include "sim/scenario/scenario.hpp"

#include <cstddef>
#include <cstdint>

namespace sim::load {

/// In which of a scenario's phases a request begins. Only moves on.
class phase_clock {
public:
  /// `total`: requests of the whole load, 0 when unknown (then shares of it end nothing).
  phase_clock(std::vector<scenario::phase> const& phases, std::uint64_t total)
    : phases_(&phases)
    , total_(total)
    , last_(phases.empty() ? 0 : phases.size() - 1) {}

  /// The phase at a time from the load's start, after `started` requests. The scenario must live as long.
  std::uint8_t at(std::int64_t since_start_ns, std::uint64_t started) {
    while (phase_ < last_) {
      scenario::phase const& now = (*phases_)[phase_];
      bool const over = now.until_share && total_ > 0
                            ? static_cast<double>(started) >= *now.until_share * static_cast<double>(total_)
                            : since_start_ns >= now.until.count();
      if (!over) break;
      ++phase_;
    }
    return static_cast<std::uint8_t>(phase_);
  }

private:
  std::vector<scenario::phase> const* phases_;
  std::uint64_t total_;
  std::size_t phase_ = 0, last_;
};

}
