#include "base/config/document.hpp"
#include "sim/scenario/load.hpp"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <random>
#include <unistd.h>

using config::bad_input;

namespace {

/// What loading throws, or "loaded".
template<class Load>
std::string message_of(Load load) {
  try {
    load();
  } catch (bad_input const& e) {
    return e.what();
  }
  return "loaded";
}

constexpr char const* good = R"({"name": "s",
"topology": {
"balancers": [{"kind": "gateway", "count": 2}, {"kind": "external", "addresses": ["127.0.0.1:80"]}],
"proxies": {"count": 3, "first_port": 20000},
"sols": {"count": 2}},
"population": {"characters": 100},
"load": {"kind": "closed"},
"phases": [{"name": "warm-up", "until": "5s"}, {"name": "steady"}],
"events": [{"at": "1s", "kill": "proxy[1]"}],
"thresholds": {"failed_requests": ["<9"]}})";

struct row {
  char const* name;
  std::vector<std::string> set; // on top of `good`
  char const* path;             // that the message names
  std::vector<char const*> says;
};

}

TEST_CASE("the scenario that the table breaks is good") {
  CHECK(message_of([] { sim::scenario::load_text(good, "s.json"); }) == "loaded");
}

TEST_CASE("each broken scenario gets one line with path, what was found, what is allowed and the nearest word") {
  row const rows[] = {
      {"unknown key at the top", {"topolgy=1"}, "topolgy", {"unknown key", "allowed: ", "did you mean 'topology'?"}},
      {"a partition of what does not exist",
       {R"(virtual={"partitions":[{"between":["proxy[3]","sols"],"at":"1s","for":"1s"}]})"},
       "virtual.partitions[0].between[0]",
       {"found the unknown node \"proxy[3]\"", "did you mean 'proxy["}},
      {"a partition between strangers",
       {R"(virtual={"partitions":[{"between":["clients","proxies"],"at":"1s","for":"1s"}]})"},
       "virtual.partitions[0].between",
       {"do not talk to each other", "allowed: clients and a balancer"}},
      {"a partition without an end",
       {R"(virtual={"partitions":[{"between":["clients","balancers"],"at":"1s"}]})"},
       "virtual.partitions[0]",
       {"for"}},
      {"a partition at the top, between strangers",
       {R"(partitions=[{"between":["clients","sols"],"at":"1s","for":"1s"}])"},
       "partitions[0].between",
       {"do not talk to each other"}},
      {"a partition that breaks connections that cannot be broken",
       {R"(partitions=[{"between":["balancers","proxies"],"at":"1s","for":"1s","connections":"broken"}])"},
       "partitions[0].connections",
       {"found \"broken\" between balancers and proxies", "allowed: between proxies and sols only"}},
      {"what is for TLS, without it", {"load.tls_resume=false"}, "load.tls_resume", {"together with tls"}},
      {"unknown key below", {"topology.proxies.server=8"}, "topology.proxies.server", {"did you mean 'servers'?"}},
      {"unknown key of a gateway",
       {"topology.balancers[0].token_mop=\"1m\""},
       "topology.balancers[0].token_mop",
       {"did you mean 'token_map'?"}},
      {"nginx key on a gateway",
       {"topology.balancers[0].config=guess"},
       "topology.balancers[0].config",
       {"unknown key"}},
      {"unknown kind of balancer",
       {"topology.balancers[0].kind=gatway"},
       "topology.balancers[0].kind",
       {"\"gatway\"", "\"nginx\"", "did you mean 'gateway'?"}},
      {"no kind", {"topology.balancers[0]={\"count\":1}"}, "topology.balancers[0]", {"no key 'kind'"}},
      {"wrong type",
       {"topology.proxies.count=\"four\""},
       "topology.proxies.count",
       {"\"four\"", "a whole number from 1 to 1000"}},
      {"negative count", {"topology.proxies.count=-4"}, "topology.proxies.count", {"-4", "from 1 to 1000"}},
      {"no proxy", {"topology.proxies.count=0"}, "topology.proxies.count", {"found 0"}},
      {"half a proxy", {"topology.proxies.count=1.5"}, "topology.proxies.count", {"1.5", "a whole number"}},
      {"far too many", {"topology.proxies.count=1e300"}, "topology.proxies.count", {"from 1 to 1000"}},
      {"NaN", {"population.logged_in=NaN"}, "population.logged_in", {"\"NaN\"", "a number from 0 to 1"}},
      {"no balancers", {"topology.balancers=[]"}, "topology.balancers", {"a list of 0", "at least 1"}},
      {"too many balancers",
       {"topology.balancers=[{\"kind\":\"nginx\",\"count\":200},{\"kind\":\"gateway\",\"count\":200}]"},
       "topology.balancers",
       {"400 balancers", "at most 256"}},
      {"balancers of a wrong type", {"topology.balancers=3"}, "topology.balancers", {"found 3", "a list of groups"}},
      {"unknown guess",
       {"topology.balancers[0].guess=randum"},
       "topology.balancers[0].guess",
       {"did you mean 'random'?"}},
      {"map without a size",
       {"topology.balancers[0].token_map=big"},
       "topology.balancers[0].token_map",
       {"\"big\"", "10m"}},
      {"map too small for an entry",
       {"topology.balancers[0].token_map=0"},
       "topology.balancers[0].token_map",
       {"allowed: a size"}},
      {"a map kept over restarts, without one",
       {"topology.balancers[0].token_map=off", "topology.balancers[0].token_map_file=true"},
       "topology.balancers[0].token_map_file",
       {"without a token_map", "allowed: with one"}},
      {"a map kept in a place of one's own",
       {"topology.balancers[0].token_map_file=\"/tmp/map\""},
       "topology.balancers[0].token_map_file",
       {"found \"/tmp/map\"", "true or false"}},
      {"a map of nginx that is to outlive a restart",
       {"topology.balancers={\"kind\":\"nginx\",\"token_map_file\":true}"},
       "topology.balancers.token_map_file",
       {"unknown key", "allowed: "}},
      {"service time of an unknown law",
       {"topology.proxies.service_time={\"lognormul\":{}}"},
       "topology.proxies.service_time.lognormul",
       {"did you mean 'lognormal'?"}},
      {"duration without a unit", {"load.think_time=\"5\""}, "load.think_time", {"\"5\"", "a duration such as"}},
      {"duration twice", {"load.think_time=5s", "load.think_time_ms=5"}, "load.think_time_ms", {"both"}},
      {"external balancers before ports that nobody knows",
       {"topology.proxies={\"count\": 3}"},
       "topology.proxies",
       {"first_port", "external[0]"}},
      {"ports beyond the last", {"topology.proxies.first_port=65534"}, "topology.proxies.first_port", {"65535"}},
      {"external address without a port",
       {"topology.balancers[1].addresses=[\"127.0.0.1\"]"},
       "topology.balancers[1].addresses[0]",
       {"an address such as"}},
      {"external address out of range",
       {"topology.balancers[1].addresses=[\"127.0.0.256:80\"]"},
       "topology.balancers[1].addresses[0]",
       {"127.0.0.256:80"}},
      {"template that does not exist",
       {"topology.balancers[0]={\"kind\":\"nginx\",\"template\":\"nowhere.conf\"}"},
       "topology.balancers[0].template",
       {"no file"}},
      {"template and config",
       {"topology.balancers[0]={\"kind\":\"nginx\",\"template\":\"x\",\"config\":\"guess\"}"},
       "topology.balancers[0].template",
       {"both"}},
      {"a command without words",
       {R"(topology.balancers[0]={"kind":"command","command":[]})"},
       "topology.balancers[0].command",
       {"a list of 0", "at least 1"}},
      {"no command", {R"(topology.balancers[0]={"kind":"command"})"}, "topology.balancers[0]", {"no key 'command'"}},
      {"a command's template that does not exist",
       {R"(topology.balancers[0]={"kind":"command","command":["x"],"config":"nowhere.cfg"})"},
       "topology.balancers[0].config",
       {"\"nowhere.cfg\", which is no file"}},
      {"a name that other nodes have",
       {R"(topology.balancers[0]={"kind":"command","command":["x"],"name":"proxy"})"},
       "topology.balancers[0].name",
       {"\"proxy\", which is what other nodes are called"}},
      {"a name that cannot be one",
       {R"(topology.balancers[0]={"kind":"command","command":["x"],"name":"My Proxy"})"},
       "topology.balancers[0].name",
       {"\"My Proxy\"", "a name such as \"edge\""}},
      {"a signal that does not end programs",
       {R"(topology.balancers[0]={"kind":"command","command":["x"],"stop":"SIGSEGV"})"},
       "topology.balancers[0].stop",
       {"\"SIGSEGV\"", "SIGUSR1", "or a command as a list of words"}},
      {"ready by a path that is none",
       {R"(topology.balancers[0]={"kind":"command","command":["x"],"ready":{"http":"up"}})"},
       "topology.balancers[0].ready.http",
       {"\"up\"", "a path such as \"/\""}},
      {"a gateway that routes as another",
       {R"(topology.balancers[0]={"kind":"gateway","routes_as":{}})"},
       "topology.balancers[0].routes_as",
       {"unknown key"}},
      {"expectation that is no comparison",
       {"topology.balancers[0].expect_violations={\"intact\":\"some\"}"},
       "topology.balancers[0].expect_violations.intact",
       {"'some'", "a comparison such as"}},
      {"expectation of an unknown invariant",
       {"topology.balancers[0].expect_violations={\"intakt\":\">0\"}"},
       "topology.balancers[0].expect_violations.intakt",
       {"did you mean 'intact'?"}},
      {"more EVE clients than are logged in",
       {"population.eve_clients=50", "population.logged_in=0.1"},
       "population.eve_clients",
       {"50 EVE clients", "at most 10"}},
      {"more EVE clients than characters", {"population.eve_clients=101"}, "population.eve_clients", {"at most 100"}},
      {"closed load with Zipf", {"population.popularity={\"zipf\":1}"}, "population.popularity", {"\"uniform\""}},
      {"unknown popularity", {"population.popularity=unifrom"}, "population.popularity", {"did you mean 'uniform'?"}},
      {"shares above 1",
       {"population.junk_share=0.7", "population.no_token_share=0.7"},
       "population.no_token_share",
       {"at most 1"}},
      {"unknown kind of load", {"load.kind=poison"}, "load.kind", {"did you mean 'poisson'?"}},
      {"key of another kind of load",
       {"load.rate_rps=10"},
       "load.rate_rps",
       {"does not use", "requests_per_character"}},
      {"open load without a rate",
       {"load={\"kind\":\"poisson\",\"duration\":\"5s\"}", "phases=[{\"name\":\"a\"}]"},
       "load",
       {"no key 'rate_rps'"}},
      {"open load without a duration", {"load={\"kind\":\"poisson\",\"rate_rps\":5}"}, "load", {"no key 'duration'"}},
      {"ramp of no rate",
       {"load={\"kind\":\"ramping_rate\",\"stages\":[{\"rate_rps\":0,\"duration\":\"9s\"}]}"},
       "load.stages",
       {"only rates of 0"}},
      {"missing trace",
       {"load={\"kind\":\"trace\",\"file\":\"nowhere.log\"}"},
       "load.file",
       {"nowhere.log", "no file"}},
      {"unknown method", {"load.mix=[{\"method\":\"GETT\"}]"}, "load.mix[0].method", {"did you mean 'GET'?"}},
      {"weights of nothing", {"load.mix=[{\"method\":\"GET\",\"weight\":0}]"}, "load.mix", {"at least one above 0"}},
      {"target with a blank", {"load.targets=[\"/a b\"]"}, "load.targets[0]", {"visible ASCII"}},
      {"chunked nothing", {"load.mix=[{\"method\":\"POST\",\"chunked\":true}]"}, "load.mix[0].chunked", {"body_bytes"}},
      {"phases out of order",
       {"phases=[{\"name\":\"a\",\"until\":\"5s\"},{\"name\":\"b\",\"until\":\"4s\"},{\"name\":\"c\"}]"},
       "phases[1]",
       {"phases in order"}},
      {"phase twice", {"phases[1].name=warm-up"}, "phases[1].name", {"a second time"}},
      {"phase without an end", {"phases=[{\"name\":\"a\"},{\"name\":\"b\"}]"}, "phases[0]", {"without an end"}},
      {"last phase with an end", {"phases[1].until=9s"}, "phases[1]", {"end of the last phase"}},
      {"phase name that no label can say", {"phases[1].name=a,b"}, "phases[1].name", {"without any of ,"}},
      {"event at a proxy that does not exist",
       {"events[0].kill=proxy[3]"},
       "events[0].kill",
       {"unknown node \"proxy[3]\"", "proxy[0], proxy[1], proxy[2]", "did you mean"}},
      {"event at a balancer that comes later",
       {"events=[{\"at\":\"1s\",\"kill\":\"gateway[2]\"},{\"at\":\"2s\",\"add_balancer\":{\"kind\":\"gateway\"}}]"},
       "events[0].kill",
       {"unknown node \"gateway[2]\""}},
      {"kill of what is not ours", {"events[0].kill=external[0]"}, "events[0].kill", {"not ours"}},
      {"kill of a shared process",
       {"topology.proxies.process=shared"},
       "events[0].kill",
       {"shares its process with 2 others"}},
      {"kill of the dead",
       {"events=[{\"at\":\"1s\",\"kill\":\"sol[1]\"},{\"at\":\"2s\",\"kill\":\"sol[1]\"}]"},
       "events[1].kill",
       {"killed before"}},
      {"reload of a proxy",
       {"events=[{\"at\":\"1s\",\"reload\":\"sol[1]\"}]"},
       "events[0].reload",
       {"of kind gateway"}},
      {"reload of the dead",
       {"events=[{\"at\":\"1s\",\"kill\":\"gateway[0]\"},{\"at\":\"2s\",\"reload\":\"gateway[0]\"}]"},
       "events[1].reload",
       {"killed before"}},
      {"reload of a program that cannot",
       {"events=[{\"at\":\"1s\",\"reload\":\"command[0]\"}]",
        "topology.balancers={\"kind\":\"command\",\"command\":[\"x\"]}"},
       "events[0].reload",
       {"with \"reload\""}},
      {"two actions", {"events[0].restart=sol[0]"}, "events[0].restart", {"a second action beside kill"}},
      {"no action", {"events=[{\"at\":\"1s\"}]"}, "events[0]", {"no action"}},
      {"no time", {"events=[{\"kill\":\"sol[1]\"}]"}, "events[0]", {"no time"}},
      {"event after the load",
       {"load.duration=10s", "events[0].at=10s"},
       "events[0].at",
       {"before the load ends, at 10000 ms"}},
      {"move to where they are",
       {"events=[{\"at\":\"1s\",\"move_sessions\":{\"share\":1,\"from\":\"proxy[0]\",\"to\":\"proxy[0]\"}}]"},
       "events[0].move_sessions.to",
       {"another proxy"}},
      {"move with one proxy",
       {"topology.proxies.count=1", "events=[{\"at\":\"1s\",\"move_sessions\":{\"share\":1}}]"},
       "events[0].move_sessions",
       {"2 or more"}},
      {"unknown metric",
       {"thresholds={\"redirect_rate\":[\"<1\"]}"},
       "thresholds.redirect_rate",
       {"did you mean 'redirect_ratio'?"}},
      {"unknown label",
       {"thresholds={\"requests{phse:steady}\":[\"<1\"]}"},
       "thresholds.requests{phse:steady}",
       {"did you mean 'phase'?"}},
      {"unknown phase in a label",
       {"thresholds={\"requests{phase:steddy}\":[\"<1\"]}"},
       "thresholds.requests{phase:steddy}",
       {"did you mean 'steady'?"}},
      {"unknown balancer in a label",
       {"thresholds={\"requests{balancer:gateway[7]}\":[\"<1\"]}"},
       "thresholds.requests{balancer:gateway[7]}",
       {"gateway[0], gateway[1], external[0]"}},
      {"unknown reason",
       {"thresholds={\"redirects{reason:could}\":[\"<1\"]}"},
       "thresholds.redirects{reason:could}",
       {"did you mean 'cold'?"}},
      {"unknown cause",
       {"thresholds={\"failed_requests{cause:timout}\":[\"<1\"]}"},
       "thresholds.failed_requests{cause:timout}",
       {"did you mean 'timeout'?", "status, refused, reset, timeout, truncated, wrong_answer, unfinished"}},
      {"status that no request fails with",
       {"thresholds={\"failed_requests{status:404}\":[\"<1\"]}"},
       "thresholds.failed_requests{status:404}",
       {"401, 500, 501, 502"}},
      {"kind of balancer that the scenario does not have",
       {"thresholds={\"requests{kind:nginx}\":[\"<1\"]}"},
       "thresholds.requests{kind:nginx}",
       {"allowed: gateway, external"}},
      {"group that the scenario does not have",
       {"thresholds={\"requests{group:gatway}\":[\"<1\"]}"},
       "thresholds.requests{group:gatway}",
       {"unknown group 'gatway'", "allowed: gateway, external; did you mean 'gateway'?"}},
      {"labels that contradict each other",
       {"thresholds={\"requests{balancer:gateway[0],kind:external}\":[\"<1\"]}"},
       "thresholds.requests{balancer:gateway[0],kind:external}",
       {"found labels that no balancer has together"}},
      {"two groups of one name",
       {R"(topology.balancers=[{"kind":"gateway","name":"edge"},{"kind":"nginx","name":"edge"}])"},
       "topology.balancers[1].name",
       {"found \"edge\" a second time", "a name for each group"}},
      {"a name that is none",
       {"topology.balancers[0].name=The Edge"},
       "topology.balancers[0].name",
       {"found \"The Edge\"", "a name such as \"edge\""}},
      {"a balancer that joins a group of another kind",
       {R"(events=[{"at":"1s","add_balancer":{"kind":"nginx","name":"gateway"}}])"},
       "events[0].add_balancer.name",
       {"found \"gateway\", which is a group of kind gateway"}},
      {"a shared map that is neither there nor off",
       {"topology.balancers[0].shared_map=on"},
       "topology.balancers[0].shared_map",
       {"found \"on\"", "\"off\""}},
      {"a cache that is neither there nor off",
       {"topology.balancers[0].cache=none"},
       "topology.balancers[0].cache",
       {"found \"none\"", "\"off\""}},
      {"bad expression",
       {"thresholds={\"latency_ms\":[\"p(99<50\"]}"},
       "thresholds.latency_ms[0]",
       {"'p(99<50'", "such as p(99)<50"}},
      {"threshold that is a number",
       {"thresholds={\"requests\":[5]}"},
       "thresholds.requests[0]",
       {"found 5", "an expression"}},
      {"delay without abort_on_fail",
       {"thresholds={\"requests\":[{\"threshold\":\"<1\",\"delay\":\"5s\"}]}"},
       "thresholds.requests[0]",
       {"abort_on_fail"}},
      {"seed that is no seed", {"seed=-1"}, "seed", {"found -1"}},
      {"empty name", {"name="}, "name", {"found \"\""}},
  };
  for (row const& r : rows) {
    INFO(r.name);
    std::string const message = message_of([&] { sim::scenario::load_text(good, "s.json", r.set); });
    CHECK_THAT(message, Catch::StartsWith("s.json:"));
    CHECK_THAT(message, Catch::Contains(": " + std::string(r.path) + ": found "));
    CHECK_THAT(message, Catch::Contains("; allowed: "));
    CHECK(message.find('\n') == std::string::npos);
    CHECK(message.size() < 800);
    for (char const* words : r.says) CHECK_THAT(message, Catch::Contains(words));
  }
  CHECK(std::size(rows) >= 40);
}

