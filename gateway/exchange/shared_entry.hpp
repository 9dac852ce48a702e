#pragma once

#include <compare>
#include <cstdint>
#include <optional>

namespace gateway::exchange {

/// What the map that balancers share holds of a token: where its session is, and the session's epoch if proxies tell
/// it.
template<class Backend>
struct shared_entry {
  Backend backend;
  std::optional<std::uint64_t> epoch{};

  bool operator==(shared_entry const&) const = default;
};

/// What becomes of an entry when a balancer says what it learnt.
enum class told : std::uint8_t {
  replace, // what is new, for the TTL from now on
  renew,   // what is there, for the TTL from now on
  keep     // what is there, for as long as it has
};

/// The last word counts, except that an older epoch, of an answer that was long on its way, never overwrites a younger
/// one, and that an answer without an epoch takes none away from what is known to be there. `old`: nullptr without an
/// entry, or with one that no balancer wrote. Redis decides the same in Lua (gateway/net/redis/shared_map_scripts.hpp).
template<class Backend>
told tell(shared_entry<Backend> const* old, shared_entry<Backend> const& fresh) {
  if (!old || !old->epoch) return told::replace;
  if (!fresh.epoch) return fresh.backend == old->backend ? told::renew : told::replace;
  return *fresh.epoch < *old->epoch ? told::keep : told::replace;
}

/// Whether an entry goes when a balancer says that the session is no longer at `backend`.
template<class Backend>
bool is_lost(shared_entry<Backend> const* old, Backend const& backend) {
  return old && old->backend == backend;
}

}
