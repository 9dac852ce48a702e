// Which upstreams are used: health, admission, and what an operator changes at run time.
#include "tests/gateway/net/conversation.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <csignal>
#include <string>
#include <vector>

using namespace tests::gateway_net;
using tests::live::serves_as;

namespace {

unsigned get(std::uint16_t port, std::string const& token, std::string const& path = "/x") {
  return client(port).exchange(request("GET", path, token)).status;
}

client_answer ask_admin(configured_gateway& gateway, std::string const& method, std::string const& where,
                        std::string const& body = "") {
  return client(gateway->admin_port())
      .exchange(method + " " + where +
                " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
}

nlohmann::json upstream_status(configured_gateway& gateway, std::string const& name) {
  nlohmann::json const all = gateway.status();
  for (auto const& u : all["upstreams"])
    if (u["name"] == name) return u;
  return nullptr;
}

}

TEST_CASE(
    "an upstream that is put by admin is guessed, one that drains keeps its sessions, one that is removed nothing") {
  scripted_upstream first{serves_as()}, second{serves_as()};
  for (scripted_upstream* u : {&first, &second})
    u->set_script([u](upstream_request const&) { return served_by(u->address()); });
  configured_gateway gateway({first.address()}, {{"guess", "round_robin"}, {"admin_writes", true}});
  std::string const place = "/upstreams/" + second.address();

  CHECK(ask_admin(gateway, "PUT", place, R"({"weight": 3})").status == 204);
  CHECK(upstream_status(gateway, second.address())["weight"] == 3);
  for (int i = 0; i < 8; ++i) CHECK(get(gateway.port(), "a" + std::to_string(i)) == 200);
  CHECK(second.requests().size() == 6);

  CHECK(ask_admin(gateway, "PUT", place, R"({"drain": true})").status == 204);
  CHECK(upstream_status(gateway, second.address())["in_rotation"] == false);
  for (int i = 0; i < 8; ++i) CHECK(get(gateway.port(), "a" + std::to_string(i)) == 200); // where they were before
  CHECK(second.requests().size() == 12);
  for (int i = 0; i < 4; ++i) CHECK(get(gateway.port(), "b" + std::to_string(i)) == 200);
  CHECK(second.requests().size() == 12);

  CHECK(ask_admin(gateway, "DELETE", place).status == 204);
  for (int i = 0; i < 8; ++i) CHECK(get(gateway.port(), "a" + std::to_string(i)) == 200);
  CHECK(second.requests().size() == 12);
  CHECK(ask_admin(gateway, "DELETE", place).status == 404);
  CHECK(ask_admin(gateway, "PUT", place).status == 204); // and back again, with its counters at zero
  CHECK(upstream_status(gateway, second.address())["weight"] == 1);
  CHECK(upstream_status(gateway, second.address())["hops"] == 0);
}

TEST_CASE("what admin cannot do with an upstream it says, and nothing changes") {
  struct row {
    char const* method;
    char const* where;
    char const* body;
    unsigned status;
  };
  auto const r =
      GENERATE(row{"PUT", "/upstreams/nowhere", "", 400}, row{"PUT", "/upstreams/127.0.0.1:0", "", 400},
               row{"PUT", "/upstreams/127.0.0.1:81", "{\"weight\": 0}", 400},
               row{"PUT", "/upstreams/127.0.0.1:81", "{\"weight\": -1}", 400},
               row{"PUT", "/upstreams/127.0.0.1:81", "{\"wait\": 1}", 400},
               row{"PUT", "/upstreams/127.0.0.1:81", "nonsense", 400},
               row{"PUT", "/upstreams/127.0.0.1:81", "{\"drain\": true}", 404},
               row{"PUT", "/upstreams/no..such..host:81", "", 400}, row{"DELETE", "/upstreams/127.0.0.1:81", "", 404},
               row{"GET", "/upstreams/127.0.0.1:81", "", 405}, row{"DELETE", "/status", "", 405});
  CAPTURE(r.method, r.where, r.body);
  scripted_upstream upstream{serves_as()};
  configured_gateway gateway({upstream.address()}, {{"admin_writes", true}});
  CHECK(ask_admin(gateway, r.method, r.where, r.body).status == r.status);
  CHECK(gateway.status()["upstreams"].size() == 1);
}

TEST_CASE("upstreams are changed by who may, and not by a page in a browser") {
  scripted_upstream upstream{serves_as()};
  std::string const put = "PUT /upstreams/127.0.0.1:81 HTTP/1.1\r\nContent-Length: 0\r\nHost: ";
  configured_gateway shut({upstream.address()});
  CHECK(client(shut->admin_port()).exchange(put + "127.0.0.1\r\n\r\n").status == 403);
  configured_gateway open({upstream.address()}, {{"admin_writes", true}});
  CHECK(client(open->admin_port()).exchange(put + "evil.example:80\r\n\r\n").status == 403);
  CHECK(client(open->admin_port()).exchange(put + "127.0.0.1:9090\r\n\r\n").status == 204);
}

TEST_CASE("an upstream that fails its health checks is not guessed until it passes them again") {
  std::atomic<bool> well{true};
  scripted_upstream checked{serves_as()}, other{serves_as()};
  checked.set_script([&](upstream_request const& r) {
    if (r.target != "/health") return served_by(checked.address());
    return script_answer{well ? "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
                              : "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"};
  });
  configured_gateway gateway(
      {checked.address(), other.address()},
      {{"guess", "round_robin"},
       {"health_checks", {{"path", "/health"}, {"interval", "20ms"}, {"failures", 2}, {"successes", 2}}}});
  auto const healthy = [&] { return upstream_status(gateway, checked.address())["healthy"] == true; };
  CHECK(get(gateway.port(), "kept") == 200); // round_robin: the first one
  well = false;
  REQUIRE(eventually([&] { return !healthy(); }));
  CHECK(upstream_status(gateway, other.address())["healthy"] == true); // it answers everything with 200
  auto const hops = [&] { return upstream_status(gateway, checked.address())["hops"].get<int>(); };
  int const before = hops();
  for (int i = 0; i < 6; ++i) CHECK(get(gateway.port(), "n" + std::to_string(i)) == 200);
  CHECK(hops() == before);
  CHECK(get(gateway.port(), "kept") == 200); // its session is there
  CHECK(hops() == before + 1);
  well = true;
  REQUIRE(eventually(healthy));
  for (int i = 0; i < 6; ++i) CHECK(get(gateway.port(), "m" + std::to_string(i)) == 200);
  CHECK(hops() > before + 1);
}

TEST_CASE("an upstream gets no more requests than it may; some wait, the others are told at once") {
  raw_upstream upstream;
  configured_gateway gateway({upstream.address()},
                             {{"limits", {{"requests_per_upstream", {{"at_once", 1}, {"waiting", 1}}}}}});
  std::string const answer = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n";
  raw_connection first(gateway.port()), second(gateway.port());
  first.send(request("GET", "/first", "t"));
  raw_connection there = upstream.accept();
  CHECK(there.read_until("\r\n\r\n").starts_with("GET /first "));
  second.send(request("GET", "/second", "t"));
  REQUIRE(eventually([&] { return gateway.count("queued") == 1; }));
  CHECK(upstream_status(gateway, upstream.address())["waiting"] == 1);
  client third(gateway.port());
  client_answer const refused = third.exchange(request("GET", "/third", "t"));
  CHECK(refused.status == 503);
  CHECK(refused.field("Retry-After") == "1");
  CHECK(refused.field("Proxy-Status").find("connection_limit_reached") != std::string::npos);
  CHECK(gateway.count("overloaded") == 1);

  SECTION("who waits is next") {
    there.send(answer + "1");
    CHECK(first.read_until("\r\n\r\n1").ends_with("\n1"));
    CHECK(there.read_until("\r\n\r\n").starts_with("GET /second ")); // on the connection that is free
    there.send(answer + "2");
    CHECK(second.read_until("\r\n\r\n2").ends_with("\n2"));
  }
  SECTION("who waits and goes away leaves its place") {
    second.reset();
    REQUIRE(eventually([&] { return upstream_status(gateway, upstream.address())["waiting"] == 0; }));
    third.send(request("GET", "/third", "t"));
    REQUIRE(eventually([&] { return gateway.count("queued") == 2; }));
    there.send(answer + "1");
    CHECK(there.read_until("\r\n\r\n").starts_with("GET /third "));
  }
  SECTION("who is served and goes away frees the slot") {
    first.reset();
    raw_connection next = upstream.accept();
    CHECK(next.read_until("\r\n\r\n").starts_with("GET /second "));
  }
}

TEST_CASE("a kept connection that its upstream closes under a GET is no failure, even without retries") {
  raw_upstream upstream;
  configured_gateway gateway({upstream.address()}, {{"max_retries", 0}});
  client c(gateway.port());
  c.send(request("GET", "/1", "t"));
  {
    raw_connection kept = upstream.accept();
    kept.read_until("\r\n\r\n");
    kept.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1");
    CHECK(c.receive().body == "1");
    c.send(request("GET", "/2", "t"));
    CHECK(kept.read_until("\r\n\r\n").starts_with("GET /2 "));
    kept.close(); // it had the request and may have served it: a GET can be repeated
  }
  raw_connection fresh = upstream.accept();
  CHECK(fresh.read_until("\r\n\r\n").starts_with("GET /2 "));
  fresh.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n2");
  CHECK(c.receive().body == "2");
  CHECK(gateway.count("failed") == 0);
}

TEST_CASE("a redirect for one time is followed, and the session stays where it was") {
  scripted_upstream home{serves_as()}, guest{serves_as()};
  home.set_script([&](upstream_request const& r) {
    if (r.target != "/once") return served_by(home.address());
    return script_answer{"HTTP/1.1 200 OK\r\nX-Accel-Once: 1\r\nX-Accel-Redirect: /internal_redirect/" +
                         guest.address() + "/once\r\nContent-Length: 0\r\n\r\n"};
  });
  guest.set_script([&](upstream_request const&) { return served_by(guest.address(), "guest"); });
  configured_gateway gateway({home.address(), guest.address()}, {{"guess", "round_robin"}});
  client c(gateway.port());
  CHECK(c.exchange(request("GET", "/x", "t")).body == "served");
  CHECK(c.exchange(request("GET", "/once", "t")).body == "guest");
  CHECK(c.exchange(request("GET", "/x", "t")).body == "served");
  CHECK(gateway.count("map_hits") == 2);
  CHECK(gateway.count("learnt") == 1);
}

TEST_CASE("junk tokens do not push out those of sessions") {
  scripted_upstream upstream{serves_as()};
  upstream.set_script([&](upstream_request const& r) {
    std::string const who = r.field("Authorization");
    std::string const status = who.find("junk") == std::string::npos ? "200 OK" : "401 Unauthorized";
    return script_answer{"HTTP/1.1 " + status + "\r\nX-Backend: http://" + upstream.address() +
                         "\r\nContent-Length: 0\r\n\r\n"};
  });
  configured_gateway gateway({upstream.address()}, {{"token_map", "64k"}});
  auto const capacity = gateway.status()["token_map"]["capacity"].get<int>();
  client c(gateway.port());
  for (int i = 0; i < 200; ++i) c.exchange(request("GET", "/x", "session" + std::to_string(i)));
  for (int i = 0; i < 2 * capacity; ++i) c.exchange(request("GET", "/x", "junk" + std::to_string(i)));
  std::uint64_t const hits = gateway.count("map_hits");
  for (int i = 0; i < 200; ++i) c.exchange(request("GET", "/x", "session" + std::to_string(i)));
  CHECK(gateway.count("map_hits") == hits + 200);
}

TEST_CASE("an upstream that was removed does not come back by its own word") {
  scripted_upstream stays{serves_as()}, goes{serves_as()};
  for (scripted_upstream* u : {&stays, &goes})
    u->set_script([u](upstream_request const&) { return served_by(u->address()); });
  configured_gateway gateway({stays.address(), goes.address()},
                             {{"admin_writes", true}, {"allow_redirects_to", {"127.0.0.0/8:1-65535"}}});
  CHECK(ask_admin(gateway, "DELETE", "/upstreams/" + goes.address()).status == 204);
  stays.set_script([&](upstream_request const& r) {
    return r.target == "/to" ? redirect_to(goes.address(), r) : served_by(goes.address());
  });
  CHECK(get(gateway.port(), "t") == 200);
  CHECK(gateway.count("backends_refused") == 1);
  CHECK(get(gateway.port(), "t", "/to") == 502);
  CHECK(goes.requests().empty());
}

TEST_CASE("slow bodies take no slot at an upstream") {
  scripted_upstream upstream{serves_as()};
  configured_gateway gateway({upstream.address()},
                             {{"limits", {{"requests_per_upstream", {{"at_once", 1}, {"waiting", 0}}}}}});
  raw_connection slow(gateway.port());
  slow.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbo");
  for (int i = 0; i < 3; ++i) CHECK(get(gateway.port(), "t") == 200);
  CHECK(upstream.requests().size() == 3);
  slow.send("dy");
  CHECK(slow.read_until("\r\n\r\n").starts_with("HTTP/1.1 200"));
  CHECK(upstream.requests()[3].body == "body");
}

TEST_CASE("a request is served by the configuration that is in force, on whatever connection") {
  scripted_upstream upstream{serves_as()};
  configured_gateway gateway({upstream.address()}, {{"paths", {"/"}}});
  client c(gateway.port());
  CHECK(c.exchange(request("GET", "/secret", "t")).status == 200);
  gateway.rewrite(R"({"paths": ["/open"]})");
  gateway->process().signal(SIGHUP);
  CHECK(eventually([&] { return c.exchange(request("GET", "/secret", "t")).status == 404; }));
  CHECK(c.exchange(request("GET", "/open/x", "t")).status == 200);
}
