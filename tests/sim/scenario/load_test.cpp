#include "base/config/document.hpp"
#include "sim/scenario/load.hpp"

#include <catch2/catch.hpp>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <unistd.h>

using namespace sim::scenario;
using namespace std::chrono_literals;

namespace {

/// A scenario that uses most parts of the file.
constexpr char const* example = R"({
  "name": "new balancer joins", // a comment
  "seed": 42,
  "topology": {
    "balancers": {"kind": "gateway", "count": 2, "guess": "random", "token_map": "10m"},
    "proxies":   {"count": 4, "servers": 8, "service_time": {"lognormal": {"mean_ms": 2, "sigma": 0.5}}},
    "sols":      {"count": 2, "rpc_delay_ms": 0.2}
  },
  "population": {"characters": 2000, "logged_in": 0.3, "popularity": {"zipf": 0.9}, "eve_clients": 100},
  "load": {"kind": "poisson", "rate_rps": 2000, "duration": "20s", "balancer_choice": "uniform",
           "mix": [ {"method": "GET", "weight": 9}, {"method": "POST", "body_bytes": 512, "weight": 1} ]},
  "phases": [ {"name": "warm-up", "until": "5s"}, {"name": "steady", "until": "10s"}, {"name": "after"} ],
  "events": [ {"at": "10s", "add_balancer": {"kind": "gateway"}} ],
  "thresholds": { "redirect_ratio{phase:after}": ["<0.08 @95%"], "failed_requests": ["==0"],
                  "latency_ms{phase:steady}": ["p(99)<50"] }
})";

constexpr char const* small = R"({"name": "s", "topology": {"balancers": {"kind": "gateway"}, "proxies": {"count": 2}},
  "load": {"kind": "closed"}})";

}

TEST_CASE("a scenario that uses most parts of the file loads with every word in its place") {
  scenario const s = load_text(example, "example.json");
  CHECK(s.name == "new balancer joins");
  CHECK(s.seed == 42);
  REQUIRE(s.topology.balancers.size() == 1);
  CHECK(s.topology.balancers[0].count == 2);
  CHECK(s.topology.balancers[0].token_map_bytes == 10u << 20);
  CHECK(s.topology.proxies.servers == 8);
  auto const& time = std::get<lognormal_time>(s.topology.proxies.service_time);
  CHECK(time.mean == 2ms);
  CHECK(time.sigma == 0.5);
  CHECK(s.topology.sols.rpc_delay == 200us);
  CHECK(s.population.zipf == 0.9);
  CHECK(s.population.eve_clients == 100);
  CHECK(s.load.kind == load_kind::poisson);
  CHECK(s.load.rate_rps == 2000);
  CHECK(s.load.duration == 20s);
  REQUIRE(s.load.mix.size() == 2);
  CHECK(s.load.mix[1].body_bytes == 512);
  REQUIRE(s.phases.size() == 3);
  CHECK(s.phases[1].until == 10s);
  CHECK(s.phases[2].until == nanoseconds::max());
  REQUIRE(s.events.size() == 1);
  CHECK(s.events[0].name == "add gateway[2]");
  REQUIRE(s.thresholds.size() == 3);
  auto const& t = s.thresholds.back();
  CHECK(t.metric == "redirect_ratio");
  CHECK(t.labels == std::map<std::string, std::string>{{"phase", "after"}});
  CHECK(t.expression == "<0.08 @95%");
  CHECK(t.written == "redirect_ratio{phase:after}");
  CHECK(t.path == "thresholds.redirect_ratio{phase:after}[0]");
}

TEST_CASE("a small scenario gets every default") {
  scenario const s = load_text(small, "small.json");
  CHECK(s.seed == 1);
  CHECK(s.population.characters == 1000);
  CHECK(s.population.logged_in == 0);
  CHECK(s.topology.sols.count == 1);
  CHECK_FALSE(s.load.mix.empty());
  CHECK_FALSE(s.load.targets.empty());
  REQUIRE(s.phases.size() == 1);
  CHECK(s.phases[0].name == "run");
  CHECK(s.topology.proxies.lease == 3s);
  CHECK(s.load.timeout == 10s);
}

