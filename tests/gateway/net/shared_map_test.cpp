// The token map that gateways share, in a real Redis.
#include "gateway/http/digest.hpp"
#include "gateway/net/redis/shared_map_scripts.hpp"
#include "tests/gateway/net/redis_server.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

using namespace tests::gateway_net;
using tests::live::serves_as;

namespace {

std::string const key_digits(64, 'a');

/// Two proxies: every session is at `owner`, unless the test says otherwise.
struct proxies {
  scripted_upstream owner{serves_as()}, other{serves_as()};
  proxies() {
    owner.set_script([this](upstream_request const&) { return served_by(owner.address()); });
    other.set_script([this](upstream_request const& r) { return redirect_to(owner.address(), r); });
  }
  std::vector<std::string> addresses() const {
    return {other.address(), owner.address()};
  } // round_robin: the first guess is in vain
};

nlohmann::json shared(redis_server const& redis, nlohmann::json const& more = nlohmann::json::object()) {
  nlohmann::json map{{"redis", redis.address()}, {"key", key_digits}, {"timeout", "10s"}};
  map.update(more);
  return {{"guess", "round_robin"}, {"shared_map", map}};
}

void wait_until_usable(configured_gateway& gateway, std::uint64_t threads = 1) {
  REQUIRE(eventually([&] { return gateway.count("shared_map_connected") == threads; }));
}

unsigned get(configured_gateway& gateway, std::string const& token) {
  return client(gateway.port()).exchange(request("GET", "/x", token)).status;
}

/// The name of the token's entry in Redis.
std::string entry_of(std::string const& token) {
  return "crest:" + gateway::http::shared_name(*gateway::http::parse_shared_map_key(key_digits), "Bearer " + token);
}

std::size_t occurrences(std::string const& text, std::string const& what) {
  std::size_t count = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
  return count;
}

script_answer served_with_epoch(std::string const& owner, int epoch) {
  return {tests::live::answer("X-Backend: http://" + owner + "\r\nX-Session-Epoch: " + std::to_string(epoch) + "\r\n",
                              "served")};
}

}

TEST_CASE("a token that one gateway learnt goes straight to its proxy at another, and no token is in Redis") {
  redis_server redis;
  proxies p;
  configured_gateway a(p.addresses(), shared(redis)), b(p.addresses(), shared(redis));
  wait_until_usable(a);
  wait_until_usable(b);
  CHECK(get(a, "hunter2") == 200);
  CHECK(a.count("redirects") == 1);
  REQUIRE(eventually([&] { return redis.ask({"GET", entry_of("hunter2")}) == p.owner.address(); }));
  CHECK(redis.entries() == std::vector<std::string>{entry_of("hunter2")});
  int const ttl_ms = std::stoi(redis.ask({"PTTL", entry_of("hunter2")}));
  CHECK(ttl_ms > 0);
  CHECK(ttl_ms <= 3'600'000);

  for (int i = 0; i < 3; ++i) CHECK(get(b, "hunter2") == 200);
  CHECK(b.count("redirects") == 0);
  CHECK(b.count("guesses") == 0);
  CHECK(b.count("map_hits") == 3);
  CHECK(b.count("shared_hits") == 1);
  CHECK(b.count("shared_lookups") == 1); // after that it knows
  CHECK(b.count("shared_writes") == 0);
  CHECK(a.count("shared_writes") == 1);
  CHECK(get(b, "") == 200);
  CHECK(b.count("shared_lookups") == 1);
}

TEST_CASE("what the shared map counts is in /metrics with one, and not without") {
  redis_server redis;
  proxies p;
  configured_gateway with(p.addresses(), shared(redis)), without(p.addresses());
  wait_until_usable(with);
  std::string const text = with->admin("/metrics");
  for (char const* name :
       {"shared_lookups_total 0", "shared_hits_total 0", "shared_stale_hits_total 0", "shared_timeouts_total 0",
        "shared_skipped_total 0", "shared_writes_total 0", "shared_errors_total 0", "shared_map_connected 1"})
    CHECK(text.find("\ncrest_gateway_" + std::string(name) + "\n") != std::string::npos);
  CHECK(without->admin("/metrics").find("shared") == std::string::npos);
  CHECK(without->admin("/status").find("shared") == std::string::npos);
}

