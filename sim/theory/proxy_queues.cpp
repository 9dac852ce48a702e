#include "sim/theory/proxy_queues.hpp"

#include "sim/theory/routed.hpp"

#include <algorithm>
#include <cmath>

namespace sim::theory {
namespace {

using scenario::load_kind;

double seconds(scenario::nanoseconds t) { return static_cast<double>(t.count()) * 1e-9; }

bool exponential(workload const& w) {
  return std::all_of(w.begin(), w.end(),
                     [](work_kind const& k) { return std::holds_alternative<scenario::exponential_time>(k.time); });
}

/// Of a balancer's threads while maps fill and redirects are many.
double early_balancer_utilisation(scenario::scenario const& s, proxy_load const& load) {
  double threads = 0;
  for (scenario::balancer_group const& g : s.topology.balancers) threads += g.count * g.threads;
  double const hops = load.requests_per_s * s.topology.proxies.count * (1 + load.early_redirect_ratio);
  return utilisation(hops, mean_s({{1, s.simulated.balancer_time}}), threads);
}

std::string rate_broken_by(scenario::scenario const& s) {
  if (s.load.kind == load_kind::closed) return "a closed load's rate follows from the latency";
  if (s.load.kind == load_kind::trace) return "a trace's rate is only known when it is read";
  if (s.population.eve_clients > 0 && s.population.eve_request_rate_rps > 0)
    return "EVE clients' game requests are work that CREST's rate does not show";
  if (scenario::has_caches(s)) return std::string(broken_by_caches);
  if (!s.events.empty()) return "events (" + s.events.front().name + ") change what the proxies have to do";
  return {};
}

}

proxy_load_choice load_of_proxies(scenario::scenario const& s) {
  proxy_load_choice choice;
  choice.broken = rate_broken_by(s);
  if (!choice.broken.empty()) return choice;
  scenario::proxy_settings const& proxies = s.topology.proxies;
  double const duration = seconds(s.load.duration), all = requests_by(s.load, duration);
  routing_choice const routing = model_of(s);
  proxy_load load;
  if (routing.broken.empty()) {
    auto const popularity = popularity_classes(routing.model.characters, s.population.zipf);
    bool const poisson = s.load.kind == load_kind::poisson;
    auto const r = route_open(routing.model, popularity, {0, all}, poisson);
    load.early_redirect_ratio = route_open(routing.model, popularity, {0, all / 10}, poisson).redirect_ratio();
    load.redirect_ratio = r.redirect_ratio();
    load.created_share = r.sessions_created / r.requests;
  } else if (proxies.redirect_time.count() > 0) {
    choice.broken = "redirects take redirect_time, and how many there are is not known: " + routing.broken;
    return choice;
  }
  double const served = 1 - s.population.junk_share; // junk is answered 401 without service
  load.servers = proxies.servers;
  load.shared = proxies.discipline == scenario::discipline::processor_sharing;
  load.requests_per_s = all / duration / proxies.count * served;
  load.redirects_per_s = load.requests_per_s * load.redirect_ratio;
  bool const redirects_work = proxies.redirect_time.count() > 0 && load.redirects_per_s > 0;
  load.work_per_s = load.requests_per_s + (redirects_work ? load.redirects_per_s : 0);
  load.work = {{load.requests_per_s / load.work_per_s, proxies.service_time}};
  if (redirects_work)
    load.work.push_back({load.redirects_per_s / load.work_per_s, scenario::constant_time{proxies.redirect_time}});
  if (load.servers > 0) load.utilisation = utilisation(load.work_per_s, mean_s(load.work), load.servers);
  choice.load = std::move(load);
  return choice;
}

std::string queue_broken_by(scenario::scenario const& s, proxy_load const& load) {
  if (s.load.kind != load_kind::poisson) return "arrivals are not Poisson";
  if (!model_of(s).broken.empty()) return "how many requests are redirected is not known: " + model_of(s).broken;
  // A twentieth of a balancer's time: the wait for its threads is then some per cent of the service.
  bool const redirects_queue =
      s.topology.proxies.redirect_time.count() > 0 || early_balancer_utilisation(s, load) > 0.05;
  if (redirects_queue && std::abs(load.early_redirect_ratio - load.redirect_ratio) > 0.02)
    return "redirects are work that becomes less while the maps fill, so no queue is in a steady state";
  if (load.servers == 0) return {};
  if (s.population.zipf > 0) return "Zipf popularity: the proxies of the most popular characters have more to do";
  if (load.utilisation >= 1) return "the proxies cannot keep up: utilisation " + std::to_string(load.utilisation);
  if (load.servers > 1 && !exponential(load.work))
    return "several servers and a service time that is not exponential (M/G/c has no closed form)";
  double const stretched = load.utilisation / (1 - load.utilisation) * session_spread(s);
  if (stretched > 0.3) return "few sessions: chance spreads them too unevenly over the proxies for this utilisation";
  return {};
}

double mean_time_at_proxy_s(proxy_load const& load, double service_s) {
  if (load.servers == 0) return service_s;
  if (load.servers == 1 && load.shared) return service_s / (1 - load.utilisation);
  if (load.servers == 1) return mean_wait_one_server_s(load.work_per_s, load.work) + service_s;
  return mean_wait_s(load.work_per_s, mean_s(load.work), load.servers) + service_s;
}

std::function<double(double)> time_at_proxy_law(proxy_load const& load, scenario::service_time const& service,
                                                double most) {
  workload const alone{{1, service}};
  if (load.servers == 0) return [alone](double t) { return served_within(alone, t); };
  if (load.shared) return {};
  if (exponential(load.work))
    return [load](double t) { return sojourn_within(load.work_per_s, mean_s(load.work), load.servers, t); };
  if (std::isinf(mean_wait_one_server_s(load.work_per_s, load.work))) return {};
  return
      [alone, wait = waiting_law(load.work_per_s, load.work, most)](double t) { return wait.sojourn_within(alone, t); };
}

double session_spread(scenario::scenario const& s) {
  double const proxies = s.topology.proxies.count;
  return proxies > 1 ? std::sqrt((proxies - 1) / s.population.characters) : 0;
}

double game_state_share(scenario::load const& load) {
  double all = 0, state = 0;
  for (scenario::mix_entry const& entry : load.mix) {
    bool const safe =
        entry.method == "GET" || entry.method == "HEAD" || entry.method == "OPTIONS" || entry.method == "TRACE";
    auto const& targets = entry.targets.empty() ? load.targets : entry.targets;
    auto const under = std::count_if(targets.begin(), targets.end(),
                                     [](std::string const& t) { return t.starts_with("/characters/"); });
    double const share = targets.empty() ? 0 : static_cast<double>(under) / static_cast<double>(targets.size());
    all += entry.weight;
    state += entry.weight * (safe ? share : 1);
  }
  return all > 0 ? state / all : 0;
}

}
