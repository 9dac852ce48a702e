#pragma once

#include <string_view>

/// Kinds of characters in HTTP's grammar.
namespace gateway::http {

/// tchar (RFC 9110 5.6.2).
constexpr bool is_token_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

/// Value of a hexadecimal digit (HEXDIG, RFC 3986 2.1), or -1.
constexpr int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}
