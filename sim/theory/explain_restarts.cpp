#include "sim/theory/expect.hpp"
#include "sim/theory/explain.hpp"
#include "sim/theory/redirects.hpp"
#include "sim/theory/routed.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <variant>

namespace sim::theory {
namespace {

using scenario::restart_node;

/// Requests of the whole load that have started when the event begins, in expectation.
double requests_before(scenario::scenario const& s, scenario::event const& e) {
  return requests_by(s.load, static_cast<double>(e.at.count()) * 1e-9);
}

/// Whether an event does nothing but restart a balancer, or makes it read its configuration again.
bool only_restarts(scenario::event const& e, std::vector<scenario::balancer_identity> const& balancers) {
  if (std::holds_alternative<scenario::reload_node>(e.action)) return true;
  auto const* restart = std::get_if<restart_node>(&e.action);
  return restart &&
         std::any_of(balancers.begin(), balancers.end(), [&](auto const& b) { return b.name == restart->node; });
}

}

std::vector<prediction> explain_restarts(scenario::scenario const& s) {
  auto const balancers = scenario::balancers_of(s);
  bool const restarts = std::any_of(s.events.begin(), s.events.end(), [](scenario::event const& e) {
    return std::holds_alternative<restart_node>(e.action);
  });
  bool const nothing_else = std::all_of(s.events.begin(), s.events.end(),
                                        [&](scenario::event const& e) { return only_restarts(e, balancers); });
  if (!restarts || !nothing_else) return {};
  scenario::scenario undisturbed = s;
  undisturbed.events.clear();
  routing_choice const choice = model_of(undisturbed);
  routing_model const& m = choice.model;
  // A token that is always asked for at one balancer, or that a shared map knows, follows other forms.
  bool const spread = m.balancers == static_cast<double>(balancers.size()) && !m.shared_map;
  bool const open = s.load.kind != scenario::load_kind::closed;
  if (!choice.broken.empty() || !m.map || m.hash_guess || !std::isinf(m.capacity) || !spread || !open) return {};

  std::vector<token_class> const popularity = popularity_classes(m.characters, s.population.zipf);
  double const whole = requests_by(s.load, std::numeric_limits<double>::max());
  moments sum;
  int cold = 0, warm = 0;
  for (scenario::event const& e : s.events) {
    auto const* restart = std::get_if<restart_node>(&e.action);
    if (!restart) continue;
    auto const who =
        std::find_if(balancers.begin(), balancers.end(), [&](auto const& b) { return b.name == restart->node; });
    if (who->settings->keeps_map && restart->graceful) {
      ++warm;
      continue;
    }
    ++cold;
    double const before = requests_before(s, e);
    double until = whole;
    for (scenario::event const& other : s.events)
      if (auto const* again = std::get_if<restart_node>(&other.action);
          again && again->node == restart->node && other.at > e.at)
        until = std::min(until, requests_before(s, other));
    for (token_class const& c : popularity) {
      double const share = c.rate / m.balancers;
      moments const one = redirects_of_cold_restart(share * before, share * (until - before), m.proxies);
      sum.mean += c.tokens * one.mean;
      sum.variance += c.tokens * one.variance;
    }
  }

  prediction p;
  p.metric = "redirects{reason:restarted}";
  p.unit = "redirects";
  p.value = sum.mean;
  p.standard_error = std::sqrt(sum.variance);
  p.formula = "sum over cold restarts and tokens of (1 - exp(-l_i N0/B)) (1 - exp(-l_i N1/B)) (P - 1)/P";
  p.inputs = {{"B", "maps over which a token's requests are spread", m.balancers, ""},
              {"P", "proxies", m.proxies, ""},
              {"T", "characters", m.characters, ""},
              {"s", "Zipf exponent of l_i, the share of character i; 0: uniform", s.population.zipf, ""},
              {"cold", "restarts after which the map is empty", static_cast<double>(cold), ""},
              {"warm", "restarts after which it is not (token_map_file)", static_cast<double>(warm), ""}};
  p.assumptions = {"N0 requests have started before the restart, N1 after it until the end or the next one",
                   "each guess is uniform over P proxies and independent of all others",
                   "requests of a token do not overlap while no map knows it",
                   "the restart takes no time, sessions do not move or end, the maps hold every character"};
  return {p};
}

}
