#include "gateway/http/forward.hpp"
#include "gateway/http/target.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace gateway::http;

namespace {

struct read_request {
  std::string wire;
  message_head head;
  request_parser parser{head};
  request_summary summary;
  refusal_words refusal;

  explicit read_request(std::string text)
    : wire(std::move(text)) {
    error_code ec;
    REQUIRE(parser.parse_head(wire.data(), wire.size(), ec));
    refusal = summarise(head, wire.data(), summary);
  }
  std::string forwarded(forwarding const& add) {
    std::string out;
    append_request_head(out, head, wire.data(), summary, add);
    return out;
  }
};

bool has_line(std::string const& head, std::string const& line) {
  return head.find("\r\n" + line + "\r\n") != std::string::npos;
}

}

TEST_CASE("a forwarded request has the client's method, target and end-to-end fields, and what a gateway must add") {
  read_request r("PATCH /a%2Fb?q=%20 HTTP/1.1\r\nHost: api.example\r\nAuthorization: Bearer t\r\nLab-Request: 77\r\n"
                 "Connection: keep-alive\r\nCookie: a=b\r\nX-Forwarded-For: 1.2.3.4\r\nVia: 1.0 other\r\n\r\n");
  REQUIRE(r.refusal.status == 0);
  CHECK(r.summary.lab_request == 77);
  CHECK_FALSE(r.summary.idempotent);
  std::string const out = r.forwarded({.peer_address = "9.9.9.9", .request_id = "id1", .body_length = 12});
  CHECK(out.starts_with("PATCH /a%2Fb?q=%20 HTTP/1.1\r\n"));
  CHECK(out.ends_with("\r\n\r\n"));
  CHECK(has_line(out, "Host: api.example"));
  CHECK(has_line(out, "Authorization: Bearer t"));
  CHECK(has_line(out, "Cookie: a=b"));
  CHECK(has_line(out, "Lab-Request: 77"));
  CHECK(has_line(out, "Via: 1.0 other, 1.1 crest-gateway"));
  CHECK(has_line(out, "X-Forwarded-For: 1.2.3.4, 9.9.9.9"));
  CHECK(has_line(out, "X-Forwarded-Proto: http"));
  CHECK(has_line(out, "X-Forwarded-Host: api.example"));
  CHECK(has_line(out, "X-Request-Id: id1"));
  CHECK(has_line(out, "Content-Length: 12"));
  CHECK(out.find("Connection") == std::string::npos);
}

TEST_CASE("internal fields of a client do not reach an upstream") {
  read_request r(
      "GET / HTTP/1.1\r\nHost: h\r\nX-Accel-Redirect: /internal_redirect/1.1.1.1:1/\r\nx-backend: http://1.1.1.1:1\r\n"
      "X-Session-Facts: corp=1\r\n\r\n");
  std::string const out = r.forwarded({.peer_address = "9.9.9.9", .request_id = "id1"});
  for (char const* name : {"X-Accel", "x-backend", "X-Session"}) CHECK(out.find(name) == std::string::npos);
}

TEST_CASE("a usable X-Request-Id of the client is kept, an unusable one replaced") {
  read_request good("GET / HTTP/1.1\r\nHost: h\r\nX-Request-Id: abc-1\r\n\r\n");
  CHECK(has_line(good.forwarded({.peer_address = "c", .request_id = "new"}), "X-Request-Id: abc-1"));
  read_request bad("GET / HTTP/1.1\r\nHost: h\r\nX-Request-Id: " + std::string(200, 'a') + "\r\n\r\n");
  CHECK(has_line(bad.forwarded({.peer_address = "c", .request_id = "new"}), "X-Request-Id: new"));
}

