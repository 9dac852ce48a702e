// What is learnt and what is not, and what an operator sees and does.
#include "base/journal/journal.hpp"
#include "base/journal/records.hpp"
#include "tests/gateway/net/conversation.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <thread>

using namespace tests::gateway_net;
using tests::live::answer;
using tests::live::serves_as;

namespace {

/// Two proxies; `owner` holds every session.
struct pair_of_proxies {
  scripted_upstream owner{serves_as()}, other{serves_as()};
  pair_of_proxies() {
    owner.set_script([this](upstream_request const&) { return served_by(owner.address()); });
    other.set_script([this](upstream_request const& r) { return redirect_to(owner.address(), r); });
  }
  std::vector<std::string> addresses() const { return {other.address(), owner.address()}; }
};

std::vector<std::string> lines_of(std::filesystem::path const& file) {
  std::ifstream in(file);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

}

TEST_CASE("without a map nothing is learnt") {
  pair_of_proxies proxies;
  configured_gateway gateway(proxies.addresses(), {{"token_map", "off"}, {"guess", "round_robin"}});
  client c(gateway.port());
  for (int i = 0; i < 10; ++i) CHECK(c.exchange(request("GET", "/x", "t")).body == "served");
  CHECK(gateway.count("redirects") == 5);
  CHECK(gateway.count("map_hits") == 0);
  CHECK(gateway.status()["token_map"].is_null());
}

TEST_CASE("a small map evicts what was used least recently, and stays within its bytes") {
  pair_of_proxies proxies;
  configured_gateway gateway({proxies.owner.address()}, {{"token_map", "1024"}});
  auto const capacity = gateway.status()["token_map"]["capacity"].get<std::uint64_t>();
  client c(gateway.port());
  for (std::uint64_t i = 0; i <= capacity; ++i) {
    c.exchange(request("GET", "/x", "t" + std::to_string(i)));
    c.exchange(request("GET", "/x", "t0")); // stays in use
  }
  CHECK(gateway.count("evicted") == 1);
  CHECK(gateway.status()["token_map"]["entries"] == capacity);
  CHECK(gateway.status()["token_map"]["bytes"] <= 1024);
  std::uint64_t const hits = gateway.count("map_hits");
  c.exchange(request("GET", "/x", "t0"));
  CHECK(gateway.count("map_hits") == hits + 1);
  c.exchange(request("GET", "/x", "t1"));
  CHECK(gateway.count("map_hits") == hits + 1);
}

TEST_CASE("an X-Backend that names a stranger is not learnt, nor one for a request without a token") {
  scripted_upstream stranger{serves_as("stranger")};
  scripted_upstream upstream{[&](upstream_request const&) { return served_by(stranger.address()); }};
  configured_gateway gateway({upstream.address()});
  client c(gateway.port());
  for (int i = 0; i < 3; ++i) CHECK(c.exchange(request("GET", "/x", "t")).body == "served");
  CHECK(gateway.count("backends_refused") == 3);
  CHECK(gateway.count("learnt") == 0);
  upstream.set_script([&](upstream_request const&) { return served_by(upstream.address()); });
  c.exchange(request("GET", "/x", ""));
  CHECK(gateway.count("learnt") == 0);
  CHECK(stranger.requests().empty());
}

TEST_CASE("an allowed range lets redirects and learning reach a proxy that is not listed, others not") {
  pair_of_proxies proxies;
  std::string const port = std::to_string(proxies.owner.port());
  configured_gateway gateway({proxies.other.address()}, {{"allow_redirects_to", {"127.0.0.0/8:" + port}}});
  client c(gateway.port());
  for (int i = 0; i < 3; ++i) CHECK(c.exchange(request("GET", "/x", "t")).body == "served");
  CHECK(gateway.count("redirects") == 1);
  CHECK(gateway.count("map_hits") == 2);
  for (int i = 0; i < 8; ++i) c.exchange(request("GET", "/x", "new" + std::to_string(i)));
  CHECK(gateway.count("redirects") == 9); // it is never guessed
  scripted_upstream stranger{serves_as()};
  proxies.other.set_script([&](upstream_request const& r) { return redirect_to(stranger.address(), r); });
  CHECK(c.exchange(request("GET", "/x", "another")).status == 502);
  CHECK(stranger.requests().empty());
}

TEST_CASE("with single_guess 64 first requests of a token at once make one guess") {
  raw_upstream owner;
  configured_gateway gateway({owner.address()}, {{"single_guess", true}, {"threads", 2}});
  ask_at_once(gateway, owner, 64);
  CHECK(gateway.count("guesses") == 1);
  CHECK(gateway.count("map_hits") == 63);
}

TEST_CASE("two threads share the map and serve every client") {
  pair_of_proxies proxies;
  configured_gateway gateway(proxies.addresses(), {{"threads", 2}});
  std::vector<std::thread> threads;
  std::atomic<int> served{0};
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 25; ++i) {
        client c(gateway.port());
        if (c.exchange(request("POST", "/x", "t" + std::to_string(t), "", "b")).body == "served") ++served;
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(served == 100);
  CHECK(gateway.count("learnt") == 4);
  CHECK(gateway.count("redirects") <= 4);
}

TEST_CASE("the journal says what happened") {
  pair_of_proxies proxies;
  scratch_directory scratch;
  std::string const file = (scratch.path() / "gateway.journal").string();
  configured_gateway gateway(proxies.addresses(), {{"guess", "round_robin"}, {"journal", {{"file", file}}}});
  client c(gateway.port());
  c.exchange(request("POST", "/x", "t", "Lab-Request: 7\r\n", "b")); // other, then owner
  c.exchange(request("GET", "/internal_redirect/x", "t", "Lab-Request: 8\r\n"));
  auto const records = journal::read<journal::balancer_event>(file, "balancer_event");
  REQUIRE(records.size() == 4);
  CHECK(records[0].kind == journal::balancer_event_kind::request);
  CHECK(records[0].request == 7);
  CHECK(records[0].outcome == journal::request_result::forwarded);
  CHECK(records[0].status == 200);
  CHECK(records[1].hop == journal::hop_kind::first);
  CHECK(records[1].result == journal::hop_result::redirected);
  CHECK(records[1].upstream_port == proxies.other.port());
  CHECK(records[2].hop == journal::hop_kind::redirect);
  CHECK(records[2].result == journal::hop_result::answered);
  CHECK(records[2].upstream_port == proxies.owner.port());
  CHECK(records[3].request == 8);
  CHECK(records[3].outcome == journal::request_result::refused);
  CHECK(records[3].status == 404);
}

TEST_CASE("access log lines are JSON and hold no token; of a broken request nothing of the one before it") {
  pair_of_proxies proxies;
  scratch_directory scratch;
  std::filesystem::path const file = scratch.path() / "access.log";
  configured_gateway gateway(proxies.addresses(), {{"guess", "round_robin"}}, {"--access-log", file.string()});
  client c(gateway.port());
  c.exchange(request("GET", "/a\"b\\%00", "hunter2"));
  c.exchange("nonsense\r\n\r\n");
  gateway->process().signal(SIGTERM);
  CHECK(gateway->process().wait() == 0);
  std::vector<std::string> const lines = lines_of(file);
  REQUIRE(lines.size() == 2);
  auto const served = nlohmann::json::parse(lines[0]);
  CHECK(served["target"] == "/a\"b\\%00");
  CHECK(served["redirects"] == 1);
  CHECK(lines[0].find("hunter2") == std::string::npos);
  auto const broken = nlohmann::json::parse(lines[1]);
  CHECK(broken["status"] == 400);
  CHECK(broken["redirects"] == 0);
  CHECK_FALSE(broken.contains("request_id"));
}

TEST_CASE("one id goes through client, gateway, log and upstream; without the client's, the gateway makes one") {
  scripted_upstream upstream([](upstream_request const&) { return script_answer{answer()}; });
  scratch_directory scratch;
  std::filesystem::path const file = scratch.path() / "access.log";
  configured_gateway gateway({upstream.address()}, {}, {"--access-log", file.string()});
  client c(gateway.port());
  c.exchange(request("GET", "/own", "", "X-Request-Id: abc-1\r\nLab-Request: 7\r\n"));
  c.exchange(request("GET", "/none", ""));
  gateway->process().signal(SIGTERM);
  CHECK(gateway->process().wait() == 0);
  std::vector<std::string> const lines = lines_of(file);
  std::vector<upstream_request> const seen = upstream.requests();
  REQUIRE(lines.size() == 2);
  REQUIRE(seen.size() == 2);
  auto const own = nlohmann::json::parse(lines[0]), none = nlohmann::json::parse(lines[1]);
  CHECK(own["request_id"] == "abc-1");
  CHECK(own["lab_request"] == 7);
  CHECK(seen[0].field("X-Request-Id") == "abc-1");
  CHECK(seen[0].field("Lab-Request") == "7");
  CHECK(none["request_id"] == seen[1].field("X-Request-Id"));
  CHECK(none["request_id"].get<std::string>().size() >= 16);
  CHECK_FALSE(none.contains("lab_request"));
}

TEST_CASE("metrics are lines of name, labels and number, and say what status says") {
  pair_of_proxies proxies;
  configured_gateway gateway(proxies.addresses());
  client c(gateway.port());
  for (int i = 0; i < 10; ++i) c.exchange(request("GET", "/x", "secret-token"));
  CHECK(eventually([&] { return gateway.status()["latency"]["count"] == 10; })); // counted after the answer
  std::string const text = gateway->admin("/metrics");
  CHECK(text.find("secret-token") == std::string::npos);
  std::istringstream in(text);
  std::map<std::string, double> values;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("# ")) continue;
    std::size_t const space = line.rfind(' ');
    REQUIRE(space != std::string::npos);
    std::size_t used = 0;
    values[line.substr(0, space)] = std::stod(line.substr(space + 1), &used);
    CHECK(used == line.size() - space - 1);
  }
  auto const status = gateway.status();
  for (char const* name : {"requests", "guesses", "guess_hits", "map_hits", "redirects", "learnt"}) {
    INFO(name);
    CHECK(values.at("crest_gateway_" + std::string(name) + "_total") == status[name].get<double>());
  }
  CHECK(values.at("crest_gateway_request_duration_seconds_count") == 10);
  CHECK(values.at("crest_gateway_request_duration_seconds_bucket{le=\"+Inf\"}") == 10);
}

