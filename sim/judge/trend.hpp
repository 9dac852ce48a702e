#pragma once

#include "sim/records/histogram.hpp"
#include "sim/records/result.hpp"

#include <cstdint>
#include <span>

namespace sim::judge {

/// Percentiles of durations and what they lie between with 95 % confidence: order statistics whose ranks are bounded by
/// the binomial distribution (normal approximation; David and Nagaraja, Order Statistics, 3rd ed., 7.1). Holds for
/// independent durations; `trend_of_run` does without that. They reach to the ends of the histogram's buckets, so that
/// they hold what the durations themselves would have shown. An interval that the count does not carry is left out.
records::trend_metric trend_of(records::histogram const& h);

/// The same, of a run whose durations depend on their neighbours in time (queues, stalls). `in_order` has what `h`
/// holds, ns, by intended start. It is cut into batches of equal size, and the share of durations up to a percentile is
/// an average over batches with Student's t (batch means; the interval is mapped back through the percentiles after
/// Woodruff, JASA 47, 1952). Never narrower than independence allows. Below `least_for_batches` as `trend_of`.
records::trend_metric trend_of_run(records::histogram const& h, std::span<std::int64_t const> in_order);

inline constexpr std::size_t batch_count = 32, least_for_batches = 16 * batch_count;

}
