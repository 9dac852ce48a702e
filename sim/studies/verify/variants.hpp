#pragma once

#include "sim/scenario/scenario.hpp"

#include <optional>
#include <string>

/// The same scenario with other balancers, which by theory behave alike.
namespace sim::verify {

struct variant {
  std::optional<scenario::scenario> what;
  std::string why_not; // if there is none
};

/// All balancers gateways: nginx with the article's guess becomes a gateway without map, with its Lua map one with a
/// map, both guessing round robin. One thread each, where LRU is exact. Thresholds are left out: `run` judges those.
variant with_gateways(scenario::scenario const& s);

/// All balancers nginx with the article's configurations: the same the other way round. Not for gateways that guess
/// other than at random or round robin, maps that evict, nodes that faults hit, or targets that nginx changes on the
/// redirected way so that proxies cannot read them.
variant with_nginx(scenario::scenario const& s);

}
