#pragma once

#include "gateway/routing/ids.hpp"

#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>

namespace gateway::routing {

/// What is learnt about a token: the proxy, and a stamp that dates it, so that a late answer does not overwrite what a
/// newer one taught. The stamp is the session's epoch if the proxies tell it, else the time in milliseconds when the
/// request began that taught it.
///
/// `Stamp` is its type. 64 bits hold any unsigned 64-bit epoch, whatever clock or counter it comes from. 32 bits are
/// for users whose epochs count from 1; times then wrap after 49 days, and are compared by their difference.
template<class Stamp>
struct basic_learnt_backend {
  upstream_id upstream : 19;
  std::uint32_t tells_epoch : 1;
  std::uint32_t shared_in : 12; // with a shared map: the period in which this entry was last written there; wraps
  static_assert(sizeof(Stamp) == 4 || sizeof(Stamp) == 8);
  std::uint32_t stamp[sizeof(Stamp) == 8 ? 2 : 1]; // not a Stamp: no padding for its alignment

  static constexpr std::uint32_t most_upstreams = 1u << 19;
  static constexpr std::uint32_t period_mask = (1u << 12) - 1;

  /// `epoch` counts as none if there is no room for it.
  static basic_learnt_backend make(upstream_id upstream, time_ns started, std::optional<std::uint64_t> epoch) {
    basic_learnt_backend made{};
    made.upstream = upstream;
    made.tells_epoch = epoch && *epoch <= std::numeric_limits<Stamp>::max() ? 1 : 0;
    made.set_when(made.is_epoch() ? static_cast<Stamp>(*epoch) : static_cast<Stamp>(started / 1'000'000));
    return made;
  }
  void set_shared_in(std::uint32_t period) { shared_in = period & period_mask; }
  /// Entries are written to the shared map again when they are older than half its TTL, which is `due_after` periods.
  static constexpr std::uint32_t due_after = 4;
  /// Whether what `old` was written for is that long ago. Periods wrap. A time up to a TTL before the last one is no
  /// great age: the request began then, and took long.
  bool is_due_after(basic_learnt_backend const& old) const {
    std::uint32_t const age = (shared_in - old.shared_in) & period_mask;
    return age >= due_after && age < period_mask - 2 * due_after;
  }
  bool is_epoch() const { return tells_epoch != 0; }
  Stamp when() const {
    Stamp value;
    std::memcpy(&value, stamp, sizeof value);
    return value;
  }
  /// Whether its stamp is this epoch.
  bool tells(std::optional<std::uint64_t> const& epoch) const { return is_epoch() && epoch && when() == *epoch; }
  /// Takes over the stamp of `other`.
  void take_time_of(basic_learnt_backend const& other) {
    tells_epoch = other.tells_epoch;
    set_when(other.when());
  }

  /// Precondition: of the same upstream. Whether this stamp need not be replaced by the other's. Times are renewed once
  /// a day, so that they stay comparable.
  bool is_as_good(basic_learnt_backend const& other) const {
    if (is_epoch() != other.is_epoch()) return !is_epoch(); // an answer without an epoch does not remove a known one
    if (is_epoch()) return when() == other.when();
    return static_cast<Stamp>(when() - other.when()) < a_day;
  }
  /// Epochs are compared with epochs, times with times. Where only one of the two has an epoch, neither is older:
  /// proxies may begin to tell epochs, or cease to.
  bool older_than(basic_learnt_backend const& other) const {
    if (is_epoch() != other.is_epoch()) return false;
    if (is_epoch()) return when() < other.when();
    Stamp const behind = static_cast<Stamp>(other.when() - when());
    return behind != 0 && behind < a_day; // no answer is later than that: the numbers have wrapped
  }

private:
  static constexpr Stamp a_day = 86'400'000;
  void set_when(Stamp value) { std::memcpy(stamp, &value, sizeof value); }
};

using learnt_backend = basic_learnt_backend<std::uint64_t>;
using compact_backend = basic_learnt_backend<std::uint32_t>;
static_assert(sizeof(learnt_backend) == 12 && sizeof(compact_backend) == 8);

}
