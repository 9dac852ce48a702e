#pragma once

#include "gateway/exchange/shared_entry.hpp"
#include "gateway/exchange/shared_map_link.hpp"
#include "gateway/routing/ids.hpp"
#include "sim/engines/virtual/network.hpp"
#include "sim/engines/virtual/request_state.hpp"
#include "sim/engines/virtual/run_context.hpp"
#include "sim/engines/virtual/slot_pool.hpp"
#include "sim/load/stream.hpp"
#include "sim/scenario/scenario.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

namespace sim::virtual_time {

class balancers;

/// The token map that balancers share, in a Redis, and each balancer's link to it: one connection, on which commands do
/// not overtake each other, driven by exchange::shared_map_link.
class shared_maps {
public:
  shared_maps(run_context& run, network& net, virtual_time::balancers& balancers)
    : run_(run)
    , net_(net)
    , balancers_(balancers) {}

  // ---- balancers
  /// Its process starts, and connects. `settings`: nullopt for one without a shared map.
  void open(std::size_t balancer, std::optional<scenario::shared_map_settings> const& settings);
  /// The process ends; nobody waits for it any more.
  void close(std::size_t balancer);
  /// Whether every running balancer with a shared map may use it.
  bool ready() const;

  /// Looks up the request's token; balancers::on_shared gets the result. False: it is not looked up.
  bool look_up(request_index id);
  /// The request's answer says that its token is at `where`, or that it no longer is.
  void learnt(request_state const& f, gateway::routing::upstream_id where);
  void lost(request_state const& f, gateway::routing::upstream_id where);

  // ---- Redis' process
  void start() { running_ = true; }
  void kill();
  bool running() const { return running_; }

  // ---- events
  void on_command(std::uint32_t place);
  void on_reply(std::uint32_t place);
  void on_deadline(std::size_t balancer, std::uint32_t life);

private:
  using decisions = gateway::exchange::shared_map_link<sleeper>;
  using entry = gateway::exchange::shared_entry<gateway::routing::upstream_id>;
  static constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();

  struct link {
    std::optional<scenario::shared_map_settings> settings;
    decisions state;
    std::uint32_t life = 0; // of the balancer's process; what belongs to an earlier one is void
    bool runs = false;
    std::int64_t armed_ns = never; // when it is looked at next
    std::int64_t last_there_ns = 0, last_back_ns = 0;
    load::small_stream random;
  };
  /// A message on a connection, in either direction.
  struct message {
    enum class kind : std::uint8_t { connect, probe, look_up, learn, lose, lost_connection } what = kind::probe;
    token_id token{};
    gateway::routing::upstream_id where = gateway::routing::no_upstream; // none: not found
    std::optional<std::uint64_t> epoch{};
    decisions::ticket ticket = 0;
    std::uint16_t balancer = 0;
    std::uint32_t life = 0; // of the balancer
  };
  struct kept {
    entry what;
    std::int64_t until_ns;
  };

  void post(std::size_t balancer, message const& what);
  void reply(message l);
  void arm(std::size_t balancer);
  void probe(std::size_t balancer);
  void release(std::vector<decisions::waiting> const& those);
  void tell(sleeper const& who, gateway::routing::shared_facts const& found);
  void learn(message const& l);
  kept* find(token_id token);
  std::int64_t ttl_ns(std::size_t balancer) const { return links_[balancer].settings->ttl.count(); }

  run_context& run_;
  network& net_;
  virtual_time::balancers& balancers_;
  std::vector<link> links_; // by balancer
  bool running_ = true;
  std::vector<bool> connected_; // at Redis, by balancer
  boost::unordered_flat_map<token_id, kept> entries_;
  std::size_t sweep_at_ = 4096; // at so many entries those that expired are removed
  slot_pool<message> messages_;
};

}
