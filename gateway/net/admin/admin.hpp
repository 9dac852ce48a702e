#pragma once

#include "base/metrics/exposition.hpp"
#include "gateway/cache/shared_cache.hpp"
#include "gateway/net/balancer.hpp"
#include "gateway/net/worker.hpp"

#include <functional>
#include <string>

namespace gateway::net {

/// All counters as Prometheus reads them (docs/metrics.md). `cache`: nullptr without one.
std::string metrics_text(balancer const& shared, cache::shared_cache* cache, metrics::format format);

/// The same as one JSON object, with the main settings in force. `threads` is the number of serving threads.
std::string status_json(balancer const& shared, cache::shared_cache* cache, std::uint32_t threads);

struct admin_settings {
  std::uint32_t threads = 1; // number of serving threads, for /status
  bool may_write = false;    // PUT and DELETE are served
  nanoseconds patience = std::chrono::seconds(75);
  std::function<void()> removed = [] {}; // called after an upstream was removed
};

/// Serves `GET /metrics`, `GET /status`, `PUT` and `DELETE /upstreams/HOST:PORT` and `DELETE /cache/URI` on one
/// accepted connection, with keep-alive, on the socket's executor. Host names in `/upstreams` are resolved, which may
/// block. A peer that takes longer than `patience` to send a request or to read its answer is dropped.
void serve_admin(tcp_socket socket, balancer& shared, cache::shared_cache* cache, admin_settings const& s);

}
