#pragma once

#include "gateway/cache/shared_cache.hpp"
#include "gateway/routing/route.hpp"
#include "sim/scenario/scenario.hpp"

#include <cstdint>
#include <optional>

namespace sim::actors {

/// The settings that a scenario gives a gateway, in the gateway's own terms. Those that it leaves open are the
/// gateway's defaults.
struct gateway_settings {
  gateway::routing::router_settings routing;
  gateway::routing::guess_policy guess = gateway::routing::guess_policy::random;
  std::optional<std::uint64_t> token_map_bytes; // nullopt: off
  bool keeps_map = false;                       // over a restart, unless it is killed
  std::uint32_t threads = 1;
  std::optional<gateway::cache::cache_settings> cache;     // nullopt: none
  std::optional<scenario::shared_map_settings> shared_map; // likewise
};
gateway_settings settings_of(scenario::balancer_group const& group);

}
