#pragma once

#include <cstddef>

namespace gateway::routing {

/// How the budget of bytes for learnt tokens is divided.
struct map_budget {
  std::size_t proven = 0;   // tokens that were answered with success
  std::size_t unproven = 0; // the others: junk evicts only junk

  static map_budget of(std::size_t bytes) {
    std::size_t const unproven = bytes < 64 * 1024 ? 0 : bytes / 16; // in a smaller one there is nothing to divide
    return {bytes - unproven, unproven};
  }
};

}
