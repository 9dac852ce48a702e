#include "gateway/net/admin/admin.hpp"
#include "gateway/net/admin/counts.hpp"

namespace gateway::net {
namespace {

struct per_upstream {
  char const* name;
  char const* help;
  bool counts; // else a gauge
  std::uint64_t (*value)(balancer::upstream_status const&);
};

constexpr per_upstream of_upstreams[] = {
    {"upstream_hops", "Requests sent to the upstream.", true, [](auto const& u) { return u.counters.hops; }},
    {"upstream_redirects", "X-Accel-Redirect answers of the upstream.", true,
     [](auto const& u) { return u.counters.redirects; }},
    {"upstream_failures", "Hops to the upstream that failed.", true, [](auto const& u) { return u.counters.failures; }},
    {"upstream_bad_answers", "Answers of the upstream that could not be passed on.", true,
     [](auto const& u) { return u.counters.bad_answers; }},
    {"upstream_in_flight", "Hops under way at the upstream.", false,
     [](auto const& u) -> std::uint64_t { return u.in_flight; }},
    {"upstream_waiting", "Requests that wait for a slot at the upstream.", false,
     [](auto const& u) -> std::uint64_t { return u.waiting; }},
    {"upstream_healthy", "Whether its health checks succeed.", false,
     [](auto const& u) -> std::uint64_t { return u.healthy; }},
    {"upstream_avoided", "Whether guesses avoid it since it failed.", false,
     [](auto const& u) -> std::uint64_t { return u.avoided; }}};

}

std::string metrics_text(balancer const& shared, cache::shared_cache* cache, metrics::format format) {
  balancer::status const now = shared.snapshot();
  shell_counters const& shell = shared.shell();
  metrics::exposition out(format, "crest_gateway_");
  std::vector<named_count> counts = counts_of(now, shell);
  std::vector<named_count> gauges{{"open_connections", "Client connections open.", shell.open_connections},
                                  {"open_tunnels", "WebSockets open, or asked for.", shell.open_tunnels},
                                  {"token_map_entries", "Tokens in the map.", now.map_entries},
                                  {"token_map_unproven", "Of these: never answered with success.", now.map_unproven},
                                  {"token_map_capacity", "Tokens that the map can hold.", now.map_capacity},
                                  {"token_map_bytes", "Bytes of the map at its capacity.", now.map_bytes}};
  if (now.has_shared_map) gauges.push_back(shared_gauge(shell));
  if (cache) {
    cache::shared_cache::status const stored = cache->snapshot();
    std::vector<named_count> const more = counts_of(*cache, stored);
    counts.insert(counts.end(), more.begin(), more.end());
    gauges.push_back({"cache_answers", "Answers stored.", stored.answers});
    gauges.push_back({"cache_bytes", "Bytes that the cache holds.", stored.bytes});
    gauges.push_back({"cache_budget_bytes", "Bytes that it may hold.", stored.budget});
    gauges.push_back({"cache_sessions", "Tokens whose session facts are known.", stored.sessions});
  }
  for (named_count const& count : counts) {
    out.counter(count.name, count.help);
    out.sample(count.value);
  }
  for (named_count const& gauge : gauges) {
    out.gauge(gauge.name, gauge.help);
    out.sample(gauge.value);
  }
  for (per_upstream const& family : of_upstreams) {
    if (family.counts)
      out.counter(family.name, family.help);
    else
      out.gauge(family.name, family.help);
    for (balancer::upstream_status const& u : now.upstreams) out.sample(family.value(u), {{"upstream", u.name}});
  }
  if (now.map_file) {
    out.gauge("token_map_file_refused", "Whether the file was refused at start, and why.");
    for (map_file_refusal const why : map_file_refusals)
      out.sample(std::uint64_t{now.map_file->refused == why}, {{"reason", std::string(name_of(why))}});
    out.gauge("token_map_file_dropped", "Entries of the file whose upstream is not configured, or without room.");
    out.sample(now.map_file->dropped);
  }
  out.histogram("request_duration_seconds",
                "From the end of a request's head to the end of its answer, or to its 101.");
  out.sample(shell.latency.read());
  return out.text();
}

}
