#include "sim/studies/verify/variants.hpp"

#include "sim/scenario/cases.hpp"
#include "sim/theory/expect.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace sim::verify {
namespace {

using scenario::balancer_group;
using scenario::balancer_kind;
using scenario::cases;
using scenario::guess_policy;
using scenario::nginx_rules;

/// Why this group has no counterpart of the other kind; empty if it has one.
std::string peculiar(balancer_group const& g) {
  if (g.rules_known()) return {};
  switch (scenario::traits_of(g.kind).rules) {
  case scenario::routing_rules::guess_policy:
    break;
  case scenario::routing_rules::nginx_config:
    return "an nginx template is what it is";
  case scenario::routing_rules::declared:
    return std::string(g.node_name()) + " balancers are what they are";
  }
  return {};
}

bool concerns_balancer(scenario::scenario const& s, scenario::event const& e) {
  auto const is_balancer = [&](std::string const& node) {
    auto const all = scenario::balancers_of(s);
    return std::any_of(all.begin(), all.end(), [&](auto const& b) { return b.name == node; });
  };
  return std::visit(cases{[](scenario::add_balancer const&) { return true; },
                          [&](scenario::kill_node const& kill) { return is_balancer(kill.node); },
                          [&](scenario::restart_node const& restart) { return is_balancer(restart.node); },
                          [](scenario::reload_node const&) { return true; },
                          [](scenario::move_sessions const&) { return false; }},
                    e.action);
}

/// Whether both kinds meet the event in the same way.
bool alike_for_nginx(scenario::action const& action) {
  return std::visit(
      cases{[](scenario::add_balancer const&) { return false; }, [](scenario::kill_node const&) { return false; },
            [](scenario::restart_node const&) { return false; }, [](scenario::reload_node const&) { return false; },
            [](scenario::move_sessions const&) { return true; }},
      action);
}

/// Whether nginx's turns guess as this group does, as far as comparisons of runs can tell.
bool guesses_as_nginx(balancer_group const& g) {
  switch (scenario::traits_of(g.kind).rules) {
  case scenario::routing_rules::guess_policy:
    break;
  case scenario::routing_rules::nginx_config:
    return true;
  case scenario::routing_rules::declared:
    return false;
  }
  switch (theory::law_of(g.guess)) {
  case theory::guess_law::independent:
  case theory::guess_law::in_turn:
    return true;
  case theory::guess_law::by_hash:
  case theory::guess_law::by_load:
    return false;
  }
  return false;
}

/// Whether events would refer to nodes that no longer exist after the change of kinds.
std::string events_in_the_way(scenario::scenario const& s, balancer_kind kind) {
  bool const changes = std::any_of(s.topology.balancers.begin(), s.topology.balancers.end(),
                                   [&](balancer_group const& g) { return g.kind != kind; });
  if (!changes) return {};
  auto const found =
      std::find_if(s.events.begin(), s.events.end(), [&](scenario::event const& e) { return concerns_balancer(s, e); });
  return found == s.events.end() ? "" : "the event '" + found->name + "' is about balancers of another kind";
}

/// Whether nginx, which decodes targets on the redirected way, would send a different one from what it got: %XX of
/// anything but an unreserved character (RFC 3986, section 2.3).
bool decodes_to_another(std::string const& target) {
  for (std::size_t at = target.find('%'); at != std::string::npos; at = target.find('%', at + 1)) {
    unsigned value = 0;
    auto const [end, error] =
        std::from_chars(target.data() + at + 1, target.data() + std::min(at + 3, target.size()), value, 16);
    bool const unreserved =
        std::isalnum(static_cast<int>(value)) != 0 || value == '-' || value == '.' || value == '_' || value == '~';
    if (error != std::errc{} || value > 127 || !unreserved) return true;
  }
  return false;
}

/// Why stock nginx is known to route differently from a gateway; empty if it does not.
std::string known_to_differ(scenario::scenario const& s) {
  for (scenario::event const& e : s.events)
    if (!alike_for_nginx(e.action)) return "the event '" + e.name + "': nginx meets nodes that die in its own way";
  std::vector<std::string> targets = s.load.targets;
  for (scenario::mix_entry const& entry : s.load.mix)
    targets.insert(targets.end(), entry.targets.begin(), entry.targets.end());
  auto const odd = std::find_if(targets.begin(), targets.end(), decodes_to_another);
  if (odd != targets.end()) return "nginx decodes the target " + *odd + ", which proxies then cannot read";
  return {};
}

balancer_group as_gateway(balancer_group g) {
  g.threads = 1;
  if (g.kind == balancer_kind::gateway) return g;
  bool const map = g.has_map();
  g.kind = balancer_kind::gateway;
  g.guess = guess_policy::round_robin;
  g.token_map_bytes = map ? balancer_group{}.token_map_bytes : std::nullopt;
  g.expect_violations.clear();
  return g;
}

balancer_group as_nginx(balancer_group g) {
  if (g.kind == balancer_kind::nginx) return g;
  g.nginx_config = g.has_map() ? nginx_rules::lua_map : nginx_rules::guess;
  g.kind = balancer_kind::nginx;
  return g;
}

}

variant with_gateways(scenario::scenario const& s) {
  if (auto why = events_in_the_way(s, balancer_kind::gateway); !why.empty()) return {std::nullopt, why};
  scenario::scenario other = s;
  other.thresholds.clear();
  for (balancer_group& g : other.topology.balancers) {
    if (auto why = peculiar(g); !why.empty()) return {std::nullopt, why};
    g = as_gateway(g);
  }
  return {std::move(other), {}};
}

variant with_nginx(scenario::scenario const& s) {
  if (auto why = known_to_differ(s); !why.empty()) return {std::nullopt, why};
  if (auto why = events_in_the_way(s, balancer_kind::nginx); !why.empty()) return {std::nullopt, why};
  scenario::scenario other = s;
  other.thresholds.clear();
  for (balancer_group& g : other.topology.balancers) {
    if (auto why = peculiar(g); !why.empty()) return {std::nullopt, why};
    if (g.cache) return {std::nullopt, "nginx as the article has it caches nothing"};
    if (g.keeps_map) return {std::nullopt, "nginx as the article has it keeps no map over a restart"};
    if (g.shared_map) return {std::nullopt, "nginx as the article has it shares no map"};
    if (!guesses_as_nginx(g)) return {std::nullopt, "nginx guesses round robin, which is not what this gateway does"};
    g = as_nginx(g);
  }
  if (theory::evicts(s) || theory::evicts(other))
    return {std::nullopt, "nginx's map cannot be given the same number of entries"};
  return {std::move(other), {}};
}

}
