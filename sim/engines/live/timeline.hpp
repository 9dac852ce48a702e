#pragma once

#include "sim/engines/live/load_run.hpp"
#include "sim/engines/live/topology.hpp"
#include "sim/records/records.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <utility>
#include <vector>

namespace sim::live {

/// What events and partitions act on.
struct event_context {
  scenario::scenario const& what;
  topology& nodes;
  load_run& load;
  std::vector<std::size_t>& balancer_order; // of the load's balancer numbers: index in nodes.balancers()
};

/// Events that somebody asks for while the load runs. On the control thread.
struct asked_events {
  std::deque<scenario::event> waiting = {};
  std::function<void()> wake = {}; // of who performs them; empty: nobody yet

  void add(scenario::event e) {
    waiting.push_back(std::move(e));
    if (wake) wake();
  }
};

/// HOST:PORT of a proxy, for the probes of the closed door at balancer number `index`.
std::string probe_target(topology const& nodes, std::size_t index);

/// Performs the events when event_schedule says so, each appended to `done` when it has ended. `total_requests` of a
/// closed load; 0: not known. `asked`: what is performed as well, for which it waits until it is cancelled; null:
/// nothing. Throws `could_not_run` when an event of the scenario fails; of one that was asked for its record says it.
boost::asio::awaitable<void> perform_events(event_context context, std::uint64_t total_requests, asked_events* asked,
                                            std::vector<records::event_record>& done);

/// Parts proxies from sols when that is due, each partition appended to `done` when it has begun. A proxy that does not
/// run then is not parted, and one that is restarted meanwhile comes back unparted. Throws `could_not_run`.
boost::asio::awaitable<void> perform_partitions(event_context context, std::vector<records::event_record>& done);

}
