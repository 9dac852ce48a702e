#pragma once

#include "sim/records/records.hpp"
#include "sim/scenario/scenario.hpp"

#include <cstdint>

namespace sim::records {

/// What a report says of a partition that began at `began_ns` in a run whose load began at `start_ns`.
event_record partition_record(scenario::partition const& p, std::int64_t start_ns, std::int64_t began_ns);

}
