#pragma once

#include "sim/cli/output_directory.hpp"
#include "sim/cli/simulation.hpp"
#include "sim/studies/plan/run_book.hpp"

#include <atomic>
#include <functional>
#include <string>

namespace sim::cli {

/// Thrown when a signal came during a run, which is then no result.
struct half_a_run {};

/// Runs a scenario of a plan.
using plan_runner = std::function<records::result(plan::definition const&, scenario::scenario const&)>;

/// In simulated time, with as few records as the goals need; ends soon after a signal. References `interrupted`.
plan_runner simulated(interruption const& interrupted);

/// Runs of a plan's candidates, counted, of which a later plan makes none again.
class candidate_runs {
public:
  candidate_runs(plan_runner runner, plan::run_book& book)
    : runner_(std::move(runner))
    , book_(book) {}

  /// May be asked by several threads if the runner may. References `d` and this.
  plan::evaluation of(plan::definition const& d);

  /// "12 runs, and 30 from before".
  std::string text() const;
  /// A line on stderr, if runs could not be written down.
  void tell_problem() const;

private:
  plan_runner runner_;
  plan::run_book& book_;
  std::atomic<std::size_t> count_{0};
};

/// The report, and a line on stderr, of a plan that a signal ended. Returns the exit code.
int interrupted_plan(output_directory& out);

}
