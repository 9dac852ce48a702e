#pragma once

#include "sim/records/result.hpp"

namespace sim::cli {

/// On stderr, for --quiet: why `r` did not pass, a line for each reason, each with what ran and the verdict; nothing if
/// it passed.
void say_why(records::result const& r);

}
