// What a process says of its nodes at /metrics: their counters, under the names of docs/metrics.md.
#include "base/metrics/exposition.hpp"
#include "fakeproxy/net/process.hpp"

namespace fakeproxy::net {
namespace {

using json = nlohmann::json;

/// A counter or gauge of nodes. Names are those of the gateway where the same is counted.
struct family {
  char const* key; // in /counters
  char const* name;
  char const* help;
  bool counts = true; // else a gauge
};

constexpr family of_proxies[] = {
    {"requests", "requests", "Requests that arrived."},
    {"served", "served", "Requests that this proxy answered for the application."},
    {"redirected", "redirects", "X-Accel-Redirect answers given."},
    {"unauthorized", "unauthorized", "Requests answered 401."},
    {"unavailable", "unavailable", "Requests answered 503."},
    {"malformed", "malformed", "Requests answered 400."},
    {"aborted", "client_gone", "Requests whose client, the balancer, went away."},
    {"claims", "claims", "Sessions claimed of the registry."},
    {"granted", "sessions_granted", "Claims and moves that gave this proxy a session."},
    {"lost", "sessions_lost", "Sessions lost."},
    {"drained", "sessions_drained", "Sessions drained, to be moved."},
    {"unreachable", "unreachable_reports", "Owners reported as unreachable."},
    {"incarnations", "incarnations", "Lives of this proxy since its process began."},
    {"connections", "open_connections", "Connections of balancers open.", false},
    {"in_service", "requests_in_service", "Requests at the proxy's servers.", false},
    {"queued", "requests_waiting", "Requests that wait for a server.", false},
    {"sessions", "sessions", "Sessions held.", false},
    {"eve_clients", "eve_clients", "EVE clients connected.", false},
};

constexpr family of_sols[] = {
    {"finds", "registry_finds", "Sessions looked up."},
    {"claims", "registry_claims", "Claims of sessions received."},
    {"renewals", "registry_renewals", "Leases renewed."},
    {"moves", "registry_moves", "Sessions moved."},
    {"unreachable_reports", "registry_unreachable_reports", "Reports of owners that a proxy cannot reach."},
    {"applied", "applied", "Game requests applied."},
    {"duplicates", "duplicates", "Game requests that had been applied before."},
    {"refused", "stale_refused", "Game requests refused: the session was elsewhere."},
    {"game_requests", "eve_requests", "Requests of EVE clients."},
    {"notifications", "notifications", "Notifications pushed."},
    {"links", "open_links", "Connections of proxies open.", false},
    {"incarnations_living", "incarnations_living", "Lives of proxies whose lease holds.", false},
    {"characters", "registry_sessions", "Sessions in the registry.", false},
    {"attached", "eve_clients_attached", "Characters whose EVE client is connected.", false},
};

metrics::labels labels_of(json const& node) {
  return {{"node", node.at("name").get<std::string>()}, {"kind", node.at("role").get<std::string>()}};
}

template<class Families>
void write(metrics::exposition& out, Families const& families, std::vector<json> const& nodes) {
  if (nodes.empty()) return;
  for (family const& f : families) {
    if (f.counts)
      out.counter(f.name, f.help);
    else
      out.gauge(f.name, f.help);
    for (json const& node : nodes) out.sample(node.at(f.key).get<std::uint64_t>(), labels_of(node));
  }
}

}

std::string process::metrics_text(metrics::format format) const {
  metrics::exposition out(format, "crest_fakeproxy_");
  std::vector<json> proxies, sols;
  for (auto const& p : proxies_) proxies.push_back(p->counters());
  for (auto const& s : sols_) sols.push_back(s->counters());
  write(out, of_proxies, proxies);
  write(out, of_sols, sols);
  if (proxies_.empty()) return out.text();
  out.histogram("request_duration_seconds", "From a request's head to the first byte of its answer.");
  for (std::size_t i = 0; i != proxies_.size(); ++i) out.sample(proxies_[i]->latency().read(), labels_of(proxies[i]));
  return out.text();
}

}
