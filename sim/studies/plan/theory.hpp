#pragma once

#include "sim/scenario/scenario.hpp"
#include "sim/studies/plan/search.hpp"

#include <vector>

namespace sim::plan {

/// Objects to a topology whose proxies are fewer than a goal on `utilisation` or `utilisation_max` needs: rate × mean
/// service ÷ (proxies × servers) is their average utilisation, and the busiest has at least the average.
///
/// Objects only if no run could contradict, so that a search finds the same with it as without it: for open loads with
/// a fixed rate, no events, balancers that cost no time, and an expectation that lies beyond the bound by more than six
/// standard deviations of what one run would measure (compound Poisson), plus two per cent for what is under way at its
/// ends. `goals[i]` is judged as `asked[i]` says.
std::optional<objection> too_few_proxies(scenario::scenario const& s, std::vector<goal> const& goals,
                                         std::vector<scenario::threshold> const& asked);

}
