#pragma once

#include "sim/judge/findings.hpp"
#include "sim/records/result.hpp"

#include <optional>
#include <vector>

namespace sim::judge {

/// Judges one threshold. Without samples it fails. With `@95%` it passes when the ratio's one-sided confidence bound,
/// clustered by token, holds (which needs `each`); when neither the bound nor its opposite decides, it fails as
/// undecided. Throws std::invalid_argument when metric or expression do not parse (loading a scenario checks both).
records::threshold_result judge_threshold(scenario::threshold const& t, findings const& f);

std::vector<records::threshold_result> judge_thresholds(findings const& f);

/// The number that a threshold is about: a ratio with what it was counted from, any other over 1.
struct figure {
  double numerator = 0, denominator = 1;
  double value() const { return numerator / denominator; }
};

/// Nullopt without samples.
std::optional<figure> figure_of(scenario::threshold const& t, findings const& f);

}