TEST_CASE("an admin connection on which nothing comes is closed") {
  scripted_upstream upstream{serves_as()};
  configured_gateway gateway({upstream.address()}, {{"timeouts", {{"client_idle", "50ms"}}}});
  raw_connection silent(gateway->admin_port());
  CHECK(silent.closed());
  raw_connection half(gateway->admin_port());
  half.send("GET /status HTTP/1.1\r\nHo");
  CHECK(half.closed());
}

TEST_CASE("the flag --check says whether a configuration is valid; a wrong one is one line and exit 2") {
  finished const good = run_gateway({"--listen", "127.0.0.1:0", "--upstream", "127.0.0.1:1", "--check"});
  CHECK(good.exit_code == 0);
  struct row {
    char const* name;
    char const* text;
    char const* mentions;
  };
  auto const r = GENERATE(
      row{"unknown key", R"({"listen": "127.0.0.1:0", "upstream": ["127.0.0.1:1"]})", "upstreams"},
      row{"wrong type", R"({"listen": "127.0.0.1:0", "upstreams": 5})", "upstreams"},
      row{"no upstream", R"({"listen": "127.0.0.1:0"})", "upstreams"},
      row{"trailing comma", R"({"listen": "127.0.0.1:0",})", "gateway.json"},
      row{"bad duration", R"({"listen": "127.0.0.1:0", "upstreams": ["127.0.0.1:1"], "timeouts": {"answer": "soon"}})",
          "timeouts"});
  INFO(r.name);
  scratch_directory scratch;
  std::filesystem::path const file = scratch.path() / "gateway.json";
  std::ofstream(file) << r.text;
  finished const bad = run_gateway({"--config", file.string()});
  CHECK(bad.exit_code == 2);
  INFO(bad.errors);
  CHECK(std::count(bad.errors.begin(), bad.errors.end(), '\n') == 1);
  CHECK(bad.errors.find(r.mentions) != std::string::npos);
  CHECK(bad.out.empty());
}

