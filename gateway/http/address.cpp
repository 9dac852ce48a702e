#include "gateway/http/address.hpp"

#include "gateway/http/characters.hpp"
#include "gateway/http/fields.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <netinet/in.h>

namespace gateway::http {
namespace {

constexpr std::size_t longest_host = 253; // RFC 1035 2.3.4, without the final dot

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_host_character(char c) { return is_digit(c) || is_letter(c) || c == '-' || c == '.' || c == '_'; }
bool is_hex_digit(char c) { return hex_digit(c) >= 0; }
/// unreserved / sub-delims (RFC 3986 2.2, 2.3) but for commas.
bool is_name_character(char c) {
  return is_host_character(c) || std::string_view("~!$&'()*+;=").find(c) != std::string_view::npos;
}

std::optional<std::string> canonical_v4(std::string const& text) {
  in_addr address{};
  char out[INET_ADDRSTRLEN];
  if (::inet_pton(AF_INET, text.c_str(), &address) != 1) return std::nullopt;
  return ::inet_ntop(AF_INET, &address, out, sizeof out);
}

std::optional<std::string> canonical_v6(std::string const& text) {
  in6_addr address{};
  char out[INET6_ADDRSTRLEN];
  if (::inet_pton(AF_INET6, text.c_str(), &address) != 1) return std::nullopt;
  if (IN6_IS_ADDR_V4MAPPED(&address)) return ::inet_ntop(AF_INET, &address.s6_addr[12], out, sizeof out);
  return ::inet_ntop(AF_INET6, &address, out, sizeof out);
}

/// Whether resolvers that accept the old forms of IPv4 addresses would take it for one (WHATWG URL, "ends in a
/// number").
bool ends_in_number(std::string_view host) {
  std::string_view last = host.substr(host.rfind('.') + 1);
  if (last.starts_with("0x") || last.starts_with("0X")) return std::all_of(last.begin() + 2, last.end(), is_hex_digit);
  return std::all_of(last.begin(), last.end(), is_digit); // also of an empty one: `a..`
}

std::optional<std::string> canonical_name(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  if (host.empty() || host.size() > longest_host || !std::all_of(host.begin(), host.end(), is_host_character) ||
      ends_in_number(host))
    return std::nullopt;
  return lower_case(host);
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return port;
}

/// "v" 1*HEXDIG "." 1*( unreserved / sub-delims / ":" ) (RFC 3986 3.2.2).
bool is_future_address(std::string_view text) {
  if (!text.starts_with('v') && !text.starts_with('V')) return false;
  std::size_t const dot = std::min(text.find('.'), text.size());
  std::string_view const version = text.substr(1, dot - 1), rest = text.substr(std::min(dot + 1, text.size()));
  return !version.empty() && std::all_of(version.begin(), version.end(), is_hex_digit) && !rest.empty() &&
         std::all_of(rest.begin(), rest.end(), [](char c) { return c == ':' || is_name_character(c); });
}

/// reg-name (RFC 3986 3.2.2), not empty. Only characters of names, or beyond ASCII, may be escaped.
bool is_registered_name(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size() || !is_hex_digit(text[i + 1]) || !is_hex_digit(text[i + 2])) return false;
      c = static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
      if ((static_cast<unsigned char>(c) & 0x80) != 0) continue;
    }
    if (!is_name_character(c)) return false;
  }
  return !text.empty();
}

/// HOST and what follows it: nothing, or `:` and the port.
struct parts {
  std::optional<std::string> host;
  std::string_view rest;
};
parts split(std::string_view text) {
  if (text.starts_with('[')) {
    std::size_t const end = text.find(']');
    if (end == std::string_view::npos) return {};
    return {canonical_v6(std::string(text.substr(1, end - 1))), text.substr(end + 1)};
  }
  std::size_t const colon = std::min(text.find(':'), text.size());
  std::string const host(text.substr(0, colon));
  auto address = canonical_v4(host);
  return {address ? std::move(address) : canonical_name(host), text.substr(colon)};
}

