#include "sim/judge/owners.hpp"

namespace sim::judge {

void follow_owners(std::span<journal::sol_event const> events,
                   std::map<std::uint32_t, journal::incarnation_id>& owners) {
  std::map<std::uint32_t, journal::incarnation_id> mine; // fencing at a sol ends its own sessions only
  for (journal::sol_event const& event : events) {
    switch (event.kind) {
    case journal::sol_event_kind::granted:
      mine[event.character] = event.incarnation;
      break;
    case journal::sol_event_kind::released:
      mine.erase(event.character);
      break;
    case journal::sol_event_kind::fenced:
      std::erase_if(mine, [&](auto const& entry) { return entry.second == event.incarnation; });
      break;
    default:
      break;
    }
  }
  owners.merge(mine);
}

}
