#pragma once

#include "sim/records/result.hpp"

#include <string>
#include <vector>

namespace sim::judge {

/// From which share of the machine's CPU time on it counts as busy.
inline constexpr double busy_machine = 0.9;

/// What to do next, one line for each rule that applies to the result; empty where the lab knows of nothing.
std::vector<std::string> next_steps(records::result const& r);

}
