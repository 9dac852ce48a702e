#pragma once

#include "gateway/http/address.hpp"
#include "gateway/http/head_parser.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The words that proxies and balancers exchange about where a session is (docs/wire.md).
namespace gateway::http {

/// Path of the internal location: `/internal_redirect/HOST:PORT/path?query`.
inline constexpr std::string_view internal_prefix = "/internal_redirect/";

/// What a proxy's answer says to the balancer, as it stands there. A field that comes twice and says two things is as
/// one that is malformed.
struct session_words {
  std::optional<std::string_view> redirect; // X-Accel-Redirect
  bool once = false;                        // X-Accel-Once: the redirect is for this request only
  std::optional<std::string_view> backend;  // X-Backend
  std::optional<std::string_view> epoch;    // X-Session-Epoch
};
session_words session_words_of(message_head const& head, char const* base);

/// The proxy that an X-Accel-Redirect value names. The rest (accel_target.hpp) must be empty or begin with `/`, `?` or
/// `*`, and have no control character. Nullopt when malformed.
std::optional<host_port> parse_accel_redirect(std::string_view location);

/// The proxy that an X-Backend value names, in any form that is clear: `http://HOST:PORT`; with `https`, in any letter
/// case; without a scheme; with a path, which does not count; with a scheme and no port, which is 80 or 443 then.
/// Nullopt when malformed: with user information, a list, another scheme, neither scheme nor port.
std::optional<host_port> parse_backend(std::string_view value);

/// What X-Session-Epoch says: an unsigned number of 64 bits in decimal digits, leading zeros or not. Nullopt for
/// anything else: signs, blanks, lists, nothing, more bits.
std::optional<std::uint64_t> parse_epoch(std::string_view value);

}
