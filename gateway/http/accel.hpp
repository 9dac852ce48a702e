#pragma once

#include "gateway/http/head_parser.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The words that proxies and balancers exchange about where a session is (docs/wire.md).
namespace gateway::http {

/// Path of the internal location: `/internal_redirect/HOST:PORT/path?query`.
inline constexpr std::string_view internal_prefix = "/internal_redirect/";

/// HOST:PORT as text: `host` is lower-case, an IPv6 address without its brackets.
struct host_port {
  std::string host;
  std::uint16_t port = 0;

  bool operator==(host_port const&) const = default;
  /// `host:port`, IPv6 in brackets: one spelling for one address.
  std::string text() const;
};

/// Parses `HOST:PORT`, `ADDRESS:PORT` or `[IPv6]:PORT`; port 1–65535 (0 only with `allow_port_zero`), decimal. Nullopt
/// for anything else.
std::optional<host_port> parse_host_port(std::string_view text, bool allow_port_zero = false);

/// What a proxy's answer says to the balancer, as it stands there.
struct session_words {
  std::optional<std::string_view> redirect; // X-Accel-Redirect
  bool once = false;                        // X-Accel-Once: the redirect is for this request only
  std::optional<std::string_view> backend;  // X-Backend
  std::optional<std::uint32_t> epoch;       // X-Session-Epoch, its lower 31 bits
};
session_words session_words_of(message_head const& head, char const* base);

/// The proxy that an X-Accel-Redirect value names. The rest must be empty or begin with `/` or `?`, and have no control
/// character. Nullopt when malformed.
std::optional<host_port> parse_accel_redirect(std::string_view location);

/// The proxy that an X-Backend value names: `http://HOST:PORT`, optionally with a final `/`. Nullopt when malformed.
std::optional<host_port> parse_backend(std::string_view value);

}
