#pragma once

#include "sim/judge/tally.hpp"
#include "sim/records/run_view.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace sim::judge {

/// One request after an event, in the order of times.
struct mark {
  std::int64_t at_ns; // its intended start; the event's begin if it was under way then
  bool bad;           // it failed; or its answer was slow
};

/// Until something was as it had been before the run's first event (docs/TERMS.md).
struct back_to_normal {
  std::optional<double> seconds; // from the event's begin
  std::string untold;            // why there is no number; empty where there is one
};

/// What is normal.
struct normal_share {
  double bad = 0;          // share of the requests before the first event
  std::uint64_t least = 1; // fewer bad requests than this may be chance, whatever the share
};

/// How much of an excess may lie in the last tenth of the time after an event, if it is said to be over: as much as an
/// exponential decay has there, of which 95 % has happened.
inline constexpr double most_at_the_end = 0.02;

/// When 95 % of the bad requests beyond the normal share had been due. The excess is summed up to the moment from which
/// on the share stays below twice the normal one (the maximum of a one-sided CUSUM: E. S. Page, Biometrika 41, 1954);
/// 0 s where it is no more than chance brings about. No number where it went on to the end of [event_ns, until_ns):
/// where the last tenth has more of it than chance, and more than `most_at_the_end`. `marks` are those of that time.
back_to_normal back_after(std::span<mark const> marks, normal_share normal, std::int64_t event_ns,
                          std::int64_t until_ns);

/// Answers before the first event that a percentile of them needs.
inline constexpr std::size_t least_before = 200;

struct recovery {
  back_to_normal failures;
  back_to_normal latency; // slow: slower than 99 % of the answers before the run's first event
};

/// Of the event that began at `event_ns`, up to the next one at `next_ns` (largest value: none).
recovery recovery_of(records::run_view const& v, std::vector<request_facts> const& facts, std::int64_t event_ns,
                     std::int64_t next_ns);

}
