#pragma once

#include "gateway/http/address.hpp"
#include "gateway/http/head_parser.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The fields by which proxies tell balancers where a session is (docs/wire.md).
namespace gateway::http {

/// Path of the internal location: `/internal_redirect/HOST:PORT/path?query`.
inline constexpr std::string_view internal_prefix = "/internal_redirect/";

/// What a proxy's answer tells the balancer, verbatim. A field that occurs twice with different values counts as
/// malformed.
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

/// The proxy that an X-Backend value names, in any unambiguous form: `http://HOST:PORT`; with `https`, in any letter
/// case; without a scheme; with a path, which is ignored; with a scheme and no port, which then is 80 or 443. Nullopt
/// when malformed: with user information, a list, another scheme, or neither scheme nor port.
std::optional<host_port> parse_backend(std::string_view value);

/// What X-Session-Epoch says: an unsigned 64-bit number in decimal digits, perhaps with leading zeros. Nullopt for
/// anything else: signs, blanks, lists, an empty value, more bits.
std::optional<std::uint64_t> parse_epoch(std::string_view value);

}
