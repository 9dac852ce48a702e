// Connections and the requests on them: keep-alive, pools, pipelines, HTTP/1.0, half-closed and vanished clients.
#include "tests/gateway/net/conversation.hpp"

#include <catch2/catch.hpp>

using namespace tests::gateway_net;
using namespace std::string_literals;
using tests::live::answer;
using tests::live::serves_as;

TEST_CASE("a kept-alive client's requests share one upstream connection") {
  scripted_upstream upstream{serves_as()};
  configured_gateway gateway({upstream.address()});
  client c(gateway.port());
  for (int i = 0; i < 20; ++i) CHECK(c.exchange(request("GET", "/x", "t")).body == "served");
  CHECK(upstream.requests().size() == 20);
  CHECK(upstream.connections() == 1);
  CHECK(gateway.count("connections") == 1);
}

TEST_CASE("a pooled upstream connection serves clients one after another") {
  scripted_upstream upstream{serves_as()};
  configured_gateway gateway({upstream.address()});
  for (int i = 0; i < 10; ++i) {
    client c(gateway.port());
    CHECK(c.exchange(request("POST", "/x", "t" + std::to_string(i), "", "body")).body == "served");
  }
  CHECK(upstream.connections() == 1);
}

TEST_CASE("a redirect leaves the wrong proxy's connection in the pool") {
  scripted_upstream owner{serves_as()};
  owner.set_script([&](upstream_request const&) { return served_by(owner.address()); });
  scripted_upstream wrong{[&](upstream_request const& r) { return redirect_to(owner.address(), r); }};
  configured_gateway gateway({wrong.address(), owner.address()}, {{"token_map", "off"}, {"guess", "round_robin"}});
  client c(gateway.port());
  for (int i = 0; i < 20; ++i) CHECK(c.exchange(request("POST", "/x", "t", "", "body")).body == "served");
  CHECK(wrong.requests().size() == 10);
  CHECK(wrong.connections() == 1);
  CHECK(owner.connections() == 1);
}

TEST_CASE("an upstream's Connection: close is believed") {
  scripted_upstream upstream{[](upstream_request const&) {
    return script_answer{answer("Connection: close\r\n"), true};
  }};
  configured_gateway gateway({upstream.address()});
  client c(gateway.port());
  for (int i = 0; i < 5; ++i) CHECK(c.exchange(request("POST", "/x", "t", "", "b")).status == 200);
  CHECK(upstream.connections() == 5);
}

