#include "gateway/http/fields.hpp"

#include "gateway/http/characters.hpp"

#include <algorithm>
#include <charconv>

namespace gateway::http {
namespace {

/// Whether `name` begins with `prefix` (lower-case) for a server that maps names to variables: `_` counts as `-`.
bool starts_alike(std::string_view name, std::string_view prefix) {
  if (name.size() < prefix.size()) return false;
  return std::equal(prefix.begin(), prefix.end(), name.begin(),
                    [](char expected, char c) { return (c == '_' ? '-' : lower_case(c)) == expected; });
}

bool is_hop_by_hop(beast_http::field id) {
  using enum beast_http::field;
  switch (id) {
  case connection:
  case proxy_connection:
  case keep_alive:
  case te:
  case trailer:
  case transfer_encoding:
  case upgrade:
  case http2_settings:
    return true;
  default:
    return false;
  }
}

}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = lower_case(c);
  return out;
}

// Not Beast's, which (in Boost 1.81) reads one byte past both if their letter case differs.
bool iequals(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return x == y || lower_case(x) == lower_case(y); });
}

bool istarts_with(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && iequals(text.substr(0, prefix.size()), prefix);
}

std::optional<std::string_view> find(message_head const& head, char const* base, beast_http::field id) {
  for (field_line const& line : head.fields)
    if (line.id == id) return line.value.in(base);
  return std::nullopt;
}

std::optional<std::string_view> find(message_head const& head, char const* base, std::string_view name) {
  for (field_line const& line : head.fields)
    if (line.name.size == name.size() && iequals(line.name.in(base), name)) return line.value.in(base);
  return std::nullopt;
}

bool list_contains(std::string_view list, std::string_view token) {
  return any_in_list(list, [token](std::string_view element) { return iequals(element, token); });
}

bool has_other_coding(message_head const& head, char const* base) {
  int chunked = 0;
  for (field_line const& line : head.fields) {
    if (line.id != beast_http::field::transfer_encoding) continue;
    if (!iequals(line.value.in(base), "chunked") || ++chunked > 1) return true;
  }
  return false;
}

bool is_internal(std::string_view name) {
  if (name.size() < 9 || (name[0] != 'X' && name[0] != 'x')) return false;
  return starts_alike(name, "x-accel-") || (name.size() == 9 && starts_alike(name, "x-backend")) ||
         starts_alike(name, "x-session-");
}

end_to_end_filter::end_to_end_filter(message_head const& head, char const* base) {
  for (field_line const& line : head.fields) {
    if (line.id != beast_http::field::connection) continue;
    any_in_list(line.value.in(base), [this](std::string_view token) {
      if (!iequals(token, "close") && !iequals(token, "keep-alive")) named_.add(token);
      return false;
    });
  }
  named_.seal();
}

bool end_to_end_filter::passes(field_line const& line, char const* base) const {
  if (is_hop_by_hop(line.id)) return false;
  if (named_.empty()) return true;
  // A Connection field cannot remove the fields that decide who may see an answer, or how long a message is.
  using field = beast_http::field;
  if (line.id == field::authorization || line.id == field::host || line.id == field::content_length) return true;
  return !named_.contains(line.name.in(base));
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

void append_number(std::string& out, std::uint64_t number) {
  char text[20];
  out.append(text, std::to_chars(text, text + sizeof text, number).ptr);
}

}
