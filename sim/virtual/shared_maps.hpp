#pragma once

#include "gateway/routing/ids.hpp"
#include "gateway/routing/shared_link.hpp"
#include "sim/load/stream.hpp"
#include "sim/scenario/scenario.hpp"
#include "sim/virtual/flight.hpp"
#include "sim/virtual/letter_box.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace sim::virtual_time {

struct world;

/// The token map that balancers share, in a Redis, and each balancer's way to it, as gateway/net/shared_map goes it:
/// one connection, on which commands do not overtake each other; nobody waits longer than the time-out, and nobody at
/// all while the map is not usable.
class shared_maps {
public:
  explicit shared_maps(world& w)
    : w_(w) {}

  // ---- balancers
  /// Its process starts, and connects. `settings`: nullopt for one without a shared map.
  void open(std::size_t balancer, std::optional<scenario::shared_map_settings> const& settings);
  /// It ends; those who waited wait no more.
  void close(std::size_t balancer);
  /// Whether each that runs and has a shared map may ask it.
  bool ready() const;

  /// Asks where the flight's token is; balancers::on_shared is told. False: it is not asked.
  bool look_up(flight_id id);
  void stop_waiting(flight_id id);
  /// The flight's token is there, as its answer says; or it is no longer there.
  void learnt(flight const& f, gateway::routing::upstream_id where);
  void lost(flight const& f, gateway::routing::upstream_id where);

  // ---- Redis' process
  void start() { running_ = true; }
  void kill();
  bool running() const { return running_; }

  // ---- occurrences
  void on_command(std::uint32_t place);
  void on_reply(std::uint32_t place);
  void on_attempt_due(std::size_t balancer, std::uint32_t life);
  void on_late(flight_id id);

private:
  struct waiting {
    flight_id who;
    std::uint32_t ticket;
    std::int64_t due_ns;
  };
  struct link {
    std::optional<scenario::shared_map_settings> settings;
    gateway::routing::shared_link state;
    std::uint32_t life = 0; // of the balancer's process; what belongs to an earlier one is void
    bool runs = false, is_connected = false, is_probing = false;
    bool may_lack = false; // Redis: what was learnt
    std::int64_t probe_due_ns = 0, last_there_ns = 0, last_back_ns = 0;
    std::deque<waiting> asked;
    load::small_stream random;
  };
  /// Of a connection, in either direction.
  struct letter {
    enum class kind : std::uint8_t { connect, probe, look_up, learn, lose, lost_connection } what = kind::probe;
    token_id token{};
    gateway::routing::upstream_id where = gateway::routing::no_upstream; // none: not found
    std::uint64_t epoch = 0;
    std::uint32_t ticket = 0;
    std::uint16_t balancer = 0;
    std::uint32_t life = 0; // of the balancer
  };
  struct entry {
    gateway::routing::upstream_id where;
    std::uint64_t epoch;
    std::int64_t until_ns;
  };

  void post(std::size_t balancer, letter const& what);
  void reply(letter l);
  void arm(std::size_t balancer);
  void fall(std::size_t balancer, gateway::routing::link_condition why);
  void on_probed(std::size_t balancer);
  void release(std::size_t balancer);
  entry* find(token_id token);
  std::int64_t ttl_ns(std::size_t balancer) const { return links_[balancer].settings->ttl.count(); }

  world& w_;
  std::vector<link> links_; // by balancer
  bool running_ = true;
  std::vector<bool> connected_; // at Redis, by balancer
  boost::unordered_flat_map<token_id, entry> entries_;
  std::size_t sweep_at_ = 4096; // so many, and those that expired go
  letter_box<letter> letters_;
  std::uint32_t last_ticket_ = 0;
};

}