TEST_CASE("SIGTERM lets a request in flight end, and closes idle connections") {
  raw_upstream upstream;
  configured_gateway gateway({upstream.address()});
  raw_connection idle(gateway.port());
  client c(gateway.port());
  c.send(request("GET", "/x", "t"));
  raw_connection u = upstream.accept();
  u.read_until("\r\n\r\n");
  gateway->process().signal(SIGTERM);
  CHECK(idle.closed());
  u.send(answer("", "in time"));
  client_answer const got = c.receive();
  CHECK(got.body == "in time");
  CHECK(got.field("Connection") == "close");
  CHECK(gateway->process().wait() == 0);
}

TEST_CASE("status shows the settings that are in force: what a reload changes, and not what needs a restart") {
  scripted_upstream upstream{serves_as()};
  configured_gateway gateway({upstream.address()}, {{"guess", "random"}, {"threads", 1}, {"max_redirects", 3}});
  auto status = gateway.status();
  CHECK(status["threads"] == 1);
  CHECK(status["guess"] == "random");
  CHECK(status["max_redirects"] == 3);
  for (int i = 0; i < 2; ++i) { // the second time, they are still waiting for a restart
    gateway.rewrite(R"({"guess": "token_hash", "threads": 2, "token_map": "off", "max_redirects": 5})");
    gateway->process().signal(SIGHUP);
    std::string const waiting = "until a restart these stay as they are: threads, token_map\n";
    CHECK(eventually([&] {
      std::string const errors = gateway->process().errors();
      std::size_t const first = errors.find(waiting), last = errors.rfind(waiting);
      return (first != last) == (i == 1) && errors.find("reloaded", last) != std::string::npos;
    }));
    status = gateway.status();
    CHECK(status["threads"] == 1);
    CHECK(status["token_map"].is_object());
    CHECK(status["guess"] == "token_hash");
    CHECK(status["max_redirects"] == 5);
  }
}

