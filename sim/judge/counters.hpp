#pragma once

#include "sim/judge/invariant_check.hpp"
#include "sim/records/run_view.hpp"

#include <span>
#include <string_view>

namespace sim::judge {

/// Part of invariant 7: what each balancer counted of itself (balancer_records::counters) is what its journal says of
/// the life that counted. Exact for balancers all of whose requests were answered; a request that its client gave up,
/// or a revalidation under way when the counters were read, may be in one of the two books only.
void compare_counters(records::run_view const& v, invariant_check& j);

/// Counters of crest-gateway that nothing in a run's records can be held against, by name.
std::span<std::string_view const> uncompared_counters();

/// Whether `name` (without labels) is compared by `compare_counters`.
bool is_compared(std::string_view name);

}
