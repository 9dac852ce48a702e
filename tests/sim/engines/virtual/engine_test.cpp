// The engine of simulated time as a whole: what it gives, and that it gives the same again.
#include "base/config/document.hpp"
#include "gateway/http/digest.hpp"
#include "sim/engines/virtual/run.hpp"
#include "sim/scenario/load.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

using namespace sim;
using records::ratio_metric;
using records::trend_metric;

namespace {

scenario::scenario shipped(std::string const& name, std::vector<std::string> const& overrides = {}) {
  return scenario::load_file(std::string(CREST_SOURCE_DIR) + "/scenarios/" + name + ".json", overrides);
}

double counter(records::result const& r, std::string const& name) {
  return std::get<records::counter_metric>(r.metrics.at(name)).value;
}

/// As the live gateway keeps tokens: as digests of what Authorization says.
struct live_keys {
  using key = gateway::http::token_digest;
  using stored = gateway::http::map_key;
  using payload = gateway::routing::learnt_backend;
  using hash = gateway::http::map_key_hash;
  gateway::http::digest_key secret{1, 2, 3};
  key of(virtual_time::token_id token) const {
    return gateway::http::digest_token(secret, "Bearer " + std::to_string(static_cast<std::uint32_t>(token)));
  }
};

/// Counts whether what is learnt comes with an epoch.
struct heard_backend : gateway::routing::compact_backend {
  static inline std::uint64_t with_epoch = 0, without = 0;
  static heard_backend make(gateway::routing::upstream_id upstream, gateway::routing::time_ns started,
                            std::optional<std::uint64_t> epoch) {
    ++(epoch ? with_epoch : without);
    return {gateway::routing::compact_backend::make(upstream, started, epoch)};
  }
};
struct heard_keys : virtual_time::dense_keys {
  using payload = heard_backend;
};

}

TEST_CASE("the same scenario and seed give the same history, another seed another") {
  scenario::scenario const s =
      shipped("eve-clients-and-crest", {"population.characters=300", "population.eve_clients=50"});
  auto const first = virtual_time::run(s), again = virtual_time::run(s);
  REQUIRE(first.history_hash);
  CHECK(first.history_hash == again.history_hash);
  auto const other = virtual_time::run(
      shipped("eve-clients-and-crest", {"population.characters=300", "population.eve_clients=50", "seed=5"}));
  CHECK(other.history_hash != first.history_hash);
}

// The same bits from every compiler, optimisation and machine. A change of what happens in a run changes these on
// purpose; a change of how it is computed must not.
TEST_CASE("shipped scenarios have the histories that they have everywhere") {
  for (auto const& [name, history] : std::vector<std::pair<char const*, std::uint64_t>>{
           {"quickstart", 0xdeb4f41521d07148u},
           {"small-map", 0x621a83bdeda3927au},
           {"proxy-dies", 0xa959e772d3dd2f78u},
           {"proxy-restarts", 0x0a0adc7b8a883ae5u},
           {"eve-clients-and-crest", 0x4eddf878caa48e1bu},
           {"trace-replay", 0xcd9d6fe9ce4e52bdu},
           {"corporations", 0xa6a4144657a9ad9cu},
           {"stale-while-revalidate", 0x8fb51f3c4e7ab90fu},
           {"shared-map", 0x18d2751c7c4a2893u},
           {"redis-dies", 0xbe81ce4c73bfd1aeu},
       }) {
    INFO(name);
    CHECK(virtual_time::run(shipped(name)).history_hash == history);
  }
}

TEST_CASE("the live gateway's keys decide exactly as dense ones") {
  for (char const* name : {"quickstart", "small-map", "proxy-dies", "noisy-tokens", "sessions-move"}) {
    INFO(name);
    scenario::scenario const s = shipped(name);
    virtual_time::run_options options;
    options.decisions = [] { return std::make_unique<virtual_time::routers_of<live_keys>>(); };
    CHECK(virtual_time::run(s, options).history_hash == virtual_time::run(s).history_hash);
  }
}

TEST_CASE("simulated routers learn with the session's epoch, from answers and from the shared map") {
  heard_backend::with_epoch = heard_backend::without = 0;
  virtual_time::run_options options;
  options.decisions = [] { return std::make_unique<virtual_time::routers_of<heard_keys>>(); };
  auto const result = virtual_time::run(shipped("shared-map"), options);
  CHECK(static_cast<double>(heard_backend::with_epoch) > counter(result, "requests") / 2);
  CHECK(heard_backend::without == 0);
}

