#pragma once

#include <string_view>

/// Kinds of characters in HTTP's grammar.
namespace gateway::http {

/// tchar (RFC 9110 5.6.2).
constexpr bool is_token_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

}