/// What may follow an address in X-Forwarded-For: nothing, a port, or a name in place of one (RFC 7239 6).
bool is_port_or_nothing(std::string_view text) {
  if (text.empty()) return true;
  if (!text.starts_with(':')) return false;
  text.remove_prefix(1);
  bool const is_name = text.size() > 1 && text.front() == '_';
  return is_name ? std::all_of(text.begin(), text.end(), is_host_character) : parse_port(text).has_value();
}

std::string_view without_zone(std::string_view address) { return address.substr(0, address.find('%')); }

}

std::string host_port::text() const {
  bool const v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::optional<std::string> canonical_address(std::string_view text) {
  std::string const whole(text);
  if (whole.size() != text.size() || whole.find('\0') != std::string::npos) return std::nullopt;
  auto v4 = canonical_v4(whole);
  return v4 ? std::move(v4) : canonical_v6(whole);
}

std::optional<host_port> parse_host_port(std::string_view text, bool allow_port_zero) {
  if (text.find('\0') != std::string_view::npos) return std::nullopt;
  parts const at = split(text);
  if (!at.host || !at.rest.starts_with(':')) return std::nullopt;
  auto const port = parse_port(at.rest.substr(1));
  if (!port || (*port == 0 && !allow_port_zero)) return std::nullopt;
  return host_port{*at.host, *port};
}

std::optional<host_port> parse_authority(std::string_view text, std::uint16_t default_port) {
  if (text.find('\0') != std::string_view::npos) return std::nullopt;
  parts const at = split(text);
  if (!at.host) return std::nullopt;
  if (!at.rest.empty() && at.rest != ":") return parse_host_port(text);
  if (default_port == 0) return std::nullopt;
  return host_port{*at.host, default_port};
}

bool is_authority(std::string_view text) {
  bool const is_literal = text.starts_with('[');
  std::size_t const end = is_literal ? text.find(']') : std::min(text.find(':'), text.size());
  if (end == std::string_view::npos) return false;
  if (is_literal) {
    std::string const address(text.substr(1, end - 1));
    bool const is_address = address.find('\0') == std::string::npos && canonical_v6(address);
    if (!is_address && !is_future_address(address)) return false;
    text.remove_prefix(end + 1);
  } else {
    if (!is_registered_name(text.substr(0, end))) return false;
    text.remove_prefix(end);
  }
  if (text.empty() || text == ":") return true;
  return text.front() == ':' && parse_port(text.substr(1));
}

forwarded_element parse_forwarded(std::string_view element) {
  using kind = forwarded_element::kind;
  element = trimmed(element);
  if (element.size() >= 2 && element.starts_with('"') && element.ends_with('"'))
    element = trimmed(element.substr(1, element.size() - 2));
  if (element.empty()) return {kind::nothing};
  if (element.find('\0') != std::string_view::npos) return {kind::unclear};
  auto const of = [](std::optional<std::string> address) {
    return address ? forwarded_element{kind::address, *std::move(address)} : forwarded_element{kind::unclear};
  };
  if (element.front() == '[') {
    std::size_t const end = element.find(']');
    if (end == std::string_view::npos || !is_port_or_nothing(element.substr(end + 1))) return {kind::unclear};
    return of(canonical_v6(std::string(without_zone(element.substr(1, end - 1)))));
  }
  if (auto bare = canonical_address(without_zone(element))) return of(std::move(bare));
  // An address with a port. An IPv6 address without brackets may have one only if what precedes the last colon ends in
  // IPv4; else the port would be part of the address.
  std::size_t const colon = element.rfind(':');
  if (colon != std::string_view::npos && is_port_or_nothing(element.substr(colon))) {
    std::string_view const before = element.substr(0, colon);
    if (before.find('.') != std::string_view::npos) return of(canonical_address(before));
  }
  std::string_view const name = element.substr(0, element.find(':'));
  bool const is_hidden = iequals(name, "unknown") || (name.size() > 1 && name.front() == '_' &&
                                                      std::all_of(name.begin(), name.end(), is_host_character));
  bool const ends_well = is_hidden && is_port_or_nothing(element.substr(name.size()));
  return {ends_well ? kind::hidden : kind::unclear};
}

}