// A request that nothing can disturb is settled at once; nothing but the time that a run takes may show it. Only what
// happens in the same nanosecond may come in another order, hence the random delays.
TEST_CASE("a run that settles early has the history of one that goes step by step") {
  auto const patience = [](scenario::scenario& s) { s.load.timeout = std::chrono::milliseconds(9); };
  auto const few_connections = [](scenario::scenario& s) { s.load.connections_per_balancer = 3; };
  auto const crowd = [](scenario::scenario& s) { // proxies whose queues are longer than a client waits
    s.load.targets = {"/status"};
    s.load.mix = {scenario::mix_entry{}};
    s.load.timeout = std::chrono::milliseconds(40);
    s.topology.proxies.servers = 1;
    s.topology.proxies.service_time = scenario::exponential_time{std::chrono::milliseconds(2)};
    s.thresholds.clear();
  };
  auto const nothing = [](scenario::scenario&) {};
  auto const brief = [](scenario::scenario& s) { s.load.duration = std::chrono::milliseconds(1500); };
  auto const brief_patience = [&](scenario::scenario& s) { brief(s), patience(s); };
  auto const few = [](scenario::scenario& s) { s.population.characters = 500; };
  auto const few_patience = [&](scenario::scenario& s) { few(s), patience(s); };
  std::vector<std::pair<char const*, std::function<void(scenario::scenario&)>>> const cases{
      {"quickstart", nothing},
      {"small-map", nothing},
      {"noisy-tokens", nothing},
      {"trace-replay", nothing},
      {"eve-clients-and-crest", nothing},
      {"guess-only", patience},
      {"small-map", patience},
      {"small-map", few_connections},
      {"small-map", crowd},
      {"stale-while-revalidate", brief},
      {"corporations", brief_patience},
      {"cache-stampede", few_connections},
      {"shared-map", few},
      {"shared-map", few_patience},
  };
  for (auto const& [name, change] : cases) {
    std::string const random = R"({"lognormal":{"mean_ms":0.2,"sigma":0.5}})";
    scenario::scenario s = shipped(name, {R"(virtual.network={"client":)" + random + R"(,"proxy":)" + random +
                                          R"(,"rpc":)" + random + R"(,"redis":)" + random + "}"});
    change(s);
    for (auto const detail : {virtual_time::run_options::detail::full, virtual_time::run_options::detail::summary}) {
      INFO(name << (detail == virtual_time::run_options::detail::full ? ", recorded" : ", counted"));
      virtual_time::run_options early, steps;
      early.keep = steps.keep = detail;
      steps.step_by_step = true;
      auto const a = virtual_time::run(s, early), b = virtual_time::run(s, steps);
      CHECK(a.history_hash == b.history_hash);
      CHECK(a.duration_s == b.duration_s);
      CHECK(a.notes == b.notes);
      for (char const* metric : {"requests", "hops", "failed_requests", "sessions_created"})
        CHECK(counter(a, metric) == counter(b, metric));
      for (char const* metric : {"redirect_ratio", "map_hit_ratio", "guess_hit_ratio", "cache_hit_ratio"}) {
        auto const of_a = std::get<ratio_metric>(a.metrics.at(metric)),
                   of_b = std::get<ratio_metric>(b.metrics.at(metric));
        CHECK(std::pair(of_a.numerator, of_a.denominator) == std::pair(of_b.numerator, of_b.denominator));
        CHECK(of_a.theory == of_b.theory);
        CHECK(of_a.theory_note == of_b.theory_note);
      }
      auto const of_a = std::get<trend_metric>(a.metrics.at("latency_ms")),
                 of_b = std::get<trend_metric>(b.metrics.at("latency_ms"));
      CHECK(of_a.count == of_b.count);
      CHECK(of_a.mean == of_b.mean);
      CHECK(of_a.p99 == of_b.p99);
      CHECK(of_a.max == of_b.max);
    }
  }
}

