#pragma once

#include "base/config/document.hpp"
#include "sim/cli/engines.hpp"
#include "sim/scenario/scenario.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <functional>
#include <string>
#include <vector>

/// The commands of crest-sim: what each takes on the command line, and which parts it calls. A file a command, a line
/// in `main.cpp` for each. They return exit codes (README.md) and throw as the parts do; `main` reports what is thrown.
namespace sim::cli {

/// What the command that was chosen does, once the whole command line was read.
using action = std::function<int()>;

/// `live`: for tests with another engine.
void add_run(CLI::App& app, action& chosen, live_engine const& live = live::run);
void add_check(CLI::App& app, action& chosen);
void add_schema(CLI::App& app, action& chosen);
void add_list(CLI::App& app, action& chosen);
void add_load(CLI::App& app, action& chosen);
void add_explain(CLI::App& app, action& chosen);
void add_verify(CLI::App& app, action& chosen);
void add_calibrate(CLI::App& app, action& chosen);
/// `engines`, here and below: for tests with another engine.
void add_sweep(CLI::App& app, action& chosen, engine_source const& engines = engine_named);
void add_merge(CLI::App& app, action& chosen);
void add_compare(CLI::App& app, action& chosen);
void add_plot(CLI::App& app, action& chosen);
void add_plan(CLI::App& app, action& chosen, engine_source const& engines = engine_named);
void add_report(CLI::App& app, action& chosen);
void add_init(CLI::App& app, action& chosen);
void add_export(CLI::App& app, action& chosen);
void add_trace(CLI::App& app, action& chosen);

/// A scenario file as named on the command line, with what overrides it.
struct scenario_choice {
  std::string file;                   // a path; a word that names no file stays, see check_file
  std::vector<std::string> overrides; // PATH=VALUE
  std::string seed;                   // empty: the scenario's own

  /// All overrides, --seed among them.
  std::vector<std::string> all() const;
  /// Throws `config::bad_input` with the nearest name if `file` is a word that names no file and nothing that is
  /// shipped. For those who read the file themselves.
  void check_file() const;
  /// The file with all overrides. Throws `config::bad_input`, as all of these do.
  config::document document() const;
  scenario::scenario load() const;
};

/// `files`, an option that takes files of scenarios, takes names of shipped ones as well (shipped.hpp).
void takes_names(CLI::Option& files);

/// FILE, --set and --seed of `command`. `choice` must live until the action has run.
void add_scenario(CLI::App& command, scenario_choice& choice);

/// The same for a command that takes several files; --set and --seed are of each. `more`: what --help says of that.
void add_scenarios(CLI::App& command, std::vector<std::string>& files, scenario_choice& choice,
                   std::string const& more = "; may be repeated");

/// A directory's name for a scenario's: "new balancer joins" → "new-balancer-joins".
std::string directory_name(std::string const& name);

}
