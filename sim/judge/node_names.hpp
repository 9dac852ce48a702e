#pragma once

#include "base/journal/records.hpp"

#include <cstddef>
#include <string>

namespace sim::judge {

/// "proxy[3]", "sol[0]", as scenarios name nodes.
inline std::string numbered(char const* kind, std::size_t index) { return kind + ("[" + std::to_string(index) + "]"); }

inline std::string proxy_name(std::size_t index) { return numbered("proxy", index); }
inline std::string sol_name(std::size_t index) { return numbered("sol", index); }

/// "127.0.0.1:80", as gateways call the upstream of a hop.
inline std::string upstream_name(journal::balancer_event const& e) {
  std::string text;
  for (int shift = 24; shift >= 0; shift -= 8)
    text += std::to_string(e.upstream_address >> shift & 255) + (shift ? "." : ":");
  return text + std::to_string(e.upstream_port);
}

}
