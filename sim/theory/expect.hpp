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

/// What a policy's guesses follow.
enum class guess_law : std::uint8_t {
  independent, // uniform, each a chance of its own
  in_turn,     // as good as uniform over tokens in shuffled order, but each follows from the one before
  by_hash,     // of the token: uniform over tokens, the same for all guesses of one
  by_load      // what is in flight, and so the times that hops take
};
guess_law law_of(scenario::guess_policy policy);

/// Whether a group's guesses follow that law; of a scenario: some group's.
bool guesses_follow(scenario::balancer_group const& g, guess_law law);
bool guesses_follow(scenario::scenario const& s, guess_law law);

/// Entries that the token map of a balancer of this group holds: a gateway's as gateway/routing sizes it (0 when off);
/// of nginx's `lua_shared_dict` a lower bound by the length of its keys, as measured on 1.22
/// (docs/nginx-differences.md).
std::uint64_t map_entries(scenario::balancer_group const& g, std::uint32_t token_bytes);

}
