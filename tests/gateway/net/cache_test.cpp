// The cache over sockets: who is served from it, who waits for whom, and what must never come out of it.
#include "tests/gateway/net/conversation.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

using namespace tests::gateway_net;
using tests::live::answer;

namespace {

std::string const shared_fields = "Cache-Control: public, max-age=60\r\n";

client_answer get(std::uint16_t port, std::string const& path, std::string const& token = "",
                  std::string const& fields = "") {
  return client(port).exchange(request("GET", path, token, fields));
}

/// What an upstream that holds the session answers.
script_answer told(scripted_upstream const& by, std::string const& corporation, std::string const& fields,
                   std::string const& body) {
  return {answer("X-Backend: http://" + by.address() + "\r\nX-Session-Corporation: " + corporation + "\r\n" + fields,
                 body)};
}

std::string purge(configured_gateway& gateway, std::string const& uri) {
  return client(gateway->admin_port()).exchange("DELETE /cache/" + uri + " HTTP/1.1\r\nHost: localhost\r\n\r\n").body;
}

}

TEST_CASE("what is stored is served to everybody, with its age, and says so") {
  scripted_upstream u{[](upstream_request const&) { return script_answer{answer(shared_fields, "for all")}; }};
  configured_gateway gateway({u.address()}, with_cache());
  client_answer const first = get(gateway.port(), "/a", "alice");
  CHECK(first.field("Cache-Status") == "crest-gateway; fwd=uri-miss; fwd-status=200; stored");
  for (std::string const token : {"alice", "bob", ""}) {
    client_answer const again = get(gateway.port(), "/a", token);
    CHECK(again.body == "for all");
    CHECK(again.field("Age") == "0");
    CHECK(again.field("Cache-Status").find("crest-gateway; hit; ttl=") == 0);
  }
  CHECK(u.requests().size() == 1);
  CHECK(gateway.count("cache_hits") == 3);
  client_answer const head = client(gateway.port()).exchange(request("HEAD", "/a", ""));
  CHECK(head.status == 200);
  CHECK(head.field("Content-Length") == "7");
  CHECK(get(gateway.port(), "/a", "", "Range: bytes=4-\r\n").body == "all");
}

TEST_CASE("an answer to a token that does not say that it is for others is nobody else's") {
  scripted_upstream u{[](upstream_request const& r) {
    return script_answer{answer("Cache-Control: max-age=60\r\n", r.field("Authorization"))};
  }};
  configured_gateway gateway({u.address()}, with_cache());
  for (int round = 0; round < 2; ++round)
    for (std::string const token : {"alice", "bob"}) CHECK(get(gateway.port(), "/me", token).body == "Bearer " + token);
  CHECK(u.requests().size() == 4);
  CHECK(gateway.count("cache_hits") == 0);
}

TEST_CASE("fields between proxies and balancers do not come out of the cache, nor a proxy's address") {
  scripted_upstream u{[](upstream_request const&) { return script_answer{}; }};
  u.set_script([&u](upstream_request const&) {
    return script_answer{
        answer(shared_fields + "X-Backend: http://" + u.address() +
                   "\r\nX-Session-Epoch: 7\r\nX-Accel-Expires: 5\r\nKeep-Alive: x\r\nLocation: http://" + u.address() +
                   "/b\r\n",
               "x")};
  });
  configured_gateway gateway({u.address()}, with_cache());
  for (int i = 0; i < 2; ++i) {
    client_answer const a = get(gateway.port(), "/a", "alice");
    CHECK(a.field("Location") == "/b");
    for (char const* name : {"X-Backend", "X-Session-Epoch", "X-Accel-Expires", "Keep-Alive"})
      CHECK(a.field(name).empty());
  }
  CHECK(u.requests().size() == 1);
}

