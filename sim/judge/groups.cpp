#include "sim/judge/groups.hpp"

#include <algorithm>
#include <utility>

namespace sim::judge {
namespace {

/// Balancers whose `key` is equal; those without one are in no set.
std::vector<balancer_set> sets_by(std::vector<records::balancer_facts> const& balancers,
                                  std::string records::balancer_facts::*key) {
  std::vector<balancer_set> sets;
  for (std::size_t b = 0; b != balancers.size(); ++b) {
    std::string const& name = balancers[b].*key;
    if (name.empty()) continue;
    auto at = std::find_if(sets.begin(), sets.end(), [&](balancer_set const& s) { return s.name == name; });
    if (at == sets.end()) at = sets.insert(sets.end(), {name, balancers[b].kind, {}});
    at->members.push_back(b);
  }
  return sets;
}

}

std::vector<balancer_set> groups_of(std::vector<records::balancer_facts> const& balancers) {
  auto groups = sets_by(balancers, &records::balancer_facts::group_name);
  return groups.size() > 1 ? groups : std::vector<balancer_set>();
}

std::vector<balancer_set> kinds_of(std::vector<records::balancer_facts> const& balancers) {
  auto kinds = sets_by(balancers, &records::balancer_facts::kind);
  // A group is of one kind: as many kinds as groups are the same sets.
  return kinds.size() > 1 && kinds.size() != groups_of(balancers).size() ? kinds : std::vector<balancer_set>();
}

std::vector<balancer_set> sets_of(std::vector<records::balancer_facts> const& balancers) {
  auto sets = groups_of(balancers);
  for (balancer_set& kind : kinds_of(balancers)) sets.push_back(std::move(kind));
  return sets;
}

cell sum_of(tally const& counts, balancer_set const& set) {
  cell sum;
  for (std::size_t const b : set.members) sum.merge(counts.balancer(b));
  return sum;
}

cell sum_of(tally const& counts, balancer_set const& set, std::size_t phase) {
  cell sum;
  for (std::size_t const b : set.members) sum.merge(counts.at(phase, b));
  return sum;
}

}
