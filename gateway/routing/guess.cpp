#include "gateway/routing/guess.hpp"

#include <cmath>

namespace gateway::routing {

void guesser::weigh(upstreams_view upstreams) {
  std::uint32_t first = 0;
  while (first != upstreams.size() && !upstreams.states[first].known) ++first;
  weighted_ = false;
  for (std::uint32_t i = first; i != upstreams.size(); ++i)
    weighted_ |= upstreams.states[i].known && upstreams.details[i].weight != upstreams.details[first].weight;
}

// nginx's smooth weighted turns: a heavy one comes often, but not several times in a row.
upstream_id guesser::rotate(upstreams_view upstreams, exclusions excluded, time_ns now) {
  upstream_id best = no_upstream;
  std::int64_t total = 0;
  for (std::uint32_t i = 0; i < upstreams.size(); ++i) {
    if (!usable(upstreams, i, excluded, now)) continue;
    upstreams.details[i].turns += upstreams.details[i].weight;
    total += upstreams.details[i].weight;
    if (best == no_upstream || upstreams.details[i].turns > upstreams.details[index_of(best)].turns)
      best = upstream_id{i};
  }
  if (best != no_upstream) upstreams.details[index_of(best)].turns -= total;
  return best;
}

// Highest random weight (Thaler and Ravishankar 1998): when an upstream leaves, only its own tokens move. With weights
// w the highest w / -ln(u) wins, u uniform in (0, 1), which gives each its share.
upstream_id guesser::rendezvous(upstreams_view upstreams, std::uint64_t token_hash, exclusions excluded,
                                time_ns now) const {
  upstream_id best = no_upstream;
  std::uint64_t best_draw = 0;
  double best_score = 0;
  for (std::uint32_t i = 0; i < upstreams.size(); ++i) {
    if (!usable(upstreams, i, excluded, now)) continue;
    std::uint64_t const draw = randomness::mix(token_hash ^ randomness::mix(upstreams.details[i].name_hash));
    double const score =
        weighted_ ? upstreams.details[i].weight / -std::log((static_cast<double>(draw >> 11) + 0.5) * 0x1p-53) : 0;
    if (best != no_upstream && (weighted_ ? score <= best_score : draw <= best_draw)) continue;
    best = upstream_id{i};
    best_draw = draw;
    best_score = score;
  }
  return best;
}

}
