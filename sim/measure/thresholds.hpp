#pragma once

#include "sim/measure/result.hpp"
#include "sim/measure/run_view.hpp"
#include "sim/measure/tally.hpp"

#include <vector>

namespace sim::measure {

/// All that a threshold may look at. References must outlive it.
struct measurements {
  run_view const& view;
  std::vector<request_facts> const& facts;
  routing_history const& history;
  tally const& counts;
  std::vector<event_result> const& events;
  histogram const& eve_latency;
  histogram const& notification_latency;
};

/// Judges one threshold. Without samples it fails. With `@95%` it passes when the ratio's one-sided confidence bound,
/// clustered by token, holds; when neither the bound nor its opposite decides, it fails as undecided. Throws
/// std::invalid_argument when metric or expression do not parse (loading a scenario checks both).
threshold_result judge_threshold(scenario::threshold const& t, measurements const& m);

std::vector<threshold_result> judge_thresholds(measurements const& m);

}
