#pragma once

#include "gateway/routing/ids.hpp"

#include <cstdint>
#include <cstring>
#include <optional>

namespace gateway::routing {

/// What is learnt of a token: the proxy, and of when that is, so that an answer that was long on its way does not
/// overwrite what a younger one taught: the session's epoch if the proxies tell it, else when the request began that
/// taught it, in milliseconds.
///
/// `Stamp` says how much that takes. Of 64 bits: any unsigned epoch of 64 bits, whatever clock or counter it comes
/// from. Of 32 bits: for who never tells epochs; times then wrap after 49 days, and are compared by their difference.
template<class Stamp>
struct basic_learnt_backend {
  upstream_id upstream : 19;
  std::uint32_t tells_epoch : 1;
  std::uint32_t shared_in : 12; // with a shared map: in which of its periods that was last told what is here; wraps
  static constexpr bool has_epochs = sizeof(Stamp) == sizeof(std::uint64_t);
  std::uint32_t stamp[has_epochs ? 2 : 1]; // not a Stamp: no padding for its alignment

  static constexpr std::uint32_t most_upstreams = 1u << 19;
  static constexpr std::uint32_t period_mask = (1u << 12) - 1;

  /// `epoch` is taken for none where there is no room for it.
  static basic_learnt_backend make(upstream_id upstream, time_ns started, std::optional<std::uint64_t> epoch) {
    basic_learnt_backend made{};
    made.upstream = upstream;
    made.tells_epoch = has_epochs && epoch ? 1 : 0;
    made.set_when(made.is_epoch() ? static_cast<Stamp>(*epoch) : static_cast<Stamp>(started / 1'000'000));
    return made;
  }
  void set_shared_in(std::uint32_t period) { shared_in = period & period_mask; }
  bool is_epoch() const { return tells_epoch != 0; }
  Stamp when() const {
    Stamp value;
    std::memcpy(&value, stamp, sizeof value);
    return value;
  }
  /// Of when the other is.
  void take_time_of(basic_learnt_backend const& other) {
    tells_epoch = other.tells_epoch;
    set_when(other.when());
  }

  /// Of the same upstream: whether the other's stamp need not be raised. Times are renewed each day, so that they stay
  /// comparable.
  bool is_as_good(basic_learnt_backend const& other) const {
    if (is_epoch() != other.is_epoch()) return !is_epoch(); // an answer that says no epoch takes none away
    if (is_epoch()) return when() == other.when();
    return static_cast<Stamp>(when() - other.when()) < a_day;
  }
  /// Epochs are compared with epochs, times with times; who learns to tell epochs, or forgets how, is believed.
  bool older_than(basic_learnt_backend const& other) const {
    if (is_epoch() != other.is_epoch()) return false;
    if (is_epoch()) return when() < other.when();
    Stamp const behind = static_cast<Stamp>(other.when() - when());
    return behind != 0 && behind < a_day; // no answer is later than that: the numbers went round
  }

private:
  static constexpr Stamp a_day = 86'400'000;
  void set_when(Stamp value) { std::memcpy(stamp, &value, sizeof value); }
};

using learnt_backend = basic_learnt_backend<std::uint64_t>;
using timed_backend = basic_learnt_backend<std::uint32_t>;
static_assert(sizeof(learnt_backend) == 12 && sizeof(timed_backend) == 8);

}
