#include "sim/engines/live/node_configs.hpp"

#include "fakeproxy/resources/echo.hpp"
#include "sim/scenario/cases.hpp"

#include <utility>
#include <variant>

namespace sim::live {

using nlohmann::json;

namespace {

double milliseconds(scenario::nanoseconds time) { return static_cast<double>(time.count()) * 1e-6; }

json service_time(scenario::service_time const& time) {
  return std::visit(
      scenario::cases{[](scenario::constant_time const& t) {
                        return json{{"constant", {{"mean_ms", milliseconds(t.value)}}}};
                      },
                      [](scenario::exponential_time const& t) {
                        return json{{"exponential", {{"mean_ms", milliseconds(t.mean)}}}};
                      },
                      [](scenario::lognormal_time const& t) {
                        return json{{"lognormal", {{"mean_ms", milliseconds(t.mean)}, {"sigma", t.sigma}}}};
                      },
                      [](scenario::pareto_time const& t) {
                        return json{{"pareto", {{"mean_ms", milliseconds(t.mean)}, {"alpha", t.alpha}}}};
                      },
                      [](scenario::empirical_time const& t) {
                        json times = json::array();
                        for (scenario::nanoseconds const one : t.sorted) times.push_back(milliseconds(one));
                        return json{{"empirical", {{"times_ms", std::move(times)}}}};
                      }},
      time);
}

void add_resources(json& config, scenario::proxy_settings const& proxies) {
  for (scenario::resource const& r : proxies.resources)
    config["resources"].push_back({{"path", r.path},
                                   {"cache_control", r.cache_control},
                                   {"vary", r.vary},
                                   {"validators", r.validators},
                                   {"bytes", r.bytes},
                                   {"changes_every_ms", milliseconds(r.changes_every)},
                                   {"audience", r.audience}});
  if (proxies.corporations)
    config["corporations"] = {{"count", proxies.corporations->count},
                              {"change_every_ms", milliseconds(proxies.corporations->change_every)},
                              {"changing", proxies.corporations->changing}};
}

/// As the gateway's configuration has it.
std::string duration_text(scenario::nanoseconds time) {
  return std::to_string(time / std::chrono::microseconds(1)) + "us";
}

/// Durations that the gateway keeps in whole seconds are written in seconds.
json cache_config(gateway::cache::cache_settings const& cache) {
  json config = {{"size", std::to_string(cache.rules.bytes)},
                 {"max_answer", std::to_string(cache.rules.max_answer)},
                 {"stale_if_unreachable", std::to_string(cache.rules.stale_if_unreachable_s) + "s"}};
  if (!cache.session_facts.empty())
    config["session_facts"] = {{"fields", cache.session_facts}, {"max_age", duration_text(cache.facts_max_age)}};
  return config;
}

}

json gateway_config(actors::gateway_settings const& settings) {
  json config = {{"guess", name_of(settings.guess)},
                 {"token_map", settings.token_map_bytes ? std::to_string(*settings.token_map_bytes) : "off"},
                 {"threads", settings.threads},
                 {"max_redirects", settings.routing.max_redirects}};
  if (settings.cache) config["cache"] = cache_config(*settings.cache);
  if (auto const& map = settings.shared_map)
    config["shared_map"] = {{"ttl", duration_text(map->ttl)}, {"timeout", duration_text(map->timeout)}};
  return config;
}

json cluster_settings(scenario::scenario const& s) {
  scenario::proxy_settings const& proxies = s.topology.proxies;
  json config = {{"lease_ms", milliseconds(proxies.lease)},
                 {"proxy",
                  {{"servers", proxies.servers},
                   {"discipline", proxies.discipline == scenario::discipline::fifo ? "fifo" : "processor_sharing"},
                   {"service_time", service_time(proxies.service_time)},
                   {"redirect_time_ms", milliseconds(proxies.redirect_time)},
                   {"answer_bytes", proxies.answer_bytes}}},
                 {"sol", {{"rpc_delay_ms", milliseconds(s.topology.sols.rpc_delay)}}}};
  add_resources(config["proxy"], proxies);
  return config;
}

std::string hex(fakeproxy::cluster::token_key const& key) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (std::uint8_t const byte : key) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

std::uint64_t node_seed(std::uint64_t seed, std::string_view name) {
  std::uint64_t state = fakeproxy::resources::fnv_offset;
  auto const mix = [&state](std::uint8_t byte) { state = (state ^ byte) * 0x100000001b3u; };
  for (int shift = 0; shift < 64; shift += 8) mix(static_cast<std::uint8_t>(seed >> shift));
  for (char const c : name) mix(static_cast<std::uint8_t>(c));
  state = (state ^ (state >> 31)) * 0x9e3779b97f4a7c15u; // FNV leaves the high bits of short texts poor
  return (state ^ (state >> 29)) >> 11;
}

}
