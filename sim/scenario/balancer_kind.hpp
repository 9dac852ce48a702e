#pragma once

#include <cstdint>
#include <string_view>

namespace sim::scenario {

enum class balancer_kind : std::uint8_t { gateway, nginx, command, external };

/// As scenarios and reports write it, and names of nodes where the group has no name of its own; empty for no kind.
constexpr std::string_view name_of(balancer_kind kind) {
  switch (kind) {
  case balancer_kind::gateway:
    return "gateway";
  case balancer_kind::nginx:
    return "nginx";
  case balancer_kind::command:
    return "command";
  case balancer_kind::external:
    return "external";
  }
  return {};
}

/// What starts a balancer of a live run.
enum class launcher : std::uint8_t { crest_gateway, nginx, command, nobody };

/// What says how many entries its token map holds; `declared`: the scenario's routes_as, if it has one.
enum class map_bound : std::uint8_t { token_map, lua_shared_dict, declared };

/// What is known of its guesses, and of when it learns and forgets. `declared`: nothing; theory takes the scenario's
/// routes_as at its word, if there is one, and judges do not.
enum class routing_rules : std::uint8_t { guess_policy, nginx_config, declared };

/// All that tells kinds of balancer apart. Only sim/studies/verify names kinds: it makes one of another.
struct balancer_traits {
  launcher started_by = launcher::nobody;
  map_bound map = map_bound::declared;
  routing_rules rules = routing_rules::declared;
  bool journals = false;  // keeps a journal and counts as crest-gateway does; others are black boxes
  bool simulated = false; // simulated time runs its decisions
};

constexpr balancer_traits traits_of(balancer_kind kind) {
  switch (kind) {
  case balancer_kind::gateway:
    return {.started_by = launcher::crest_gateway,
            .map = map_bound::token_map,
            .rules = routing_rules::guess_policy,
            .journals = true,
            .simulated = true};
  case balancer_kind::nginx:
    return {.started_by = launcher::nginx, .map = map_bound::lua_shared_dict, .rules = routing_rules::nginx_config};
  case balancer_kind::command:
    return {.started_by = launcher::command};
  case balancer_kind::external:
    return {};
  }
  return {};
}

}
