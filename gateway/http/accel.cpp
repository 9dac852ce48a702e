#include "gateway/http/accel.hpp"

#include "gateway/http/fields.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

namespace gateway::http {
namespace {

char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_host_character(char c) {
  c = to_lower(c);
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

bool is_address_character(char c) {
  c = to_lower(c);
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || c == ':' || c == '.';
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

}

std::string host_port::text() const {
  bool const v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::optional<host_port> parse_host_port(std::string_view text, bool allow_port_zero) {
  std::string_view host;
  if (text.starts_with('[')) {
    std::size_t const end = text.find(']');
    if (end == std::string_view::npos || end + 1 >= text.size() || text[end + 1] != ':') return std::nullopt;
    host = text.substr(1, end - 1);
    text.remove_prefix(end + 2);
    if (!std::all_of(host.begin(), host.end(), is_address_character)) return std::nullopt;
  } else {
    std::size_t const colon = text.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    host = text.substr(0, colon);
    text.remove_prefix(colon + 1);
    if (!std::all_of(host.begin(), host.end(), is_host_character)) return std::nullopt;
  }
  if (host.empty() || text.empty() || text.size() > 5) return std::nullopt;
  unsigned port = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port > 65535) return std::nullopt;
  if (port == 0 && !allow_port_zero) return std::nullopt;
  return host_port{lower_case(host), static_cast<std::uint16_t>(port)};
}

session_words session_words_of(message_head const& head, char const* base) {
  session_words out;
  for (field_line const& line : head.fields) {
    std::string_view const name = line.name.in(base);
    if (!is_internal(name)) continue;
    std::string_view const value = line.value.in(base);
    if (iequals(name, "X-Accel-Redirect")) {
      if (!out.redirect) out.redirect = value;
    } else if (iequals(name, "X-Accel-Once")) {
      out.once = value == "1" || iequals(value, "true");
    } else if (iequals(name, "X-Backend")) {
      if (!out.backend) out.backend = value;
    } else if (iequals(name, "X-Session-Epoch")) {
      std::uint64_t epoch = 0;
      auto const [end, error] = std::from_chars(value.data(), value.data() + value.size(), epoch);
      if (error == std::errc{} && end == value.data() + value.size())
        out.epoch = static_cast<std::uint32_t>(epoch & 0x7fffffffu);
    }
  }
  return out;
}

std::optional<host_port> parse_accel_redirect(std::string_view location) {
  if (!location.starts_with(internal_prefix)) return std::nullopt;
  location.remove_prefix(internal_prefix.size());
  std::size_t const end = std::min(location.find_first_of("/?"), location.size());
  if (std::any_of(location.begin(), location.end(), is_control)) return std::nullopt;
  return parse_host_port(location.substr(0, end));
}

std::optional<host_port> parse_backend(std::string_view value) {
  if (!istarts_with(value, "http://")) return std::nullopt;
  value.remove_prefix(7);
  if (value.ends_with('/')) value.remove_suffix(1);
  return parse_host_port(value);
}

}
