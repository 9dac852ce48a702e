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

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), to_lower);
  return out;
}

int hex_digit(char c) {
  c = to_lower(c);
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 && hex_digit(text[i + 2]) >= 0) {
      out.push_back(static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2])));
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

/// Path segments with empty and `.` segments dropped and `..` resolved, as nginx merges them.
std::vector<std::string_view> normal_segments(std::string_view path) {
  std::vector<std::string_view> segments;
  while (!path.empty()) {
    std::size_t const slash = std::min(path.find('/'), path.size());
    std::string_view const segment = path.substr(0, slash);
    if (segment == "..") {
      if (!segments.empty()) segments.pop_back();
    } else if (!segment.empty() && segment != ".") {
      segments.push_back(segment);
    }
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return segments;
}

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
  return host_port{lower(host), static_cast<std::uint16_t>(port)};
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

bool names_internal_location(std::string_view target) {
  if (target.starts_with(internal_prefix)) return true;
  target = target.substr(0, target.find_first_of("?#"));
  // Without an escape, a dot segment or a doubled slash there is nothing to decode or to merge.
  bool const plain = target.find('%') == std::string_view::npos && target.find("/.") == std::string_view::npos &&
                     target.find("//") == std::string_view::npos;
  if (plain) return iequals(target.substr(0, target.find('/', 1)), "/internal_redirect");
  std::string const path = percent_decoded(target);
  std::vector<std::string_view> const segments = normal_segments(path);
  return !segments.empty() && iequals(segments.front(), "internal_redirect");
}

}
