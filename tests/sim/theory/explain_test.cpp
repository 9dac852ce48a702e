#include "sim/scenario/load.hpp"
#include "sim/theory/explain.hpp"
#include "sim/theory/queues.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>

namespace sim::theory {
namespace {

scenario::scenario shipped(std::string const& name, std::vector<std::string> const& overrides = {}) {
  return scenario::load_file(std::string(CREST_SOURCE_DIR) + "/scenarios/" + name + ".json", overrides);
}

scenario::scenario of(std::string const& text) { return scenario::load_text(text, "test.json"); }

/// A network that takes no time.
std::string const no_network = R"("virtual": {"network": {"client": {"constant": {"mean_ms": 0}},
  "proxy": {"constant": {"mean_ms": 0}}, "rpc": {"constant": {"mean_ms": 0}}}})";

/// One proxy, 80 requests a second.
std::string queue(std::string const& proxies, std::string const& rest = no_network) {
  return R"({"name": "queue", "topology": {"balancers": {"kind": "gateway", "token_map": "10m"}, "proxies": )" +
         proxies + R"(},
             "load": {"kind": "poisson", "rate_rps": 80, "duration": "1000s"}, )" +
         rest + "}";
}

double value_of(std::vector<prediction> const& all, std::string const& metric) {
  prediction const* p = find(all, metric);
  INFO(metric << (p ? " is not predicted: " + p->broken : " is not there"));
  REQUIRE((p && p->value));
  return *p->value;
}

std::string broken_of(std::vector<prediction> const& all, std::string const& metric) {
  prediction const* p = find(all, metric);
  REQUIRE(p);
  CHECK_FALSE(p->value);
  return p->broken;
}

}

TEST_CASE("a cold restart costs what its map knew, is asked for again and is guessed wrong; one with the map nothing") {
  auto const all = explain(shipped("rolling-restart"));
  prediction const* const both = find(all, "redirects{reason:restarted}");
  REQUIRE(both);
  double const per_token = (1 - std::exp(-1.25 * 4)) * (1 - std::exp(-1.25 * 12)) * 0.75 +
                           (1 - std::exp(-1.25 * 7)) * (1 - std::exp(-1.25 * 9)) * 0.75;
  CHECK(*both->value == Approx(400 * per_token));
  CHECK(*both->value == Approx(598).margin(0.5));
  CHECK(*both->standard_error == Approx(12.2).margin(0.2));
  auto const of_events = [](std::string const& events, std::vector<std::string> more = {}) {
    more.push_back("events=" + events);
    more.push_back("thresholds={}");
    return explain(shipped("rolling-restart", more));
  };
  std::string const metric = "redirects{reason:restarted}";
  CHECK(value_of(of_events(R"([{"at": "10s", "restart": "gateway[2]"}])"), metric) == 0);
  double const killed =
      value_of(of_events(R"([{"at": "10s", "restart": {"node": "gateway[2]", "graceful": false}}])"), metric);
  CHECK(killed == Approx(300).margin(1)); // and wrote nothing
  // Whoever restarts again has only the time in between.
  double const twice = value_of(
      of_events(R"([{"at": "8s", "restart": "gateway[0]"}, {"at": "8400ms", "restart": "gateway[0]"}])"), metric);
  CHECK(twice == Approx(300 * (1 - std::exp(-0.5)) + 300).margin(1));
  for (auto const& none : {of_events("[]"), of_events(R"([{"at": "8s", "restart": "proxy[0]"}])"),
                           of_events(R"([{"at": "8s", "restart": "gateway[0]"}])", {"load.balancer_choice=address"})})
    CHECK(find(none, metric) == nullptr);
}

TEST_CASE("a balancer that is not ours is taken for what routes_as declares, and for nothing without it") {
  auto const hash = explain(shipped("haproxy"));
  CHECK(value_of(hash, "redirect_ratio") == Approx(0.2 * 0.75));
  auto const follows = explain(shipped("haproxy-follows"));
  double const maps = 2 * (1 - std::pow(0.5, 20)); // that a token of 20 requests visits
  CHECK(value_of(follows, "redirect_ratio") == Approx(maps * 0.2 * 0.75 / 20));
  auto const bounded = explain(shipped("haproxy-follows", {"topology.balancers.routes_as.map_entries=100"}));
  CHECK(broken_of(bounded, "redirect_ratio").find("a token map smaller than the population evicts") == 0);
  std::string const external = R"({"name": "e", "topology": {"balancers": {"kind": "external",
    "addresses": ["127.0.0.1:80"]ROUTES}, "proxies": {"count": 4, "first_port": 20000}},
    "load": {"kind": "closed", "requests_per_character": 20}})";
  auto const with = [&](std::string const& routes) {
    std::string text = external;
    return explain(of(text.replace(text.find("ROUTES"), 6, routes)));
  };
  CHECK(broken_of(with(""), "redirect_ratio") == "how external balancers guess is unknown (routes_as can say)");
  CHECK(value_of(with(R"(, "routes_as": {"guess": "random"})"), "redirect_ratio") == Approx(0.7125));
  CHECK(value_of(with(R"(, "routes_as": {"map_entries": 1000})"), "redirect_ratio") == 0);
  CHECK(broken_of(with(R"(, "routes_as": {"guess": "least_conn"})"), "redirect_ratio").find("least_conn guesses") == 0);
}