TEST_CASE("heads that cannot be served are refused with the status the RFC asks for") {
  struct row {
    char const* name;
    char const* wire;
    unsigned status;
  };
  auto const c =
      GENERATE(row{"no Host", "GET / HTTP/1.1\r\n\r\n", 400},
               row{"two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
               row{"HTTP/1.0 needs none", "GET / HTTP/1.0\r\n\r\n", 0},
               row{"two tokens", "GET / HTTP/1.1\r\nHost: a\r\nAuthorization: a\r\nAuthorization: b\r\n\r\n", 400},
               row{"unknown expectation", "GET / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n", 417},
               row{"CONNECT", "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 405},
               row{"TRACE", "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", 405},
               row{"a path in Host", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
               row{"a port that is none", "GET / HTTP/1.1\r\nHost: a:8x\r\n\r\n", 400},
               row{"two hosts in one", "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", 400},
               row{"a name in brackets", "GET / HTTP/1.1\r\nHost: [a]\r\n\r\n", 400},
               row{"a name behind brackets", "GET http://[::1]a/ HTTP/1.1\r\nHost: [::1]a\r\n\r\n", 400},
               row{"a port alone", "GET / HTTP/1.1\r\nHost: :80\r\n\r\n", 400},
               row{"an empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 0},
               row{"a query but no host", "GET http://?x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
               row{"a space in Host", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
               row{"a user in the URI", "GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
               row{"no host in the URI", "GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
               row{"an IPv6 Host", "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", 0},
               row{"no path", "GET a HTTP/1.1\r\nHost: a\r\n\r\n", 400},
               row{"OPTIONS of everything", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 0},
               row{"the internal location", "GET /internal_redirect/h:1/ HTTP/1.1\r\nHost: a\r\n\r\n", 404});
  INFO(c.name);
  CHECK(read_request(c.wire).refusal.status == c.status);
}

TEST_CASE("an absolute-form target goes on in origin-form") {
  read_request r("GET http://api.example/x?y HTTP/1.1\r\nHost: api.example\r\n\r\n");
  CHECK(r.summary.target == "/x?y");
}

TEST_CASE("an absolute-form target names the same host as Host, which goes on (RFC 9112 3.2.2)") {
  struct row {
    char const* line;
    char const* host;
    char const* goes_on_as;
  };
  auto const c = GENERATE(
      row{"GET http://api.example:8080/x", "api.example:8080", "GET /x HTTP/1.1\r\nHost: api.example:8080\r\n"},
      row{"GET http://api.example", "API.example", "GET / HTTP/1.1\r\nHost: api.example\r\n"},
      row{"OPTIONS http://api.example", "api.example", "OPTIONS * HTTP/1.1\r\nHost: api.example\r\n"},
      row{"GET http://api.example?x", "api.example", "GET /?x HTTP/1.1\r\nHost: api.example\r\n"},
      row{"GET https://api.example:1?x/y?z", "api.example:1", "GET /?x/y?z HTTP/1.1\r\nHost: api.example:1\r\n"},
      row{"OPTIONS http://api.example?", "api.example", "OPTIONS /? HTTP/1.1\r\nHost: api.example\r\n"},
      row{"HEAD HTTP://[::1]?a=http://b/", "[::1]", "HEAD /?a=http://b/ HTTP/1.1\r\nHost: [::1]\r\n"},
      row{"POST http://api.example?/../x", "api.example", "POST /?/../x HTTP/1.1\r\nHost: api.example\r\n"},
      row{"GET /x", "api.example", "GET /x HTTP/1.1\r\nHost: api.example\r\n"});
  INFO(c.line);
  read_request r(std::string(c.line) + " HTTP/1.1\r\nAccept: a\r\nHost: " + c.host + "\r\n\r\n");
  REQUIRE(r.refusal.status == 0);
  std::string const out = r.forwarded({.peer_address = "c", .request_id = "id"});
  CHECK(out.starts_with(c.goes_on_as));
  CHECK(out.find("Host:") == out.rfind("\nHost:") + 1);
}

TEST_CASE("another host in the target than in Host is refused") {
  CHECK(read_request("GET http://a.example/ HTTP/1.1\r\nHost: b.example\r\n\r\n").refusal.status == 400);
  CHECK(read_request("GET http://a.example:81/ HTTP/1.1\r\nHost: a.example\r\n\r\n").refusal.status == 400);
}

TEST_CASE("dot segments are refused, in whatever way they are written; dots elsewhere are not") {
  for (char const* target :
       {"/a/../b", "/..", "/.", "/a/.", "/a/./b", "/%2e%2E/b", "/a/.%2e", "/a%2f..%2fb", "/a/..?x", "/a/..;/b",
        "/a/.;x=y/b", "/a/..\\..\\b", "/a/%5c..%5cb", "/a/%252e%252e/b", "/a/%25252e/", "/a/..%00/b", "/a/..%3fx"}) {
    INFO(target);
    CHECK(read_request(std::string("GET ") + target + " HTTP/1.1\r\nHost: a\r\n\r\n").refusal.status == 400);
  }
  for (char const* target :
       {"/a..b", "/.well-known/x", "/...", "/a?../b", "/a/..b", "//", "/a;b/c", "/100%", "/%2525"}) {
    INFO(target);
    CHECK(read_request(std::string("GET ") + target + " HTTP/1.1\r\nHost: a\r\n\r\n").refusal.status == 0);
  }
}

TEST_CASE("what an untrusted peer says of those before it does not go on where it is not believed") {
  read_request r("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n");
  CHECK(has_line(r.forwarded({.peer_address = "9.9.9.9", .request_id = "i"}), "X-Forwarded-For: 6.6.6.6, 9.9.9.9"));
  CHECK(has_line(r.forwarded({.peer_address = "9.9.9.9", .keep_forwarded_for = false, .request_id = "i"}),
                 "X-Forwarded-For: 9.9.9.9"));
}

TEST_CASE("an answer has one Content-Length, even of an upstream that repeats it") {
  std::string const wire = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nA: b\r\nContent-Length: 1\r\n\r\n";
  message_head head;
  answer_parser parser(head);
  error_code ec;
  REQUIRE(parser.parse_head(wire.data(), wire.size(), ec));
  std::string out;
  append_answer_head(out, head, wire.data(), {});
  CHECK(out == "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nA: b\r\n\r\n");
}

TEST_CASE("an own answer's Content-Length is its body's") {
  std::string out;
  append_own_answer(out, {.status = 502, .detail = "why", .proxy_status = "crest-gateway; error=x"});
  auto const body = out.substr(out.find("\r\n\r\n") + 4);
  CHECK(has_line(out, "Content-Length: " + std::to_string(body.size())));
  CHECK(body == "502 Bad Gateway: why\n");
}

TEST_CASE("escapes within escapes take no longer than others") {
  std::string target = "/%";
  for (int i = 0; i < 500'000; ++i) target += "25"; // by passes over the whole this would take hours
  CHECK_FALSE(has_dot_segments(target));
  CHECK(has_dot_segments(target + "2e"));
}
