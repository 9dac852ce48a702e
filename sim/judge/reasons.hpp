#pragma once

#include "sim/records/run_view.hpp"

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace sim::judge {

/// Why a request was redirected (docs/TERMS.md). They sum exactly to the redirects.
enum class reason : std::uint8_t {
  cold,      // this map never knew the token
  raced,     // the map did not know yet: an earlier request of the token was in flight, or, at another balancer that
             // shares the map, answered so short a time before that the entry may not have been there
  moved,     // stale hit: the map named this proxy, the session was elsewhere
  evicted,   // it knew once; nothing else explains the loss, and the map is bounded
  expired,   // it knew once; the entry grew too old (no balancer kind of today expires entries)
  forgotten, // it knew once, and had cause to erase: an upstream failed, or an answer named no proxy
  restarted, // it knew once, before the balancer's restart
  chained,   // second or later redirect of one request
  no_token,  // nobody can know a request without Authorization
  no_map,    // the balancer has no map
  unknown    // a black box hides it
};

inline constexpr std::size_t reason_count = 11;
inline constexpr std::uint8_t not_redirected = 0xff;
std::string_view name_of(reason r);

/// How the first proxy of a request was chosen.
enum class choice : std::uint8_t {
  unknown, // black box with unknown rules, or no proxy saw the request, or a request without a token of ours
  guess,
  map
};

/// Per request and per hop: what the balancer could know.
struct routing_history {
  std::vector<std::uint8_t> hop_reason; // by index of records().hops: `reason` of a redirect, else `not_redirected`
  std::vector<choice> first_choice;     // by slot
  std::vector<std::uint8_t> raced;      // by slot: 1 when guessed before the shared map had what another had learnt
  std::vector<std::uint8_t> overlapped; // by slot: 1 when another request of the character was in flight when sent
  /// By slot: 1 when the map led the request's first hop to a proxy that was not the owner any more: it redirected, or
  /// it was dead. Never 1 where the first hop was guessed.
  std::vector<std::uint8_t> stale;
};

/// Reconstructs, from records of clients and proxies alone, what each balancer's map could know when it chose.
///
/// A final answer that names a proxy is learnt at some moment between the proxy's answer and the client's last byte; a
/// proxy is chosen between the client's first byte and the proxy's arrival. Where such intervals overlap, every order
/// is possible, and the redirect is explained by the overlap rather than by a loss. The gateway's own word for hit or
/// guess, where it keeps a journal, decides which of the possible orders it was.
///
/// What a balancer learns is in the map that it shares with others some time after its answer. No record says when; so
/// another's guess counts as raced if its request was sent within the shared map's time-out after the answer (nobody
/// waits longer for Redis, and it says itself when it is slower than that).
routing_history reconstruct(records::run_view const& v);

}
