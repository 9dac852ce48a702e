#include "sim/records/histogram.hpp"

#include "base/contract/expects.hpp"

#include <algorithm>
#include <cmath>

namespace sim::records {

void histogram::merge(histogram const& other) {
  for (std::size_t i = 0; i != bucket_count; ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  sum_ += other.sum_;
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
}

double histogram::mean_ns() const { return count_ ? static_cast<double>(sum_) / static_cast<double>(count_) : 0; }

std::uint64_t histogram::rank_of(double q) const {
  return std::clamp<std::uint64_t>(
      static_cast<std::uint64_t>(std::ceil(std::clamp(q, 0.0, 1.0) * static_cast<double>(count_))), 1, count_);
}

std::size_t histogram::bucket_at(std::uint64_t rank) const {
  CREST_EXPECTS(rank != 0 && rank <= count_);
  std::uint64_t seen = 0;
  std::size_t bucket = 0;
  while (bucket != bucket_count && (seen += buckets_[bucket]) < rank) ++bucket;
  return bucket;
}

histogram::bounds histogram::bounds_of(std::size_t bucket) {
  if (bucket < 2 * steps) return {bucket, bucket};
  auto const shift = static_cast<unsigned>(bucket >> step_bits) - 1;
  std::uint64_t const low = (bucket - (std::uint64_t{shift} << step_bits)) << shift;
  return {low, low + (std::uint64_t{1} << shift) - 1};
}

std::uint64_t histogram::quantile_ns(double q) const {
  if (count_ == 0) return 0;
  std::uint64_t const rank = rank_of(q);
  if (rank == 1) return min_;
  if (rank == count_) return max_;
  auto const [low, high] = bounds_of(bucket_at(rank));
  return std::clamp(low + (high - low + 1) / 2, min_, max_);
}

histogram::bounds histogram::quantile_bounds_ns(double q) const {
  if (count_ == 0) return {};
  std::uint64_t const rank = rank_of(q);
  if (rank == 1) return {min_, min_};
  if (rank == count_) return {max_, max_};
  auto const [low, high] = bounds_of(bucket_at(rank));
  return {std::clamp(low, min_, max_), std::clamp(high, min_, max_)};
}

}