TEST_CASE("each file that is no scenario gets one line with file and line") {
  auto const dir = std::filesystem::temp_directory_path() / ("crest-broken-" + std::to_string(::getpid()));
  std::filesystem::create_directories(dir);
  auto const write = [&](char const* name, std::string const& text) {
    std::ofstream(dir / name, std::ios::binary) << text;
    return dir / name;
  };
  struct file {
    std::filesystem::path path;
    char const* says;
  };
  using namespace std::string_literals;
  std::string text = good;
  file const files[] = {
      {write("empty.json", ""), "empty.json:1: found an empty file"},
      {write("garbage.json", "\x89PNG\r\n\x1a\n\0\0\0\rIHDR"s), "garbage.json:1: found a zero byte"},
      {write("noise.json", "\xde\xad\xbe\xef"), "noise.json:1: found '\\xDE'"},
      {write("comma.json", text.substr(0, text.size() - 1) + ",\n}"),
       "comma.json:11: found a trailing comma before '}'"},
      {write("twice.json", text.substr(0, text.size() - 1) + ",\n\"name\": \"t\"}"),
       "twice.json:11: name: found the key 'name' a second time"},
      {write("cut.json", text.substr(0, 100)),
       "cut.json:3: topology.balancers[1]: found a string without its closing quote; allowed"},
      {write("list.json", "[]"), "list.json:1: found a list; allowed: a CREST Lab scenario"},
      {write("none.json", "{}"), "none.json:1: found no key 'name'"},
      {write("nan.json", "{\"name\": NaN}"), "nan.json:1: name: found 'N"},
      {dir / "absent.json", "absent.json: found no such file"},
      {dir, "found a directory"},
  };
  for (file const& f : files) {
    INFO(f.path);
    std::string const message = message_of([&] { sim::scenario::load_file(f.path); });
    CHECK_THAT(message, Catch::Contains(f.says));
    CHECK_THAT(message, Catch::StartsWith(f.path.string()) && Catch::Contains("allowed: "));
    CHECK(message.find('\n') == std::string::npos);
  }
  std::filesystem::resize_file(dir / "empty.json", 100u << 20); // sparse
  CHECK_THAT(message_of([&] { sim::scenario::load_file(dir / "empty.json"); }),
             Catch::Contains("found 104857600 bytes"));
  std::filesystem::remove_all(dir);
}