TEST_CASE("overrides reach every part, also a list's elements") {
  scenario const s =
      load_text(small, "small.json",
                {"seed=9", "topology.balancers=[{\"kind\":\"gateway\"},{\"kind\":\"nginx\",\"config\":\"guess\"}]",
                 "topology.balancers[1].count=3", "topology.proxies.lease_ms=500", "load.requests_per_character=7",
                 "topology.balancers[0].token_map=off", "population.eve_clients=250"});
  CHECK(s.seed == 9);
  REQUIRE(s.topology.balancers.size() == 2);
  CHECK(s.topology.balancers[1].count == 3);
  CHECK_FALSE(s.topology.balancers[0].has_map());
  CHECK_FALSE(s.topology.balancers[1].has_map());
  CHECK(s.topology.proxies.lease == 500ms);
  CHECK(s.load.requests_per_character == 7);
  CHECK(s.population.logged_in == 0.25); // derived from eve_clients
}

TEST_CASE("balancers are numbered per kind, and added ones follow in the order of their events") {
  scenario const s =
      load_text(small, "small.json",
                {"topology.proxies.first_port=20000",
                 "topology.balancers=[{\"kind\":\"nginx\"},{\"kind\":\"gateway\",\"count\":2},{\"kind\":\"nginx\"},"
                 "{\"kind\":\"external\",\"addresses\":[\"127.0.0.1:80\",\"127.0.0.1:81\"]}]",
                 "events=[{\"at\":\"9s\",\"add_balancer\":{\"kind\":\"nginx\"}},"
                 "{\"at\":\"3s\",\"add_balancer\":{\"kind\":\"gateway\",\"count\":2}},"
                 "{\"at\":\"5s\",\"kill\":\"gateway[3]\"}]"});
  std::vector<std::string> names;
  auto const balancers = balancers_of(s);
  for (balancer_identity const& b : balancers) names.push_back(b.name);
  CHECK(names == std::vector<std::string>{"nginx[0]", "gateway[0]", "gateway[1]", "nginx[1]", "external[0]",
                                          "external[1]", "gateway[2]", "gateway[3]", "nginx[2]"});
  CHECK(balancers[6].event == 0u);
  CHECK(balancers[6].settings == &std::get<add_balancer>(s.events[0].action).group);
  CHECK(balancers[8].event == 2u);
  CHECK(s.events[1].name == "kill gateway[3]");
}

TEST_CASE("a group has the name that it is given, or its kind's, and added balancers join one") {
  auto const names = [](std::string const& groups, std::string const& events) {
    scenario const s = load_text(small, "small.json", {"topology.balancers=" + groups, "events=" + events});
    std::vector<std::string> all;
    for (balancer_identity const& b : balancers_of(s)) all.push_back(b.name + " " + b.settings->name);
    return all;
  };
  using list = std::vector<std::string>;
  CHECK(names(R"({"kind":"gateway"})", "[]") == list{"gateway[0] gateway"});
  CHECK(names(R"({"kind":"gateway","name":"edge"})", "[]") == list{"gateway[0] edge"}); // nodes as ever
  CHECK(names(R"([{"kind":"gateway"},{"kind":"nginx"},{"kind":"gateway"},{"kind":"nginx","name":"nginx-2"},
                  {"kind":"nginx"}])",
              "[]") ==
        list{"gateway[0] gateway", "nginx[0] nginx", "gateway[1] gateway-2", "nginx[1] nginx-2", "nginx[2] nginx-3"});
  CHECK(names(R"([{"kind":"gateway","name":"edge"},{"kind":"gateway","name":"core"}])",
              R"([{"at":"3s","add_balancer":{"kind":"gateway"}}, {"at":"1s","add_balancer":{"kind":"nginx"}},
                  {"at":"2s","add_balancer":{"kind":"gateway","name":"core"}},
                  {"at":"4s","add_balancer":{"kind":"gateway","name":"spare"}},
                  {"at":"5s","add_balancer":{"kind":"nginx"}}])") ==
        list{"gateway[0] edge", "gateway[1] core", "nginx[0] nginx", "gateway[2] core", "gateway[3] edge",
             "gateway[4] spare", "nginx[1] nginx"});
}