TEST_CASE("an answer that varies on a session fact is served to those of whom the cluster says the same") {
  scripted_upstream u{[](upstream_request const&) { return script_answer{}; }};
  std::string const fields = shared_fields + "Vary: X-Session-Corporation\r\n";
  u.set_script([&](upstream_request const& r) {
    std::string const corporation = r.field("Authorization") == "Bearer eve" ? "2" : "1";
    return told(u, corporation, fields, "of corporation " + corporation);
  });
  configured_gateway gateway(
      {u.address()}, with_cache({{"session_facts", {{"fields", {"X-Session-Corporation"}}, {"max_age", "1h"}}}}));
  CHECK(get(gateway.port(), "/hangar", "alice").body == "of corporation 1");
  // Nothing is known about bob: the cluster is asked.
  CHECK(get(gateway.port(), "/hangar", "bob").body == "of corporation 1");
  CHECK(u.requests().size() == 2);
  for (std::string const token : {"alice", "bob"})
    CHECK(get(gateway.port(), "/hangar", token).body == "of corporation 1");
  CHECK(u.requests().size() == 2);
  CHECK(get(gateway.port(), "/hangar", "eve").body == "of corporation 2");
  // What a client says about itself changes nothing.
  std::string const claim = "X-Session-Corporation: 1\r\n";
  CHECK(get(gateway.port(), "/hangar", "eve", claim).body == "of corporation 2");
  CHECK(u.requests().size() == 3);
  CHECK(u.requests().back().field("X-Session-Corporation").empty());
  CHECK(get(gateway.port(), "/hangar", "", claim).status == 200); // without a token: straight to the cluster
  CHECK(u.requests().size() == 4);
  // Caches beyond this one do not know the fact: for them the answer depends on the token.
  client_answer const outside = get(gateway.port(), "/hangar", "bob");
  CHECK(outside.field("Vary") == "Authorization");
  CHECK(outside.field("X-Session-Corporation").empty());
}

TEST_CASE("session facts hold for so long, and what was said later counts") {
  scripted_upstream u{[](upstream_request const&) { return script_answer{}; }};
  std::atomic<int> corporation{1};
  u.set_script([&](upstream_request const& r) {
    std::string const now = std::to_string(corporation);
    return told(u, now,
                r.target == "/poll" ? "Cache-Control: no-store\r\n" : shared_fields + "Vary: X-Session-Corporation\r\n",
                "of " + now);
  });
  configured_gateway gateway(
      {u.address()}, with_cache({{"session_facts", {{"fields", {"X-Session-Corporation"}}, {"max_age", "1h"}}}}));
  CHECK(get(gateway.port(), "/hangar", "alice").body == "of 1");
  corporation = 2;
  CHECK(get(gateway.port(), "/hangar", "alice").body == "of 1"); // by what is known
  CHECK(get(gateway.port(), "/poll", "alice").body == "of 2");   // any answer teaches
  CHECK(get(gateway.port(), "/hangar", "alice").body == "of 2");
  CHECK(u.requests().size() == 3);
}

TEST_CASE("a successful unsafe request forgets what is stored for its target and for what it names") {
  scripted_upstream u{[](upstream_request const& r) {
    return script_answer{r.method == "GET" ? answer(shared_fields, "x") : answer("Content-Location: /b\r\n", "done")};
  }};
  configured_gateway gateway({u.address()}, with_cache());
  for (std::string const path : {"/a", "/b", "/c", "/a", "/b", "/c"}) get(gateway.port(), path);
  CHECK(u.requests().size() == 3);
  CHECK(client(gateway.port()).exchange(request("POST", "/a", "", "Content-Length: 0\r\n")).status == 200);
  for (std::string const path : {"/a", "/b", "/c"}) get(gateway.port(), path);
  CHECK(u.requests().size() == 6); // the three, POST, /a and /b again
  CHECK(gateway.count("cache_invalidated") == 2);
}

