#pragma once

#include "sim/actors/event_schedule.hpp"
#include "sim/engines/virtual/run_context.hpp"
#include "sim/records/records.hpp"
#include "sim/scenario/scenario.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace sim::virtual_time {

class balancers;
class clients;
class proxies;
class shared_maps;
class sols;

/// Performs the scenario's events when event_schedule says so, and records when each was done.
class timeline {
public:
  timeline(run_context& run, virtual_time::sols& sols, virtual_time::proxies& proxies,
           virtual_time::balancers& balancers, virtual_time::shared_maps& shared_maps, virtual_time::clients& clients);

  /// The load begins now.
  void begin();
  /// `started` requests have been started: events may wait for a share of them.
  void on_started(std::uint64_t started) {
    if (schedule_.on_started(started, run_.now())) run_.time.at(run_.now(), event_kind::event_due, 0);
  }
  /// An event may be due.
  void on_event_due();
  /// The load is over.
  void end() { schedule_.end(); }
  void on_partition(std::uint32_t index);
  /// A process that was restarted or added has started.
  void on_process_starts(std::uint32_t event);
  /// Checks whether what an event waits for has happened.
  void on_look(std::uint32_t event);

  /// In the order in which they were done; those under way are left out.
  std::vector<records::event_record> const& done() const { return done_; }
  /// Those, and the ones for which the load, which ended at `end_ns`, left no time.
  std::vector<records::event_record> all(std::int64_t end_ns) const;

private:
  struct node {
    enum class role : std::uint8_t { balancer, proxy, sol, redis } what = role::proxy;
    std::size_t index = 0;
  };
  struct under_way {
    records::event_record record;
    actors::action_result result;
    std::uint64_t asked = 0;                            // moves of sessions
    std::uint64_t granted_before = 0, ended_before = 0; // moves in all
  };

  /// Balancers that the event adds.
  std::vector<std::string> added_by(std::uint32_t event) const;
  void begin_event(std::uint32_t event);
  void perform(std::uint32_t event);
  void finish(std::uint32_t event);
  node find(std::string const& name) const;
  void kill(node const& n);
  void start(node const& n, actors::action_result& result);
  bool running(node const& n) const;
  void restart(std::uint32_t event, scenario::restart_node const& what);
  void move_sessions(std::uint32_t event, scenario::move_sessions const& what);
  bool stopped(std::uint32_t event, node const& n) const;
  void look_at_restart(std::uint32_t event, scenario::restart_node const& what);
  void look_at_moves(std::uint32_t event);

  run_context& run_;
  virtual_time::sols& sols_;
  virtual_time::proxies& proxies_;
  virtual_time::balancers& balancers_;
  virtual_time::shared_maps& shared_maps_;
  virtual_time::clients& clients_;
  std::vector<scenario::balancer_identity> identities_;
  actors::event_schedule schedule_;
  std::vector<under_way> events_; // as in the scenario
  std::vector<records::event_record> done_;
};

}
