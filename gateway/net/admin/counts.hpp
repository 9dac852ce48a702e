#pragma once

#include "gateway/cache/shared_cache.hpp"
#include "gateway/net/balancer.hpp"

#include <cstdint>
#include <vector>

/// What the gateway counts, for /metrics and /status.
namespace gateway::net {

struct named_count {
  char const* name; // in /metrics with the program's prefix, and of a counter with `_total`
  char const* help;
  std::uint64_t value;
};

/// Every counter of routing and of the shell; those of the shared map only with one.
std::vector<named_count> counts_of(balancer::status const& now, shell_counters const& shell);
/// Every counter of the cache.
std::vector<named_count> counts_of(cache::shared_cache& cache, cache::shared_cache::status const& now);
named_count shared_gauge(shell_counters const& shell);

}
