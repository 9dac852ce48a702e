#pragma once

#include "base/journal/records.hpp"

#include <string>

namespace sim::judge {

/// "127.0.0.1:80", as gateways call the upstream of a hop.
inline std::string upstream_name(journal::balancer_event const& e) {
  std::string text;
  for (int shift = 24; shift >= 0; shift -= 8)
    text += std::to_string(e.upstream_address >> shift & 255) + (shift ? "." : ":");
  return text + std::to_string(e.upstream_port);
}

}