TEST_CASE("the ratios of shipped scenarios are those worked out by hand") {
  auto const one = explain(shipped("cached-one-balancer"));
  CHECK(value_of(one, "redirect_ratio") == 0);
  CHECK(find(one, "redirect_ratio")->standard_error == 0.0);
  CHECK(value_of(one, "map_hit_ratio") == Approx(0.95));
  auto const guess = explain(shipped("guess-only"));
  CHECK(value_of(guess, "redirect_ratio") == Approx(0.7125));
  CHECK(value_of(guess, "hops_per_request") == Approx(1.7125));
  CHECK(value_of(guess, "map_hit_ratio") == 0);
  CHECK(value_of(guess, "guess_hit_ratio") == Approx(0.2875));
  auto const four = explain(shipped("cached-four-balancers"));
  double const d = 4 * (1 - std::pow(0.75, 20));
  CHECK(value_of(four, "redirect_ratio") == Approx((d - 1) * 0.75 / 20));
  CHECK(value_of(four, "redirect_ratio{balancer:gateway[0]}") == Approx((d - 1) * 0.75 / 20));
  CHECK(value_of(four, "map_hit_ratio") == Approx(1 - d / 20));
  CHECK(value_of(four, "guess_hit_ratio") == Approx(1 - 0.75 * (d - 1) / d));
  CHECK(value_of(four, "sessions_created") == 1500);
  CHECK(value_of(explain(shipped("logged-in-characters")), "sessions_created") == 750);
  CHECK(value_of(explain(shipped("token-hash-guess")), "redirect_ratio") == 0);
  CHECK(value_of(explain(shipped("nginx-article-lua")), "redirect_ratio") == Approx(0.0375).epsilon(1e-4));
}

TEST_CASE("an open load's redirects are each map's first requests, less those that create sessions") {
  // 10 characters, 100 requests, 2 maps: each token's map is visited with 1 - exp(-5), each token asked with 1 -
  // exp(-10).
  auto const all = explain(
      of(R"({"name": "open", "topology": {"balancers": {"kind": "gateway", "count": 2}, "proxies": {"count": 4}},
    "population": {"characters": 10}, "load": {"kind": "poisson", "rate_rps": 10, "duration": "10s"},
    "phases": [{"name": "a", "until": "2s"}, {"name": "b"}]})"));
  double const guesses = 20 * -std::expm1(-5), created = 10 * -std::expm1(-10);
  CHECK(value_of(all, "redirect_ratio") == Approx(0.75 * (guesses - created) / 100));
  CHECK(value_of(all, "map_hit_ratio") == Approx(1 - guesses / 100));
  CHECK(value_of(all, "sessions_created") == Approx(created));
  double const early = 0.75 * (20 * -std::expm1(-1) - 10 * -std::expm1(-2));
  CHECK(value_of(all, "redirect_ratio{phase:a}") == Approx(early / 20));
  CHECK(value_of(all, "redirect_ratio{phase:b}") * 80 + early == Approx(value_of(all, "redirect_ratio") * 100));
}

