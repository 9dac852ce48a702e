#pragma once

#include "base/randomness/draw.hpp"
#include "gateway/exchange/idle_pool.hpp"
#include "gateway/routing/default_limits.hpp"
#include "sim/actors/connection_pool.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace sim::virtual_time {

/// The connections that balancers keep open to proxies: a pool for each thread of each balancer, as live. Followed only
/// where a proxy may leave; elsewhere they change nothing. Times are ns.
class idle_connections {
public:
  using upstream_id = gateway::routing::upstream_id;

  /// Follows nothing.
  idle_connections() = default;
  /// `threads`: of each balancer.
  explicit idle_connections(std::vector<std::uint32_t> const& threads) {
    for (std::uint32_t const count : threads) pools_.emplace_back(count);
  }

  /// A request's hop, and through whom it goes.
  struct hop {
    std::size_t balancer;
    actors::connection_id client; // one thread handles all requests of a client's connection
    upstream_id proxy;
  };

  /// Whether there is an open connection for it.
  bool take(hop const& h, gateway::routing::hop_kind kind, std::int64_t now) {
    if (pools_.empty()) return false;
    auto const closes_at = pool_of(h).take(h.proxy, kind);
    if (!closes_at) return false;
    if (*closes_at > now) return true;
    pool_of(h).forget_if(h.proxy, [](std::int64_t) { return true; }); // the others were idle for longer
    return false;
  }
  /// The hop is over, and the proxy keeps the connection open.
  void give_back(hop const& h, std::int64_t now) {
    if (pools_.empty()) return;
    gateway::routing::gateway_limits const& limits = gateway::routing::default_limits;
    pool_of(h).keep(h.proxy, now + limits.upstream_idle.count(), limits.idle_per_upstream);
  }

  void close_balancer(std::size_t balancer) {
    if (pools_.empty()) return;
    for (pool& of_thread : pools_[balancer]) of_thread = {};
  }
  void close_proxy(upstream_id proxy) {
    for (auto& of_balancer : pools_)
      for (pool& of_thread : of_balancer) of_thread.forget_if(proxy, [](std::int64_t) { return true; });
  }

private:
  using pool = gateway::exchange::idle_pool<std::int64_t>; // of the times at which they close

  pool& pool_of(hop const& h) {
    auto& threads = pools_[h.balancer];
    return threads[threads.size() == 1 ? 0 : randomness::mix(h.client) % threads.size()];
  }

  std::vector<std::vector<pool>> pools_; // [balancer][thread]
};

}
