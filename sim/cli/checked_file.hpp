#pragma once

#include "base/config/document.hpp"
#include "base/config/faults.hpp"
#include "sim/cli/command.hpp"
#include "sim/scenario/scenario.hpp"

#include <optional>
#include <string>
#include <vector>

namespace sim::cli {

/// What is known of one file.
struct checked_file {
  std::optional<scenario::scenario> what; // none: not a scenario, or one that is wrong; see `notes` and `found`
  config::faults found;
  std::vector<std::string> notes;
};

/// Reads it with its axes, plan, templates and logs, as a start would, and collects all that is wrong.
checked_file check_file(scenario_choice const& choice);

/// The same of what was read from `file`.
checked_file check_document(config::document const& document, std::string const& file);

/// Files beside scenarios that a shell's `*.json` names too.
bool is_schema(config::document const& document);

}
