#pragma once

#include "gateway/routing/router.hpp"
#include "tests/gateway/routing/key.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <random>

/// A router with upstreams numbered from 0 and a clock that tests turn.
namespace tests::gateway_routing {

using namespace gateway::routing;

using map = token_map<key, learnt_backend, key_hash>;
using router = basic_router<map, key, learnt_backend>;

inline constexpr time_ns ms = 1'000'000;

struct bench {
  router r;
  std::mt19937_64 random{7};
  time_ns now = 0;

  explicit bench(std::uint32_t upstreams, bool with_map = true, router_settings settings = {},
                 guess_policy policy = guess_policy::random)
    : r(settings, policy, with_map ? std::optional<map>(map(100)) : std::nullopt) {
    for (std::uint32_t i = 0; i < upstreams; ++i) r.add_upstream(i + 1, true);
  }

  action start(router::route_type& route, std::uint64_t token, bool idempotent = true) {
    return r.start(route, {token != 0, key{token}, token, idempotent}, now, random);
  }
};

inline upstream_id other(upstream_id than) { return upstream_id{index_of(than) == 0 ? 1u : 0u}; }

}
