#pragma once

#include "sim/cli/output_directory.hpp"
#include "sim/studies/sweep/manifest.hpp"
#include "sim/studies/sweep/table.hpp"

#include <cstddef>
#include <string>

namespace sim::cli {

/// The trials with their verdicts, and why those that did not pass did not: all of them if they are no more than
/// `most`; else those that did not pass first, and how many are left out.
std::string sweep_text(sweep::manifest const& m, std::vector<sweep::evaluation> const& trials, std::size_t most);

/// Writes summary.txt, junit.xml (a test case for each trial) and summary.json (the verdict) into `out`, and prints the
/// table below `heading`. Returns the exit code.
int report_sweep(sweep::manifest const& m, sweep::finished const& all, std::string const& heading,
                 output_directory const& out, bool quiet);

}
