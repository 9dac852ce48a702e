#pragma once

#include "sim/judge/tally.hpp"
#include "sim/records/result.hpp"
#include "sim/records/run_view.hpp"

#include <cstdint>
#include <vector>

namespace sim::judge {

/// The length of one slice: one second for runs of 40 s and more, longer above 20 minutes, shorter for short runs, so
/// that there are about 20 to 40 points.
std::int64_t slice_ns(double seconds);

/// Slices by time, and within a time by balancer, the one of all balancers ("") first. A request belongs to the slice
/// of its intended start. Slices without requests are left out.
std::vector<records::time_slice> timeseries_of(records::run_view const& v, std::vector<request_facts> const& facts,
                                               double seconds);

}