TEST_CASE("after a reload no connection from before it is used again: names may have other addresses") {
  raw_upstream upstream;
  configured_gateway gateway({upstream.address()}, {{"max_redirects", 1}});
  client idle(gateway.port()), busy(gateway.port());
  idle.send(request("GET", "/1", ""));
  raw_connection first = upstream.accept();
  first.read_until("\r\n\r\n");
  busy.send(request("GET", "/2", ""));
  raw_connection second = upstream.accept();
  second.read_until("\r\n\r\n");
  first.send(answer());
  CHECK(idle.receive().status == 200);
  gateway.rewrite(R"({"max_redirects": 2})");
  gateway->process().signal(SIGHUP);
  CHECK(first.closed());
  second.send(answer());
  CHECK(busy.receive().status == 200);
  CHECK(second.closed());
}

TEST_CASE("SIGHUP changes upstreams and keeps the map; a bad file changes nothing") {
  pair_of_proxies proxies;
  scripted_upstream late{serves_as("late")};
  auto const text = [](std::vector<std::string> const& upstreams) {
    return nlohmann::json{{"upstreams", upstreams}, {"guess", "round_robin"}}.dump();
  };
  configured_gateway gateway({}, nlohmann::json::parse(text({proxies.owner.address()})));
  client c(gateway.port());
  CHECK(c.exchange(request("GET", "/x", "t")).body == "served");
  gateway.rewrite("{ broken");
  gateway->process().signal(SIGHUP);
  CHECK(eventually([&] { return gateway->process().errors().find("not reloaded") != std::string::npos; }));
  CHECK(c.exchange(request("GET", "/x", "t")).body == "served");
  gateway.rewrite(text({proxies.owner.address(), late.address()}));
  gateway->process().signal(SIGHUP);
  CHECK(eventually([&] { return gateway.status()["upstreams"].size() == 2; }));
  std::uint64_t const hits = gateway.count("map_hits");
  CHECK(c.exchange(request("GET", "/x", "t")).body == "served");
  CHECK(gateway.count("map_hits") == hits + 1);
  for (int i = 0; i < 2; ++i) c.exchange(request("GET", "/x", ""));
  CHECK(late.requests().size() == 1);
  gateway.rewrite(text({late.address()}));
  gateway->process().signal(SIGHUP);
  CHECK(eventually([&] { return gateway.status()["upstreams"].size() == 1; }));
  CHECK(c.exchange(request("GET", "/x", "t")).body == "late"); // the map's proxy has left
}
