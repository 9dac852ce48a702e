#pragma once

#include "sim/cli/run_choice.hpp"
#include "sim/cli/scenario_run.hpp"

namespace sim::cli {

/// Runs several scenarios, each into a directory of its own: simulated ones side by side, then live ones one at a time.
/// All are checked before any is run. Returns the worst exit code. Throws `config::bad_input` for a directory that has
/// no scenario, and what `output_directory` throws.
int run_suite(run_choice const& choice, interruption const& signals, live_engine const& live);

}
