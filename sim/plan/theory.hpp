#pragma once

#include "sim/plan/search.hpp"
#include "sim/scenario/scenario.hpp"

#include <vector>

namespace sim::plan {

/// Objects to a topology whose proxies are fewer than a goal on `utilisation` or `utilisation_max` needs: rate × mean
/// service ÷ (proxies × servers) is what is asked of them on average, and the busiest has at least the average.
///
/// Objects only where a run could not say otherwise, so that a search with it finds what one without it finds: for open
/// loads with a fixed rate, no events, balancers that cost no time, and an expectation that lies beyond the bound by
/// more than six standard deviations of what one run would measure (compound Poisson) and two in a hundred for what is
/// under way at its ends. `goals[i]` is judged as `asked[i]` says.
std::optional<objection> too_few_proxies(scenario::scenario const& s, std::vector<goal> const& goals,
                                         std::vector<scenario::threshold> const& asked);

}