TEST_CASE("stale while it is validated: the client is served at once, the gateway asks by itself") {
  std::atomic<int> version{1}, of_clients{0};
  scripted_upstream owner{[](upstream_request const&) { return script_answer{}; }};
  scripted_upstream other{[&](upstream_request const& r) { return redirect_to(owner.address(), r); }};
  owner.set_script([&](upstream_request const& r) {
    if (r.field("Lab-Request") == "7") ++of_clients;
    return script_answer{answer("Cache-Control: public, max-age=0, stale-while-revalidate=60\r\nX-Backend: http://" +
                                    owner.address() + "\r\n",
                                "version " + std::to_string(version))};
  });
  nlohmann::json configuration = with_cache();
  configuration["allow_redirects_to"] = {"127.0.0.0/8:1-65535"};
  configured_gateway gateway({other.address()}, configuration); // a refresh follows redirects too
  CHECK(get(gateway.port(), "/a", "", "Lab-Request: 7\r\n").body == "version 1");
  version = 2;
  CHECK(get(gateway.port(), "/a", "", "Lab-Request: 7\r\n").body == "version 1");
  CHECK(eventually([&] { return gateway.count("cache_stored") == 2; }));
  CHECK(of_clients == 1); // the other request was the gateway's own
  CHECK(get(gateway.port(), "/a").body == "version 2");
  CHECK(gateway.count("cache_refreshes") >= 1);
}

TEST_CASE("what is stale is served when no upstream answers, but not if the answer forbids it") {
  auto u = std::make_unique<scripted_upstream>([](upstream_request const& r) {
    return script_answer{answer(std::string("Cache-Control: public, max-age=0") +
                                    (r.target == "/must" ? ", must-revalidate" : "") + "\r\nETag: \"1\"\r\n",
                                "kept")};
  });
  configured_gateway gateway({u->address()}, with_cache());
  for (std::string const path : {"/may", "/must"}) CHECK(get(gateway.port(), path).body == "kept");
  u->die();
  client_answer const stale = get(gateway.port(), "/may");
  CHECK(stale.status == 200);
  CHECK(stale.body == "kept");
  CHECK(get(gateway.port(), "/must").status == 502);
}

TEST_CASE("what is stale is served in nobody's stead where the configuration says so") {
  auto u = std::make_unique<scripted_upstream>([](upstream_request const&) {
    return script_answer{answer("Cache-Control: public, max-age=0\r\nETag: \"1\"\r\n", "kept")};
  });
  nlohmann::json configuration = with_cache();
  configuration["cache"]["stale_if_unreachable"] = "0s";
  configured_gateway gateway({u->address()}, configuration);
  CHECK(get(gateway.port(), "/a").body == "kept");
  u->die();
  CHECK(get(gateway.port(), "/a").status == 502);
}

TEST_CASE("admin purges one answer, all below a prefix, or all") {
  scripted_upstream u{[](upstream_request const&) { return script_answer{answer(shared_fields, "x")}; }};
  configured_gateway gateway({u.address()}, with_cache());
  auto const fill = [&] {
    for (std::string const path : {"/a/1", "/a/2", "/b"})
      client(gateway.port()).exchange("GET " + path + " HTTP/1.1\r\nHost: API.test\r\n\r\n");
  };
  fill();
  CHECK(gateway.status()["cache"]["answers"] == 3);
  CHECK(purge(gateway, "http://api.test/a/1") == "{\"purged\":1}\n");
  CHECK(purge(gateway, "http://api.test/a/1") == "{\"purged\":0}\n");
  CHECK(purge(gateway, "http://api.test/a/*") == "{\"purged\":1}\n");
  fill();
  CHECK(purge(gateway, "*") == "{\"purged\":3}\n");
  CHECK(gateway.status()["cache"]["answers"] == 0);
  CHECK(eventually([&] { return gateway.status()["cache"]["bytes"] == 0; })); // when the last answer is sent
  CHECK(purge(gateway, "api.test/a").find("allowed: http://HOST/PATH") != std::string::npos);
  configured_gateway closed({u.address()}, {{"cache", nlohmann::json::object()}});
  CHECK(purge(closed, "*").find("admin_writes") != std::string::npos);
}

