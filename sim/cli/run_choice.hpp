#pragma once

#include "reports/ci/ci.hpp"
#include "sim/cli/command.hpp"
#include "sim/cli/replications.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sim::cli {

/// What the command line says of `run`.
struct run_choice {
  std::vector<std::string> files; // and directories
  scenario_choice what;           // its file is each of them in turn
  std::string engine;             // "live", "virtual"; empty: what the scenario says
  std::string detail = "auto";
  std::string out;
  std::string ci; // empty: none
  bool quiet = false;
  bool keep = false;
  std::string keep_requests = "1000";
  bool keep_requests_asked = false;
  std::string metrics;             // where live runs serve them; empty: nowhere
  bool watch = false;              // a live run has a page while it goes on …
  std::uint16_t watch_port = 0;    // … there; 0: anywhere
  std::uint64_t retry_invalid = 0; // runs that may follow an invalid one
  std::uint64_t replications = 0;  // 0: one plain run
  std::uint64_t most = replication_plan{}.most;
  unsigned jobs = 0; // 0: one a core
  std::string precision;
  std::string confidence = "95%";

  /// How many requests are kept whole. Throws `config::bad_input` if that is no number.
  std::size_t requests_kept() const;
  bool replicated() const { return replications != 0 || !precision.empty(); }
  bool shows_progress() const;
  unsigned threads() const;
  std::optional<reports::ci::provider> ci_system() const;

  /// "live" or "virtual": --engine, as long as the scenario was not read.
  std::string engine_at_first() const { return engine.empty() ? "live" : engine; }
  /// The same, or what the scenario says.
  std::string engine_of(config::document const& document) const;

  /// Throws `config::bad_input` for options that do not fit a run of this engine.
  void check(std::string const& engine_used) const;

  /// Of replications. Throws `config::bad_input` for shares that are none.
  replication_plan plan() const;
};

}