TEST_CASE("shared map and cache can be switched off by a word, which is what they are without one") {
  scenario const s =
      load_text(small, "small.json", {R"(topology.balancers=[{"kind":"gateway","shared_map":"off","cache":"off"},
                                                       {"kind":"gateway","shared_map":{},"cache":{}}])"});
  CHECK_FALSE(s.topology.balancers[0].shared_map);
  CHECK_FALSE(s.topology.balancers[0].cache);
  CHECK(s.topology.balancers[1].shared_map);
  CHECK(s.topology.balancers[1].cache);
}

TEST_CASE("balancers of kind command are called what their group says, and numbered per name") {
  scenario const s =
      load_text(small, "small.json",
                {R"(topology.balancers=[{"kind":"command","name":"a-2","command":["x"]},
                                {"kind":"command","command":["./y"],"count":2,"stop":"SIGUSR1"},
                                {"kind":"command","name":"b","command":["z"],"stop":["kill","{{pid}}"],
                                 "ready":{"http":"/up","within":"2s"},"routes_as":{"guess":"token_hash","map_entries":7}}])",
                 R"(events=[{"at":"1s","add_balancer":{"kind":"command","name":"a-2","command":["x"]}},
                            {"at":"3s","restart":"a-2[1]"}])",
                 R"(thresholds={"redirects{balancer:a-2[1]}":["==0"], "redirects{group:a-2}":["==0"]})"});
  std::vector<std::string> names;
  for (balancer_identity const& b : balancers_of(s)) names.push_back(b.name);
  CHECK(names == std::vector<std::string>{"a-2[0]", "command[0]", "command[1]", "b[0]", "a-2[1]"});
  auto const& groups = s.topology.balancers;
  CHECK(groups[0].program.command.front() == "x"); // looked for in PATH
  CHECK(groups[0].program.ready_within == 20s);
  CHECK_FALSE(groups[0].has_map());
  CHECK(groups[1].program.command.front() == (std::filesystem::absolute("small.json").parent_path() / "y").string());
  CHECK(groups[1].program.stop.signal == SIGUSR1);
  CHECK(groups[2].program.stop.command == std::vector<std::string>{"kill", "{{pid}}"});
  CHECK(groups[2].program.ready_path == "/up");
  CHECK(groups[2].program.ready_within == 2s);
  CHECK(groups[2].has_map());
  CHECK_FALSE(groups[2].rules_known()); // it is declared, not known
}

TEST_CASE("events of every kind are read and sorted by time") {
  scenario const s = load_text(
      small, "small.json",
      {"topology.proxies.count=4",
       "events=[{\"at_share\":0.9,\"restart\":{\"node\":\"sol[0]\",\"graceful\":false}},"
       "{\"at\":\"2s\",\"move_sessions\":{\"share\":0.5,\"from\":\"proxy[1]\",\"to\":\"proxy[2]\"}},"
       "{\"at_ms\":1000,\"kill\":\"proxy[3]\",\"name\":\"the crash\"},{\"at_share\":0.5,\"restart\":\"proxy[3]\"},"
       "{\"at\":\"3s\",\"move_sessions\":{\"share\":1}}]"});
  std::vector<std::string> names;
  for (event const& e : s.events) names.push_back(e.name);
  CHECK(names == std::vector<std::string>{"the crash", "move sessions", "move sessions #2", "restart proxy[3]",
                                          "restart sol[0]"});
  CHECK_FALSE(std::get<restart_node>(s.events[4].action).graceful);
  CHECK(std::get<restart_node>(s.events[3].action).graceful);
  CHECK(std::get<move_sessions>(s.events[2].action).to == "random");
}

