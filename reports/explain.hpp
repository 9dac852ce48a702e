#pragma once

#include "sim/theory/prediction.hpp"

#include <string>
#include <vector>

namespace reports {

/// What `crest-sim explain` prints for people: a table of the values, then each one's formula with its inputs, what it
/// assumes, and what theory cannot say of this scenario.
std::string explain_text(std::string const& scenario, std::vector<sim::theory::prediction> const& predictions);

/// The same for tools: {"schema_version", "scenario", "predictions": [{"metric", "value", …}]}; keys without a value
/// are left out, `broken` is there exactly when `value` is not.
std::string explain_json(std::string const& scenario, std::vector<sim::theory::prediction> const& predictions);

}
