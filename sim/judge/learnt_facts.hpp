#pragma once

#include "sim/records/run_view.hpp"

#include <cstdint>
#include <map>
#include <set>
#include <tuple>
#include <utility>

namespace sim::judge {

/// What balancers' maps can have been taught, by the proxies' own books. A map can name a proxy for a token only after
/// that proxy had a request of the token, and kept it, at this balancer or at any that shares its map.
///
/// A cache's refreshes carry the token of the request that was served stale, but not its id, so that proxies know the
/// character only. They teach all its tokens, at every balancer that refreshed something there.
class learnt_facts {
public:
  explicit learnt_facts(records::run_view const& v);

  /// Whether `balancer` can have known at `at_ns` that the token of request `slot` is at `proxy`.
  bool taught(std::uint32_t slot, std::uint16_t balancer, std::uint16_t proxy, std::int64_t at_ns) const;

private:
  /// Token, balancer (no_balancer: those that share a map) and proxy.
  using learnt_fact = std::tuple<std::uint64_t, std::uint16_t, std::uint16_t>;
  std::uint64_t token_of(std::uint32_t slot) const {
    return std::uint64_t{v_.client(slot).character} << 32 | v_.client(slot).token;
  }
  bool shares_map(std::uint16_t balancer) const;
  void note_requests();
  void note_refreshes();
  bool taught_at(std::uint32_t slot, std::uint16_t balancer, std::uint16_t proxy, std::int64_t at_ns) const;

  records::run_view const& v_;
  std::map<learnt_fact, std::int64_t> since_;                                 // by requests
  std::map<std::pair<std::uint32_t, std::uint16_t>, std::int64_t> refreshed_; // by character and proxy
  std::set<std::pair<std::uint16_t, std::uint16_t>> refreshers_;              // balancer and proxy
};

}
