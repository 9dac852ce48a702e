#pragma once

#include "sim/scenario/scenario.hpp"
#include "sim/theory/queues.hpp"

#include <functional>
#include <optional>
#include <string>

/// The proxies of a scenario as queues.
namespace sim::theory {

/// What one proxy has to do when the load is spread evenly over all.
struct proxy_load {
  double requests_per_s = 0;  // served at one proxy
  double redirects_per_s = 0; // sent elsewhere by one proxy; they take a server when redirect_time > 0
  double redirect_ratio = 0;
  double early_redirect_ratio = 0; // in the first tenth of the load, while maps fill
  double created_share = 0;        // of the requests: those that create a session
  unsigned servers = 0;            // 0: no limit
  bool shared = false;             // processor sharing, else first come first served
  workload work;                   // of a proxy's servers
  double work_per_s = 0;           // things that take a server
  double utilisation = 0;          // 0 without a limit of servers
};

/// The load, or the first assumption that makes its rate unknown (closed loads, traces, EVE clients).
struct proxy_load_choice {
  std::optional<proxy_load> load;
  std::string broken;
};
proxy_load_choice load_of_proxies(scenario::scenario const& s);

/// Why the wait at a proxy has no closed form; empty when it has one.
std::string queue_broken_by(scenario::scenario const& s, proxy_load const& load);

/// Mean time at a proxy, seconds, of a piece of work that takes `service_s`: wait and service. Needs that
/// `queue_broken_by` is empty.
double mean_time_at_proxy_s(proxy_load const& load, double service_s);

/// P(time at the proxy <= t) of requests, good for shares up to `most`; empty where the queue's law is not known.
std::function<double(double)> time_at_proxy_law(proxy_load const& load, scenario::service_time const& service,
                                                double most);

/// How unevenly sessions fall on proxies by chance: the relative standard deviation of one proxy's load with T sessions
/// spread over P proxies, sqrt((P - 1)/T); and its effect on a mean wait, (u/(1 - u))² times its square (the
/// second-order term of 1/(1 - u)).
double session_spread(scenario::scenario const& s);

/// Share of the requests that go on to the sol: methods that are not safe, and targets under /characters/.
double game_state_share(scenario::load const& load);

}