TEST_CASE("theory names the condition of a map that balancers share, where there is a race that can be lost") {
  struct row {
    char const* name;
    std::vector<std::string> overrides;
    bool conditional;
  };
  for (row const& x :
       std::vector<row>{{"four balancers", {}, true},
                        {"two", {"topology.balancers.count=2"}, true},
                        {"one, which knows what it learnt itself", {"topology.balancers.count=1"}, false},
                        {"a character asks the same balancer always", {"load.balancer_choice=address"}, false},
                        {"a map each", {"topology.balancers={\"kind\":\"gateway\",\"count\":4}"}, false},
                        {"an open load", {"load={\"kind\":\"poisson\",\"rate_rps\":500,\"duration\":\"10s\"}"}, true},
                        {"the guess is the same everywhere", {"topology.balancers.guess=token_hash"}, true}}) {
    INFO(x.name);
    auto overrides = x.overrides;
    overrides.emplace_back("thresholds={}");
    auto const all = explain(shipped("shared-map", overrides));
    for (char const* metric : {"redirect_ratio", "map_hit_ratio", "hops_per_request", "sessions_created"}) {
      INFO(metric);
      prediction const* p = find(all, metric);
      REQUIRE((p && p->value));
      bool const said = std::any_of(p->assumptions.begin(), p->assumptions.end(), [](std::string const& a) {
        return a.find("is in the shared map before its next request") != std::string::npos;
      });
      bool const about_it = x.conditional && std::string(metric) != "sessions_created";
      CHECK(said == about_it);
      CHECK(p->unless_raced == about_it);
    }
  }
}

TEST_CASE("a proxy's latency is that of the queue that it is") {
  auto const markov =
      explain(of(queue(R"({"count": 1, "servers": 1, "service_time": {"exponential": {"mean_ms": 10}}})")));
  CHECK(value_of(markov, "utilisation") == Approx(0.8));
  CHECK(value_of(markov, "latency_ms.avg") == Approx(50));
  CHECK(value_of(markov, "latency_ms.p99") == Approx(50 * std::log(100.0)));
  auto const fixed = explain(of(queue(R"({"count": 1, "servers": 1, "service_time": {"constant": {"mean_ms": 10}}})")));
  CHECK(value_of(fixed, "latency_ms.avg") == Approx(30));
  auto const two =
      explain(of(queue(R"({"count": 1, "servers": 2, "service_time": {"exponential": {"mean_ms": 10}}})")));
  CHECK(value_of(two, "utilisation") == Approx(0.4));
  CHECK(value_of(two, "latency_ms.avg") == Approx(10 / (1 - 0.16))); // M/M/2: s / (1 - u²)
  auto const free = explain(of(queue(R"({"count": 1, "service_time": {"lognormal": {"mean_ms": 10, "sigma": 0.5}}})")));
  CHECK(value_of(free, "latency_ms.p50") == Approx(10 * std::exp(-0.125)));
  CHECK(broken_of(free, "utilisation").find("no limit") != std::string::npos);
}

TEST_CASE("redirects load a proxy with redirect_time, and delay the redirected") {
  auto const all =
      explain(of(R"({"name": "redirects", "topology": {"balancers": {"kind": "gateway", "token_map": "off"},
    "proxies": {"count": 4, "servers": 1, "service_time": {"constant": {"mean_ms": 4}}, "redirect_time_ms": 2}},
    "population": {"characters": 100000, "logged_in": 1},
    "load": {"kind": "poisson", "rate_rps": 400, "duration": "100s"}, )" +
                 no_network + "}"));
  CHECK(value_of(all, "redirect_ratio") == Approx(0.75));
  CHECK(value_of(all, "utilisation") == Approx(100 * (0.004 + 0.75 * 0.002)));
  // l = 175/s, s = 5.5/175 s, E[S²] = (100 · 16 + 75 · 4)/175 ms²: W = l E[S²] / (2 (1 - u)).
  double const wait = 0.175 * (1900.0 / 175) / (2 * 0.45);
  CHECK(value_of(all, "latency_ms.avg") == Approx(wait + 4 + 0.75 * (wait + 2)));
  CHECK(broken_of(all, "latency_ms.p99").find("redirected requests wait twice") == 0);
}

