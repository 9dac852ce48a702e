#pragma once

#include "sim/judge/tally.hpp"
#include "sim/records/result.hpp"
#include "sim/records/run_view.hpp"

#include <cstddef>
#include <vector>

namespace sim::judge {

/// More arrows than these are not kept: nobody reads them, and summary.json would be mostly flows.
inline constexpr std::size_t most_flows = 4096;

/// Who sent how much to whom while the load ran: clients to balancers by the client's book, balancers to proxies by the
/// proxies' books and, for what never arrived, by the balancers' journals, proxies to sols by the sols' books. Pairs
/// between which nothing went are left out; all of them when there may be more than `most_flows`.
std::vector<records::flow> flows_of(records::run_view const& v, std::vector<request_facts> const& facts);

}