TEST_CASE("a shared entry whose session has moved is a stale hit once, and then says where it is") {
  redis_server redis;
  proxies p;
  configured_gateway a(p.addresses(), shared(redis)), b(p.addresses(), shared(redis));
  wait_until_usable(a);
  wait_until_usable(b);
  CHECK(redis.ask({"SET", entry_of("t"), p.other.address()}) == "OK");
  CHECK(get(a, "t") == 200);
  CHECK(a.count("stale_hits") == 1);
  CHECK(a.count("shared_stale_hits") == 1);
  REQUIRE(eventually([&] { return redis.ask({"GET", entry_of("t")}) == p.owner.address(); }));
  CHECK(get(b, "t") == 200);
  CHECK(b.count("redirects") == 0);
}

TEST_CASE("after a proxy died, what one gateway found out spares the others the search") {
  redis_server redis;
  proxies p;
  configured_gateway a(p.addresses(), shared(redis)), b(p.addresses(), shared(redis));
  wait_until_usable(a);
  wait_until_usable(b);
  CHECK(get(a, "t") == 200);
  CHECK(eventually([&] { return redis.entries().size() == 1; }));
  CHECK(get(b, "t") == 200);
  p.other.set_script([&](upstream_request const&) { return served_by(p.other.address()); });
  p.owner.die();
  CHECK(get(a, "t") == 200);
  REQUIRE(eventually([&] { return redis.ask({"GET", entry_of("t")}) == p.other.address(); }));
  CHECK(get(b, "t") == 200);
  CHECK(b.count("guesses") == 0);
  CHECK(b.count("shared_hits") == 2);                            // before and after
  CHECK(redis.ask({"GET", entry_of("t")}) == p.other.address()); // b did not remove the newer entry
}

TEST_CASE("an older epoch does not overwrite a younger one in the shared map") {
  redis_server redis;
  proxies p;
  configured_gateway a(p.addresses(), shared(redis)), b(p.addresses(), shared(redis));
  wait_until_usable(a);
  wait_until_usable(b);
  std::string const mine = p.other.address(), theirs = p.owner.address();
  p.other.set_script([&](upstream_request const&) { return served_with_epoch(mine, 5); });
  CHECK(get(b, "t") == 200);
  REQUIRE(eventually([&] { return redis.ask({"GET", entry_of("t")}) == mine + " 5"; }));
  CHECK(redis.ask({"DEL", entry_of("t")}) == "1");
  p.other.set_script([&](upstream_request const& r) { return redirect_to(theirs, r); });
  p.owner.set_script([&](upstream_request const&) { return served_with_epoch(theirs, 7); });
  CHECK(get(a, "t") == 200);
  REQUIRE(eventually([&] { return redis.ask({"GET", entry_of("t")}) == theirs + " 7"; }));

  p.other.set_script([&](upstream_request const&) { return served_with_epoch(mine, 6); }); // it was long in transit
  CHECK(get(b, "t") == 200);
  CHECK(b.count("shared_writes") == 2);
  CHECK(get(b, "another") == 200); // it is answered after that on the same connection
  CHECK(redis.ask({"GET", entry_of("t")}) == theirs + " 7");
}

