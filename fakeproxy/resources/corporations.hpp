#pragma once

#include "fakeproxy/cluster/types.hpp"

#include <cstdint>

namespace fakeproxy::resources {

/// Which corporation each character is in, and when that changes: a rule instead of state, so that proxies and their
/// checker agree without communicating.
struct corporations {
  std::uint32_t count = 0;            // numbered from 1; 0: there are none
  cluster::duration change_every = 0; // between two changes of one character; 0: nobody changes
  double changing = 0;                // share of the characters that change, 0 to 1

  bool any() const { return count != 0; }
};

/// The corporation of `character` at `when`; 0 when there are none. Before its first change: character % count + 1.
/// Hashes of the character decide who changes, and when in each `change_every`. A change leads to a different
/// corporation, if there is one.
std::uint32_t corporation_of(corporations const& all, cluster::character_id character, cluster::time_point when);

/// Whether `character` was in `corporation` at any moment of [from, to].
bool was_in_corporation(corporations const& all, cluster::character_id character, std::uint32_t corporation,
                        cluster::time_point from, cluster::time_point to);

}
