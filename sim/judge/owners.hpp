#pragma once

#include "base/journal/records.hpp"

#include <cstdint>
#include <map>
#include <span>

namespace sim::judge {

/// Who owns the session of each character after `events` of one sol, given in its order. Takes in and gives back, so
/// that it can be called for one sol after the other.
void follow_owners(std::span<journal::sol_event const> events,
                   std::map<std::uint32_t, journal::incarnation_id>& owners);

/// The proxy of which an incarnation is a life.
constexpr std::uint16_t proxy_of(journal::incarnation_id incarnation) {
  return static_cast<std::uint16_t>(incarnation >> 48);
}

}
