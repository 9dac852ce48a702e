#include "sim/theory/expect.hpp"

#include "gateway/http/digest.hpp"
#include "gateway/routing/learnt_backend.hpp"
#include "gateway/routing/map_budget.hpp"
#include "gateway/routing/token_map.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace sim::theory {
namespace {

using scenario::balancer_group;

/// The map of gateway/net; a live test compares the two.
using gateway_map =
    gateway::routing::token_map<gateway::http::map_key, gateway::routing::learnt_backend, gateway::http::map_key_hash>;
/// Beyond this a map holds more than the largest population, and finding its capacity takes memory.
constexpr std::uint64_t largest_budget = std::uint64_t{2} << 30;

bool hashes(balancer_group const& g) { return guesses_follow(g, guess_law::by_hash); }

/// Why the guesses of this policy are not uniform and independent; empty when they are.
std::string broken_by(scenario::guess_policy policy) {
  std::string const name(name_of(policy));
  switch (law_of(policy)) {
  case guess_law::independent:
  case guess_law::by_hash:
    return {};
  case guess_law::in_turn:
    return name + " guesses are not independent";
  case guess_law::by_load:
    return name + " guesses are not uniform: they follow what is in flight, and so the times that hops take";
  }
  return {};
}

/// The same of a group.
std::string guesses_broken_by(balancer_group const& g, std::uint32_t proxies) {
  if (proxies == 1) return {};
  switch (scenario::traits_of(g.kind).rules) {
  case scenario::routing_rules::guess_policy:
    return broken_by(g.guess);
  case scenario::routing_rules::nginx_config:
    // Round robin over tokens in shuffled order picks as good as uniformly: what theory was checked against.
    return g.rules_known() ? "" : "the rules of a user's nginx template are unknown";
  case scenario::routing_rules::declared:
    if (g.routes_as) return broken_by(g.routes_as->guess);
    return "how " + std::string(g.node_name()) + " balancers guess is unknown (routes_as can say)";
  }
  return {};
}

/// As measured on 1.22, by the length of the keys.
std::uint64_t entries_of_shared_dict(std::uint32_t token_bytes) {
  struct row {
    std::uint32_t key_bytes;
    std::uint64_t entries;
  };
  static constexpr std::array<row, 4> measured = {{{20, 81'375}, {100, 40'672}, {200, 20'336}, {1'000, 5'084}}};
  std::uint32_t const key = token_bytes + 7; // "Bearer "
  for (row const& r : measured)
    if (key <= r.key_bytes) return r.entries;
  return 0;
}

}

guess_law law_of(scenario::guess_policy policy) {
  switch (policy) {
  case scenario::guess_policy::random:
    return guess_law::independent;
  case scenario::guess_policy::round_robin:
    return guess_law::in_turn;
  case scenario::guess_policy::least_conn:
  case scenario::guess_policy::two_choices: // uniform while nothing is in flight
    return guess_law::by_load;
  case scenario::guess_policy::token_hash:
    return guess_law::by_hash;
  }
  throw std::logic_error("theory knows no such guess policy");
}

bool guesses_follow(balancer_group const& g, guess_law law) {
  switch (scenario::traits_of(g.kind).rules) {
  case scenario::routing_rules::guess_policy:
    return law_of(g.guess) == law;
  case scenario::routing_rules::nginx_config:
    return g.rules_known() && law == guess_law::in_turn;
  case scenario::routing_rules::declared:
    return g.routes_as && law_of(g.routes_as->guess) == law;
  }
  return false;
}

bool guesses_follow(scenario::scenario const& s, guess_law law) {
  auto const& groups = s.topology.balancers;
  return std::any_of(groups.begin(), groups.end(), [&](balancer_group const& g) { return guesses_follow(g, law); });
}

std::string disturbed_by(scenario::scenario const& s) {
  if (s.topology.balancers.empty()) return "no balancers";
  for (balancer_group const& g : s.topology.balancers) {
    if (auto const why = guesses_broken_by(g, s.topology.proxies.count); !why.empty()) return why;
    if (hashes(g) && s.population.token_rotation_rps > 0)
      return "token_hash guesses with rotating tokens: the session stays where the old token's hash put it";
    if (hashes(g) && s.topology.balancers.size() > 1) return "token_hash guesses beside balancers of another kind";
  }
  for (scenario::event const& e : s.events)
    if (!std::holds_alternative<scenario::reload_node>(e.action))
      return "events (" + e.name + ") disturb sessions or maps";
  if (!s.partitions.empty()) return "partitions of the network may end sessions";
  return {};
}

bool evicts(scenario::scenario const& s) {
  auto const& groups = s.topology.balancers;
  return std::any_of(groups.begin(), groups.end(), [&](balancer_group const& g) {
    return g.has_map() && map_entries(g, s.population.token_bytes) < s.population.characters;
  });
}

std::uint64_t map_entries(balancer_group const& g, std::uint32_t token_bytes) {
  switch (scenario::traits_of(g.kind).map) {
  case scenario::map_bound::token_map:
    if (!g.token_map_bytes) return 0;
    return gateway_map::capacity_for(
        gateway::routing::map_budget::of(std::min(*g.token_map_bytes, largest_budget)).proven);
  case scenario::map_bound::lua_shared_dict:
    return entries_of_shared_dict(token_bytes);
  case scenario::map_bound::declared:
    return g.routes_as ? g.routes_as->map_entries : 0;
  }
  return 0;
}

expectation expect(scenario::scenario const& s) {
  expectation e;
  e.broken = disturbed_by(s);
  if (e.broken.empty() && evicts(s)) e.broken = "a token map smaller than the population evicts";
  e.conditioned = e.broken.empty();
  if (!e.conditioned) return e;
  auto const& groups = s.topology.balancers;
  double const proxies = s.topology.proxies.count, q = s.population.logged_in;
  bool const map = groups.front().has_map();
  bool const alike =
      std::all_of(groups.begin(), groups.end(), [&](balancer_group const& g) { return g.has_map() == map; });
  bool const shared = std::all_of(groups.begin(), groups.end(), [](auto const& g) { return g.shared_map.has_value(); });
  bool const address = shared || s.load.balancer_choice == scenario::balancer_choice::address; // one map a token
  bool const uniform = s.load.balancer_choice == scenario::balancer_choice::uniform;
  bool const plain = s.population.junk_share == 0 && s.population.no_token_share == 0 &&
                     s.population.token_rotation_rps == 0 && s.population.zipf == 0;
  double balancers = 0;
  for (balancer_group const& g : groups) balancers += g.count;
  e.form = "conditioned on the maps that each token visited: Binomial(sum(D - 1 + q), (P - 1)/P)";
  if (hashes(groups.front()))
    e.form = "guess by the token's hash, the same everywhere: only sessions made elsewhere redirect";
  if (s.load.kind != scenario::load_kind::closed || s.load.duration.count() != 0 || !plain || !alike) return e;
  double const requests = s.load.requests_per_character;
  e.requests_per_token = requests;
  if (hashes(groups.front())) {
    // Without a session, the hash finds the session it made; with one, every guess (each map's first) is one chance.
    double const chance = q * miss_chance(proxies);
    double const visits = !map ? requests : address ? 1 : distinct_maps(balancers, requests);
    if (map && !address && !uniform && balancers > 1 && q > 0) return e;
    // All guesses of a token are the same: it misses in each map it visits, or in none.
    double const spread = map && !address ? variance_of_distinct_maps(balancers, requests) : 0;
    double const miss = miss_chance(proxies);
    e.per_token = moments{chance * visits, q * (miss * (spread + visits * visits) - miss * miss * visits * visits)};
    return e;
  }
  if (!map) {
    e.per_token = redirects_of_token(false, balancers, requests, q, proxies);
    e.form = "no map: (R - 1 + q)(P - 1)/P";
  } else if (address || balancers == 1) {
    e.per_token = redirects_of_token(true, 1, requests, q, proxies);
    e.form = "one map per token: q (P - 1)/P";
    if (shared && balancers > 1)
      e.form += ", if each entry is in the shared map before the token's next request is looked up there";
  } else if (uniform) {
    e.per_token = redirects_of_token(true, balancers, requests, q, proxies);
    e.form = "map per balancer: (D - 1 + q)(P - 1)/P, D = B(1 - (1 - 1/B)^R)";
  }
  return e;
}

}
