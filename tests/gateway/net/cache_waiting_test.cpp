// Requests that wait for another's fetch: one goes to the upstream, and whatever becomes of it, the others are
// answered.
#include "tests/gateway/net/conversation.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <deque>
#include <string>
#include <thread>

using namespace tests::gateway_net;
using tests::live::answer;

namespace {

nlohmann::json const cache = {{"cache", {{"wait", "1h"}}}}; // nobody goes because the wait is over

std::string ask(std::string const& path = "/a", std::string const& token = "") { return request("GET", path, token); }

bool is_answered(raw_connection& c, std::string const& body) {
  return c.read_until("\r\n\r\n").starts_with("HTTP/1.1 200") && c.read(body.size()) == body;
}

/// A fetch under way, and clients that wait for it.
struct crowd {
  explicit crowd(configured_gateway& g, raw_upstream& u, std::size_t waiting)
    : gateway(g)
    , leader(g.port()) {
    leader.send(ask());
    fetch.emplace_back(u.accept());
    fetch.back().read_until("\r\n\r\n");
    for (std::size_t i = 0; i < waiting; ++i) {
      others.emplace_back(g.port());
      others.back().send(ask());
    }
    REQUIRE(eventually([&] { return g.count("cache_waits") == waiting; }));
    REQUIRE_FALSE(u.has_connection());
  }

  void everybody_else_gets(std::string const& body) {
    for (raw_connection& other : others) CHECK(is_answered(other, body));
  }

  configured_gateway& gateway;
  raw_connection leader;
  std::deque<raw_connection> fetch;
  std::deque<raw_connection> others;
};

}

TEST_CASE("one fetch for all who ask at once") {
  raw_upstream u;
  configured_gateway gateway({u.address()}, cache);
  crowd c(gateway, u, 20);
  c.fetch.back().send(answer("Cache-Control: max-age=60\r\n", "for all"));
  CHECK(is_answered(c.leader, "for all"));
  c.everybody_else_gets("for all");
  CHECK_FALSE(u.has_connection());
  CHECK(gateway.count("cache_hits") == 20);
}

TEST_CASE("as soon as the head says that the answer is not for others, each goes himself, and nobody waits next time") {
  raw_upstream u;
  configured_gateway gateway({u.address()}, cache);
  crowd c(gateway, u, 3);
  c.fetch.back().send("HTTP/1.1 200 OK\r\nCache-Control: private\r\nContent-Length: 5\r\n\r\nmi"); // not its end yet
  for (raw_connection& other : c.others) {
    c.fetch.emplace_back(u.accept());
    c.fetch.back().read_until("\r\n\r\n");
    (void)other;
  }
  raw_connection next(gateway.port());
  next.send(ask());
  c.fetch.emplace_back(u.accept());
  c.fetch.front().send("nus");
  CHECK(is_answered(c.leader, "minus"));
  CHECK(gateway.count("cache_waits") == 3);
}

TEST_CASE("if the fetch fails one of those who wait tries again, and the others wait for it") {
  raw_upstream u;
  nlohmann::json once = cache;
  once["max_retries"] = 0;
  configured_gateway gateway({u.address()}, once);
  crowd c(gateway, u, 4);
  SECTION("the upstream breaks off before it answers") {
    c.fetch.back().close();
    CHECK(c.leader.read_until("\r\n\r\n").starts_with("HTTP/1.1 502"));
  }
  SECTION("the upstream breaks off within its answer") {
    c.fetch.back().send("HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 10\r\n\r\nhalf");
    c.fetch.back().close();
    c.leader.read_all();
  }
  SECTION("the client goes that it was for") { c.leader.reset(); }
  c.fetch.emplace_back(u.accept());
  c.fetch.back().read_until("\r\n\r\n");
  CHECK_FALSE(u.has_connection());
  c.fetch.back().send(answer("Cache-Control: max-age=60\r\n", "at last"));
  c.everybody_else_gets("at last");
  CHECK_FALSE(u.has_connection());
}

TEST_CASE("what was stored but has to be validated is not waited for one after the other") {
  raw_upstream u;
  configured_gateway gateway({u.address()}, cache);
  crowd c(gateway, u, 3);
  c.fetch.back().send(answer("Cache-Control: no-cache\r\nETag: \"1\"\r\n", "x"));
  CHECK(is_answered(c.leader, "x"));
  std::deque<raw_connection> validations;
  validations.push_back(std::move(c.fetch.back())); // kept alive: the first of them uses it
  CHECK(validations.back().read_until("\r\n\r\n").find("If-None-Match: \"1\"") != std::string::npos);
  for (int i = 0; i < 2; ++i) {
    validations.push_back(u.accept());
    CHECK(validations.back().read_until("\r\n\r\n").find("If-None-Match: \"1\"") != std::string::npos);
  }
  for (raw_connection& v : validations) v.send("HTTP/1.1 304 Not Modified\r\nETag: \"1\"\r\n\r\n");
  c.everybody_else_gets("x");
}

