#pragma once

#include "sim/actors/event_schedule.hpp"
#include "sim/engines/live/load_run.hpp"
#include "sim/engines/live/topology.hpp"
#include "sim/records/records.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace sim::live {

/// What events and partitions act on.
struct event_context {
  scenario::scenario const& what;
  topology& nodes;
  load_run& load;
  std::vector<std::size_t>& balancer_order; // of the load's balancer numbers: index in nodes.balancers()
};

/// How far a run is with its events. On the control thread; outlives who performs them.
struct event_progress {
  std::deque<scenario::event> by_hand = {};              // what somebody asked for; numbered after the planned ones
  std::shared_ptr<actors::event_schedule> schedule = {}; // from the beginning of the load
  std::optional<records::event_record> under_way = std::nullopt;
  actors::event_schedule::index under_way_index = 0;
  std::function<void()> wake = {}; // of who performs them; empty: nobody yet

  /// Somebody asks for an event.
  void ask(scenario::event e);
};

/// HOST:PORT of a proxy, for the probes of the closed door at balancer number `index`.
std::string probe_target(topology const& nodes, std::size_t index);

/// Performs the events when event_schedule says so, each appended to `done` when it has ended. `total_requests` of a
/// closed load; 0: not known. `may_be_asked`: waits for what somebody asks for until it is cancelled. Throws
/// `could_not_run` when an event of the scenario fails; of one that was asked for its record says it.
boost::asio::awaitable<void> perform_events(event_context context, std::uint64_t total_requests, bool may_be_asked,
                                            event_progress& progress, std::vector<records::event_record>& done);

/// What became of the events that `perform_events` did not end: the load did, at `end_ns`.
std::vector<records::event_record> left_events(scenario::scenario const& s, topology const& nodes,
                                               event_progress const& progress, std::int64_t end_ns);

/// Parts proxies from sols when that is due, each partition appended to `done` when it has begun. A proxy that does not
/// run then is not parted, and one that is restarted meanwhile comes back unparted. Throws `could_not_run`.
boost::asio::awaitable<void> perform_partitions(event_context context, std::vector<records::event_record>& done);

}
