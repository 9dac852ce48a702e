#pragma once

#include "sim/scenario/scenario.hpp"
#include "sim/theory/redirects.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace sim::theory {

/// What theory says about a scenario before it runs.
struct expectation {
  /// Redirects per token over all balancers, when a closed form holds: fixed R, uniform choices.
  std::optional<moments> per_token;
  double requests_per_token = 0; // the fixed R, 0 without
  std::string form;              // which one, in words and symbols

  /// Whether the form conditioned on the run (trials) holds: uniform, independent guesses that nothing disturbs.
  bool conditioned = false;
  std::string broken; // the first assumption that does not hold; empty when `conditioned`
};

/// Decides by the scenario alone. The caller must check what only the run shows (overlap, failures, evictions).
expectation expect(scenario::scenario const& s);

/// The first reason why guesses are not uniform and independent, or why something other than requests changes sessions
/// or maps; empty if there is none.
std::string disturbed_by(scenario::scenario const& s);

/// Whether a token map holds fewer entries than there are characters.
bool evicts(scenario::scenario const& s);

/// Whether a balancer guesses by the token's hash.
bool guesses_by_hash(scenario::scenario const& s);

/// Entries that the token map of a balancer of this group holds: a gateway's as gateway/routing sizes it (0 when off);
/// of nginx's `lua_shared_dict` a lower bound by the length of its keys, as measured on 1.22
/// (docs/nginx-differences.md).
std::uint64_t map_entries(scenario::balancer_group const& g, std::uint32_t token_bytes);

}
