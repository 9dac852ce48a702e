#include "sim/studies/calibrate/profile.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace sim::calibrate {
namespace {

using nlohmann::ordered_json;

/// Nothing here is known more precisely than to the nanosecond.
double rounded(double ms) { return std::round(ms * 1e6) / 1e6; }

ordered_json law_json(fitted_law const& law) {
  if (law.sigma == 0) return {{"constant", {{"mean_ms", rounded(law.mean_ms)}}}};
  return {{"lognormal", {{"mean_ms", rounded(law.mean_ms)}, {"sigma", std::round(law.sigma * 1e4) / 1e4}}}};
}

ordered_json measured_json(fitted_law const& law) {
  return {{"count", law.count},
          {"p50_ms", rounded(law.p50_ms)},
          {"p99_ms", rounded(law.p99_ms)},
          {"mean_ms", rounded(law.mean_of_all_ms)}};
}

std::string row(char const* name, fitted_law const& law) {
  char text[160];
  std::snprintf(text, sizeof text, "  %-20s %9.4f %9.4f %9.4f   %9.4f  %.2f  %zu\n", name, law.p50_ms, law.p99_ms,
                law.mean_of_all_ms, law.mean_ms, law.sigma, law.count);
  return text;
}

}

profile profile_of(segments const& s) {
  profile p;
  p.client = fit(s.client), p.proxy = fit(s.proxy), p.rpc = fit(s.rpc), p.balancer = fit(s.balancer);
  p.direct_p50_ms = quantile(s.direct, 0.5) / 1e6;
  p.redirected_p50_ms = quantile(s.redirected, 0.5) / 1e6;
  p.direct_mean_ms = 2 * p.client.mean_ms + 2 * p.proxy.mean_ms + p.balancer.mean_ms;
  p.redirected_mean_ms = p.direct_mean_ms + 2 * p.proxy.mean_ms + p.balancer.mean_ms + 2 * p.rpc.mean_ms;
  p.requests = s.balancer.size();
  return p;
}

std::string profile_json(profile const& p, std::string const& version) {
  ordered_json j;
  j["network"] = {{"client", law_json(p.client)}, {"proxy", law_json(p.proxy)}, {"rpc", law_json(p.rpc)}};
  j["balancer"] = {{"service_time", law_json(p.balancer)}};
  ordered_json measured{{"by", "crest-sim " + version + " calibrate"},
                        {"how", "gateway and fakeproxy over loopback, one request at a time, no service time"},
                        {"rounds", p.rounds},
                        {"requests", p.requests},
                        {"seed", p.seed}};
  measured["client"] = measured_json(p.client);
  measured["proxy"] = measured_json(p.proxy);
  measured["rpc"] = measured_json(p.rpc);
  measured["balancer"] = measured_json(p.balancer);
  measured["direct"] = {{"p50_ms", rounded(p.direct_p50_ms)}, {"laws_add_up_to_ms", rounded(p.direct_mean_ms)}};
  measured["redirected"] = {{"p50_ms", rounded(p.redirected_p50_ms)},
                            {"laws_add_up_to_ms", rounded(p.redirected_mean_ms)}};
  j["measured"] = std::move(measured);
  return j.dump(2) + "\n";
}

std::string profile_text(profile const& p) {
  std::string out = "Milliseconds                p50       p99      mean    law: mean  sigma  times\n";
  out += row("client, one way", p.client) + row("balancer, a hop", p.balancer) + row("proxy, one way", p.proxy) +
         row("sol, one way", p.rpc);
  char text[200];
  std::snprintf(text, sizeof text,
                "\nA request of one hop takes %.4f ms (p50); the laws add up to %.4f.\n"
                "A redirected one takes %.4f ms; the laws add up to %.4f.\n",
                p.direct_p50_ms, p.direct_mean_ms, p.redirected_p50_ms, p.redirected_mean_ms);
  return out + text;
}

scenario::scenario calibration_scenario(std::uint64_t seed, std::uint32_t requests) {
  constexpr std::uint32_t each = 10; // of a character: the first creates its session, the others are as in steady state
  scenario::scenario s;
  s.name = "calibration";
  s.seed = seed;
  scenario::balancer_group gateway;
  gateway.token_map_bytes.reset();
  s.topology.balancers = {gateway};
  s.topology.proxies.count = 4;
  s.population.characters = std::max<std::uint32_t>(1, requests / each);
  s.load.requests_per_character = each;
  s.load.concurrency = 1;
  s.load.mix = {scenario::mix_entry{}};
  s.load.targets = {"/"};
  s.phases = {scenario::phase{}};
  s.phases.front().name = "run";
  return s;
}

}
