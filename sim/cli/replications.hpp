#pragma once

#include "sim/engines/virtual/run.hpp"
#include "sim/records/result.hpp"
#include "sim/scenario/scenario.hpp"

#include <cstdint>
#include <functional>
#include <optional>

namespace sim::cli {

/// How many independent runs of a scenario, and how they are put together.
struct replication_plan {
  std::uint64_t count = 1;           // with a precision: the least number
  std::optional<double> precision{}; // goes on until half of the interval's width ÷ figure is below it for all watched
  std::uint64_t most = 1000;         // with a precision
  double confidence = 0.95;
  unsigned jobs = 1; // threads
};

/// Precision is looked at after this many replications, and then after every so many more: decided by their order, so
/// that the number of jobs cannot change how many there are.
inline constexpr std::uint64_t replications_between_looks = 5;

/// The seed of a replication: 0 has the scenario's own; others have 53 bits, so that --seed takes them.
std::uint64_t replication_seed(std::uint64_t seed, std::uint64_t number);

/// How far all replications are together.
struct replications_progress {
  std::uint64_t done = 0, planned = 0; // planned 0: until a precision is reached
  virtual_time::run_progress running;  // sums over those begun; totals over those planned
};

/// Runs replications in `plan.jobs` threads and puts them together in the order of their numbers: the result does not
/// depend on the number of jobs. `progress` is called from one thread at a time and may return false to end early: the
/// replications that were complete, without a gap, are then the result (verdict `interrupted`). Throws as
/// virtual_time::run does.
records::result run_replications(scenario::scenario const& s, virtual_time::run_options const& options,
                                 replication_plan const& plan,
                                 std::function<bool(replications_progress const&)> const& progress = {});

}
