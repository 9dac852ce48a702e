#pragma once

#include "sim/scenario/scenario.hpp"
#include "sim/theory/prediction.hpp"

#include <string_view>
#include <vector>

namespace sim::theory {

/// Everything that theory says about a scenario before it runs, in a fixed order: routing ratios of the whole run, of
/// one balancer where all are alike, of the phases of an open load; then restarts, sessions, utilisation and latency.
/// If the scenario breaks an assumption, the prediction has no value and says which.
std::vector<prediction> explain(scenario::scenario const& s);

/// The parts of it.
std::vector<prediction> explain_routing(scenario::scenario const& s);
std::vector<prediction> explain_proxies(scenario::scenario const& s);
/// What restarts of balancers cost; empty if there are none, or other events, or if there is no form for it.
std::vector<prediction> explain_restarts(scenario::scenario const& s);

/// The prediction of that metric, or nullptr.
prediction const* find(std::vector<prediction> const& all, std::string_view metric);

}
