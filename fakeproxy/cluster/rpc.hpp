#pragma once

#include "fakeproxy/cluster/types.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>

/// Messages between a proxy node and a sol.
///
/// They travel in binary WebSocket frames, each a whole number of messages of `message_bytes`. All have the same
/// layout, big-endian, in the order of the members of `message`; fields that an operation does not use are 0. An answer
/// repeats the operation, the correlation and the character of its call.
namespace fakeproxy::cluster {

enum class operation : std::uint8_t {
  // proxy → sol, answered
  announce = 1, // register: `subject` = my incarnation, `where` = my addresses. ok (you were known), fresh, fenced
  renew,        // my lease: ok, fenced, unknown
  find,         // who has the session: owned (`subject`, `where`, `epoch`), none, busy
  claim,        // find, or create mine: granted (`epoch`), owned, busy (ask again), fenced
  release,      // the session ends: ok, stale. Without a character: this incarnation ends
  move,         // to the incarnation `number`: ok when done, none when it cannot be
  apply,        // game state: `number` = request id: ok, duplicate, stale
  game,         // an EVE client's request: ok, stale
  unreachable,  // I cannot reach `number`, the owner: fenced (claim again), busy (not yet)
  attach,       // an EVE client is attached, and has seen notifications to `number`; or (`leaving`) is gone: ok, stale
  drained,      // no request of the session is in flight: owned (the new owner), ok (still yours), stale
  // sol → proxy, not answered
  drain,        // stop starting requests of the session, then say `drained`
  granted,      // the session was moved to you
  notification, // for the EVE client: `number`, `sent_ns`
  fenced        // your incarnation is declared dead
};

enum class status : std::uint8_t { call = 0, ok, fresh, granted, owned, none, busy, stale, duplicate, fenced, unknown };

struct message {
  operation op = operation::announce;
  cluster::status status = cluster::status::call;
  std::uint8_t method = 0;  // apply: verb as integer
  std::uint8_t leaving = 0; // attach: 1 when the client is gone
  std::uint32_t correlation = 0;
  character_id character = character_id::none;
  endpoint where{};
  incarnation subject = incarnation::none; // calls: the caller's
  session_epoch epoch = session_epoch::none;
  std::uint64_t number = 0;
  time_point sent_ns = 0;
};

inline constexpr std::size_t message_bytes = 52;

/// Writes `message_bytes` bytes at `to`.
void encode(message const& m, unsigned char* to);

/// Reads `message_bytes` bytes; nothing when the operation or status is not one of ours.
std::optional<message> decode(unsigned char const* from);

}
