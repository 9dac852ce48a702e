#pragma once

#include "sim/engines/live/interruption.hpp"
#include "sim/engines/live/run.hpp"
#include "sim/studies/sweep/engine.hpp"

#include <filesystem>
#include <functional>
#include <string>

namespace sim::cli {

/// What a run needs of its environment.
struct engine_context {
  std::filesystem::path scratch;               // absolute; for live runs, which empty it first
  live::interruption const* signals = nullptr; // outlives the engine; asked from several threads
};

/// An engine by its name on the command line. Throws `config::bad_input` for a name that there is not.
sweep::engine engine_named(std::string const& name, engine_context const& context);

/// What makes a single live run.
using live_engine = std::function<records::result(scenario::scenario const&, live::run_options const&)>;

using engine_source = std::function<sweep::engine(std::string const&, engine_context const&)>;

}
