#pragma once

#include <cstddef>
#include <cstdint>

namespace sim::load {

/// What kind of token a request carries: the character's own, one that nobody issued, none.
/// The same order as records::token_kind.
enum class token_kind : std::uint8_t { own, junk, none };

/// One request that is to be sent.
struct planned_request {
  std::int64_t at_ns = 0; // intended start, from the start of the load. Closed load, unpaced trace: 0, meaning now
  std::uint64_t balancer_draw = 0; // for balancer_chooser
  std::uint32_t character = 0;     // who asks, whatever the token
  std::uint32_t rotation = 0;      // own: which of the character's tokens; junk: a number that makes tokens differ
  std::uint32_t target = 0;        // index into plan::targets
  std::uint32_t connection = 0;    // the client's connection, for balancer_choice per_connection
  std::uint16_t method = 0;        // index into plan::methods
  token_kind kind = token_kind::own;
};

/// Requests of an open load are drawn so many at once at most, one field of all after the other: each field has a
/// stream of its own, so that this gives the same requests as one after the other would, and costs less than half.
constexpr std::size_t drawn_at_once = 32;

}
