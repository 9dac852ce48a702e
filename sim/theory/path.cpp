#include "sim/theory/path.hpp"

#include "sim/theory/routed.hpp"

#include <algorithm>
#include <cmath>

namespace sim::theory {
namespace {

double mean_of(scenario::service_time const& law) { return mean_s({{1, law}}); }

bool varies(scenario::service_time const& law) { return mean_of(law) > 0 && squared_variation({{1, law}}) > 1e-12; }

/// The balancers' threads as queues: each hop is one service.
std::string set_balancer_times(scenario::scenario const& s, proxy_load const& load, path_times& t) {
  t.balancer_s = mean_of(s.simulated.balancer_time);
  if (t.balancer_s == 0) return {};
  auto const& groups = s.topology.balancers;
  double balancers = 0;
  for (scenario::balancer_group const& g : groups) {
    balancers += g.count;
    if (g.threads != groups.front().threads) return "balancers with different numbers of threads";
  }
  double const requests = load.requests_per_s * s.topology.proxies.count, threads = groups.front().threads;
  double const hops = requests * (1 + load.redirect_ratio) / balancers;
  t.balancer_utilisation = utilisation(hops, t.balancer_s, threads);
  if (t.balancer_utilisation >= 1) return "the balancers cannot keep up with their service_time";
  workload const work{{1, s.simulated.balancer_time}};
  bool const exponential = std::holds_alternative<scenario::exponential_time>(s.simulated.balancer_time);
  if (threads == 1) {
    t.balancer_wait_s = mean_wait_one_server_s(hops, work);
  } else if (exponential) {
    t.balancer_wait_s = mean_wait_s(hops, t.balancer_s, groups.front().threads);
  } else {
    return "several threads and a balancer's service time that is not exponential (M/G/c has no closed form)";
  }
  return {};
}

}

std::vector<path_kind> paths_of(scenario::scenario const& s, proxy_load const& load) {
  double const state = game_state_share(s.load), redirected = load.redirect_ratio, created = load.created_share;
  std::vector<path_kind> kinds;
  for (unsigned game = 0; game != 2; ++game) {
    double const share = game ? state : 1 - state;
    kinds.push_back({share * std::max(0.0, 1 - redirected - created), 1, game});
    kinds.push_back({share * created, 1, game + 1});
    kinds.push_back({share * redirected, 2, game + 1});
  }
  std::erase_if(kinds, [](path_kind const& k) { return k.share <= 0; });
  return kinds;
}

path_times_choice times_of(scenario::scenario const& s, proxy_load const& load) {
  scenario::virtual_settings const& v = s.simulated;
  path_times_choice choice;
  path_times& t = choice.times;
  if (v.loss > 0) {
    choice.broken = "messages are lost (virtual.network.loss)";
    return choice;
  }
  t.client_s = mean_of(v.client_delay);
  t.proxy_s = mean_of(v.proxy_delay);
  t.call_s = 2 * mean_of(v.rpc_delay) + static_cast<double>(s.topology.sols.rpc_delay.count()) * 1e-9;
  if (varies(v.rpc_delay)) {
    // Messages of one connection do not overtake: with rate l and delay d, one in l d finds another before it and waits
    // for some d, there and back. Exact to the first order for exponential delays: l E[((D1 - D2)+)²]/2 each way.
    double calls = 0;
    for (path_kind const& k : paths_of(s, load)) calls += k.share * k.calls;
    double const rate = load.requests_per_s * calls / s.topology.sols.count, d = mean_of(v.rpc_delay);
    t.overtaking_s = rate * d * d;
  }
  choice.broken = set_balancer_times(s, load, t);
  t.fixed = t.balancer_s == 0 && !varies(v.client_delay) && !varies(v.proxy_delay) && !varies(v.rpc_delay);
  return choice;
}

double way_s(path_times const& t, path_kind const& k) {
  return 2 * t.client_s + k.hops * (2 * t.proxy_s + t.balancer_wait_s + t.balancer_s) + k.calls * t.call_s;
}

}
