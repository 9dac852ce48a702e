#pragma once

#include "base/metrics/exposition.hpp"
#include "sim/engines/live/load_run.hpp"
#include "sim/engines/live/topology.hpp"
#include "sim/records/records.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace sim::live {

/// How a run stands. References: only for the call.
struct run_state {
  scenario::scenario const& scenario;
  topology const& nodes;
  std::vector<std::size_t> const& balancers; // index of nodes.balancers(), as the load counts them
  load_meter const& meter;
  load_progress load;
  std::int64_t since_start_ns; // of the load; 0: it has not begun
  std::uint64_t redirects;
  std::vector<records::event_record> const& events;
};

/// What a running run says at /metrics (docs/metrics.md).
std::string metrics_text(run_state const& now, metrics::format format);

}