TEST_CASE("in a quiet run each answer takes exactly its messages and its service") {
  scenario::scenario const s = shipped(
      "cached-one-balancer",
      {R"(virtual.network={"client":{"constant":{"mean_ms":1}},"proxy":{"constant":{"mean_ms":0.5}},"rpc":{"constant":{"mean_ms":0}}})",
       "topology.proxies.service_time={\"constant\":{\"mean_ms\":3}}", "topology.proxies.servers=0",
       "load.targets=[\"/status\"]", "load.mix=[{\"method\":\"GET\"}]", "thresholds={}"});
  auto const r = virtual_time::run(s);
  auto const& latency = std::get<trend_metric>(r.metrics.at("latency_ms"));
  CHECK(latency.min == Approx(6));
  CHECK(latency.max == Approx(6)); // one balancer: it guessed the session into being, and was never wrong
  CHECK(r.exit_code == records::exit_passed);
}

TEST_CASE("guesses that follow what is in flight queue less, of two choices nearly as little as of all") {
  auto const mean_ms = [](char const* guess) {
    records::result const r = virtual_time::run(shipped(
        "quickstart", {"thresholds={}", "phases=[{\"name\":\"all\"}]", std::string("topology.balancers.guess=") + guess,
                       "topology.balancers.count=1", "topology.balancers.token_map=off", "topology.proxies.count=8",
                       "topology.proxies.servers=1", R"(topology.proxies.service_time={"exponential":{"mean_ms":5}})",
                       "population.no_token_share=1",
                       R"(load={"kind":"poisson","rate_rps":1280,"duration":"20s","timeout":"30s"})"}));
    return std::get<trend_metric>(r.metrics.at("latency_ms")).mean;
  };
  // At a load of 0.8 a request takes 5 service times where each proxy is an M/M/1, and some 2 with two choices
  // (Mitzenmacher 2001). One balancer: what is in flight from it is all that is.
  double const random = mean_ms("random"), two = mean_ms("two_choices"), all = mean_ms("least_conn");
  CHECK(random > 20);
  CHECK(two < 0.6 * random);
  CHECK(all < two);
}

TEST_CASE("messages that are lost come later") {
  std::vector<std::string> const base{"load.targets=[\"/status\"]", "load.mix=[{\"method\":\"GET\"}]", "thresholds={}"};
  auto lossy = base;
  lossy.push_back("virtual.network={\"loss\":0.1,\"retransmit_ms\":200}");
  auto const calm = virtual_time::run(shipped("cached-one-balancer", base));
  auto const storm = virtual_time::run(shipped("cached-one-balancer", lossy));
  auto const mean = [](records::result const& r) { return std::get<trend_metric>(r.metrics.at("latency_ms")).mean; };
  // Four messages a request on the straight way, each late by 200 ms / (1 / 0.1 - 1) on average.
  CHECK(mean(storm) - mean(calm) == Approx(4 * 200 * 0.1 / 0.9).epsilon(0.05));
  CHECK(counter(storm, "failed_requests") == 0);
}

