#pragma once

#include "sim/scenario/scenario.hpp"
#include "sim/studies/verify/verify.hpp"

#include <iosfwd>
#include <vector>

namespace sim::cli {

/// Verifies the scenarios one after another and prints one table (or, with `json`, the same for tools) to `out`.
/// Returns `exit_passed` when all agree, else `exit_failed`.
int verify_all(std::vector<scenario::scenario> const& scenarios, verify::engines const& with,
               verify::options const& how, bool json, std::ostream& out);

}
