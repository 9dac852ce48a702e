#include "base/config/version.hpp"
#include "gateway/net/admin/admin.hpp"
#include "gateway/net/admin/counts.hpp"

#include <nlohmann/json.hpp>

namespace gateway::net {

std::string status_json(balancer const& shared, cache::shared_cache* cache, std::uint32_t threads) {
  balancer::status const now = shared.snapshot();
  shell_counters const& shell = shared.shell();
  nlohmann::ordered_json out;
  out["version"] = config::version;
  for (named_count const& count : counts_of(now, shell)) out[count.name] = count.value;
  out["open_connections"] = shell.open_connections.load();
  out["open_tunnels"] = shell.open_tunnels.load();
  out["token_map"] = {{"entries", now.map_entries},
                      {"unproven", now.map_unproven},
                      {"capacity", now.map_capacity},
                      {"bytes", now.map_bytes}};
  if (!now.has_map) out["token_map"] = nullptr;
  out["token_map_file"] = nullptr;
  if (auto const& file = now.map_file) {
    out["token_map_file"] = {{"restored", nullptr}, {"dropped", file->dropped}, {"refused", nullptr}};
    if (file->restored) out["token_map_file"]["restored"] = *file->restored;
    if (file->refused) out["token_map_file"]["refused"] = name_of(*file->refused);
  }
  if (now.has_shared_map) out["shared_map_connected"] = shared_gauge(shell).value;
  out["cache"] = nullptr;
  if (cache) {
    cache::shared_cache::status const stored = cache->snapshot();
    for (named_count const& count : counts_of(*cache, stored)) out[count.name] = count.value;
    out["cache"] = {
        {"answers", stored.answers}, {"bytes", stored.bytes}, {"budget", stored.budget}, {"sessions", stored.sessions}};
  }
  out["threads"] = threads;
  out["guess"] = name_of(now.guess);
  out["max_redirects"] = now.settings.max_redirects;
  out["max_retries"] = now.settings.max_retries;
  out["single_guess"] = now.settings.single_guess;
  out["accel_path"] = name_of(now.accel);
  out["underscores_in_fields"] = name_of(now.odd);
  out["upstreams"] = nlohmann::ordered_json::array();
  for (balancer::upstream_status const& u : now.upstreams)
    out["upstreams"].push_back({{"name", u.name},
                                {"in_rotation", u.in_rotation},
                                {"healthy", u.healthy},
                                {"avoided", u.avoided},
                                {"weight", u.weight},
                                {"waiting", u.waiting},
                                {"in_flight", u.in_flight},
                                {"hops", u.counters.hops},
                                {"redirects", u.counters.redirects},
                                {"failures", u.counters.failures},
                                {"bad_answers", u.counters.bad_answers}});
  nlohmann::ordered_json histogram = nlohmann::ordered_json::array();
  auto const latency = shell.latency.read();
  std::uint64_t count = 0;
  for (std::size_t i = 0; i != latency.buckets.size(); ++i) {
    count += latency.buckets[i].count;
    histogram.push_back({{"le_s", metrics::bound_text(i)}, {"count", count}});
  }
  out["latency"] = {{"count", count}, {"sum_s", latency.sum_s}, {"buckets", histogram}};
  return out.dump(2) + "\n";
}

}
