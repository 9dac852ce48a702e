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

ordered_json way_json(way_times const& way) {
  return {{"p50_ms", rounded(way.p50_ms)},
          {"interquartile_mean_ms", rounded(way.interquartile_mean_ms)},
          {"parts_add_up_to_ms", rounded(way.parts_ms)},
          {"laws_add_up_to_ms", rounded(way.laws_ms)}};
}

std::string way_text(char const* which, way_times const& way) {
  char text[300];
  std::snprintf(text, sizeof text,
                "%s takes %.4f ms (p50); the middle half %.4f on average, and its parts add up to %.4f.\n"
                "  The means of their laws add up to %.4f.\n",
                which, way.p50_ms, way.interquartile_mean_ms, way.parts_ms, way.laws_ms);
  return text;
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
  auto const direct = [&p](double fitted_law::*part) {
    return 2 * p.client.*part + 2 * p.proxy.*part + p.balancer.*part;
  };
  auto const redirected = [&](double fitted_law::*part) {
    return direct(part) + 2 * p.proxy.*part + p.balancer.*part + 2 * p.rpc.*part;
  };
  auto const seen = [](std::vector<double> const& ns, double parts_ms, double laws_ms) {
    return way_times{quantile(ns, 0.5) / 1e6, interquartile_mean(ns) / 1e6, parts_ms, laws_ms};
  };
  auto const middle = &fitted_law::interquartile_mean_ms, law = &fitted_law::mean_ms;
  p.direct = seen(s.direct, direct(middle), direct(law));
  p.redirected = seen(s.redirected, redirected(middle), redirected(law));
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
  measured["direct"] = way_json(p.direct);
  measured["redirected"] = way_json(p.redirected);
  j["measured"] = std::move(measured);
  return j.dump(2) + "\n";
}

std::string profile_text(profile const& p) {
  std::string out = "Milliseconds                p50       p99      mean    law: mean  sigma  times\n";
  out += row("client, one way", p.client) + row("balancer, a hop", p.balancer) + row("proxy, one way", p.proxy) +
         row("sol, one way", p.rpc);
  return out + "\n" + way_text("A request of one hop", p.direct) + way_text("A redirected one", p.redirected);
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
