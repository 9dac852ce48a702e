#pragma once

#include "sim/judge/reasons.hpp"
#include "sim/judge/tally.hpp"
#include "sim/records/result.hpp"
#include "sim/records/run_view.hpp"

#include <vector>

namespace sim::judge {

/// How sure a run is of what it measured: fills in `measured_error` and `clusters` of each ratio in `out`, and replaces
/// its latencies by those with intervals that hold for dependent durations (trend.hpp); of the whole run, each phase,
/// balancer, group and kind. `out` holds their metrics already. O(n log n) in the requests.
void add_spread(records::result& out, records::run_view const& v, std::vector<request_facts> const& facts,
                routing_history const& history, tally const& counts);

}
