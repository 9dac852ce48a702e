#pragma once

#include "gateway/routing/ids.hpp"

#include <cstdint>
#include <optional>

namespace gateway::routing {

/// What is learnt of a token: the proxy, and of when that is, so that an answer that was long on its way does not
/// overwrite what a younger one taught: the session's epoch if the proxies tell it, else when the request began that
/// taught it.
struct learnt_backend {
  upstream_id upstream : 20;
  std::uint32_t shared_in : 12; // with a shared map: in which of its periods that was last told what is here; wraps
  std::uint32_t stamp;          // wraps, milliseconds after 24 days; compared as a difference of 31 bits

  static constexpr std::uint32_t most_upstreams = 1u << 20;
  static constexpr std::uint32_t period_mask = (1u << 12) - 1;

  static learnt_backend make(upstream_id upstream, time_ns started, std::optional<std::uint32_t> epoch) {
    auto const ms = static_cast<std::uint32_t>(started / 1'000'000);
    learnt_backend made{};
    made.upstream = upstream;
    made.stamp = epoch ? *epoch << 1 | 1 : ms << 1;
    return made;
  }
  void set_shared_in(std::uint32_t period) { shared_in = period & period_mask; }
  bool is_epoch() const { return (stamp & 1) != 0; }
  /// Of the same upstream: whether the other's stamp need not be raised. Times are renewed each day, so that they stay
  /// comparable.
  bool is_as_good(learnt_backend const& other) const {
    if (is_epoch() != other.is_epoch()) return !is_epoch(); // an answer that says no epoch takes none away
    if (is_epoch()) return stamp == other.stamp;
    return stamp - other.stamp < a_day;
  }
  /// Epochs are compared with epochs, times with times; who learns to tell epochs, or forgets how, is believed.
  bool older_than(learnt_backend const& other) const {
    if (is_epoch() != other.is_epoch() || static_cast<std::int32_t>(stamp - other.stamp) >= 0) return false;
    return is_epoch() || other.stamp - stamp < a_day; // no answer is later than that: the numbers went round
  }
  static constexpr std::uint32_t a_day = 2 * 86'400'000u;
};
static_assert(sizeof(learnt_backend) == 8);

}
