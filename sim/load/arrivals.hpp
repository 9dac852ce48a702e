#pragma once

#include "sim/load/planned_request.hpp"
#include "sim/load/stream.hpp"
#include "sim/scenario/scenario.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace sim::load {

/// How many requests an open load makes by its rates, on average; 0 for other loads.
double expected_arrivals(scenario::load const& load);

/// Intended start times of an open load, in order: nanoseconds from its start.
///
/// constant_rate: request i at i / rate. ramping_rate: request i when the integral of the rate, which is linear in each
/// stage, reaches i. poisson: exponential gaps. Times beyond the load's duration are not given.
class arrivals {
public:
  /// `load.kind` is constant_rate, ramping_rate or poisson.
  arrivals(scenario::load const& load, std::uint64_t seed);

  /// Gives the next requests their times; returns how many have one: fewer than all when the load is over. At most
  /// `drawn_at_once`.
  std::size_t draw(std::span<planned_request> into);

private:
  struct stage {
    double begin_s, end_s, begin_rate, end_rate;
    double before; // integral of the rate up to its begin
    double amount; // integral over it
  };

  template<class Next>
  std::size_t give(std::span<planned_request> into, Next next_ns);
  std::size_t draw_poisson(std::span<planned_request> into);
  double next_of_ramp(); // seconds; infinity: there are no more

  scenario::load_kind kind_;
  double rate_rps_;
  double duration_ns_;
  std::vector<stage> stages_;
  std::size_t stage_ = 0;
  std::uint64_t given_ = 0;
  double last_ns_ = 0; // poisson
  mersenne_twister gaps_;
};

}
