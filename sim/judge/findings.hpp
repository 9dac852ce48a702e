#pragma once

#include "sim/judge/tally.hpp"
#include "sim/judge/theory_fit.hpp"
#include "sim/records/histogram.hpp"
#include "sim/records/result.hpp"
#include "sim/records/run_view.hpp"
#include "sim/records/utilisation.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace sim::measure {

/// What each request did, where records of it were kept. References must outlive it.
struct detail {
  run_view const& view;
  std::vector<request_facts> const& facts;
  routing_history const& history;
};

/// What was found of a run, from whatever source, before it is judged.
struct findings {
  scenario::scenario const& what;
  tally const& counts;
  theory_fit const& fit;
  std::vector<balancer_facts> balancers;
  std::vector<invariant_result> invariants;
  std::vector<event_result> events;
  std::vector<time_slice> timeseries;
  std::vector<eve_record> const& eve;
  histogram eve_latency, notification_latency;
  bool interrupted = false, complete = true;
  std::optional<std::string> aborted_by;
  std::uint32_t looks = 0;                               // of a snapshot: see run_records
  measure::detail const* each = nullptr;                 // needed by confidence thresholds
  std::optional<std::vector<threshold_result>> judged{}; // thresholds, where other findings decide them
  proxy_work_by_phase work = {};
  std::optional<handshake_counts> handshakes = {};
};

/// Called with what was found of a run before it is judged.
using observer = std::function<void(findings const&)>;

/// Metrics of the whole, of phases and of balancers, thresholds, verdict and notes.
result conclude(findings const& f);

histogram histogram_of(std::vector<std::uint64_t> const& ns);

}
