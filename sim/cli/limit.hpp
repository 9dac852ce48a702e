#pragma once

#include "sim/cli/engines.hpp"
#include "sim/cli/output_directory.hpp"
#include "sim/cli/simulation.hpp"
#include "sim/studies/plan/definition.hpp"

#include <array>
#include <cstdint>

namespace sim::cli {

/// The files of a plan that looks for a value, beside those of all plans.
inline constexpr std::array limit_files = {"limit.json", "limit.csv", "limit.svg", "limit.dat", "limit.gnuplot"};

/// A live run that was invalid is made again, so many times in all.
inline constexpr std::uint32_t live_attempts = 3;

/// How a plan looks for a value.
struct limit_choice {
  unsigned jobs = 1; // simulated runs at a time
  bool quiet = false;
  engine_source const& engines;
};

/// Room that it takes.
std::uint64_t room_of_limit(plan::definition const& d);

/// Looks for the value that the plan asks for, and reports. Returns the exit code.
int find_value(plan::definition const& d, limit_choice const& choice, output_directory& out,
               interruption const& interrupted);

}
