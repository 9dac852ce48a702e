#pragma once

namespace sim::virtual_time {

/// What the requests of a run may meet, known when the engine is compiled: what they cannot meet costs them nothing.
/// What handles requests is a template on one of these kinds; each decision stands once. A request may be handled by
/// one kind first and by another later.
///
/// Any run.
struct any_run {
  static constexpr bool records = true;      // of single requests and hops are kept; else they are counted
  static constexpr bool exchanges = true;    // requests have texts, for caches and resources
  static constexpr bool events = true;       // nodes end, leave and start; or each step of a request is an event
  static constexpr bool disturbances = true; // partitions, losses, time that balancers themselves take
  static constexpr bool shared_maps = true;  // balancers share what they learn
  static constexpr bool other_keys = true;   // routers with another kind of keys than dense ones
  static constexpr bool other_tokens = true; // none, made-up ones, new ones of a character
  static constexpr bool other_loads = true;  // without a pace
  static constexpr bool phases = true;       // more than one
  static constexpr bool connections = true;  // of clients may be short, or a request late: each is told from the others
};

/// Most runs that are too long for records, see `is_plain`; until connections are told apart.
struct plain_run {
  static constexpr bool records = false, exchanges = false, events = false, disturbances = false, shared_maps = false,
                        other_keys = false, other_tokens = false, other_loads = false, phases = false,
                        connections = false;
};

}
