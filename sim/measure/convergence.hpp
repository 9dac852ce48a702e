#pragma once

#include "sim/measure/result.hpp"
#include "sim/measure/run_view.hpp"
#include "sim/measure/tally.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace sim::measure {

/// One request that needed a proxy, in the order of intended starts.
struct redirect_sample {
  std::int64_t at_ns;
  std::uint32_t redirects;
};

struct convergence {
  std::optional<double> seconds;
  std::optional<std::uint64_t> requests;
  std::optional<double> peak_ratio;
};

/// Consecutive requests over which `peak_ratio` is taken (all of them when there are fewer).
inline constexpr std::size_t peak_window = 200;

/// When 95 % of the redirects in excess that an event causes have happened (DESIGN section 3).
///
/// `samples` by time. Baseline: the ratio over the later half of [from_ns, event_ns). The effect is looked for in
/// [event_ns, until_ns), `until_ns` being the next event or the end of load. When the ratio of its last quarter agrees
/// with the baseline within three standard errors of the difference, both are pooled, so that noise in the baseline
/// does not add up to an excess of its own. An excess below three standard errors of the count is none: converged
/// after 0 requests. No requests after the event, or none before it: no values. O(samples in the interval).
convergence converge(std::vector<redirect_sample> const& samples, std::int64_t from_ns, std::int64_t event_ns,
                     std::int64_t until_ns);

/// The run's events with their convergence. An event that never began has none.
std::vector<event_result> events_of(run_view const& v, std::vector<request_facts> const& facts);

}
