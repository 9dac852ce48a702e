#include "sim/verify/variants.hpp"

#include "sim/theory/expect.hpp"

#include <algorithm>

namespace sim::verify {
namespace {

using scenario::balancer_group;
using scenario::balancer_kind;
using scenario::guess_policy;

/// Why this group has no counterpart of the other kind; empty when it has.
std::string peculiar(balancer_group const& g) {
  if (g.kind == balancer_kind::external) return "external balancers are what they are";
  if (g.kind == balancer_kind::nginx && g.nginx_config == "template") return "an nginx template is what it is";
  return {};
}

bool names_balancer(std::string const& node) { return node.starts_with("gateway[") || node.starts_with("nginx["); }

bool strikes_balancer(scenario::event const& e) {
  if (std::holds_alternative<scenario::add_balancer>(e.action)) return true;
  if (auto const* kill = std::get_if<scenario::kill_node>(&e.action)) return names_balancer(kill->node);
  if (auto const* restart = std::get_if<scenario::restart_node>(&e.action)) return names_balancer(restart->node);
  return false;
}

/// Whether changing the kind of some balancers leaves events without their subject.
std::string events_in_the_way(scenario::scenario const& s, balancer_kind kind) {
  bool const changes = std::any_of(s.topology.balancers.begin(), s.topology.balancers.end(),
                                   [&](balancer_group const& g) { return g.kind != kind; });
  if (!changes) return {};
  auto const struck = std::find_if(s.events.begin(), s.events.end(), strikes_balancer);
  return struck == s.events.end() ? "" : "the event '" + struck->name + "' is about balancers of another kind";
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
  g.nginx_config = g.has_map() ? "lua_map" : "guess";
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
  if (auto why = events_in_the_way(s, balancer_kind::nginx); !why.empty()) return {std::nullopt, why};
  scenario::scenario other = s;
  other.thresholds.clear();
  for (balancer_group& g : other.topology.balancers) {
    if (auto why = peculiar(g); !why.empty()) return {std::nullopt, why};
    bool const guesses = g.guess == guess_policy::random || g.guess == guess_policy::round_robin;
    if (g.kind == balancer_kind::gateway && !guesses)
      return {std::nullopt, "nginx guesses round robin, which is not what this gateway does"};
    g = as_nginx(g);
  }
  if (theory::evicts(s) || theory::evicts(other))
    return {std::nullopt, "nginx's map cannot be given the same number of entries"};
  return {std::move(other), {}};
}

}
