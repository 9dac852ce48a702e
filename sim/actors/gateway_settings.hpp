#pragma once

#include "gateway/cache/shared_cache.hpp"
#include "gateway/routing/route.hpp"
#include "sim/scenario/scenario.hpp"

#include <cstdint>
#include <optional>

namespace sim::actors {

/// What a scenario says of a gateway, in the gateway's own terms. What it does not say is as the gateway has it.
struct gateway_settings {
  gateway::routing::router_settings routing;
  gateway::routing::guess_policy guess = gateway::routing::guess_policy::random;
  std::optional<std::uint64_t> token_map_bytes; // nullopt: off
  std::uint32_t threads = 1;
  std::optional<gateway::cache::cache_settings> cache;     // nullopt: none
  std::optional<scenario::shared_map_settings> shared_map; // likewise
};
gateway_settings settings_of(scenario::balancer_group const& group);

}
