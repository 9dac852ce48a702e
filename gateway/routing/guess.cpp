#include "gateway/routing/guess.hpp"

#include <algorithm>

namespace gateway::routing {

bool guesser::usable(upstream_state const& state, std::uint32_t index, exclusions excluded, time_ns now) {
  return state.in_rotation && state.avoid_until <= now &&
         std::find(excluded.begin(), excluded.end(), upstream_id{index}) == excluded.end();
}

upstream_id guesser::rotate(std::span<upstream_state const> upstreams, exclusions excluded, time_ns now) {
  for (std::size_t tried = 0; tried < upstreams.size(); ++tried) {
    auto const index = static_cast<std::uint32_t>(next_++ % upstreams.size());
    if (usable(upstreams[index], index, excluded, now)) return upstream_id{index};
  }
  return no_upstream;
}

// Highest random weight (Thaler and Ravishankar 1998): an upstream that leaves takes only its own tokens with it.
upstream_id guesser::rendezvous(std::span<upstream_state const> upstreams, std::uint64_t token_hash,
                                exclusions excluded, time_ns now) {
  upstream_id best = no_upstream;
  std::uint64_t best_weight = 0;
  for (std::uint32_t i = 0; i < upstreams.size(); ++i) {
    if (!usable(upstreams[i], i, excluded, now)) continue;
    std::uint64_t const weight = mix(token_hash ^ mix(upstreams[i].name_hash));
    if (best == no_upstream || weight > best_weight) {
      best = upstream_id{i};
      best_weight = weight;
    }
  }
  return best;
}

}
