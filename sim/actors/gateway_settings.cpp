#include "sim/actors/gateway_settings.hpp"

#include "gateway/http/fields.hpp"

namespace sim::actors {
namespace {

gateway::cache::cache_settings cache_of(scenario::cache_settings const& cache) {
  gateway::cache::cache_settings out;
  out.rules.bytes = cache.bytes;
  out.rules.max_answer = cache.max_answer;
  for (std::string const& name : cache.session_facts) out.session_facts.push_back(gateway::http::lower_case(name));
  out.facts_max_age = cache.facts_max_age;
  out.rules.stale_if_unreachable_s = cache.stale_if_unreachable / std::chrono::seconds(1);
  return out;
}

}

gateway_settings settings_of(scenario::balancer_group const& group) {
  gateway_settings out;
  out.routing.max_redirects = group.max_redirects;
  if (group.shared_map) out.routing.shared_ttl = group.shared_map->ttl.count();
  out.guess = group.guess;
  out.token_map_bytes = group.token_map_bytes;
  out.keeps_map = group.keeps_map;
  out.threads = group.threads;
  if (group.cache) out.cache = cache_of(*group.cache);
  out.shared_map = group.shared_map;
  return out;
}

}
