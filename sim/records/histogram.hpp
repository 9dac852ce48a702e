#pragma once

#include "base/memory/prefetch.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace sim::records {

/// Counts of durations in log-linear buckets, as HdrHistogram has them: 128 linear steps per power of two, so that a
/// quantile is within 1/256 of the true value (exact below 128 ns and at both ends). Buckets are exact counts, so
/// merging is exact. About 58 kB. Not thread-safe: one histogram a thread, merged afterwards.
class histogram {
public:
  static constexpr unsigned step_bits = 7;
  static constexpr double relative_error = 1.0 / 256;

  /// Counts one duration, ns; negative ones count as 0. A few ns.
  [[gnu::always_inline]] void record(std::int64_t ns) { record(ns, place_of(ns)); }
  /// The same, where its place is known already.
  [[gnu::always_inline]] void record(std::int64_t ns, std::uint32_t place) {
    std::uint64_t const value = counted(ns);
    ++buckets_[place];
    ++count_;
    sum_ += value;
    if (value < min_) min_ = value;
    if (value > max_) max_ = value;
  }
  /// … or `times` durations of 0.
  void record_zeroes(std::uint64_t times) {
    if (times == 0) return;
    buckets_[0] += times;
    count_ += times;
    min_ = 0;
  }

  /// Where a duration is counted; the same in all histograms.
  [[gnu::always_inline]] static std::uint32_t place_of(std::int64_t ns) {
    return static_cast<std::uint32_t>(bucket_of(counted(ns)));
  }
  /// Brings what is counted there into the processor's caches, for a `record` that comes soon.
  [[gnu::always_inline]] void prefetch(std::uint32_t place) const {
    memory::prefetch(this, sizeof *this);
    memory::prefetch(&buckets_[place]);
  }

  void merge(histogram const& other);

  std::uint64_t count() const { return count_; }
  /// Exact; 0 when empty.
  double mean_ns() const;
  std::uint64_t min_ns() const { return count_ ? min_ : 0; }
  std::uint64_t max_ns() const { return max_; }

  /// The value that a share `q` of the values does not exceed, 0 <= q <= 1; 0 when empty.
  std::uint64_t quantile_ns(double q) const;

  struct bounds {
    std::uint64_t low_ns = 0, high_ns = 0;
  };
  /// What that value lies between for certain: the ends of its bucket, as far as values were seen; 0 when empty.
  bounds quantile_bounds_ns(double q) const;
  /// The ends of the bucket that a duration falls into, both included.
  static bounds bucket_around(std::uint64_t ns) { return bounds_of(bucket_of(ns)); }

private:
  static constexpr std::uint64_t steps = 1u << step_bits;
  static constexpr std::size_t bucket_count = (64 - step_bits + 1) * steps;

  /// The bucket of the value that a share `q` does not exceed. Precondition: not empty.
  std::size_t bucket_at(std::uint64_t rank) const;
  std::uint64_t rank_of(double q) const;
  static bounds bounds_of(std::size_t bucket);

  static std::uint64_t counted(std::int64_t ns) { return ns > 0 ? static_cast<std::uint64_t>(ns) : 0; }
  static std::size_t bucket_of(std::uint64_t value) {
    auto const shift = static_cast<unsigned>(std::bit_width(value | steps)) - step_bits - 1;
    return static_cast<std::size_t>((std::uint64_t{shift} << step_bits) + (value >> shift));
  }

  std::vector<std::uint64_t> buckets_ = std::vector<std::uint64_t>(bucket_count);
  std::uint64_t count_ = 0;
  std::uint64_t sum_ = 0;
  std::uint64_t min_ = ~std::uint64_t{0};
  std::uint64_t max_ = 0;
};

}