TEST_CASE("a request's way takes what the section virtual says, hop by hop and call by call") {
  // Every token has a session and no balancer knows it: three in four are redirected. One target in two is game state.
  std::string const text = R"({"name": "way", "topology": {"balancers": {"kind": "gateway", "token_map": "off"},
    "proxies": {"count": 4}, "sols": {"count": 1, "rpc_delay_ms": 1}},
    "population": {"characters": 100000, "logged_in": 1},
    "load": {"kind": "poisson", "rate_rps": 100, "duration": "100s", "targets": ["/", "/characters/{character}/"]},
    "virtual": {"network": {"client": {"constant": {"mean_ms": 1}}, "proxy": {"constant": {"mean_ms": 10}},
                "rpc": {"LAW": {"mean_ms": 2}}}, "balancer": {"service_time": {"constant": {"mean_ms": BUSY}}}}})";
  auto const with = [&](std::string const& law, std::string const& busy) {
    std::string filled = text;
    filled.replace(filled.find("LAW"), 3, law);
    filled.replace(filled.find("BUSY"), 4, busy);
    return explain(of(filled));
  };
  auto const fixed = with("constant", "0");
  CHECK(value_of(fixed, "latency_ms.avg") == Approx(2 + 1.75 * 20 + 1.25 * 5));
  // Straight: 22 and 27 ms, an eighth each. Redirected: 47 and 52 ms, three eighths each.
  CHECK(value_of(fixed, "latency_ms.p50") == Approx(47));
  CHECK(value_of(fixed, "latency_ms.p99") == Approx(52));
  CHECK(broken_of(with("exponential", "0"), "latency_ms.p99").find("delays that vary") == 0);
  // 175 hops a second of 2 ms: utilisation 0.35, and constant service waits half of u/(1 - u) of it.
  double const wait = 0.35 / 0.65 * 0.5 * 2;
  CHECK(value_of(with("constant", "2"), "latency_ms.avg") == Approx(2 + 1.75 * (22 + wait) + 1.25 * 5));
  CHECK(broken_of(with("constant", "6"), "latency_ms.avg").find("the balancers cannot keep up") == 0);
}

TEST_CASE("a proxy that shares its processor out has the mean that depends on the service time's mean only") {
  auto const shared = explain(of(queue(R"({"count": 1, "servers": 1, "discipline": "processor_sharing",
                                           "service_time": {"lognormal": {"mean_ms": 10, "sigma": 1}}})")));
  CHECK(value_of(shared, "latency_ms.avg") == Approx(50));
  CHECK(broken_of(shared, "latency_ms.p99").find("processor sharing") == 0);
  auto const heavy = explain(of(queue(R"({"count": 1, "servers": 1,
                                          "service_time": {"pareto": {"mean_ms": 10, "alpha": 1.5}}})")));
  CHECK(broken_of(heavy, "latency_ms.avg").find("the service time's variance is infinite") == 0);
}

TEST_CASE("where a scenario breaks an assumption, theory says which and gives no number") {
  struct row {
    char const* scenario;
    std::vector<std::string> overrides;
    char const* metric;
    char const* why;
  };
  row const rows[] = {
      {"quickstart", {}, "utilisation", "a closed load's rate follows"},
      {"quickstart", {"topology.balancers.guess=least_conn"}, "redirect_ratio", "least_conn"},
      {"quickstart", {"topology.balancers.guess=two_choices"}, "redirect_ratio", "two_choices guesses are not uniform"},
      {"quickstart", {"topology.balancers.token_map=16k"}, "redirect_ratio", "a token map smaller"},
      {"quickstart", {"load.balancer_choice=round_robin"}, "map_hit_ratio", "balancer_choice round_robin"},
      {"noisy-tokens", {}, "redirect_ratio", "junk tokens"},
      {"sessions-move", {}, "redirect_ratio", "events (move half)"},
      {"trace-replay", {}, "redirect_ratio", "a trace"},
      {"post-and-odd-paths", {}, "redirect_ratio", "balancers with and without a map"},
      {"small-map", {R"(virtual={"network":{"loss":0.1}})"}, "latency_ms.avg", "messages are lost"},
      {"corporations", {}, "redirect_ratio", "balancers answer from their caches"},
      {"corporations", {}, "utilisation", "balancers answer from their caches"},
      {"corporations", {}, "latency_ms.avg", "balancers answer from their caches"},
  };
  for (row const& x : rows) {
    INFO(x.scenario << ": " << x.metric);
    auto const all = explain(shipped(x.scenario, x.overrides));
    CHECK(broken_of(all, x.metric).find(x.why) == 0);
  }
  CHECK(find(explain(shipped("noisy-tokens")), "redirect_ratio")->conditional.find("given the D_i maps") == 0);
  CHECK(find(explain(shipped("sessions-move")), "redirect_ratio")->conditional.empty());
  auto const busy = explain(of(queue(R"({"count": 1, "servers": 1, "service_time": {"constant": {"mean_ms": 13}}})")));
  CHECK(broken_of(busy, "latency_ms.avg").find("the proxies cannot keep up") == 0);
}

TEST_CASE("a prediction has a value or says what is broken, never both") {
  for (char const* name :
       {"quickstart", "small-map", "noisy-tokens", "sessions-move", "ip-affinity", "gateway-beside-nginx"})
    for (prediction const& p : explain(shipped(name))) {
      INFO(name << ": " << p.metric);
      CHECK(p.value.has_value() == p.broken.empty());
      if (p.value) CHECK((!p.formula.empty() && !p.inputs.empty() && std::isfinite(*p.value)));
    }
}

}
