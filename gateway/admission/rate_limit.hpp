#pragma once

#include <boost/unordered/unordered_flat_map.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>

/// What may pass, decided without sockets and clocks.
namespace gateway::admission {

/// This many requests a second on average, and this many at once before they are too many.
struct rate {
  double per_second = 0; // above 0
  std::uint32_t burst = 1;

  bool operator==(rate const&) const = default;
};

/// A token bucket for each of many keys, by the generic cell rate algorithm (ITU-T I.371): all that is kept of a key is
/// the time when its bucket will be full again. Keys whose buckets are full need not be kept. There are two tables; the
/// older one is dropped when all of its buckets must be full, or when the newer one has `most` keys, so that a flood of
/// keys drops some of those seen least recently. Not thread-safe.
class rate_limit {
public:
  static constexpr std::size_t default_most = 1 << 16;

  explicit rate_limit(rate r, std::size_t most = default_most)
    : rate_(r)
    , interval_ns_(std::max<std::int64_t>(1, std::llround(1e9 / r.per_second)))
    , burst_ns_(interval_ns_ * std::max<std::int64_t>(1, r.burst))
    , turn_ns_(std::max<std::int64_t>(burst_ns_, 1'000'000'000))
    , most_(most) {}

  /// 0: the request of `key` may pass, and is counted. Otherwise it may not; the result is in how many nanoseconds it
  /// could.
  std::int64_t wait_ns(std::uint64_t key, std::int64_t now_ns) {
    if (young_.size() >= most_ || now_ns - turned_ns_ >= turn_ns_) turn(now_ns);
    std::int64_t& full_at = find(key, now_ns);
    std::int64_t const after = std::max(full_at, now_ns) + interval_ns_;
    if (after - now_ns > burst_ns_) return after - now_ns - burst_ns_;
    full_at = after;
    return 0;
  }

  rate const& limit() const { return rate_; }
  std::size_t size() const { return young_.size() + old_.size(); }

private:
  using table = boost::unordered_flat_map<std::uint64_t, std::int64_t>;

  void turn(std::int64_t now_ns) {
    old_.clear();
    std::swap(old_, young_);
    turned_ns_ = now_ns;
  }
  std::int64_t& find(std::uint64_t key, std::int64_t now_ns) {
    auto const [at, fresh] = young_.try_emplace(key, now_ns);
    if (!fresh) return at->second;
    if (auto const known = old_.find(key); known != old_.end()) {
      at->second = known->second;
      old_.erase(known);
    }
    return at->second;
  }

  rate rate_;
  std::int64_t interval_ns_, burst_ns_, turn_ns_;
  std::size_t most_;
  table young_, old_;
  std::int64_t turned_ns_ = 0;
};

}
