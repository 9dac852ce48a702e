#include "sim/studies/plan/theory.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace sim::plan {
namespace {

using scenario::comparison;

double seconds(scenario::nanoseconds t) { return static_cast<double>(t.count()) * 1e-9; }

/// Mean, seconds, and variance ÷ mean², of a law.
struct moments {
  double mean_s = 0, variation = 0;
};

struct moments_of {
  std::optional<moments> operator()(scenario::constant_time const& t) const { return moments{seconds(t.value), 0}; }
  std::optional<moments> operator()(scenario::exponential_time const& t) const { return moments{seconds(t.mean), 1}; }
  std::optional<moments> operator()(scenario::lognormal_time const& t) const {
    return moments{seconds(t.mean), std::expm1(t.sigma * t.sigma)};
  }
  std::optional<moments> operator()(scenario::pareto_time const& t) const {
    if (t.alpha <= 2.5) return std::nullopt; // infinite variance, or one that a run hardly ever shows
    return moments{seconds(t.mean), 1 / (t.alpha * (t.alpha - 2))};
  }
  std::optional<moments> operator()(scenario::empirical_time const&) const { return std::nullopt; }
};

/// How long a phase lasts, or the whole load.
double length_s(scenario::scenario const& s, scenario::threshold const& t) {
  auto const label = t.labels.find("phase");
  if (label == t.labels.end()) return seconds(s.load.duration);
  double begin = 0;
  for (scenario::phase const& p : s.phases) {
    double const end = std::min(seconds(p.until), seconds(s.load.duration));
    if (p.name == label->second) return end - begin;
    begin = end;
  }
  return 0;
}

/// Roughly how long a message travels before a proxy counts it.
std::optional<double> delay_s(scenario::scenario const& s) {
  auto const client = std::visit(moments_of{}, s.simulated.client_delay);
  auto const proxy = std::visit(moments_of{}, s.simulated.proxy_delay);
  if (!client || !proxy) return std::nullopt;
  return client->mean_s + proxy->mean_s +
         2 * s.simulated.loss / (1 - s.simulated.loss) * seconds(s.simulated.retransmit);
}

bool predictable(scenario::scenario const& s) {
  bool const open = s.load.kind == scenario::load_kind::constant_rate || s.load.kind == scenario::load_kind::poisson;
  auto const balancer = std::visit(moments_of{}, s.simulated.balancer_time);
  for (scenario::balancer_group const& group : s.topology.balancers)
    if (group.max_redirects < 2) return false; // requests that are given up take nothing of a proxy
  return open && s.events.empty() && s.topology.proxies.servers > 0 && balancer && balancer->mean_s <= 0;
}

}

std::optional<objection> too_few_proxies(scenario::scenario const& s, std::vector<goal> const& goals,
                                         std::vector<scenario::threshold> const& asked) {
  auto const service = std::visit(moments_of{}, s.topology.proxies.service_time);
  auto const delay = delay_s(s);
  if (!predictable(s) || !service || !delay) return std::nullopt;
  double const rate = s.load.rate_rps * (1 - s.population.junk_share);
  double const expected = rate * service->mean_s / (double{1} * s.topology.proxies.count * s.topology.proxies.servers);
  for (std::size_t g = 0; g < goals.size(); ++g) {
    if (!asked[g].metric.starts_with("utilisation")) continue;
    if (goals[g].compare != comparison::less && goals[g].compare != comparison::less_equal) continue;
    double const length = length_s(s, asked[g]);
    if (length < 1 || length < 100 * *delay) continue;
    double const margin = 0.02 + 6 * std::sqrt((1 + service->variation) / std::max(1.0, rate * length));
    if (expected * (1 - margin) <= goals[g].bound) continue;
    char text[64];
    std::snprintf(text, sizeof text, "theory expects %.3g", expected);
    return objection{g, expected, text};
  }
  return std::nullopt;
}

}
