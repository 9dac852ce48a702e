#pragma once

#include <compare>
#include <cstdint>
#include <optional>

namespace gateway::exchange {

/// An entry of the shared token map: where a token's session is, and the session's epoch if the proxies report it.
template<class Backend>
struct shared_entry {
  Backend backend;
  std::optional<std::uint64_t> epoch{};

  bool operator==(shared_entry const&) const = default;
};

/// What happens to an entry when a balancer reports what it learnt.
enum class told : std::uint8_t {
  replace, // store the new entry, with a full TTL
  renew,   // keep the old entry, with a full TTL
  keep     // keep the old entry, and what is left of its TTL
};

/// The last report counts, with two exceptions: an older epoch, from an answer that was long in transit, never
/// overwrites a newer one, and an answer without an epoch does not erase a known epoch if it names the same backend.
/// `old`: nullptr if there is no entry, or one that no balancer wrote. Redis decides the same in Lua
/// (gateway/net/redis/shared_map_scripts.hpp).
template<class Backend>
told tell(shared_entry<Backend> const* old, shared_entry<Backend> const& fresh) {
  if (!old || !old->epoch) return told::replace;
  if (!fresh.epoch) return fresh.backend == old->backend ? told::renew : told::replace;
  return *fresh.epoch < *old->epoch ? told::keep : told::replace;
}

/// Whether an entry is removed when a balancer reports that the session is no longer at `backend`.
template<class Backend>
bool is_lost(shared_entry<Backend> const* old, Backend const& backend) {
  return old && old->backend == backend;
}

}
