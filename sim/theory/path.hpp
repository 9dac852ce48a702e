#pragma once

#include "sim/scenario/scenario.hpp"
#include "sim/theory/proxy_queues.hpp"

#include <string>
#include <vector>

/// A request's way between client, balancer, proxies and sol, and what it costs besides the wait for a proxy's server.
namespace sim::theory {

/// A share of the requests, all of which go the same way: `hops` requests to proxies, `calls` of the sol.
struct path_kind {
  double share = 1;
  unsigned hops = 1, calls = 0;
};

/// Every kind of way. A redirect costs the wrong proxy a call, a new session costs one, and so does game state; new
/// sessions are never redirected, and game state is independent of both.
std::vector<path_kind> paths_of(scenario::scenario const& s, proxy_load const& load);

/// Mean times of a way's parts, seconds (the scenario's section `virtual`, which a profile may fill in).
struct path_times {
  double client_s = 0, proxy_s = 0; // one way
  double call_s = 0;                // there and back, and the sol's rpc_delay
  double balancer_s = 0;            // a balancer's service of a hop
  double balancer_wait_s = 0;       // for one of its threads
  double balancer_utilisation = 0;
  bool fixed = false;      // none of them varies
  double overtaking_s = 0; // of a call: roughly its wait for earlier messages on its connection
};

/// `broken`: why they are not known; empty when they are.
struct path_times_choice {
  path_times times;
  std::string broken;
};
path_times_choice times_of(scenario::scenario const& s, proxy_load const& load);

/// Mean time of a way, without its times at proxies.
double way_s(path_times const& t, path_kind const& k);

}
