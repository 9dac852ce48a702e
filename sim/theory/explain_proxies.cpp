#include "sim/theory/explain.hpp"
#include "sim/theory/proxy_queues.hpp"

#include <algorithm>
#include <cmath>

namespace sim::theory {
namespace {

double seconds(scenario::nanoseconds t) { return static_cast<double>(t.count()) * 1e-9; }

std::string queue_name(proxy_load const& load) {
  if (load.servers == 0) return "M/G/infinity";
  bool const markov = load.work.size() == 1 && std::holds_alternative<scenario::exponential_time>(load.work[0].time);
  if (load.servers > 1) return "M/M/" + std::to_string(load.servers);
  return markov ? "M/M/1" : "M/G/1";
}

std::string wait_formula(proxy_load const& load) {
  if (load.servers == 0) return "W = 0";
  if (load.servers > 1) return "W = ErlangC(c, l s) s / (c - l s)";
  return "W = u/(1 - u) (1 + v)/2 s (Pollaczek-Khinchine)";
}

std::vector<formula_input> inputs_of(scenario::scenario const& s, proxy_load const& load) {
  scenario::proxy_settings const& proxies = s.topology.proxies;
  std::vector<formula_input> in{
      {"P", "proxies", static_cast<double>(proxies.count), ""},
      {"c", "servers of a proxy", static_cast<double>(load.servers), ""},
      {"a", "requests served at a proxy", load.requests_per_s, "1/s"},
      {"r", "redirect ratio", load.redirect_ratio, ""},
      {"t_r", "redirect_time", seconds(proxies.redirect_time), "s"},
      {"l", "arrivals that take a server", load.work_per_s, "1/s"},
      {"s", "mean time that they take one", mean_s(load.work), "s"},
  };
  return in;
}

prediction utilisation_of(scenario::scenario const& s, proxy_load_choice const& choice) {
  prediction p;
  p.metric = "utilisation";
  p.broken = choice.broken;
  if (!choice.load) return p;
  if (choice.load->servers == 0) {
    p.broken = "topology.proxies.servers is 0: no limit, so nothing to be used up";
    return p;
  }
  p.value = choice.load->utilisation;
  p.formula = "l s / c, l = a (1 + r [t_r > 0])";
  p.inputs = inputs_of(s, *choice.load);
  p.assumptions = {"mean over all proxies and the whole run", "no retries, and no request is given up"};
  return p;
}

/// Round trips to the sol of a request, in expectation, each of which takes rpc_delay.
double calls_of(scenario::scenario const& s, proxy_load const& load) {
  return game_state_share(s.load) + load.redirect_ratio + load.created_share;
}

prediction mean_latency(scenario::scenario const& s, proxy_load const& load) {
  scenario::proxy_settings const& proxies = s.topology.proxies;
  double const redirect_s = seconds(proxies.redirect_time), rpc_s = seconds(s.topology.sols.rpc_delay);
  double const wait = wait_of(load), service = mean_s({{1, proxies.service_time}});
  double const redirect_hop = redirect_s > 0 ? wait + redirect_s : 0;
  prediction p;
  p.metric = "latency_ms.avg";
  p.value = 1e3 * (mean_latency_s(wait + service, load.redirect_ratio, redirect_hop) + calls_of(s, load) * rpc_s);
  p.formula = "W + s_1 + r [t_r > 0] (W + t_r) + k d, " + wait_formula(load);
  p.inputs = inputs_of(s, load);
  p.inputs.push_back({"s_1", "mean service time of a request", service, "s"});
  if (load.servers == 1) p.inputs.push_back({"v", "squared variation of s", squared_variation(load.work), ""});
  if (load.servers > 0) p.inputs.push_back({"u", "utilisation", load.utilisation, ""});
  p.inputs.push_back({"W", "mean wait for a server", wait, "s"});
  p.inputs.push_back(
      {"k", "calls of the sol in a request: game state, redirects, new sessions", calls_of(s, load), ""});
  p.inputs.push_back({"d", "sols' rpc_delay", rpc_s, "s"});
  return p;
}

prediction quantile(scenario::scenario const& s, proxy_load const& load, prediction const& mean, double q,
                    std::string const& name) {
  prediction p = mean;
  p.metric = "latency_ms." + name;
  bool const waits_twice = s.topology.proxies.redirect_time.count() > 0 && load.redirect_ratio > 0;
  bool const calls = s.topology.sols.rpc_delay.count() > 0 && calls_of(s, load) > 0;
  if (waits_twice || calls) {
    p.value.reset();
    p.broken = waits_twice
                   ? "redirected requests wait twice (redirect_time), and the sum of two waits has no closed form"
                   : "calls of the sol take rpc_delay for some requests, and the mixture has no closed form";
    return p;
  }
  p.value = 1e3 * time_at_proxy_s(load, s.topology.proxies.service_time, q);
  p.formula =
      "the t that P(wait + service > t) = " + std::string(name == "p50" ? "0.5" : "0.01") + " in " + queue_name(load);
  return p;
}

}

std::vector<prediction> explain_proxies(scenario::scenario const& s) {
  proxy_load_choice const choice = load_of_proxies(s);
  std::vector<prediction> out{utilisation_of(s, choice)};
  std::string const broken = choice.load ? queue_broken_by(s, *choice.load) : choice.broken;
  if (!broken.empty()) {
    for (char const* metric : {"latency_ms.avg", "latency_ms.p50", "latency_ms.p99"}) {
      prediction p;
      p.metric = metric;
      p.unit = "ms";
      p.broken = broken;
      out.push_back(std::move(p));
    }
    return out;
  }
  proxy_load const& load = *choice.load;
  prediction mean = mean_latency(s, load);
  mean.unit = "ms";
  double const stretched = load.servers > 0 ? load.utilisation / (1 - load.utilisation) * session_spread(s) : 0;
  mean.relative_error = stretched * stretched;
  mean.assumptions = {"each proxy is a queue " + queue_name(load) + " by itself, first come first served",
                      "time at proxies and sols only: network and balancers add theirs",
                      "sessions, and so requests, are spread evenly over the proxies",
                      "what a redirected request meets at the second proxy is independent of the first"};
  out.push_back(mean);
  out.push_back(quantile(s, load, mean, 0.5, "p50"));
  out.push_back(quantile(s, load, mean, 0.99, "p99"));
  return out;
}

std::vector<prediction> explain(scenario::scenario const& s) {
  std::vector<prediction> all = explain_routing(s);
  for (prediction& p : explain_proxies(s)) all.push_back(std::move(p));
  return all;
}

prediction const* find(std::vector<prediction> const& all, std::string_view metric) {
  auto const found = std::find_if(all.begin(), all.end(), [&](prediction const& p) { return p.metric == metric; });
  return found == all.end() ? nullptr : &*found;
}

}
