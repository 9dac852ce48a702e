#pragma once

#include "sim/studies/verify/agreement.hpp"

#include <string>
#include <vector>

namespace reports {

/// What `crest-sim verify` prints for people: one table over all scenarios, theory, simulated time, gateway and nginx
/// side by side with their differences, then what did not agree and what was not run.
std::string agreement_text(std::vector<sim::verify::scenario_agreement> const& all);

/// The same for tools: {"schema_version", "agrees", "scenarios": [{"scenario", "agrees", "metrics": […]}]}.
std::string agreement_json(std::vector<sim::verify::scenario_agreement> const& all);

}