TEST_CASE("pipelined requests are answered in their order, bodies and refusals among them") {
  scripted_upstream upstream{
      [](upstream_request const& r) { return script_answer{answer("", r.method + " " + r.target + " " + r.body)}; }};
  configured_gateway gateway({upstream.address()});
  client c(gateway.port());
  std::string const large(40'000, 'x');
  c.send(request("GET", "/1", "t") + request("POST", "/2", "t", "", "two") +
         request("GET", "/internal_redirect/127.0.0.1:1/x", "t") + request("HEAD", "/4", "t") +
         request("PUT", "/5", "t", "", large) +
         "POST /6 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nsix\r\n0\r\n\r\n" +
         request("GET", "/7", "t"));
  CHECK(c.receive().body == "GET /1 ");
  CHECK(c.receive().body == "POST /2 two");
  CHECK(c.receive().status == 404);
  client_answer const head = c.receive(true);
  CHECK(head.status == 200);
  CHECK(head.complete);
  CHECK(c.receive().body == "PUT /5 " + large);
  CHECK(c.receive().body == "POST /6 six");
  CHECK(c.receive().body == "GET /7 ");
  CHECK(gateway.count("requests") == 6);
  CHECK(gateway.count("refused") == 1);
}

TEST_CASE("a thousand pipelined refusals do not nest") {
  scripted_upstream upstream{serves_as()};
  configured_gateway gateway({upstream.address()});
  client c(gateway.port());
  std::string all;
  for (int i = 0; i < 1000; ++i) all += request("GET", "/internal_redirect/x", "");
  c.send(all + request("GET", "/last", ""));
  for (int i = 0; i < 1000; ++i) REQUIRE(c.receive().status == 404);
  CHECK(c.receive().body == "served");
}

TEST_CASE("a few blank lines before a request are skipped, many are not") {
  scripted_upstream upstream{[](upstream_request const& r) { return script_answer{answer("", r.target)}; }};
  configured_gateway gateway({upstream.address()});
  SECTION("before the first, and behind a body that is followed by a request at once") {
    raw_connection c(gateway.port());
    c.send("\r\n\r\n" + request("POST", "/one", "t", "", "b") + "\r\n" + request("GET", "/two", "t"));
    CHECK(c.read_until("/one").ends_with("\r\n\r\n/one"));
    CHECK(c.read_until("/two").ends_with("\r\n\r\n/two"));
  }
  SECTION("behind a body, long before the next request, in pieces") {
    raw_connection c(gateway.port());
    c.send(request("POST", "/one", "t", "", "b") + "\r");
    CHECK(c.read_until("/one").ends_with("\r\n\r\n/one"));
    c.send("\n");
    c.send(request("GET", "/two", "t"));
    CHECK(c.read_until("/two").ends_with("\r\n\r\n/two"));
  }
  SECTION("only blank lines and a half-close are no request") {
    raw_connection c(gateway.port());
    c.send(request("GET", "/one", "t") + "\r\n");
    c.half_close();
    CHECK(c.read_all().ends_with("\r\n\r\n/one"));
  }
  SECTION("nine are no request") {
    raw_connection c(gateway.port());
    for (int i = 0; i < 9; ++i) c.send("\r\n");
    c.send(request("GET", "/x", "t"));
    CHECK(c.read_all().starts_with("HTTP/1.1 400"));
    CHECK(upstream.requests().empty());
  }
}

TEST_CASE("a request that arrives byte by byte is one request") {
  scripted_upstream upstream{[](upstream_request const& r) { return script_answer{answer("", r.target + r.body)}; }};
  configured_gateway gateway({upstream.address()});
  raw_connection c(gateway.port());
  for (char const byte : request("POST", "/slow", "t", "", "body")) c.send(std::string_view(&byte, 1));
  CHECK(c.read_until("/slowbody").ends_with("\r\n\r\n/slowbody"));
  CHECK(gateway.count("requests") == 1);
}

TEST_CASE("HTTP/1.0 closes unless it asks to keep the connection") {
  scripted_upstream upstream{[](upstream_request const&) {
    return script_answer{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nwiki\r\n0\r\n\r\n"};
  }};
  configured_gateway gateway({upstream.address()});
  SECTION("without keep-alive, and a chunked answer arrives without chunks") {
    raw_connection c(gateway.port());
    c.send("GET /x HTTP/1.0\r\n\r\n");
    std::string const got = c.read_all();
    CHECK(got.ends_with("\r\n\r\nwiki"));
    CHECK(got.find("Transfer-Encoding") == std::string::npos);
    CHECK_FALSE(upstream.requests().at(0).field("Host").empty());
  }
  SECTION("with keep-alive and a known length") {
    upstream.set_script(serves_as());
    raw_connection c(gateway.port());
    for (int i = 0; i < 3; ++i) {
      c.send("GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
      std::string const head = c.read_until("\r\n\r\n");
      CHECK(head.find("Connection: keep-alive\r\n") != std::string::npos);
      CHECK(c.read(6) == "served");
    }
    CHECK(gateway.count("connections") == 1);
  }
}

TEST_CASE("an upstream that speaks HTTP/1.0 is read to its end") {
  scripted_upstream upstream{[](upstream_request const&) {
    return script_answer{"HTTP/1.0 200 OK\r\n\r\nuntil the end", true};
  }};
  configured_gateway gateway({upstream.address()});
  client c(gateway.port());
  for (int i = 0; i < 2; ++i) {
    client_answer const got = c.exchange(request("GET", "/x", "t"));
    CHECK(got.complete);
    CHECK(got.body == "until the end");
  }
}

TEST_CASE("an empty Host is forwarded as it is, once") {
  scripted_upstream upstream{serves_as()};
  configured_gateway gateway({upstream.address()});
  client c(gateway.port());
  CHECK(c.exchange("GET /x HTTP/1.1\r\nHost:\r\n\r\n").status == 200);
  CHECK(upstream.requests().at(0).fields.count("Host") == 1);
}

TEST_CASE("a half-closed client gets all of its answers") {
  scripted_upstream upstream{[](upstream_request const& r) { return script_answer{answer("", r.target)}; }};
  configured_gateway gateway({upstream.address()});
  raw_connection c(gateway.port());
  c.send(request("GET", "/1", "t") + request("POST", "/2", "t", "", "b") + request("GET", "/3", "t"));
  c.half_close();
  std::string const got = c.read_all();
  CHECK(got.find("\r\n\r\n/1HTTP") != std::string::npos);
  CHECK(got.ends_with("\r\n\r\n/3"));
}

TEST_CASE("a half-close within a pipelined request ends the connection after the answer before it") {
  std::string const cut = GENERATE(as<std::string>{}, "GET /cut HTTP/1.1\r\nHo",
                                   "POST /cut HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nfour");
  INFO(cut);
  raw_upstream upstream;
  configured_gateway gateway({upstream.address()});
  raw_connection c(gateway.port());
  c.send(request("GET", "/1", "t") + cut);
  c.half_close();
  raw_connection u = upstream.accept();
  u.read_until("\r\n\r\n");
  u.send(answer("", "whole"));
  CHECK(c.read_all().ends_with("whole"));
  CHECK(eventually([&] { return gateway.count("open_connections") == 0; }));
}

TEST_CASE("clients that vanish leave nothing behind") {
  scripted_upstream upstream{serves_as()};
  configured_gateway gateway({upstream.address()}, {{"idle_per_upstream", 0}});
  gateway.status();
  std::size_t const before = gateway.open_descriptors();
  auto const nothing_left = [&] {
    auto const now = gateway.status();
    return now["open_connections"] == 0 && now["upstreams"][0]["in_flight"] == 0 &&
           gateway.open_descriptors() <= before + 1; // the admin connection that asks
  };
  SECTION("in the middle of a head") {
    for (int i = 0; i < 10; ++i) {
      raw_connection c(gateway.port());
      c.send("GET /x HTTP/1.1\r\nHost");
      i % 2 ? c.reset() : c.close();
    }
    CHECK(eventually(nothing_left));
  }
  SECTION("in the middle of a body") {
    for (int i = 0; i < 10; ++i) {
      raw_connection c(gateway.port());
      c.send("POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n" + std::string(100'000, 'x'));
      i % 2 ? c.reset() : c.close();
    }
    CHECK(eventually([&] { return gateway.count("client_gone") == 10; }));
    CHECK(eventually(nothing_left));
  }
  SECTION("while a silent upstream thinks") {
    upstream.set_script([](upstream_request const&) { return script_answer{"", false, true}; });
    for (int i = 0; i < 10; ++i) {
      raw_connection c(gateway.port());
      c.send(request("GET", "/x", "t"));
      CHECK(eventually([&] { return upstream.requests().size() == static_cast<std::size_t>(i) + 1; }));
      c.reset();
    }
    CHECK(eventually([&] { return gateway.count("client_gone") == 10; }));
    CHECK(eventually(nothing_left));
  }
  SECTION("in the middle of an answer") {
    upstream.set_script([](upstream_request const&) { return script_answer{answer("", std::string(8'000'000, 'x'))}; });
    for (int i = 0; i < 10; ++i) {
      raw_connection c(gateway.port(), 8192);
      c.send(request("GET", "/x", "t"));
      CHECK(c.read(1000).starts_with("HTTP/1.1 200"));
      i % 2 ? c.reset() : c.close();
    }
    CHECK(eventually(nothing_left));
  }
}

namespace {
std::string many_fields(int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += "X" + std::to_string(i) + ": y\r\n";
  return out;
}
}

TEST_CASE("as many fields as are allowed pass") {
  scripted_upstream upstream{serves_as()};
  configured_gateway gateway({upstream.address()});
  client c(gateway.port());
  CHECK(c.exchange("GET / HTTP/1.1\r\nHost: a\r\n" + many_fields(99) + "\r\n").status == 200);
}

TEST_CASE("what is no request is refused, and the connection ends") {
  struct row {
    char const* name;
    std::string bytes;
    std::string status;
  };
  auto const r = GENERATE(
      row{"no grammar", "nonsense\r\n\r\n", "400"}, row{"no host", "GET / HTTP/1.1\r\n\r\n", "400"},
      row{"two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400"},
      row{"space before the colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", "400"},
      row{"folded field", "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n", "400"},
      row{"two lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "400"},
      row{"length and chunks",
          "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
      row{"negative length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", "400"},
      row{"chunks in 1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
      row{"unknown coding",
          "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n", "501"},
      row{"coding before chunked", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
          "501"},
      row{"two tokens", "GET / HTTP/1.1\r\nHost: a\r\nAuthorization: a\r\nAuthorization: b\r\n\r\n", "400"},
      row{"bad chunk", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "400"},
      row{"version 2", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", "505"},
      row{"other expectation", "POST / HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\nContent-Length: 1\r\n\r\n", "417"},
      row{"oversized head", "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n", "431"},
      row{"oversized target", "GET /" + std::string(20'000, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n", "414"},
      row{"oversized body", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n", "413"},
      row{"no host in the URI", "GET http://?b=/c HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
      row{"the same length twice", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
          "400"},
      row{"a list of lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\na", "400"},
      row{"a length with a sign", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\na", "400"},
      row{"a length in hexadecimal", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x1\r\n\r\na", "400"},
      row{"an empty length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n", "400"},
      row{"a length of 2^64", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551616\r\n\r\n", "400"},
      row{"chunked twice", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", "501"},
      row{"two Transfer-Encodings",
          "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
          "400"},
      row{"chunks before a length",
          "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", "400"},
      row{"bare LF", "GET / HTTP/1.1\nHost: a\n\n", "400"},
      row{"bare LF after a field", "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n", "400"},
      row{"bare CR in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", "400"},
      row{"bare CR in the request line", "GET /\r HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
      row{"NUL in a value", "GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n"s, "400"},
      row{"NUL in the target", "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"s, "400"},
      row{"folded first field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", "400"},
      row{"no name", "GET / HTTP/1.1\r\nHost: a\r\n: x\r\n\r\n", "400"},
      row{"no colon", "GET / HTTP/1.1\r\nHost: a\r\nnothing\r\n\r\n", "400"},
      row{"a tab before the colon", "GET / HTTP/1.1\r\nHost: a\r\nX\t: y\r\n\r\n", "400"},
      row{"a control in a name", "GET / HTTP/1.1\r\nHost: a\r\nX\x01: y\r\n\r\n", "400"},
      row{"two spaces in the request line", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
      row{"a space in the target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
      row{"version 1.2 without its dot", "GET / HTTP/12\r\nHost: a\r\n\r\n", "400"},
      row{"no version", "GET /\r\nHost: a\r\n\r\n", "400"},
      row{"a chunk size with a sign",
          "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n+1\r\na\r\n0\r\n\r\n", "400"},
      row{"a chunk size with 0x",
          "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n", "400"},
      row{"a chunk size beyond 2^64",
          "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000001\r\na\r\n0\r\n\r\n", "400"},
      row{"an empty chunk size", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\r\na\r\n0\r\n\r\n",
          "400"},
      row{"a chunk longer than its size",
          "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n", "400"},
      row{"a chunk that ends with LF",
          "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\n0\r\n\r\n", "400"},
      row{"a chunk size that ends with LF",
          "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n", "400"},
      row{"an extension that is none",
          "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;=;\r\na\r\n0\r\n\r\n", "400"},
      row{"an extension with a bare LF",
          "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;a=\n2\r\na\r\n0\r\n\r\n", "400"},
      row{"another host in the target than in Host", "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
      row{"a user in the target", "GET http://me@a/ HTTP/1.1\r\nHost: me@a\r\n\r\n", "400"},
      row{"a path in Host", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "400"},
      row{"a target without a slash", "GET x HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
      row{"an asterisk but not OPTIONS", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
      row{"dot segments", "GET /a/../b HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
      row{"encoded dot segments", "GET /a/%2e%2e/b HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
      row{"many fields", "GET / HTTP/1.1\r\nHost: a\r\n" + many_fields(100) + "\r\n", "431"});
  INFO(r.name);
  scripted_upstream upstream{serves_as()};
  configured_gateway gateway({upstream.address()});
  raw_connection c(gateway.port());
  c.send(r.bytes);
  std::string const got = c.read_all();
  CHECK(got.substr(0, 12) == "HTTP/1.1 " + r.status);
  CHECK(got.find("\nHTTP/1.1 ") == std::string::npos);
  CHECK(upstream.requests().empty());
}

TEST_CASE("the answer to a broken request has a body even after HEAD") {
  scripted_upstream upstream{
      [](upstream_request const&) { return script_answer{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}; }};
  configured_gateway gateway({upstream.address()});
  client c(gateway.port());
  CHECK(c.exchange(request("HEAD", "/x", "t")).status == 200);
  client_answer const got = c.exchange("nonsense\r\n\r\n");
  CHECK(got.status == 400);
  CHECK(got.complete);
}