TEST_CASE("what is sent over a parted network arrives afterwards, and only that") {
  std::vector<std::string> const calm{"load.targets=[\"/status\"]", "load.mix=[{\"method\":\"GET\"}]", "thresholds={}"};
  auto const parted = [&](char const* between) {
    auto overrides = calm;
    overrides.push_back(std::string(R"(virtual.partitions=[{"between":)") + between +
                        R"(,"at":"500ms","for":"400ms"},{"between":)" + between + R"(,"at":"900ms","for":"100ms"}])");
    return virtual_time::run(shipped("new-balancer-joins", overrides));
  };
  auto const longest = [](records::result const& r) { return std::get<trend_metric>(r.metrics.at("latency_ms")).max; };
  CHECK(longest(virtual_time::run(shipped("new-balancer-joins", calm))) < 100);
  for (char const* between : {R"(["clients","gateway[0]"])", R"(["proxy[1]","balancers"])"}) {
    INFO(between);
    auto const r = parted(between);
    CHECK(longest(r) == Approx(500).margin(20)); // both partitions, one after the other
    CHECK(counter(r, "failed_requests") == 0);
    CHECK(counter(r, "requests") > 10'000);
  }
  // The third balancer joins later, and has nothing to do with it.
  CHECK(longest(parted(R"(["gateway[2]","clients"])")) < 100);
}

TEST_CASE("a proxy that cannot reach its sols loses its sessions, and no character has two") {
  auto const r = virtual_time::run(shipped(
      "new-balancer-joins", {"topology.proxies.lease=\"1s\"", "load.targets=[\"/status\"]", "thresholds={}",
                             R"(virtual.partitions=[{"between":["proxy[0]","sols"],"at_ms":3000,"for_ms":4000}])"}));
  double const characters = 500;
  CHECK(counter(r, "sessions_created") > characters); // those of proxy[0] again, elsewhere
  for (records::invariant_result const& i : r.invariants) {
    INFO(i.name);
    CHECK(i.violations == 0);
  }
  CHECK(std::get<ratio_metric>(r.metrics.at("redirect_ratio")).theory == std::nullopt);
}

TEST_CASE("links that break and come back within the lease cost nothing, and for longer they cost the lease") {
  std::vector<std::string> const common{
      "topology.proxies.lease=\"1s\"", "load.targets=[\"/status\"]", "thresholds={}",
      "population.logged_in=0.5",      "population.eve_clients=50",  "population.eve_notification_rate_rps=50"};
  for (bool const longer : {false, true}) {
    INFO((longer ? "beyond" : "within") << " the lease");
    auto overrides = common;
    overrides.push_back(std::string(R"(partitions=[{"between":["proxy[0]","sols"],"at_ms":3000,"for_ms":)") +
                        (longer ? "3000" : "300") + R"(,"connections":"broken"}])");
    auto const r = virtual_time::run(shipped("new-balancer-joins", overrides));
    for (records::invariant_result const& i : r.invariants) {
      INFO(i.name);
      CHECK(i.violations == 0);
    }
    CHECK(counter(r, "notifications") > 20'000);
    CHECK((counter(r, "sessions_created") > 250) == longer); // 250 were logged in before
    if (!longer) {
      CHECK(counter(r, "failed_requests") == 0);
      CHECK(counter(r, "notifications_lost") == 0);
    }
  }
}

TEST_CASE("a client that loses patience is counted, and what it asked for is not") {
  auto const r = virtual_time::run(shipped(
      "guess-only", {"load.timeout=\"20ms\"", "topology.proxies.service_time={\"exponential\":{\"mean_ms\":10}}",
                     "topology.proxies.servers=0", "thresholds={\"failed_requests\":[\">100\"]}"}));
  CHECK(r.exit_code == records::exit_passed);
  for (records::invariant_result const& i : r.invariants) {
    INFO(i.name);
    CHECK(i.violations == 0);
  }
}

TEST_CASE("thresholds that abort end a simulated run early") {
  auto const r = virtual_time::run(shipped(
      "sessions-move", {"thresholds={\"redirect_ratio\":[{\"threshold\":\"<0.0001\",\"abort_on_fail\":true}]}"}));
  CHECK(r.exit_code == records::exit_failed);
  CHECK(r.duration_s < 3);
}

// The gateway is up again long before its clients have learnt that it was gone.
TEST_CASE("a safe request whose balancer is restarted under it is tried once more, in simulated time as live") {
  auto const failed = [](char const* method) {
    auto const r = virtual_time::run(shipped(
        "sessions-move",
        {R"(virtual.network={"client":{"constant":{"mean_ms":200}}})", "virtual.start_time=\"10ms\"", "thresholds={}",
         R"(phases=[{"name":"all"}])", R"(topology.proxies.service_time={"constant":{"mean_ms":100}})",
         "topology.proxies.servers=0",
         std::string(
             R"(load={"kind":"constant_rate","rate_rps":500,"duration":"4s","balancer_choice":"round_robin",)") +
             R"("connections_per_balancer":400,"targets":["/status"],"mix":[{"method":")" + method + R"("}]})",
         R"(events=[{"at":"2s","restart":{"node":"gateway[0]","graceful":false}}])"}));
    for (records::invariant_result const& i : r.invariants) {
      INFO(i.name);
      CHECK(i.violations == 0);
    }
    return counter(r, "failed_requests");
  };
  CHECK(failed("GET") == 0);
  CHECK(failed("POST") > 0);
}

TEST_CASE("an event that is due while another one is under way waits for it, in simulated time as live") {
  // What is in flight at the gateway takes 2.4 s, and a graceful restart waits for that.
  auto const r = virtual_time::run(shipped(
      "sessions-move",
      {R"(topology.proxies.service_time={"constant":{"mean_ms":2400}})", "thresholds={}", R"(phases=[{"name":"all"}])",
       R"(load={"kind":"constant_rate","rate_rps":50,"duration":"6s","connections_per_balancer":400})",
       R"(events=[{"at":"1s","restart":"gateway[0]"},{"at":"1200ms","kill":"proxy[1]"}])"}));
  REQUIRE(r.events.size() == 2);
  CHECK(r.events[0].kind == "restart");
  CHECK(r.events[0].at_s == Approx(1));
  CHECK(r.events[0].done_s > 3);
  CHECK(r.events[1].kind == "kill");
  CHECK(r.events[1].at_s == Approx(r.events[0].done_s));
}

TEST_CASE("a proxy that leaves serves once more on each connection that a balancer keeps open to it") {
  auto const retries_when_it_leaves_at = [](std::string const& at) {
    return counter(virtual_time::run(shipped(
                       "guess-only",
                       {R"(topology.balancers={"kind":"gateway","token_map":"off","guess":"round_robin","count":20})",
                        R"(topology.proxies={"count":2})", "thresholds={}", R"(phases=[{"name":"all"}])",
                        R"(load={"kind":"constant_rate","rate_rps":200,"duration":"3s"})",
                        R"(virtual={"start_time":"1ms"})", R"(events=[{"at":")" + at + R"(","restart":"proxy[1]"}])"})),
                   "retries");
  };
  // At so low a rate each balancer has one connection to each proxy, and none when the load begins.
  CHECK(retries_when_it_leaves_at("2s") < retries_when_it_leaves_at("0s"));
}

TEST_CASE("a proxy that nobody keeps busy leaves as soon as it was quiet, and says goodbye") {
  auto const r = virtual_time::run(
      shipped("guess-only", {R"(load={"kind":"constant_rate","rate_rps":100,"duration":"3s"})", "thresholds={}",
                             R"(phases=[{"name":"all"}])", R"(virtual={"start_time":"7ms"})",
                             R"(events=[{"at":"1s","restart":"proxy[1]"}])"}));
  REQUIRE(r.events.size() == 1);
  CHECK(r.events[0].at_s == Approx(1));
  CHECK(r.events[0].done_s == Approx(1 + 0.300 + 0.100 + 0.007));
}

TEST_CASE("a request on a connection that its proxy is just closing is lost unless it may be sent again, as live") {
  auto const failed = [](char const* method) {
    // Long ways, so that many are under way at that moment; few requests a balancer, so that most have a connection.
    auto const r = virtual_time::run(
        shipped("guess-only",
                {R"(topology.balancers={"kind":"gateway","token_map":"off","guess":"round_robin","count":100})",
                 R"(topology.proxies={"count":2})", R"(population={"no_token_share":1})", "thresholds={}",
                 R"(phases=[{"name":"all"}])", R"(virtual={"network":{"proxy":{"constant":{"mean_ms":20}}}})",
                 std::string(R"(load={"kind":"constant_rate","rate_rps":400,"duration":"3s","mix":[{"method":")") +
                     method + R"("}],"balancer_choice":"round_robin","targets":["/status"]})",
                 R"(events=[{"at":"2s","restart":"proxy[1]"}])"}));
    return counter(r, "failed_requests");
  };
  CHECK(failed("GET") == 0);
  CHECK(failed("POST") > 0);
}

