#pragma once

#include <string_view>

/// Heads that the gateway wrote itself: a first line, then `name: value` lines, each with its CRLF.
namespace gateway::http {

/// Calls `visit(name, value)` for each field line of `head`, in order, up to the empty line or the end.
template<class Visit>
void for_each_field(std::string_view head, Visit visit) {
  std::size_t at = head.find("\r\n");
  while (at != std::string_view::npos) {
    at += 2;
    std::size_t const end = head.find("\r\n", at);
    if (end == std::string_view::npos || end == at) return;
    std::string_view const line = head.substr(at, end - at);
    std::size_t const colon = line.find(": ");
    visit(line.substr(0, colon), line.substr(colon + 2));
    at = end;
  }
}

}
