#pragma once

#include "gateway/routing/default_limits.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace sim::virtual_time {

/// How many idle connections each balancer keeps to each proxy. It opens one more whenever all are in use, and keeps it
/// unless the proxy says that it closes it. Counted only where a proxy may leave; elsewhere they change nothing.
class idle_connections {
public:
  idle_connections(bool counted, std::size_t balancers, std::size_t proxies)
    : proxies_(proxies)
    , idle_(counted ? balancers * proxies : 0) {}

  /// Whether there is one to use for the next request.
  bool take(std::size_t balancer, std::size_t proxy) {
    if (idle_.empty() || idle_[balancer * proxies_ + proxy] == 0) return false;
    --idle_[balancer * proxies_ + proxy];
    return true;
  }
  void give_back(std::size_t balancer, std::size_t proxy) {
    if (idle_.empty()) return;
    std::uint32_t& idle = idle_[balancer * proxies_ + proxy];
    idle = std::min(idle + 1, gateway::routing::default_limits.idle_per_upstream);
  }
  void close_balancer(std::size_t balancer) {
    for (std::size_t i = 0; i < proxies_ && !idle_.empty(); ++i) idle_[balancer * proxies_ + i] = 0;
  }
  void close_proxy(std::size_t proxy) {
    for (std::size_t i = proxy; i < idle_.size(); i += proxies_) idle_[i] = 0;
  }

private:
  std::size_t proxies_;
  std::vector<std::uint32_t> idle_; // [balancer][proxy]
};

}
