#pragma once

#include "sim/records/result.hpp"
#include "sim/scenario/scenario.hpp"

#include <functional>
#include <string>

namespace sim::sweep {

/// What runs a scenario. `evaluate` must give the same result for the same scenario if tables are to be reproducible.
struct engine {
  std::string name; // "virtual", "live"
  /// Throws `config::bad_input` for what the engine cannot run, and other exceptions if it fails.
  std::function<records::result(scenario::scenario const&)> evaluate;
  bool concurrent = false; // whether `evaluate` may run in several threads at once
};

}
