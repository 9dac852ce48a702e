#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Brings hosts and addresses, however configurations, proxies and operators spell them, into one spelling, so that
/// they can be compared as text.
namespace gateway::http {

/// HOST:PORT in one spelling: `host` is an IP address as RFC 5952 writes it, without brackets, or a name in lower case.
struct host_port {
  std::string host;
  std::uint16_t port = 0;

  bool operator==(host_port const&) const = default;
  /// `host:port`, IPv6 in brackets.
  std::string text() const;
};

/// An IP address in its one spelling. IPv4: four decimal numbers without leading zeros, and nothing else (RFC 3986
/// 3.2.2). IPv6: any spelling of RFC 4291 2.2, without a zone, which has a meaning on one machine only; an IPv4-mapped
/// one (RFC 4291 2.5.5.2) is the IPv4 address, since a socket for both families reports IPv4 peers so. Nullopt for
/// anything else.
std::optional<std::string> canonical_address(std::string_view text);

/// `HOST:PORT`, `ADDRESS:PORT` or `[IPv6]:PORT`; port 1 to 65535 (0 only with `allow_port_zero`), perhaps with leading
/// zeros. A name's final dot is dropped. A name may not end like a number (`127.1`, `0x7f000001`, `10.0.0.01`): some
/// resolvers would take it for an address, others not. Nullopt for that and for anything else that is ambiguous.
std::optional<host_port> parse_host_port(std::string_view text, bool allow_port_zero = false);

/// The same, but if the port is missing or empty it is `default_port`, or 0 for none.
std::optional<host_port> parse_authority(std::string_view text, std::uint16_t default_port);

/// Whether it is `uri-host [ ":" port ]` (RFC 9110 7.2, RFC 3986 3.2.2), with a host that is not empty: a valid IP
/// literal in brackets, or a name of the characters that RFC 3986 allows in names, without percent-encoded delimiters.
/// A port is a number up to 65535, or empty. Commas, which RFC 3986 allows in names, are refused: others may read a
/// list of two hosts.
bool is_authority(std::string_view text);

/// What an element of X-Forwarded-For says, in the forms that proxies write: an address, perhaps with a port, in
/// brackets, in quotes or with a zone.
struct forwarded_element {
  enum class kind : std::uint8_t {
    nothing, // an empty element
    address,
    hidden, // `unknown`, `_name` (RFC 7239 6.2, 6.3): the client is not named
    unclear // anything else
  } what = kind::unclear;
  std::string address{}; // in its one spelling
};
forwarded_element parse_forwarded(std::string_view element);

}
