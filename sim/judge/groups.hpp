#pragma once

#include "sim/judge/tally.hpp"
#include "sim/records/run_view.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace sim::judge {

/// Balancers that figures are given of together.
struct balancer_set {
  std::string name, kind;
  std::vector<std::size_t> members; // indices of balancers, at least one
};

/// The groups of the scenario, in the order of their first balancers; none unless there are several.
std::vector<balancer_set> groups_of(std::vector<records::balancer_facts> const& balancers);

/// The kinds, likewise; none unless there are several, and other sets than the groups.
std::vector<balancer_set> kinds_of(std::vector<records::balancer_facts> const& balancers);

/// Groups, then kinds.
std::vector<balancer_set> sets_of(std::vector<records::balancer_facts> const& balancers);

/// What the members came to together, in the whole run or in a phase.
cell sum_of(tally const& counts, balancer_set const& set);
cell sum_of(tally const& counts, balancer_set const& set, std::size_t phase);

}
