#pragma once

#include "reports/reports.hpp"
#include "sim/cli/output_directory.hpp"
#include "sim/cli/run_choice.hpp"
#include "sim/cli/simulation.hpp"
#include "sim/engines/virtual/run.hpp"
#include "sim/scenario/scenario.hpp"

#include <string>
#include <utility>
#include <vector>

namespace sim::cli {

/// Who looks on while a run is made.
struct run_watch {
  interruption const& signals; // asked from any thread
  live_engine const& live;
  bool progress = false; // a line on stderr that is overwritten
  unsigned jobs = 1;     // replications at a time
};

/// What a scenario's run left behind.
struct run_outcome {
  reports::written written;
  std::string remark; // where its configurations and logs are, if they are kept; else empty
};

/// Bytes that it takes at `output_directory::path`.
std::uint64_t room_of_run(run_choice const& choice, scenario::scenario const& s, bool simulated);

/// What simulated time is told of the choice.
virtual_time::run_options simulation_options(run_choice const& choice);

/// Runs it live or in simulated time, as often as it may be invalid, and writes the reports into `out`. Throws what the
/// engine throws.
run_outcome run_scenario(run_choice const& choice, scenario::scenario const& s, bool simulated,
                         output_directory const& out, run_watch const& watch);

/// What `write` makes of the result; again, if a signal came meanwhile, so that the reports say so.
template<class Write>
reports::written write_with(records::result result, interruption const& signals, Write const& write) {
  bool known = false;
  reports::written written;
  do {
    known = signals.happened();
    if (known) mark_interrupted(result);
    written = write(std::as_const(result));
  } while (signals.happened() != known);
  return written;
}

}
