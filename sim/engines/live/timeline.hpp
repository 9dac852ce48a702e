#pragma once

#include "sim/engines/live/load_run.hpp"
#include "sim/engines/live/topology.hpp"
#include "sim/records/records.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <vector>

namespace sim::live {

/// What events and partitions act on.
struct event_context {
  scenario::scenario const& what;
  topology& nodes;
  load_run& load;
  std::vector<std::size_t>& balancer_order; // of the load's balancer numbers: index in nodes.balancers()
};

/// HOST:PORT of a proxy, for the probes of the closed door at balancer number `index`.
std::string probe_target(topology const& nodes, std::size_t index);

/// Performs the events when event_schedule says so, each appended to `done` when it has ended. `total_requests` of a
/// closed load; 0: not known. Throws `could_not_run` when one fails.
boost::asio::awaitable<void> perform_events(event_context context, std::uint64_t total_requests,
                                            std::vector<records::event_record>& done);

/// Parts proxies from sols when that is due, each partition appended to `done` when it has begun. A proxy that does not
/// run then is not parted, and one that is restarted meanwhile comes back unparted. Throws `could_not_run`.
boost::asio::awaitable<void> perform_partitions(event_context context, std::vector<records::event_record>& done);

}
