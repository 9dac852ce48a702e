#pragma once

#include <cstdint>
#include <string_view>

namespace gateway::routing {

/// How an upstream is chosen without knowledge.
enum class guess_policy : std::uint8_t {
  random,      // uniform
  round_robin, // in turn
  least_conn,  // fewest requests in flight from this balancer, by weight; ties at random
  two_choices, // of two at random, by weight, the one with fewer requests in flight from this balancer, by weight
  token_hash // rendezvous hash of the token: the same on every balancer with the same upstreams; random without a token
};

/// As configurations and scenarios write it; empty for no policy.
constexpr std::string_view name_of(guess_policy policy) {
  switch (policy) {
  case guess_policy::random:
    return "random";
  case guess_policy::round_robin:
    return "round_robin";
  case guess_policy::least_conn:
    return "least_conn";
  case guess_policy::two_choices:
    return "two_choices";
  case guess_policy::token_hash:
    return "token_hash";
  }
  return {};
}

}