TEST_CASE("what is written and removed is decided in Redis") {
  redis_server redis;
  struct row {
    char const* name;
    char const* before; // empty: nothing
    char const* value;
    char const* epoch;
    char const* after;
  };
  auto const r = GENERATE(
      row{"nothing is there", "", "10.0.0.1:1", "", "10.0.0.1:1"},
      row{"no epochs: the last one counts", "10.0.0.2:1", "10.0.0.1:1", "", "10.0.0.1:1"},
      row{"a younger epoch", "10.0.0.2:1 5", "10.0.0.1:1 6", "6", "10.0.0.1:1 6"},
      row{"the same epoch", "10.0.0.2:1 5", "10.0.0.1:1 5", "5", "10.0.0.1:1 5"},
      row{"an older epoch", "10.0.0.2:1 5", "10.0.0.1:1 4", "4", "10.0.0.2:1 5"},
      row{"more digits are more", "10.0.0.2:1 9", "10.0.0.1:1 10", "10", "10.0.0.1:1 10"},
      row{"fewer are fewer", "10.0.0.2:1 10", "10.0.0.1:1 9", "9", "10.0.0.2:1 10"},
      row{"beyond 31 bits", "10.0.0.2:1 2147483648", "10.0.0.1:1 1", "1", "10.0.0.2:1 2147483648"},
      row{"a clock in nanoseconds, one later", "10.0.0.2:1 1764307000000000000", "10.0.0.1:1 1764307000000000001",
          "1764307000000000001", "10.0.0.1:1 1764307000000000001"},
      row{"and one earlier, which no double can tell", "10.0.0.2:1 1764307000000000001",
          "10.0.0.1:1 1764307000000000000", "1764307000000000000", "10.0.0.2:1 1764307000000000001"},
      row{"the largest of all", "10.0.0.2:1 18446744073709551615", "10.0.0.1:1 18446744073709551614",
          "18446744073709551614", "10.0.0.2:1 18446744073709551615"},
      row{"what is too large is junk", "10.0.0.2:1 118446744073709551615", "10.0.0.1:1 1", "1", "10.0.0.1:1 1"},
      row{"leading zeros are junk", "10.0.0.2:1 009", "10.0.0.1:1 1", "1", "10.0.0.1:1 1"},
      row{"who tells no epoch takes none away", "10.0.0.1:1 5", "10.0.0.1:1", "", "10.0.0.1:1 5"},
      row{"who tells no epoch of another is believed", "10.0.0.2:1 5", "10.0.0.1:1", "", "10.0.0.1:1"},
      row{"who begins to tell epochs is believed", "10.0.0.2:1", "10.0.0.1:1 1", "1", "10.0.0.1:1 1"},
      row{"junk", "what 9", "10.0.0.1:1 1", "1", "10.0.0.1:1 1"});
  INFO(r.name);
  auto const run = [&](std::string_view script, std::vector<std::string> const& arguments) {
    std::vector<std::string> words{"EVAL", std::string(script), "1", "k"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    return redis.ask(words);
  };
  if (*r.before) redis.ask({"SET", "k", r.before});
  run(gateway::net::learn_script, {r.value, r.epoch, "60000", "10.0.0.1:1"});
  CHECK(redis.ask({"GET", "k"}) == r.after);
  CHECK((std::string_view(r.after) == r.before || std::stoi(redis.ask({"PTTL", "k"})) > 50'000));

  CHECK(run(gateway::net::lose_script, {"10.0.0.3:1"}) == "0");
  CHECK(redis.ask({"GET", "k"}) == r.after);
  std::string const after = r.after;
  CHECK(run(gateway::net::lose_script, {after.substr(0, after.find(' '))}) == "1");
  CHECK(redis.ask({"GET", "k"}) == "(nil)");
  redis.ask({"RPUSH", "k", "of another type"});
  CHECK(run(gateway::net::lose_script, {"10.0.0.1:1"}) == "0");
  run(gateway::net::learn_script, {"10.0.0.1:1", "", "60000", "10.0.0.1:1"});
  CHECK(redis.ask({"GET", "k"}) == "10.0.0.1:1");
}

TEST_CASE("junk in Redis, and upstreams that are none, are as if nothing were there") {
  redis_server redis;
  proxies p;
  configured_gateway gateway(p.addresses(), shared(redis));
  wait_until_usable(gateway);
  std::vector<std::vector<std::string>> const junk{{"SET", "?", "junk"},
                                                   {"SET", "?", ""},
                                                   {"SET", "?", p.owner.address() + " x"},
                                                   {"SET", "?", std::string(100'000, '1')},
                                                   {"SET", "?", "127.0.0.1:1"},
                                                   {"SET", "?", "no..such..host:80 1"},
                                                   {"RPUSH", "?", p.owner.address()},
                                                   {"HSET", "?", "a", "b"}};
  for (std::size_t i = 0; i != junk.size(); ++i) {
    INFO(junk[i][2].substr(0, 40));
    std::string const token = "t" + std::to_string(i);
    std::vector<std::string> words = junk[i];
    words[1] = entry_of(token);
    redis.ask(words);
    CHECK(get(gateway, token) == 200);
    CHECK(eventually([&] { return redis.ask({"GET", entry_of(token)}) == p.owner.address(); }));
  }
  CHECK(gateway.count("shared_lookups") == junk.size());
  CHECK(gateway.count("shared_hits") == 0);
  CHECK(gateway.count("shared_errors") == 0);
  CHECK(gateway.count("shared_map_connected") == 1);
  CHECK(gateway.count("failed") == 0);
}

TEST_CASE("with single_guess 64 first requests of a token at once look it up once") {
  redis_server redis;
  raw_upstream owner;
  auto configuration = shared(redis);
  configuration["single_guess"] = true;
  configuration["threads"] = 2;
  configuration["timeouts"] = {{"guess_wait", "30s"}};
  configured_gateway gateway({owner.address()}, configuration);
  wait_until_usable(gateway, 2);
  ask_at_once(gateway, owner, 64);
  CHECK(gateway.count("shared_lookups") == 1);
  CHECK(gateway.count("guesses") == 1);
}

TEST_CASE("Redis is killed and comes back: no request fails, and what is known is shared again") {
  redis_server redis;
  proxies p;
  configured_gateway a(p.addresses(), shared(redis)), b(p.addresses(), shared(redis));
  wait_until_usable(a);
  wait_until_usable(b);
  int served = 0;
  for (int i = 0; i < 300; ++i) {
    served += get(a, "t" + std::to_string(i)) == 200;
    if (i == 150) redis.kill();
  }
  CHECK(served == 300);
  REQUIRE(eventually([&] { return a.count("shared_map_connected") == 0; }));
  CHECK(a.count("shared_timeouts") == 0);
  CHECK(get(a, "not asked for") == 200);
  CHECK(a.count("shared_skipped") > 0);
  CHECK(a.count("shared_errors") > 0);
  CHECK(a.count("failed") == 0);

  redis.start();
  wait_until_usable(a);
  wait_until_usable(b);
  for (char const* token : {"t0", "t299"}) {
    CHECK(get(a, token) == 200); // known here for a long time
    REQUIRE(eventually([&] { return redis.ask({"GET", entry_of(token)}) == p.owner.address(); }));
    CHECK(get(b, token) == 200);
  }
  CHECK(b.count("redirects") == 0);
  std::string const notes = a->process().errors();
  CHECK(occurrences(notes, "shared map: no connection to " + redis.address()) == 1);
  CHECK(occurrences(notes, "shared map: " + redis.address() + " answers again") == 1);
}

TEST_CASE("a Redis that stops answering is waited for once a thread, and used again when it answers in time") {
  redis_server redis;
  proxies p;
  auto configuration = shared(redis, {{"timeout", "250ms"}});
  configuration["threads"] = 2;
  configured_gateway gateway(p.addresses(), configuration);
  wait_until_usable(gateway, 2);
  for (int i = 0; i < 20; ++i) CHECK(get(gateway, "before" + std::to_string(i)) == 200);
  std::uint64_t const before = gateway.count("shared_timeouts");
  redis.signal(SIGSTOP);
  int served = 0;
  for (int i = 0; i < 100; ++i) served += get(gateway, "t" + std::to_string(i)) == 200;
  CHECK(served == 100);
  CHECK(gateway.count("shared_timeouts") - before <= 2);
  CHECK(gateway.count("shared_skipped") >= 98);
  CHECK(gateway.count("failed") == 0);
  redis.signal(SIGCONT);
  wait_until_usable(gateway, 2);
  std::uint64_t const lookups = gateway.count("shared_lookups");
  CHECK(get(gateway, "afterwards") == 200);
  CHECK(gateway.count("shared_lookups") == lookups + 1);
  std::uint64_t const writes = gateway.count("shared_writes");
  for (int i = 0; i < 20; ++i) CHECK(get(gateway, "before" + std::to_string(i)) == 200);
  if (gateway.count("shared_errors") == 0) // otherwise it was silent for so long that the connection was given up
    CHECK(gateway.count("shared_writes") == writes);
}

TEST_CASE("a Redis that wants a password is not used without it; requests go on") {
  redis_server redis;
  proxies p;
  scratch_directory scratch;
  std::string const file = (scratch.path() / "password").string();
  std::ofstream(file) << "open sesame\n";
  configured_gateway with(p.addresses(), shared(redis, {{"password_file", file}})),
      without(p.addresses(), shared(redis));
  wait_until_usable(with); // although Redis requires no password yet
  wait_until_usable(without);
  redis.kill();
  redis.start({"--requirepass", "open sesame"});
  for (int i = 0; i < 20; ++i) CHECK(get(without, "t" + std::to_string(i)) == 200);
  REQUIRE(eventually([&] { return occurrences(without->process().errors(), "answers NOAUTH") == 1; }));
  CHECK(without.count("shared_map_connected") == 0);
  CHECK(without.count("failed") == 0);
  wait_until_usable(with);
  CHECK(get(with, "t") == 200);
  CHECK(with.count("shared_lookups") == 1);
  for (configured_gateway* g : {&with, &without}) CHECK((*g)->process().errors().find("sesame") == std::string::npos);
}

TEST_CASE("a Redis that takes no writes is not used until it does, and stderr says so once") {
  redis_server redis;
  proxies p;
  configured_gateway gateway(p.addresses(), shared(redis));
  wait_until_usable(gateway);
  CHECK(redis.ask({"REPLICAOF", "127.0.0.1", "1"}) == "OK");
  for (int i = 0; i < 50; ++i) CHECK(get(gateway, "t" + std::to_string(i)) == 200);
  CHECK(eventually([&] { return gateway.count("shared_map_connected") == 0; }));
  CHECK(gateway.count("shared_skipped") > 0);
  CHECK(occurrences(gateway->process().errors(), "answers READONLY; requests go on without it") == 1);
  CHECK(redis.ask({"REPLICAOF", "NO", "ONE"}) == "OK");
  wait_until_usable(gateway);
  CHECK(get(gateway, "afterwards") == 200);
  CHECK(eventually([&] { return redis.ask({"GET", entry_of("afterwards")}) == p.owner.address(); }));
}

TEST_CASE("scripts that Redis forgot are loaded again") {
  redis_server redis;
  proxies p;
  configured_gateway gateway(p.addresses(), shared(redis));
  wait_until_usable(gateway);
  CHECK(redis.ask({"SCRIPT", "FLUSH"}) == "OK");
  CHECK(get(gateway, "t") == 200);
  REQUIRE(eventually([&] { return gateway.count("shared_errors") == 1; }));
  wait_until_usable(gateway);
  CHECK(get(gateway, "t") == 200); // that did not reach Redis
  CHECK(eventually([&] { return redis.ask({"GET", entry_of("t")}) == p.owner.address(); }));
}

TEST_CASE("a gateway starts without its Redis, and does what it does without a shared map") {
  sim::live::port_reservation const nobody;
  proxies p;
  auto configuration =
      nlohmann::json{{"guess", "round_robin"}, {"shared_map", {{"redis", nobody.address()}, {"key", key_digits}}}};
  configured_gateway gateway(p.addresses(), configuration);
  for (int i = 0; i < 10; ++i) CHECK(get(gateway, "t") == 200);
  CHECK(gateway.count("map_hits") == 9);
  CHECK(gateway.count("shared_timeouts") == 0);
  CHECK(eventually([&] { return gateway.count("shared_errors") > 0; }));
  CHECK(occurrences(gateway->process().errors(), "requests go on without it") == 1);
}

TEST_CASE("a shared map needs a key that others cannot guess, and other things that fit; what is wrong is said") {
  struct row {
    char const* name;
    nlohmann::json map;
    char const* mentions;
  };
  auto const r = GENERATE(
      row{"no key", {{"redis", "127.0.0.1:6379"}}, "Redis is to hold no token"},
      row{"short key", {{"redis", "127.0.0.1:6379"}, {"key", "secret0123"}}, "found 10 characters that are no key"},
      row{"no hex", {{"redis", "127.0.0.1:6379"}, {"key", std::string(64, 'x')}}, "64 hexadecimal digits"},
      row{"no redis", {{"key", key_digits}}, "redis"},
      row{"no such file", {{"redis", "127.0.0.1:1"}, {"key", key_digits}, {"password_file", "/no/such"}}, "/no/such"},
      row{"short ttl", {{"redis", "127.0.0.1:1"}, {"key", key_digits}, {"ttl", "10ms"}}, "1s or more"},
      row{"no host", {{"redis", "no..such..host:1"}, {"key", key_digits}}, "does not resolve"},
      row{"unknown", {{"redis", "127.0.0.1:1"}, {"key", key_digits}, {"tls", true}}, "tls"});
  INFO(r.name);
  scratch_directory scratch;
  std::filesystem::path const file = scratch.path() / "gateway.json";
  nlohmann::json configuration{{"listen", "127.0.0.1:0"}, {"upstreams", {"127.0.0.1:1"}}, {"shared_map", r.map}};
  std::ofstream(file) << configuration.dump();
  finished const bad = run_gateway({"--config", file.string()});
  INFO(bad.errors);
  CHECK(bad.exit_code == 2);
  CHECK(bad.errors.find(r.mentions) != std::string::npos);
  CHECK(bad.errors.find("shared_map") != std::string::npos);
  CHECK(std::count(bad.errors.begin(), bad.errors.end(), '\n') == 1);
  CHECK(bad.errors.find("secret0123") == std::string::npos);
}

TEST_CASE("a shared map needs a map of the gateway's own, and a restart to be changed") {
  std::string const example = CREST_SOURCE_DIR "/docs/examples/gateway-shared-map.json";
  finished const off = run_gateway(
      {"--listen", "127.0.0.1:0", "--upstream", "127.0.0.1:1", "--token-map", "off", "--config", example, "--check"});
  CHECK(off.exit_code == 2);
  CHECK(off.errors.find("token_map") != std::string::npos);

  redis_server redis;
  proxies p;
  auto configuration = shared(redis);
  configured_gateway gateway(p.addresses(), configuration);
  wait_until_usable(gateway);
  configuration["shared_map"]["ttl"] = "2h";
  gateway.rewrite(configuration.dump());
  gateway->process().signal(SIGHUP);
  CHECK(eventually([&] {
    return gateway->process().errors().find("until a restart these stay as they are: shared_map\n") !=
           std::string::npos;
  }));
  CHECK(get(gateway, "t") == 200);
  CHECK(gateway.count("shared_lookups") == 1);
}
