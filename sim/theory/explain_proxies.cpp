#include "sim/theory/explain.hpp"
#include "sim/theory/path.hpp"
#include "sim/theory/proxy_queues.hpp"

#include <algorithm>
#include <cmath>

namespace sim::theory {
namespace {

double seconds(scenario::nanoseconds t) { return static_cast<double>(t.count()) * 1e-9; }

std::string queue_name(proxy_load const& load) {
  if (load.servers == 0) return "M/G/infinity";
  bool const markov = load.work.size() == 1 && std::holds_alternative<scenario::exponential_time>(load.work[0].time);
  std::string const order = load.shared ? "-PS" : "";
  if (load.servers > 1) return "M/M/" + std::to_string(load.servers) + order;
  return (markov ? "M/M/1" : "M/G/1") + order;
}

std::string time_formula(proxy_load const& load) {
  if (load.servers == 0) return "A(x) = x";
  if (load.servers == 1 && load.shared) return "A(x) = x / (1 - u)";
  if (load.servers > 1) return "A(x) = x + ErlangC(c, l s) s / (c - l s)";
  return "A(x) = x + u/(1 - u) (1 + v)/2 s (Pollaczek-Khinchine)";
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

/// What a latency is made of.
struct latency_model {
  scenario::scenario const& s;
  proxy_load const& load;
  path_times const& times;
  std::vector<path_kind> paths;

  double redirect_s() const { return seconds(s.topology.proxies.redirect_time); }
  double at_proxy_s() const { return mean_time_at_proxy_s(load, mean_s({{1, s.topology.proxies.service_time}})); }
  double at_wrong_proxy_s() const { return redirect_s() > 0 ? mean_time_at_proxy_s(load, redirect_s()) : 0; }
  double calls() const {
    double sum = 0;
    for (path_kind const& k : paths) sum += k.share * k.calls;
    return sum;
  }
};

prediction mean_latency(latency_model const& m) {
  double sum = m.at_proxy_s() + m.load.redirect_ratio * m.at_wrong_proxy_s();
  for (path_kind const& k : m.paths) sum += k.share * way_s(m.times, k);
  prediction p;
  p.metric = "latency_ms.avg";
  p.value = 1e3 * sum;
  p.formula = "2 n_c + (1 + r) (2 n_p + w_b + b) + A(s_1) + r [t_r > 0] A(t_r) + k d, " + time_formula(m.load);
  p.inputs = inputs_of(m.s, m.load);
  auto const put = [&](char const* symbol, char const* meaning, double value, char const* unit) {
    p.inputs.push_back({symbol, meaning, value, unit});
  };
  put("s_1", "mean service time of a request", mean_s({{1, m.s.topology.proxies.service_time}}), "s");
  if (m.load.servers == 1 && !m.load.shared) put("v", "squared variation of s", squared_variation(m.load.work), "");
  if (m.load.servers > 0) put("u", "utilisation", m.load.utilisation, "");
  put("n_c", "virtual.network.client, mean", m.times.client_s, "s");
  put("n_p", "virtual.network.proxy, mean", m.times.proxy_s, "s");
  put("b", "virtual.balancer.service_time, mean", m.times.balancer_s, "s");
  put("w_b", "mean wait for a balancer's thread", m.times.balancer_wait_s, "s");
  put("k", "calls of the sol in a request: game state, redirects, new sessions", m.calls(), "");
  put("d", "a call: virtual.network.rpc twice, and rpc_delay", m.times.call_s, "s");
  return p;
}

std::string quantile_broken_by(latency_model const& m) {
  if (m.load.shared && m.load.servers > 0) return "processor sharing: only the mean has a closed form";
  if (m.redirect_s() > 0 && m.load.redirect_ratio > 0)
    return "redirected requests wait twice (redirect_time), and the sum of two waits has no closed form";
  if (!m.times.fixed) return "delays that vary (section virtual): their sum with the wait has no closed form";
  return {};
}

/// The mixture over all ways, each as long as its fixed delays and the time at the last proxy.
prediction quantile(latency_model const& m, prediction const& mean, double q, std::string const& name) {
  prediction p = mean;
  p.metric = "latency_ms." + name;
  p.value.reset();
  p.broken = quantile_broken_by(m);
  if (!p.broken.empty()) return p;
  auto const law = time_at_proxy_law(m.load, m.s.topology.proxies.service_time, 0.999);
  if (!law) {
    p.broken = "the wait's law has no closed form: the service time's variance is infinite";
    return p;
  }
  auto const within = [&](double t) {
    double sum = 0;
    for (path_kind const& k : m.paths)
      if (double const rest = t - way_s(m.times, k); rest >= -1e-12) sum += k.share * law(std::max(0.0, rest));
    return sum;
  };
  p.value = 1e3 * quantile_of(within, q, 1e-4);
  p.formula = "the t that sum over ways of share P(A > t - 2 n_c - h 2 n_p - k d) = " +
              std::string(name == "p50" ? "0.5" : "0.01") + ", A: time in " + queue_name(m.load);
  return p;
}

std::vector<prediction> broken_latencies(std::string const& why) {
  std::vector<prediction> out;
  for (char const* metric : {"latency_ms.avg", "latency_ms.p50", "latency_ms.p99"}) {
    prediction p;
    p.metric = metric;
    p.unit = "ms";
    p.broken = why;
    out.push_back(std::move(p));
  }
  return out;
}

std::vector<prediction> latencies(scenario::scenario const& s, proxy_load const& load) {
  if (auto const why = queue_broken_by(s, load); !why.empty()) return broken_latencies(why);
  path_times_choice const way = times_of(s, load);
  if (!way.broken.empty()) return broken_latencies(way.broken);
  latency_model const m{s, load, way.times, paths_of(s, load)};
  prediction mean = mean_latency(m);
  if (std::isinf(*mean.value))
    return broken_latencies("the service time's variance is infinite, and so is the mean wait");
  mean.unit = "ms";
  double const stretched = load.servers > 0 ? load.utilisation / (1 - load.utilisation) * session_spread(s) : 0;
  mean.relative_error = stretched * stretched + m.calls() * way.times.overtaking_s * 1e3 / *mean.value;
  mean.assumptions = {
      "each proxy is a queue " + queue_name(load) + " by itself",
      "network and balancers take what the section virtual says (a profile of the machine, for live runs)",
      "sessions, and so requests, are spread evenly over the proxies",
      "what a request meets at one place is independent of what it met before"};
  return {mean, quantile(m, mean, 0.5, "p50"), quantile(m, mean, 0.99, "p99")};
}

}

std::vector<prediction> explain_proxies(scenario::scenario const& s) {
  proxy_load_choice const choice = load_of_proxies(s);
  std::vector<prediction> out{utilisation_of(s, choice)};
  for (prediction& p : choice.load ? latencies(s, *choice.load) : broken_latencies(choice.broken))
    out.push_back(std::move(p));
  return out;
}

std::vector<prediction> explain(scenario::scenario const& s) {
  std::vector<prediction> all = explain_routing(s);
  for (prediction& p : explain_restarts(s)) all.push_back(std::move(p));
  for (prediction& p : explain_proxies(s)) all.push_back(std::move(p));
  return all;
}

prediction const* find(std::vector<prediction> const& all, std::string_view metric) {
  auto const found = std::find_if(all.begin(), all.end(), [&](prediction const& p) { return p.metric == metric; });
  return found == all.end() ? nullptr : &*found;
}

}