TEST_CASE("an event that waits for another one when the load ends does not happen any more, and is told") {
  auto const r = virtual_time::run(shipped(
      "sessions-move",
      {R"(topology.proxies.service_time={"constant":{"mean_ms":5000}})", "thresholds={}", R"(phases=[{"name":"all"}])",
       R"(load={"kind":"constant_rate","rate_rps":50,"duration":"2s","connections_per_balancer":400})",
       "virtual.start_time=\"1s\"",
       R"(events=[{"at":"1900ms","restart":"gateway[0]"},{"at":"1950ms","kill":"proxy[1]"}])"}));
  REQUIRE(r.events.size() == 2);
  for (auto const& e : r.events) {
    if (e.kind != "kill") continue;
    CHECK(e.left);
    CHECK(e.detail == "not carried out: the load had ended");
    CHECK(e.at_s == Approx(1.95));
  }
}

TEST_CASE("progress may end a run, which is then interrupted") {
  virtual_time::run_options options;
  int calls = 0;
  options.progress = [&](virtual_time::run_progress const& now) {
    CHECK(now.total.value_or(0) == 40'000);
    return ++calls < 2;
  };
  auto const r = virtual_time::run(shipped("quickstart"), options);
  CHECK(r.exit_code == records::exit_interrupted);
  CHECK(counter(r, "requests") < 40'000);
}

TEST_CASE("the warm-up is in no metric, and in all invariants") {
  auto const whole = virtual_time::run(shipped("new-balancer-joins"));
  auto const later = virtual_time::run(shipped("new-balancer-joins", {"virtual.warm_up=\"2s\""}));
  CHECK(later.history_hash == whole.history_hash);
  CHECK(later.duration_s == whole.duration_s);
  double const left_out = 2 / whole.duration_s;
  CHECK(counter(later, "requests") == Approx(counter(whole, "requests") * (1 - left_out)).epsilon(0.03));
  CHECK(counter(later, "requests_per_second") == Approx(counter(whole, "requests_per_second")).epsilon(0.03));
  CHECK(counter(later, "sessions_created") < counter(whole, "sessions_created"));
  CHECK(later.phase_spans.front().from_s == 2);
  for (std::size_t i = 0; i != whole.invariants.size(); ++i) {
    INFO(whole.invariants[i].name);
    CHECK(later.invariants[i].checked == whole.invariants[i].checked);
  }
}

TEST_CASE("simulated time refuses by name what it cannot model") {
  auto const refused = [](scenario::scenario const& s, std::string const& what) {
    try {
      virtual_time::run(s);
      FAIL("accepted");
    } catch (config::bad_input const& e) {
      CHECK(std::string(e.what()).find(what) != std::string::npos);
    }
  };
  refused(shipped("nginx-article-guess"), "nginx[0]");
  refused(shipped("quickstart", {"load.timeout=\"2m\""}), "load.timeout");
  refused(shipped("new-balancer-joins", {"virtual.warm_up=\"1h\""}), "virtual.warm_up");
}

TEST_CASE("a run that only counts comes to the same as one that keeps records of all") {
  std::string const with = GENERATE("", "virtual.warm_up=\"700ms\"");
  for (char const* name : {"quickstart", "guess-only", "small-map", "noisy-tokens", "new-balancer-joins", "proxy-dies",
                           "proxy-restarts", "rolling-restart", "sessions-move", "trace-replay", "token-hash-guess",
                           "corporations", "cache-stampede", "shared-map", "redis-dies"}) {
    scenario::scenario s = with.empty() ? shipped(name) : shipped(name, {with});
    if (s.topology.balancers.front().cache && s.load.duration.count() > 0)
      s.load.duration = std::chrono::milliseconds(2500);
    virtual_time::run_options options;
    options.keep = virtual_time::run_options::detail::full;
    auto const full = virtual_time::run(s, options);
    options.keep = virtual_time::run_options::detail::summary;
    auto const brief = virtual_time::run(s, options);
    CHECK(full.history_hash == brief.history_hash);
    REQUIRE(full.metrics.size() == brief.metrics.size());
    for (records::time_slice const& slice : brief.timeseries) {
      std::uint64_t of_causes = 0;
      for (std::uint64_t const n : slice.failed_by_cause) of_causes += n;
      CHECK(of_causes == slice.failed);
    }
    for (auto const& [metric, value] : full.metrics) {
      INFO(name << ": " << metric);
      records::metric const& other = brief.metrics.at(metric);
      if (auto const* ratio = std::get_if<ratio_metric>(&value)) {
        CHECK(ratio->numerator == std::get<ratio_metric>(other).numerator);
        CHECK(ratio->denominator == std::get<ratio_metric>(other).denominator);
        CHECK(ratio->theory == std::get<ratio_metric>(other).theory);
        CHECK(ratio->standard_error == std::get<ratio_metric>(other).standard_error);
      } else if (auto const* trend = std::get_if<trend_metric>(&value)) {
        CHECK(trend->count == std::get<trend_metric>(other).count);
        CHECK(trend->p99 == std::get<trend_metric>(other).p99);
        CHECK(trend->mean == std::get<trend_metric>(other).mean);
      } else {
        CHECK(std::get<records::counter_metric>(value).value == std::get<records::counter_metric>(other).value);
      }
    }
  }
}