TEST_CASE("a malformed override is bad input that names the override") {
  for (char const* set :
       {"seed", "=1", "topology.balancers[9].count=1", "topology..count=1", "name.x=1", "topology.balancers.count=3"}) {
    INFO(set);
    CHECK_THAT(message_of([&] { sim::scenario::load_text(good, "s.json", {set}); }),
               Catch::StartsWith("s.json:--set: ") && Catch::Contains("found "));
  }
}

TEST_CASE("errors in the file name the line on which the key stands") {
  std::string text = good;
  text.replace(text.find("\"count\": 3"), 10, "\"cuont\": 3");
  CHECK(message_of([&] {
          sim::scenario::load_text(text, "s.json");
        }).starts_with("s.json:4: topology.proxies.cuont: found an unknown key"));
}

TEST_CASE("no damage to a scenario's text does anything but load or give one line") {
  std::mt19937_64 random(20); // the whole test is this seed
  std::string const words[] = {"\"",   "{",     "}", "[",  "]",  ",",    ":",  "-1", "1e308",      "null",
                               "true", "\"a\"", "0", "{}", "[]", "\xff", "\n", "//", "99999999999"};
  int loaded = 0;
  for (int round = 0; round < 400; ++round) {
    std::string text = good;
    std::size_t const at = random() % text.size();
    std::size_t const length = random() % 12;
    text.replace(at, length, random() % 3 == 0 ? "" : words[random() % std::size(words)]);
    INFO("round " << round << ": " << text);
    std::string const message = message_of([&] { sim::scenario::load_text(text, "s.json"); });
    loaded += message == "loaded" ? 1 : 0;
    CHECK(message.find('\n') == std::string::npos);
    CHECK((message == "loaded" || message.starts_with("s.json:")));
  }
  CHECK(loaded < 100);
}
