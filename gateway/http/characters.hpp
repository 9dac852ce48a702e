#pragma once

#include <array>
#include <cstddef>
#include <string_view>

/// The character classes of HTTP's grammar.
namespace gateway::http {

namespace detail {
constexpr std::array<bool, 256> table_of(std::string_view members) {
  std::array<bool, 256> table{};
  for (char const c : members) table[static_cast<unsigned char>(c)] = true;
  return table;
}
inline constexpr auto token_table =
    table_of("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
inline constexpr auto plain_table = table_of("-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
}

/// tchar (RFC 9110 5.6.2).
constexpr bool is_token_character(char c) { return detail::token_table[static_cast<unsigned char>(c)]; }

/// ALPHA / DIGIT / "-": the characters of field names, odd names excepted.
constexpr bool is_plain_character(char c) { return detail::plain_table[static_cast<unsigned char>(c)]; }

/// SP / HTAB (RFC 9110 5.6.3).
constexpr bool is_blank(char c) { return c == ' ' || c == '\t'; }

/// HTAB / SP / VCHAR / obs-text: the characters of values, quoted strings and reasons (RFC 9110 5.5, 5.6.4).
constexpr bool is_text_character(char c) {
  auto const byte = static_cast<unsigned char>(c);
  return byte == '\t' || (byte >= ' ' && byte != 0x7f);
}

/// The characters of a target, as far as they are checked here: VCHAR, and obs-text, which some clients send (RFC 9112
/// 3.2).
constexpr bool is_target_character(char c) {
  auto const byte = static_cast<unsigned char>(c);
  return byte > ' ' && byte != 0x7f;
}

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// -1: not a digit.
constexpr int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

constexpr char lower_case(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}
