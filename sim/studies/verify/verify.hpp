#pragma once

#include "sim/records/result.hpp"
#include "sim/scenario/scenario.hpp"
#include "sim/studies/verify/agreement.hpp"

#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

/// Compares theory, simulated time and real processes.
namespace sim::verify {

/// Runs a scenario and returns its result.
using evaluate = std::function<records::result(scenario::scenario const&)>;

/// Thrown by an engine for a scenario that it cannot run: noted, and not a disagreement.
struct refused : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The engines; an empty one is left out. `nginx` may be the same function as `gateway`.
struct engines {
  evaluate simulated, gateway, nginx;
};

struct options {
  unsigned simulated_runs = 10; // each with the next seed; their spread is the error where theory knows none
  unsigned live_runs = 1;
  bool latency = false;                             // also p50 and p99: only if the scenario has a machine's profile
  std::function<void(std::string const&)> progress; // called with what runs now; may be empty
};

/// Simulated time agrees with theory when they differ by no more than 3 standard errors of the difference, by 0.1 % of
/// theory's value (if these are no more than 4 standard errors), or by what theory's own approximation allows. Live
/// runs agree with simulated time (with theory, where there is no simulation) within 3 standard errors of the
/// difference.
///
/// The standard error of a run's value is theory's where theory has one; else the spread over runs, with Student's t in
/// place of 3. What too few runs cannot decide is undecided, which is not agreement (judge.hpp). The runs of a scenario
/// must themselves be sound: one that is invalid, that breaks an invariant, or that differs from theory by more than 4
/// standard errors with nothing to explain it, prevents agreement (the invariants that stock nginx breaks are its own
/// finding, and do not count). Without any comparison there is no agreement.
scenario_agreement verify(scenario::scenario const& s, engines const& with, options const& how);

}
