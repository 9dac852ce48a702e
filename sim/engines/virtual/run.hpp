#pragma once

#include "sim/engines/virtual/routers.hpp"
#include "sim/judge/findings.hpp"
#include "sim/judge/replicated.hpp"
#include "sim/records/result.hpp"
#include "sim/scenario/scenario.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

namespace sim::virtual_time {

/// How far a run is.
struct run_progress {
  double simulated_s = 0; // since the start of the load
  std::uint64_t started = 0;
  std::optional<std::uint64_t> total; // requests, where known before
  double duration_s = 0;              // of an open load; 0: unknown
};

struct run_options {
  /// Called every few ten thousand events; returns false to end the run early (verdict `interrupted`).
  std::function<bool(run_progress const&)> progress;
  /// full: records of every request, judged as a live run is (some 400 bytes a request). summary: counted only, so that
  /// memory does not grow with the run; no @confidence, no convergence, fewer invariants. automatic: full up to
  /// `most_recorded` requests.
  enum class detail : std::uint8_t { automatic, full, summary } keep = detail::automatic;
  static constexpr std::uint64_t most_recorded = 1'000'000;

  /// Called with the findings before they are judged.
  judge::observer observe;

  /// Simulates every step of every request, even where the outcome could be settled at once. Slower; the history is the
  /// same.
  bool step_by_step = false;

  /// Makes the balancers' routers; null: those with dense keys.
  std::function<std::unique_ptr<routers>()> decisions;
};

/// Throws config::bad_input, by name, for what simulated time cannot model. `run` calls it.
void refuse(scenario::scenario const& s, run_options const& options = {});

/// Runs a scenario in simulated time: the routers of gateway/routing, the nodes, sols and registry of fakeproxy/cluster
/// and the load of sim/load, with events in place of sockets. The same scenario and seed give the same result, and
/// the same `history_hash`, on every machine.
///
/// Re-entrant: runs may go on in several threads at once. Throws config::bad_input for what simulated time cannot model
/// (it says what), and for a trace that cannot be used.
records::result run(scenario::scenario const& s, run_options const& options = {});

/// As `run`, in a form that can be combined with runs of the scenario that have other seeds. `options.observe` is not
/// called.
judge::replication replicate(scenario::scenario const& s, run_options const& options = {});

}
