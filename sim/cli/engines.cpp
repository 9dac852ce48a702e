#include "sim/cli/engines.hpp"

#include "base/config/document.hpp"
#include "sim/engines/live/run.hpp"
#include "sim/engines/virtual/run.hpp"

namespace sim::cli {
namespace {

sweep::engine live_runs(engine_context const& context) {
  auto const evaluate = [context](scenario::scenario const& s) {
    live::run_options options{context.scratch};
    options.signals = context.signals;
    return live::run(s, options);
  };
  return {"live", evaluate, false};
}

sweep::engine simulated_runs(engine_context const& context) {
  auto const evaluate = [context](scenario::scenario const& s) {
    virtual_time::run_options options;
    options.progress = [&context](virtual_time::run_progress const&) { return !context.signals->happened(); };
    return virtual_time::run(s, options);
  };
  return {"virtual", evaluate, true};
}

}

sweep::engine engine_named(std::string const& name, engine_context const& context) {
  if (name == "live") return live_runs(context);
  if (name == "virtual") return simulated_runs(context);
  throw config::bad_input("--engine: found '" + name + "'; allowed: virtual, live");
}

}
