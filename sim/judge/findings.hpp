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

namespace sim::judge {

/// What each request did, where records of it were kept. References must outlive it.
struct detail {
  records::run_view const& view;
  std::vector<request_facts> const& facts;
  routing_history const& history;
};

/// What was found of a run, from whatever source, before it is judged.
struct findings {
  scenario::scenario const& what;
  tally const& counts;
  theory_fit const& fit;
  std::vector<records::balancer_facts> balancers;
  std::vector<records::invariant_result> invariants;
  std::vector<records::event_result> events;
  std::vector<records::time_slice> timeseries;
  std::vector<records::eve_record> const& eve;
  records::histogram eve_latency, notification_latency;
  bool interrupted = false, complete = true;
  std::optional<std::string> aborted_by, bad_log;                 // see run_records
  std::uint32_t looks = 0;                                        // of a snapshot: see run_records
  judge::detail const* each = nullptr;                            // needed by confidence thresholds
  std::optional<std::vector<records::threshold_result>> judged{}; // thresholds, where other findings decide them
  records::proxy_work_by_phase work = {};
  std::optional<records::handshake_counts> handshakes = {};
  std::uint64_t waited_for_connection = 0; // see run_records
  std::optional<double> cpu_busy = {};
};

/// Called with what was found of a run before it is judged.
using observer = std::function<void(findings const&)>;

/// Metrics of the whole, of phases and of balancers, thresholds, verdict and notes.
records::result conclude(findings const& f);

records::histogram histogram_of(std::vector<std::uint64_t> const& ns);

}