TEST_CASE("thresholds take the long form, and an event's metric needs no label when there is one event") {
  scenario const s = load_text(small, "small.json",
                               {"events=[{\"at\":\"1s\",\"kill\":\"proxy[0]\"}]",
                                "thresholds={\"convergence_s\":[{\"threshold\":\"<5\",\"abort_on_fail\":true,\"delay\":"
                                "\"2s\"}],\"redirects{reason:cold,balancer:gateway[0]}\":[\"<9\",\">0\"]}"});
  REQUIRE(s.thresholds.size() == 3);
  CHECK(s.thresholds[0].labels.at("event") == "kill proxy[0]");
  CHECK(s.thresholds[0].abort_on_fail);
  CHECK(s.thresholds[0].abort_delay == 2s);
  CHECK(s.thresholds[2].expression == ">0");
}

TEST_CASE("a trace is found beside its scenario and says how many characters there are") {
  auto const dir = std::filesystem::temp_directory_path() / ("crest-scenario-trace-" + std::to_string(::getpid()));
  std::filesystem::create_directories(dir);
  std::string const asked = " - - [17/May/2015:10:00:00 +0000] \"GET / HTTP/1.1\" 200 1\n";
  std::ofstream(dir / "access.log") << "10.0.0.1" + asked + "a.example 10.0.0.2" + asked + "no line of a log\n" +
                                           "a.example 10.0.0.1" + asked;
  std::ofstream(dir / "s.json")
      << R"({"name": "t", "topology": {"balancers": {"kind": "gateway"}, "proxies": {"count": 2}},
    "load": {"kind": "trace", "file": "access.log", "speed": 0}})";
  scenario const s = load_file(dir / "s.json");
  CHECK(s.load.file == dir / "access.log");
  CHECK(s.population.characters == 2);
  CHECK(load_file(dir / "s.json", {"population.characters=50"}).population.characters == 50);
  std::filesystem::remove_all(dir);
}

TEST_CASE("a run's percentiles are a law of time") {
  auto const file = std::filesystem::temp_directory_path() / ("law-" + std::to_string(::getpid()) + ".json");
  auto const loaded = [&](std::string const& text, std::string const& metric) {
    std::ofstream(file) << text;
    auto const law = R"(topology.proxies.service_time={"empirical":{"file":")" + file.string() + "\"" + metric + "}}";
    return load_text(example, "s.json", {law});
  };
  auto const message = [&](std::string const& text, std::string const& metric = {}) {
    try {
      loaded(text, metric);
    } catch (config::bad_input const& e) {
      return std::string(e.what());
    }
    return std::string("loaded");
  };
  std::string const curve = R"({"metrics": {"latency_ms": {"percentiles": [[0, 1], [50, 3], [100, 3]]},
                                            "lag_ms": {"percentiles": [[0, 0], [100, 8]]}}})";
  auto const law_of = [&](std::string const& metric) {
    return std::get<empirical_time>(loaded(curve, metric).topology.proxies.service_time).sorted;
  };
  auto const latency = law_of(""), lag = law_of(R"(,"metric":"lag_ms")");
  REQUIRE(latency.size() > 1000);
  CHECK(latency.front() == 1ms);
  CHECK(latency[latency.size() / 4] == 2ms);
  CHECK(latency.back() == 3ms);
  CHECK(lag[lag.size() / 2] == 4ms);

  using Catch::Contains;
  CHECK_THAT(message(curve, R"(,"metric":"redirects")"), Contains("found no metrics.redirects.percentiles"));
  CHECK_THAT(message("{}"), Contains("found no metrics.latency_ms.percentiles"));
  CHECK_THAT(message(R"({"metrics": {"latency_ms": {"percentiles": []}}})"), Contains("fewer than two"));
  CHECK_THAT(message(R"({"metrics": {"latency_ms": {"percentiles": [[0, 2], [100, 1]]}}})"), Contains("both rising"));
  CHECK_THAT(message(R"({"metrics": {"latency_ms": {"percentiles": [[0, 2], 7]}}})"), Contains("both rising"));
  CHECK_THAT(message("{"), Contains(file.filename().string()));
  std::filesystem::remove(file);
}
