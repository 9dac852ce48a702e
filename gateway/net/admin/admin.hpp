#pragma once

#include "gateway/cache/shared_cache.hpp"
#include "gateway/net/balancer.hpp"
#include "gateway/net/worker.hpp"

#include <functional>
#include <string>

namespace gateway::net {

/// Prometheus text exposition format 0.0.4 of everything that is counted.
/// `cache`: nullptr without one.
std::string metrics_text(balancer const& shared, cache::shared_cache* cache);

/// The same as one JSON object, with the main settings that are in force. `threads` is how many serve.
std::string status_json(balancer const& shared, cache::shared_cache* cache, std::uint32_t threads);

struct admin_settings {
  std::uint32_t threads = 1; // that serve, for /status
  bool may_write = false;    // PUT and DELETE are served
  nanoseconds patience = std::chrono::seconds(75);
  std::function<void()> removed = [] {}; // called when an upstream was
};

/// Serves `GET /metrics`, `GET /status`, `PUT` and `DELETE /upstreams/HOST:PORT` and `DELETE /cache/URI` on one
/// accepted connection, with keep-alive, on the socket's executor. Names in the latter are resolved, which may block. A
/// peer that takes longer than `patience` for a request, or for taking its answer, is left.
void serve_admin(tcp_socket socket, balancer& shared, cache::shared_cache* cache, admin_settings const& s);

}
