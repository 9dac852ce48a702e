#pragma once

#include "sim/measure/findings.hpp"
#include "sim/measure/result.hpp"

#include <vector>

namespace sim::measure {

/// Judges one threshold. Without samples it fails. With `@95%` it passes when the ratio's one-sided confidence bound,
/// clustered by token, holds (which needs `each`); when neither the bound nor its opposite decides, it fails as
/// undecided. Throws std::invalid_argument when metric or expression do not parse (loading a scenario checks both).
threshold_result judge_threshold(scenario::threshold const& t, findings const& f);

std::vector<threshold_result> judge_thresholds(findings const& f);

}
