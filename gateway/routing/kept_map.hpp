#pragma once

#include "gateway/routing/ids.hpp"

#include <cstdint>
#include <optional>

/// What a balancer's next life knows from its start, so that a restart is not cold: both engines keep and restore by
/// these rules.
namespace gateway::routing {

/// One token of a map, as it is kept. The id is of the router that kept it; whoever restores puts its own there.
template<class Key>
struct kept {
  Key key{};
  upstream_id upstream = no_upstream;
  std::optional<std::uint64_t> epoch{};
};

/// Calls `f(kept)` for each entry of the map that is kept: those that lead to an upstream of which `is_known` holds,
/// the least recently used first. Learnt anew in this order they are as recently used as they were.
///
/// Times of learning are not kept: another process counts them from another start.
template<class Map, class IsKnown, class F>
void keep(Map& map, IsKnown is_known, F f) {
  map.for_each_by_use([&](typename Map::key_type const& key, typename Map::payload_type const& known) {
    if (!is_known(known.upstream)) return;
    kept<typename Map::key_type> one{key, known.upstream, std::nullopt};
    if (known.is_epoch()) one.epoch = known.when();
    f(one);
  });
}

/// What the map is to hold of it from `now` on. Without an epoch it counts as learnt now, so that whatever an answer
/// says from now on is newer. It is due to be told to a shared map, which may have lost it meanwhile; `period` is the
/// present one.
template<class Payload, class Key>
Payload known_since(kept<Key> const& what, time_ns now, std::uint32_t period) {
  Payload fresh = Payload::make(what.upstream, now, what.epoch);
  fresh.set_shared_in(period - Payload::due_after);
  return fresh;
}

}