TEST_CASE("a client that takes its answer slowly does not hold up those who wait for the same") {
  std::string const large(1'000'000, 'x');
  bool const stated = GENERATE(true, false);
  CAPTURE(stated);
  raw_upstream u;
  configured_gateway gateway({u.address()}, cache);
  raw_connection slow(gateway.port(), 4096);
  slow.send(ask());
  raw_connection fetch = u.accept();
  fetch.read_until("\r\n\r\n");
  raw_connection other(gateway.port());
  other.send(ask());
  REQUIRE(eventually([&] { return gateway.count("cache_waits") == 1; }));
  std::string const head = "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\n";
  if (stated)
    fetch.send(head + "Content-Length: 1000000\r\n\r\n" + large);
  else
    fetch.send(head + "Transfer-Encoding: chunked\r\n\r\nf4240\r\n" + large + "\r\n0\r\n\r\n");
  CHECK(is_answered(other, large));
  // And it gets all of it in the end.
  std::string const slow_head = slow.read_until("\r\n\r\n");
  if (stated) {
    CHECK(slow.read(large.size()) == large);
  } else {
    CHECK(slow_head.find("chunked") != std::string::npos);
    std::string const rest = slow.read_until("\r\n0\r\n\r\n");
    CHECK(static_cast<std::size_t>(std::count(rest.begin(), rest.end(), 'x')) == large.size());
  }
}

TEST_CASE("an answer that turns out too long for the cache reaches its client whole, and the others go themselves") {
  std::string const large(3'000'000, 'y');
  raw_upstream u;
  configured_gateway gateway({u.address()}, {{"cache", {{"wait", "1h"}, {"max_answer", "100k"}}}});
  raw_connection first(gateway.port());
  first.send(ask());
  raw_connection fetch = u.accept();
  fetch.read_until("\r\n\r\n");
  raw_connection other(gateway.port());
  other.send(ask());
  REQUIRE(eventually([&] { return gateway.count("cache_waits") == 1; }));
  std::thread sender([&] {
    fetch.send("HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nConnection: close\r\n\r\n" + large);
    fetch.close();
  });
  first.read_until("\r\n\r\n");
  std::string const got = first.read_until("\r\n0\r\n\r\n");
  sender.join();
  CHECK(static_cast<std::size_t>(std::count(got.begin(), got.end(), 'y')) == large.size());
  raw_connection second = u.accept();
  CHECK(second.read_until("\r\n\r\n").starts_with("GET /a "));
  CHECK(gateway.status()["cache"]["bytes"] == 0);
}

TEST_CASE("impatience: who waited long enough goes himself") {
  raw_upstream u;
  configured_gateway gateway({u.address()}, {{"cache", {{"wait", "20ms"}}}});
  raw_connection first(gateway.port());
  first.send(ask());
  raw_connection fetch = u.accept();
  fetch.read_until("\r\n\r\n");
  raw_connection other(gateway.port());
  other.send(ask());
  raw_connection second = u.accept();
  second.read_until("\r\n\r\n");
  second.send(answer("Cache-Control: max-age=60\r\n", "mine"));
  CHECK(is_answered(other, "mine"));
  CHECK(gateway.count("cache_waits") == 1);
}

TEST_CASE("requests that vary do not wait for each other once it is known what they vary on") {
  raw_upstream u;
  configured_gateway gateway({u.address()}, cache);
  auto const in = [](std::string const& language) {
    return request("GET", "/a", "", "Accept-Language: " + language + "\r\n");
  };
  raw_connection first(gateway.port());
  first.send(in("de"));
  raw_connection a = u.accept();
  a.read_until("\r\n\r\n");
  a.send(answer("Cache-Control: max-age=60\r\nVary: Accept-Language\r\n", "hallo"));
  CHECK(is_answered(first, "hallo"));
  raw_connection second(gateway.port()), third(gateway.port());
  second.send(in("fr"));
  a.read_until("\r\n\r\n"); // on the kept connection
  third.send(in("it"));
  raw_connection b = u.accept();
  b.read_until("\r\n\r\n");
  b.send(answer("Cache-Control: max-age=60\r\nVary: Accept-Language\r\n", "ciao"));
  CHECK(is_answered(third, "ciao"));
  a.send(answer("Cache-Control: max-age=60\r\nVary: Accept-Language\r\n", "salut"));
  CHECK(is_answered(second, "salut"));
  first.send(in("DE"));
  CHECK(is_answered(first, "hallo"));
}
