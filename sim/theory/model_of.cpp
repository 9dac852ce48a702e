// Which routing model a scenario has, or why it has none.
#include "sim/theory/expect.hpp"
#include "sim/theory/routed.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace sim::theory {
namespace {

using scenario::balancer_choice;
using scenario::balancer_group;
using scenario::load_kind;

constexpr double unbounded = std::numeric_limits<double>::infinity();

std::string broken_by_population(scenario::population const& p) {
  if (p.junk_share > 0) return "junk tokens (population.junk_share) are answered 401 and never learnt";
  if (p.no_token_share > 0) return "requests without a token (population.no_token_share) are guessed each time";
  if (p.token_rotation_rps > 0)
    return "tokens rotate (population.token_rotation_rps): a new one is unknown to each map";
  return {};
}

std::string broken_by_load(scenario::scenario const& s) {
  auto const& groups = s.topology.balancers;
  bool const one = groups.size() == 1 && groups.front().count == 1;
  bool const choice_matters = !one && groups.front().has_map();
  if (s.load.kind == load_kind::trace) return "a trace brings its own order of requests";
  if (s.load.kind == load_kind::closed) {
    if (s.load.duration.count() != 0) return "load.duration may end the closed load early";
    if (s.load.balancer_choice == balancer_choice::round_robin && choice_matters)
      return "balancer_choice round_robin: the balancers that a character visits are not independent";
  }
  if (s.load.balancer_choice == balancer_choice::per_connection && choice_matters)
    return "balancer_choice per_connection: connections are not spread evenly over balancers";
  return {};
}

std::string broken_by_maps(scenario::scenario const& s) {
  auto const& groups = s.topology.balancers;
  balancer_group const& first = groups.front();
  if (scenario::has_caches(s)) return std::string(broken_by_caches);
  for (balancer_group const& g : groups)
    if (g.shared_map.has_value() != first.shared_map.has_value())
      return "balancers with and without a shared map side by side";
  std::uint32_t const token_bytes = s.population.token_bytes;
  for (balancer_group const& g : groups)
    if (g.has_map() != first.has_map()) return "balancers with and without a map side by side";
  if (!evicts(s)) return {};
  for (balancer_group const& g : groups) {
    switch (scenario::traits_of(g.kind).map) {
    case scenario::map_bound::token_map:
    case scenario::map_bound::declared:
      break;
    case scenario::map_bound::lua_shared_dict:
      return "of nginx's map only a lower bound of its entries is known";
    }
    if (map_entries(g, token_bytes) != map_entries(first, token_bytes)) return "bounded maps of different sizes";
  }
  if (s.load.kind == load_kind::closed)
    return "a token map smaller than the population evicts, and a closed load's requests of a character come together";
  if (guesses_follow(s, guess_law::by_hash)) return "a bounded map with token_hash guesses";
  return {};
}

}

routing_choice model_of(scenario::scenario const& s) {
  routing_choice choice;
  std::string const disturbed = disturbed_by(s);
  choice.broken = disturbed;
  if (choice.broken.empty()) choice.broken = broken_by_population(s.population);
  if (choice.broken.empty()) choice.broken = broken_by_load(s);
  if (choice.broken.empty()) choice.broken = broken_by_maps(s);
  if (!choice.broken.empty()) {
    if (disturbed.empty() && !evicts(s))
      choice.conditional =
          "given the D_i maps that each token visited: Binomial(sum(D_i - 1 + q_i), (P - 1)/P) redirects; "
          "a run compares with that";
    return choice;
  }
  auto const& groups = s.topology.balancers;
  double all = 0;
  for (balancer_group const& g : groups) all += g.count;
  routing_model& m = choice.model;
  bool const affinity = s.load.balancer_choice == balancer_choice::address;
  m.balancers = affinity || groups.front().shared_map ? 1 : all;
  m.shared_map = !affinity && groups.front().shared_map && all > 1;
  m.proxies = s.topology.proxies.count;
  m.characters = s.population.characters;
  double const with_session =
      std::max(std::round(s.population.logged_in * m.characters), static_cast<double>(s.population.eve_clients));
  m.logged_in = with_session / m.characters;
  m.map = groups.front().has_map();
  m.hash_guess = guesses_follow(s, guess_law::by_hash);
  double const entries = static_cast<double>(map_entries(groups.front(), s.population.token_bytes));
  m.capacity = evicts(s) ? entries * (affinity ? all : 1) : unbounded;
  return choice;
}

double requests_by(scenario::load const& load, double at_s) {
  double const end_s = static_cast<double>(load.duration.count()) * 1e-9;
  double const at = std::clamp(at_s, 0.0, end_s);
  if (load.kind != load_kind::ramping_rate) return load.rate_rps * at;
  double sum = 0, begin = 0, rate = load.start_rate_rps;
  for (scenario::ramp_stage const& stage : load.stages) {
    double const length = static_cast<double>(stage.duration.count()) * 1e-9;
    double const part = std::clamp(at - begin, 0.0, length);
    double const reached = length > 0 ? rate + (stage.rate_rps - rate) * part / length : stage.rate_rps;
    sum += (rate + reached) / 2 * part;
    begin += length;
    rate = stage.rate_rps;
  }
  return sum;
}

}
