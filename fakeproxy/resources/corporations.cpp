#include "fakeproxy/resources/corporations.hpp"

#include "base/randomness/draw.hpp"

#include <algorithm>

namespace fakeproxy::resources {

namespace {

using randomness::mix;

/// A hash of the character for each purpose; the purposes are arbitrary, different numbers.
std::uint64_t hash(cluster::character_id character, std::uint64_t purpose) {
  return mix(cluster::raw(character) + purpose);
}
constexpr std::uint64_t who_changes = 0x6368616e67650000u;
constexpr std::uint64_t when_in_period = 0x6f66667365740000u;
constexpr std::uint64_t how_far = 0x7374657000000000u;

bool changes(corporations const& all, cluster::character_id character) {
  if (all.count < 2 || all.change_every <= 0) return false;
  return static_cast<double>(hash(character, who_changes) >> 11) * 0x1p-53 < all.changing;
}

/// How often `character`, one of those that change, has changed by `when`.
std::uint64_t changes_by(corporations const& all, cluster::character_id character, cluster::time_point when) {
  auto const period = static_cast<std::uint64_t>(all.change_every);
  auto const first = static_cast<cluster::time_point>(hash(character, when_in_period) % period);
  return when < first ? 0 : static_cast<std::uint64_t>(when - first) / period + 1;
}

/// The corporation after `passed` changes. All steps around the circle have one size, and none leads back to its start.
std::uint32_t after(corporations const& all, cluster::character_id character, std::uint64_t passed) {
  std::uint64_t const step = 1 + hash(character, how_far) % (all.count - 1);
  return static_cast<std::uint32_t>((cluster::raw(character) + (passed % all.count) * step) % all.count) + 1;
}

}

std::uint32_t corporation_of(corporations const& all, cluster::character_id character, cluster::time_point when) {
  if (!all.any()) return 0;
  if (!changes(all, character)) return cluster::raw(character) % all.count + 1;
  return after(all, character, changes_by(all, character, when));
}

bool was_in_corporation(corporations const& all, cluster::character_id character, std::uint32_t corporation,
                        cluster::time_point from, cluster::time_point to) {
  if (!all.any()) return false;
  if (!changes(all, character)) return corporation_of(all, character, from) == corporation;
  std::uint64_t const first = changes_by(all, character, from);
  std::uint64_t const last = std::min(changes_by(all, character, to), first + all.count - 1); // beyond that it repeats
  for (std::uint64_t passed = first; passed <= last; ++passed)
    if (after(all, character, passed) == corporation) return true;
  return false;
}

}
