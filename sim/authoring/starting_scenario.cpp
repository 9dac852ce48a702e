#include "sim/authoring/starting_scenario.hpp"

#include "base/config/commented.hpp"
#include "sim/authoring/tier.hpp"
#include "sim/scenario/load.hpp"

namespace sim::authoring {
namespace {

using nlohmann::ordered_json;

constexpr std::uint32_t balancer_count = 2, proxy_count = 4;

std::string about(starting_point const& from) {
  std::string const count = std::to_string(balancer_count) + " ";
  switch (from.balancers) {
  case start::gateway:
    return count + "gateways";
  case start::nginx:
    return count + (from.own_template ? "nginx with a configuration of your own" : "nginx that learn with Lua");
  case start::command:
    return count + "HAProxy that learn";
  }
  return {};
}

ordered_json balancers_of(starting_point const& from) {
  switch (from.balancers) {
  case start::gateway:
    return {{"kind", "gateway"}, {"count", balancer_count}, {"guess", "random"}, {"token_map", "10m"}};
  case start::nginx:
    return {{"kind", "nginx"}, {"count", balancer_count}, {"template", from.template_file}};
  case start::command:
    return {{"kind", "command"},
            {"name", "haproxy"},
            {"count", balancer_count},
            {"command", {"haproxy", "-db", "-f", "{{config}}"}},
            {"config", from.template_file},
            {"check", {"haproxy", "-c", "-f", "{{config}}"}},
            {"ready", {{"http", "/"}}},
            {"stop", "SIGUSR1"}};
  }
  return {};
}

std::string heading(starting_point const& from) {
  std::string text = "A first scenario, to be changed: " + about(from) +
                     " in front of 4 proxies, 1,000 characters with 10 requests each.\n"
                     "  crest-sim check FILE          what is wrong with it\n"
                     "  crest-sim run FILE            runs it with real processes on this machine\n";
  if (from.balancers == start::gateway)
    text += "  crest-sim run FILE --engine virtual    the same in simulated time\n"
            "  crest-sim explain FILE        what theory expects of it\n";
  if (from.own_template)
    text += "A violated invariant fails a run. If it is known and accepted, say so in the balancers: "
            "\"expect_violations\": {\"closed_door\": \">0\"}.\n";
  return text + "More keys: `crest-sim schema`. Any value can be set for one run: --set load.concurrency=16.";
}

}

std::string starting_scenario(starting_point const& from) {
  ordered_json thresholds = {{"failed_requests", {"==0"}}};
  // Theory, where each balancer learns: 0.09 (docs/theory.md).
  if (!from.own_template) thresholds["redirect_ratio"] = {"<0.12"};
  ordered_json mix = ordered_json::array();
  mix.push_back({{"method", "GET"}, {"weight", 9}});
  mix.push_back({{"method", "POST"}, {"weight", 1}, {"body_bytes", 512}});
  ordered_json load = {{"kind", "closed"}, {"requests_per_character", 10}, {"concurrency", 32}};
  if (from.tls) load["tls"] = true;
  load["mix"] = std::move(mix);
  ordered_json phases = ordered_json::array();
  phases.push_back({{"name", "cold"}, {"until_share", 0.2}});
  phases.push_back({{"name", "warm"}});
  ordered_json const scenario = {
      {"name", from.name},
      {"description", "How " + about(from) + " route a thousand characters to four proxies."},
      {"seed", 1},
      {"topology",
       {{"balancers", balancers_of(from)},
        {"proxies",
         {{"count", proxy_count}, {"servers", 8}, {"service_time", {{"lognormal", {{"mean_ms", 2}, {"sigma", 0.5}}}}}}},
        {"sols", {{"count", 2}}}}},
      {"population", {{"characters", 1000}, {"logged_in", 0.2}}},
      {"load", std::move(load)},
      {"phases", std::move(phases)},
      {"thresholds", std::move(thresholds)}};
  return config::commented(scenario, scenario::schema(), heading(from));
}

std::string starting_template(starting_point const& from) {
  tier t;
  t.scenario = from.name;
  t.balancers = balancer_count, t.proxies = proxy_count;
  t.tls = from.tls;
  t.map_bytes = std::uint64_t{10} << 20, t.map_entries = 100'000;
  return configuration_of(from.balancers == start::command ? target::haproxy : target::nginx, t, use::lab);
}

}