TEST_CASE("any number of hits may be pipelined") {
  scripted_upstream u{[](upstream_request const&) { return script_answer{answer(shared_fields, "x")}; }};
  configured_gateway gateway({u.address()}, with_cache());
  CHECK(get(gateway.port(), "/a").body == "x");
  client c(gateway.port());
  std::string many;
  for (int i = 0; i < 2000; ++i) many += request("GET", "/a", "");
  c.send(many);
  for (int i = 0; i < 2000; ++i) REQUIRE(c.receive().body == "x");
  CHECK(u.requests().size() == 1);
}

TEST_CASE("interim answers go on to a client of HTTP/1.1, and only to it; the cache does not keep them") {
  scripted_upstream u{[](upstream_request const&) {
    return script_answer{"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\nX-Backend: http://127.0.0.1:1\r\n\r\n" +
                         answer(shared_fields, "x")};
  }};
  configured_gateway gateway({u.address()}, with_cache());
  raw_connection c(gateway.port());
  CHECK(c.send(request("GET", "/a", "")));
  CHECK(c.read_until("\r\n\r\n") == "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n");
  CHECK(c.read_until("\r\n\r\n").find("HTTP/1.1 200 OK\r\n") == 0);
  CHECK(c.read(1) == "x");
  CHECK(c.send(request("GET", "/a", "")));
  CHECK(c.read_until("\r\n\r\n").find("HTTP/1.1 200 OK\r\n") == 0);
  raw_connection old(gateway.port());
  CHECK(old.send("GET /b HTTP/1.0\r\n\r\n"));
  CHECK(old.read_until("\r\n\r\n").find("HTTP/1.1 200 OK\r\n") == 0);
}

TEST_CASE("what a configuration says of a cache that cannot be is one clear error") {
  struct row {
    char const* cache;
    char const* says;
  };
  auto const r =
      GENERATE(row{R"({"size": "1k"})", "cache.size: found \"1k\"; allowed: a size from 65536"},
               row{R"({"size": "1m", "max_answer": "600k"})", "cache.max_answer: found \"600k\""},
               row{R"({"session_facts": {"fields": ["X-Corporation"]}})", "allowed: names that begin with X-Session-"},
               row{R"({"session_facts": {}})", "cache"}, row{R"({"wait": "0s"})", "cache.wait"},
               row{R"({"sise": "1m"})", "cache"}, row{R"("on")", "cache"});
  CAPTURE(r.cache);
  scratch_directory const scratch;
  std::ofstream(scratch.path() / "c.json")
      << R"({"listen": "127.0.0.1:0", "upstreams": ["127.0.0.1:1"], "cache": )" << r.cache << "}";
  finished const run = run_gateway({"-t", "-c", (scratch.path() / "c.json").string()});
  CHECK(run.exit_code == 2);
  CHECK(run.errors.find(r.says) != std::string::npos);
}

TEST_CASE("the process grows by what the cache may hold, however much goes through it and of whatever size") {
  if (!configured_gateway::counts_memory) return;
  scripted_upstream u{[](upstream_request const& r) {
    std::size_t const n = std::stoul(r.target.substr(1));
    return script_answer{answer(shared_fields, std::string(n % 13 == 0 ? 200'000 : n % 5 == 0 ? 50'000 : 700, 'x'))};
  }};
  constexpr std::size_t size = 16 << 20;
  configured_gateway gateway({u.address()}, with_cache({{"size", "16m"}}));
  client c(gateway.port());
  get(gateway.port(), "/0");
  std::size_t const before = gateway.resident_bytes();
  for (int n = 1; n < 2500; ++n) REQUIRE(c.exchange(request("GET", "/" + std::to_string(n), "")).status == 200);
  CHECK(gateway.count("cache_evicted") > 1000);
  CHECK(gateway.status()["cache"]["bytes"] <= gateway.status()["cache"]["budget"]);
  CHECK(gateway.status()["cache"]["bytes"] > size * 9 / 10);
  CHECK(gateway.resident_bytes() - before < size * 21 / 20);
}
