#pragma once

#include "sim/engines/live/interruption.hpp"
#include "sim/engines/live/onlooker.hpp"
#include "sim/judge/findings.hpp"
#include "sim/records/records.hpp"
#include "sim/records/result.hpp"
#include "sim/scenario/scenario.hpp"

#include <filesystem>
#include <functional>
#include <string>

namespace sim::live {

struct run_options {
  std::filesystem::path directory; // private to the run: configurations, logs, journals; emptied first
  bool progress = false;           // a line on stderr that is overwritten
  std::function<void(records::run_records const&)> inspect = {}; // is shown what the run left behind; may be empty
  judge::observer observe = {}; // is shown what was found, before it is judged; may be empty
  std::string metrics = {};     // where /metrics is served, see metrics_server; empty: nowhere
  std::function<void(std::string const&)> metrics_at = {}; // is told the URL; may be empty
  live::onlooker* onlooker = nullptr;                      // outlives the run; may be none
  interruption const* signals =
      nullptr; // of a command that begins before the run and ends after it; else the run's own
  std::function<void(std::string const&)> at_step = {}; // for tests: what the run has just done
};

/// Throws config::bad_input for what only simulated time can do: real proxies do not know all that simulated ones do.
/// `run` calls it.
void refuse(scenario::scenario const& s);

/// Runs a scenario for real: starts every process, logs characters in, applies the load and the time line, stops
/// everything, and analyses the records left behind. SIGINT and SIGTERM end it early, at any moment, with verdict
/// `interrupted`; after a second one it does not wait for what is still under way. Nothing is left running when it
/// returns or throws. Throws `could_not_run` when a part could not be started or died unexpectedly, and
/// `config::bad_input` for a trace or template that cannot be used. One run at a time in a process.
records::result run(scenario::scenario const& s, run_options const& options);

}
