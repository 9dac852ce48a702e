// What a body contains besides its content is bounded, in both directions: beyond the bound there is an answer at once,
// instead of somebody's patience ending, and no upstream is kept busy by it.
#include "tests/gateway/net/conversation.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>
#include <vector>

using namespace tests::gateway_net;
using tests::live::answer;
using tests::live::serves_as;

namespace {

struct row {
  char const* name;
  std::string body;   // chunked
  char const* status; // of a request with this body
};

std::string many(int times, std::string const& what) {
  std::string out;
  for (int i = 0; i < times; ++i) out += what;
  return out;
}

std::vector<row> const& rows() {
  static std::vector<row> const all{
      {"a size of 70,000 zeros", std::string(70'000, '0') + "1\r\na\r\n0\r\n\r\n", "400"},
      {"a size that does not end", std::string(70'000, '0'), "400"},
      {"a long extension", "1;a=" + std::string(70'000, 'b') + "\r\na\r\n0\r\n\r\n", "400"},
      {"an extension that does not end", "1;a=" + std::string(70'000, 'b'), "400"},
      {"quotes that do not end", "1;a=\"" + std::string(70'000, 'b'), "400"},
      {"blanks that do not end", "1 " + std::string(70'000, ' '), "400"},
      {"many extensions", "1" + many(20'000, ";a") + "\r\na\r\n0\r\n\r\n", "400"},
      {"a long extension of the last chunk", "1\r\na\r\n0;a=" + std::string(40'000, 'b'), "400"},
      {"long extensions of many chunks", many(40, "1;a=" + std::string(4'000, 'b') + "\r\na\r\n"), "400"},
      {"trailers of 33 KB", "1\r\na\r\n0\r\nA: " + std::string(33'000, 'b') + "\r\n\r\n", "431"},
      {"trailers of 70 KB", "1\r\na\r\n0\r\nA: " + std::string(70'000, 'b') + "\r\n\r\n", "431"},
      {"trailers that do not end", "1\r\na\r\n0\r\n" + many(9'000, "ab:\r\n"), "431"},
      {"a trailer's name that does not end", "0\r\n" + std::string(33'000, 'a'), "431"},
      {"quotes with a line's end in them", "1;a=\"b\r\n", "400"},
      {"quotes with LF in them", "5;a=\"\nGET / HTTP/1.1\"\r\nabcde\r\n", "400"},
      {"a last line that ends otherwise", "1\r\na\r\n0\r\n\rX", "400"},
      {"a trailer that frames", "1\r\na\r\n0\r\nContent-Length: 9\r\n", "400"}};
  return all;
}

std::string const post = "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
std::string const ok = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

bool nothing_is_asked(configured_gateway& gateway) {
  return eventually([&] { return gateway.status()["upstreams"][0]["in_flight"] == 0; });
}

}

TEST_CASE("a request whose chunks, extensions or trailers are beyond bounds is refused at once, wherever it is split") {
  for (row const& r : rows()) {
    INFO(r.name);
    raw_upstream upstream;
    configured_gateway gateway({upstream.address()});
    for (std::size_t const split : {std::size_t{1}, std::size_t{4}, std::size_t{7}, std::size_t{4'097},
                                    std::size_t{16'384}, std::size_t{65'000}, r.body.size()}) {
      if (split > r.body.size()) continue;
      INFO("split at " << split);
      raw_connection c(gateway.port());
      c.send(post + r.body.substr(0, split));
      c.send(r.body.substr(split));
      std::string const got = c.read_all();
      CHECK(got.substr(9, 3) == r.status);
      CHECK(got.find("\r\nConnection: close\r\n") != std::string::npos);
      CHECK(got.find("\nHTTP/1.1") == std::string::npos);
      CHECK(nothing_is_asked(gateway));
    }
  }
}

TEST_CASE("an answer whose chunks are beyond bounds is 502 before anything left, and breaks off after") {
  for (row const& r : rows()) {
    INFO(r.name);
    raw_upstream upstream;
    configured_gateway gateway({upstream.address()}, {{"idle_per_upstream", 0}});
    {
      raw_connection c(gateway.port());
      c.send(request("GET", "/whole", ""));
      raw_connection u = upstream.accept();
      u.read_until("\r\n\r\n");
      u.send(ok + r.body);
      std::string const got = c.read(9 + 3);
      // What comes in one piece with the head decides; of a longer body, the first piece may be sent before.
      bool const is_short = r.body.size() < 8'000;
      if (is_short) CHECK(got == "HTTP/1.1 502");
      c.half_close();
      CHECK(c.read_all().find("\r\n0\r\n\r\n") == std::string::npos);
    }
    {
      raw_connection c(gateway.port());
      c.send(request("GET", "/begun", ""));
      raw_connection u = upstream.accept();
      u.read_until("\r\n\r\n");
      u.send(ok + "5\r\nbegun\r\n");
      CHECK(c.read_until("begun").starts_with("HTTP/1.1 200"));
      u.send(r.body);
      CHECK(c.read_all().find("\r\n0\r\n\r\n") == std::string::npos); // and the connection ends
      u.read_all();
    }
    CHECK(nothing_is_asked(gateway));
    CHECK(eventually([&] { return gateway.count("open_connections") == 0; }));
  }
}

TEST_CASE("a request that turns out broken when its answer has begun ends both") {
  for (row const& r : rows()) {
    INFO(r.name);
    raw_upstream upstream;
    configured_gateway gateway({upstream.address()}, {{"request_buffering", "off"}});
    raw_connection c(gateway.port());
    c.send(post + "5\r\nbegun\r\n");
    raw_connection u = upstream.accept();
    u.read_until("begun\r\n");
    u.send(ok + "3\r\nyes\r\n");
    CHECK(c.read_until("yes\r\n").starts_with("HTTP/1.1 200"));
    c.send(r.body);
    CHECK(c.read_all().find("0\r\n\r\n") == std::string::npos);
    u.read_all(); // the connection ends
    CHECK(nothing_is_asked(gateway));
  }
}

TEST_CASE("what is within bounds passes, and trailers and extensions stay here") {
  scripted_upstream upstream{[](upstream_request const& r) { return script_answer{answer("", r.body)}; }};
  configured_gateway gateway({upstream.address()});
  for (std::string const& body :
       {std::string("00000000000000000000001\r\na\r\n0\r\n\r\n"), std::string("1;a=\"b\\\"c\";d\r\na\r\n000;e\r\n\r\n"),
        "1;a=" + std::string(4'000, 'b') + "\r\na\r\n0\r\n\r\n",
        "1\r\na\r\n0\r\nA: " + std::string(15'000, 'b') + "\r\nB: c\r\n\r\n"}) {
    INFO(body.substr(0, 60));
    client c(gateway.port());
    for (int i = 0; i < 2; ++i) CHECK(c.exchange(post + body).body == "a");
  }
  upstream.set_script([](upstream_request const&) {
    return script_answer{ok + "1;a=\"b\"\r\na\r\n0;c\r\nA: " + std::string(15'000, 'b') + "\r\n\r\n"};
  });
  client c(gateway.port());
  for (int i = 0; i < 2; ++i) {
    client_answer const got = c.exchange(request("GET", "/x", ""));
    CHECK(got.complete);
    CHECK(got.body == "a");
  }
  CHECK(upstream.connections() == 1);
}

TEST_CASE("a head that stops where it is wrong already is refused at once") {
  struct head_row {
    char const* name;
    std::string bytes;
    char const* status;
  };
  scripted_upstream upstream{serves_as()};
  configured_gateway gateway({upstream.address()});
  for (head_row const& r :
       std::vector<head_row>{{"lines that end with LF", "GET / HTTP/1.1\nHost: a\n\n", "400"},
                             {"fields that end with LF", "GET / HTTP/1.1\r\nHost: a\nA: b\n\n", "400"},
                             {"an empty line with LF", "GET / HTTP/1.1\r\nHost: a\r\n\n", "400"},
                             {"CR without LF", "GET / HTTP/1.1\rHost: a\r\r", "400"},
                             {"a long method", std::string(6'000, 'A') + " / HTTP/1.1\r\n", "501"},
                             {"a method without an end", std::string(65, 'a'), "501"},
                             {"a folded line", "GET / HTTP/1.1\r\nHost: a\r\n b", "400"},
                             {"a control", "GET / HTTP/1.1\r\nHost: a\x01", "400"},
                             {"a fragment", "GET /#", "400"},
                             {"a version", "GET / HTTP/3.0\r\n", "505"},
                             {"a target without an end", "GET /" + std::string(16'384, 'a'), "414"},
                             {"lines without an end", "GET / HTTP/1.1\r\n" + many(101, "A: b\r\n"), "431"}}) {
    INFO(r.name);
    for (std::size_t split = 1; split <= r.bytes.size(); split += r.bytes.size() > 100 ? r.bytes.size() / 7 : 1) {
      INFO("split at " << split);
      raw_connection c(gateway.port());
      c.send(r.bytes.substr(0, split));
      c.send(r.bytes.substr(split));
      CHECK(c.read_until("\r\n").substr(9, 3) == r.status);
    }
  }
  CHECK(upstream.requests().empty());
}

TEST_CASE("what names no host is 400 at every listener, and reaches no Location") {
  scripted_upstream upstream{serves_as()};
  configured_gateway plain({upstream.address()});
  configured_gateway redirecting({upstream.address()},
                                 {{"listen", {{{"address", "127.0.0.1:0"}, {"redirect_to_https", 443}}}}});
  for (char const* host : {"a:8x",
                           "a:1:2",
                           "[::1",
                           "[evil.test]",
                           "[::1]evil.test",
                           "a,evil.test",
                           "a:-1",
                           "a:65536",
                           "[::1]:x",
                           "::1",
                           "[fe80::1%eth0]",
                           "a%2fb",
                           "a%zz",
                           "a%00",
                           "a b",
                           "a/b",
                           "u@a",
                           "a\\b",
                           "a?b",
                           ":80",
                           "a, b",
                           "[]",
                           "[1.2.3.4]"}) {
    INFO(host);
    for (configured_gateway* gateway : {&plain, &redirecting})
      for (std::string const& line : {"GET / HTTP/1.1\r\nHost: " + std::string(host),
                                      "GET http://" + std::string(host) + "/ HTTP/1.1\r\nHost: " + host,
                                      "GET / HTTP/1.0\r\nHost: " + std::string(host)}) {
        client_answer const got = client(gateway->port()).exchange(line + "\r\n\r\n");
        CHECK(got.status == 400);
        CHECK(got.field("Location").empty());
      }
  }
  CHECK(upstream.requests().empty());
  for (char const* host :
       {"a:80", "a.", "[::1]:80", "[2001:db8::1]", "a:", "a_b", "127.0.0.1:1", "a;b=c", "xn--a", "%61"}) {
    INFO(host);
    CHECK(client(plain.port()).exchange("GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n").status == 200);
    CHECK(client(redirecting.port()).exchange("GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n").status ==
          301);
  }
  CHECK(client(plain.port()).exchange("GET http://a?x HTTP/1.1\r\nHost: a\r\n\r\n").status == 200);
  CHECK(upstream.requests().back().target == "/?x");
  client_answer const moved = client(redirecting.port()).exchange("GET http://a?x HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(moved.field("Location") == "https://a/?x");
}

TEST_CASE("any number of interim answers comes before the answer, wherever they are split") {
  raw_upstream upstream;
  configured_gateway gateway({upstream.address()});
  std::string const interim = many(5'000, "HTTP/1.1 102 Processing\r\nA: b\r\n\r\n");
  for (std::size_t const split : {std::size_t{1}, std::size_t{35}, std::size_t{40'001}, interim.size()}) {
    INFO("split at " << split);
    raw_connection c(gateway.port());
    c.send("GET /x HTTP/1.0\r\nHost: a\r\n\r\n"); // an HTTP/1.0 client is not sent interim answers
    raw_connection u = upstream.accept();
    u.read_until("\r\n\r\n");
    u.send(interim.substr(0, split));
    u.send(interim.substr(split) + "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
    CHECK(c.read_until("ok").starts_with("HTTP/1.1 200"));
  }
}
