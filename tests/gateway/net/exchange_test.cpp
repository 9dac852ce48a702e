// Bodies in both directions, and upstreams that fail.
#include "tests/gateway/net/conversation.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <ctime>
#include <iomanip>
#include <memory>
#include <sstream>

using namespace tests::gateway_net;
using tests::live::answer;
using tests::live::serves_as;

namespace {

nlohmann::json with_timeouts(nlohmann::json timeouts) { return {{"timeouts", std::move(timeouts)}}; }

/// Bodies are forwarded as they arrive.
nlohmann::json streaming(nlohmann::json timeouts) {
  return {{"timeouts", std::move(timeouts)}, {"request_buffering", "off"}};
}

std::string proxy_status_error(client_answer const& got) {
  std::string const value = got.field("Proxy-Status");
  std::size_t const at = value.find("error=");
  return at == std::string::npos ? value : value.substr(at + 6, value.find(';', at) - at - 6);
}

}

TEST_CASE("an upload is told to continue, also when the first hop redirects, and arrives once and whole") {
  raw_upstream wrong;
  scripted_upstream owner{[](upstream_request const& r) { return script_answer{answer("", r.body)}; }};
  configured_gateway gateway({wrong.address(), owner.address()},
                             {{"guess", "round_robin"}, {"request_buffering", "off"}});
  client c(gateway.port());
  c.send("POST /up HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 8\r\n\r\n");
  CHECK(c.receive().status == 100);
  raw_connection w = wrong.accept();
  std::string const head = w.read_until("\r\n\r\n");
  CHECK(head.find("Expect") == std::string::npos);
  w.send(answer("X-Accel-Redirect: /internal_redirect/" + owner.address() + "/up\r\n", ""));
  CHECK(w.closed()); // the rest of the body will not be sent here
  c.send("the body");
  client_answer const got = c.receive();
  CHECK(got.status == 200);
  CHECK(got.body == "the body");
  CHECK(owner.requests().size() == 1);
}

TEST_CASE("a body beyond the limit in memory is redirected and received whole") {
  bool const chunked = GENERATE(false, true);
  INFO((chunked ? "chunked" : "with a length"));
  std::string body;
  for (int i = 0; body.size() < 3'000'000; ++i) body += std::to_string(i) + ",";
  scripted_upstream owner{serves_as("stored")};
  scripted_upstream wrong{[&](upstream_request const& r) { return redirect_to(owner.address(), r); }};
  scratch_directory bodies;
  configured_gateway gateway(
      {wrong.address(), owner.address()},
      {{"guess", "round_robin"}, {"body_in_memory", "4096"}, {"body_directory", bodies.path().string()}});
  client c(gateway.port());
  std::string bytes = request("PUT", "/large", "t", "", body);
  if (chunked) {
    bytes = "PUT /large HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (std::size_t at = 0; at < body.size(); at += 777'777) {
      std::string const piece = body.substr(at, 777'777);
      char size[16];
      std::snprintf(size, sizeof size, "%zx\r\n", piece.size());
      bytes += size + piece + "\r\n";
    }
    bytes += "0\r\n\r\n";
  }
  CHECK(c.exchange(bytes).body == "stored");
  REQUIRE(owner.requests().size() == 1);
  CHECK(owner.requests()[0].body == body);
  CHECK(owner.requests()[0].method == "PUT");
  CHECK(std::filesystem::is_empty(bodies.path()));
}

TEST_CASE("an answer before the end of the request's body reaches the client, and ends the connection") {
  raw_upstream upstream;
  configured_gateway gateway({upstream.address()}, {{"request_buffering", "off"}});
  client c(gateway.port());
  c.send("POST /up HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\nfirst part");
  raw_connection u = upstream.accept();
  CHECK(u.read_until("first part").ends_with("first part"));
  u.send(answer("", "enough", "403 Forbidden"));
  client_answer const got = c.receive();
  CHECK(got.status == 403);
  CHECK(got.body == "enough");
  CHECK(got.field("Connection") == "close");
  CHECK(c.closed());
}

TEST_CASE("an answer that begins before the request's end still gets the rest of the request") {
  raw_upstream upstream;
  configured_gateway gateway({upstream.address()}, {{"request_buffering", "off"}});
  raw_connection c(gateway.port());
  c.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhello");
  raw_connection u = upstream.accept();
  u.read_until("hello");
  u.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
  CHECK(c.read_until("hello").ends_with("hello"));
  c.send("world");
  CHECK(u.read(5) == "world");
  u.send("5\r\nworld\r\n0\r\n\r\n");
  CHECK(c.read_all().ends_with("world\r\n0\r\n\r\n"));
}

TEST_CASE("a client that leaves in the middle of its body, after the answer has begun, leaves no upstream waiting") {
  raw_upstream upstream;
  configured_gateway gateway({upstream.address()}, {{"request_buffering", "off"}});
  raw_connection c(gateway.port());
  c.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhello");
  raw_connection u = upstream.accept();
  u.read_until("hello");
  u.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
  CHECK(c.read_until("hello").ends_with("hello"));
  bool const resets = GENERATE(false, true);
  if (resets)
    c.reset();
  else
    c.half_close();
  CHECK(u.closed());
  CHECK(eventually([&] { return gateway.status()["upstreams"][0]["in_flight"] == 0; }));
}

TEST_CASE("the time for a request begins when all of it is there") {
  raw_upstream upstream;
  configured_gateway gateway({upstream.address()}, streaming({{"request", "100ms"}}));
  client slow(gateway.port());
  slow.send("POST /slow HTTP/1.1\r\nHost: h\r\nContent-Length: 8\r\n\r\nfour");
  raw_connection u = upstream.accept();
  u.read_until("four");
  client later(gateway.port());
  CHECK(later.exchange(request("GET", "/later", "")).status == 504); // so the first one's time would be over as well
  slow.send("four");
  CHECK(u.read(4) == "four");
  u.send(answer("", "all"));
  CHECK(slow.receive().body == "all");
}

TEST_CASE("a client that uploads slowly does not make its upstream look silent") {
  raw_upstream upstream;
  configured_gateway gateway({upstream.address()}, streaming({{"answer", "50ms"}, {"client_body", "300ms"}}));
  client c(gateway.port());
  c.send("POST /up HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhalf");
  raw_connection u = upstream.accept();
  client_answer const got = c.receive();
  CHECK(got.status == 408);                                 // it is the client's fault …
  CHECK(gateway.status()["upstreams"][0]["failures"] == 0); // … and not the upstream's
}

TEST_CASE("HEAD, 204 and 304 have no body, and the connection goes on") {
  scripted_upstream upstream{[](upstream_request const& r) {
    if (r.target == "/204") return script_answer{"HTTP/1.1 204 No Content\r\n\r\n"};
    if (r.target == "/304")
      return script_answer{"HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\nContent-Length: 9\r\n\r\n"};
    if (r.target == "/chunked") return script_answer{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"};
    return script_answer{"HTTP/1.1 200 OK\r\nContent-Length: 77\r\n\r\n"};
  }};
  configured_gateway gateway({upstream.address()});
  raw_connection c(gateway.port());
  c.send(request("HEAD", "/x", "t") + request("HEAD", "/chunked", "t") + request("GET", "/204", "t") +
         request("GET", "/304", "t") + request("HEAD", "/x", "t", "Connection: close\r\n"));
  std::string const head = c.read_until("\r\n\r\n");
  CHECK(head.find("Content-Length: 77\r\n") != std::string::npos);
  CHECK(c.read_until("\r\n\r\n").starts_with("HTTP/1.1 200"));
  std::string const empty = c.read_until("\r\n\r\n");
  CHECK(empty.starts_with("HTTP/1.1 204"));
  CHECK(empty.find("Transfer-Encoding") == std::string::npos);
  CHECK(c.read_until("\r\n\r\n").starts_with("HTTP/1.1 304"));
  CHECK(c.read_until("\r\n\r\n").starts_with("HTTP/1.1 200"));
  CHECK(c.closed());
  CHECK(upstream.connections() == 1);
}

TEST_CASE("204 and 304 have no body even when the upstream names chunks: the next answer begins at its beginning") {
  scripted_upstream upstream{[](upstream_request const& r) {
    if (r.target == "/204") return script_answer{"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n"};
    if (r.target == "/304") return script_answer{"HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n"};
    return script_answer{answer()};
  }};
  configured_gateway gateway({upstream.address()});
  raw_connection c(gateway.port());
  for (char const* target : {"/204", "/304"}) {
    c.send(request("GET", target, "t") + request("GET", "/next", "t"));
    CHECK(c.read_until("\r\n\r\n").find("Transfer-Encoding") == std::string::npos);
    CHECK(c.read_until("\r\n\r\nok").starts_with("HTTP/1.1 200 OK"));
  }
}

TEST_CASE(
    "an answer in a transfer coding that nobody asked for is 502, not the coded bytes as if they were the content") {
  scripted_upstream upstream{[](upstream_request const& r) {
    if (r.target == "/plain") return script_answer{answer()};
    return script_answer{"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"};
  }};
  configured_gateway gateway({upstream.address()});
  client c(gateway.port());
  client_answer const got = c.exchange(request("GET", "/x", "t"));
  CHECK(got.status == 502);
  CHECK(proxy_status_error(got) == "http_response_transfer_coding");
  CHECK(c.exchange(request("HEAD", "/x", "t")).status == 200); // an empty body has no coding
  CHECK(c.exchange(request("GET", "/plain", "t")).status == 200);
  CHECK(upstream.requests().size() == 3); // asking again would not help
}

TEST_CASE("each Set-Cookie stays a field of its own, in order; chunks of an answer are decoded and coded anew") {
  scripted_upstream upstream{[](upstream_request const&) {
    return script_answer{
        "HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2, x\r\nTransfer-Encoding: chunked\r\n\r\n"
        "4;ext=1\r\nwiki\r\n5\r\npedia\r\n0\r\nX-Trailer: 1\r\n\r\n"};
  }};
  configured_gateway gateway({upstream.address()});
  client c(gateway.port());
  for (int i = 0; i < 3; ++i) {
    client_answer const got = c.exchange(request("GET", "/x", "t"));
    CHECK(got.body == "wikipedia");
    CHECK(got.fields.count("Set-Cookie") == 2);
    CHECK(got.field("Set-Cookie") == "a=1");
  }
  CHECK(upstream.connections() == 1);
}

TEST_CASE("5 MB answers to 32 clients that do not read take little memory") {
  scripted_upstream upstream{
      [](upstream_request const&) { return script_answer{answer("", std::string(5'000'000, 'x'))}; }};
  configured_gateway gateway({upstream.address()});
  client(gateway.port()).exchange(request("GET", "/x", "t"));
  std::size_t const before = gateway.resident_bytes();
  std::vector<raw_connection> readers;
  for (int i = 0; i < 32; ++i) {
    readers.emplace_back(gateway.port(), 4096);
    readers.back().send(request("GET", "/x", "t"));
  }
  for (raw_connection& reader : readers) CHECK(reader.read(1000).size() == 1000);
  if (gateway.counts_memory) CHECK(gateway.resident_bytes() < before + 8'000'000);
  CHECK(readers[0].read(4'990'000).size() == 4'990'000); // and it continues when they do
}

TEST_CASE("a silent upstream is given up after its time, whatever longer deadlines are pending") {
  std::string const method = GENERATE(as<std::string>{}, "GET", "POST");
  INFO(method);
  scripted_upstream upstream{[](upstream_request const&) { return script_answer{"", false, true}; }};
  configured_gateway gateway({upstream.address()}, with_timeouts({{"answer", "400ms"}}));
  client idle(gateway.port()); // arms the timer for client_idle's 75 s
  gateway.status();
  client c(gateway.port());
  client_answer const got = c.exchange(request(method, "/x", "t"));
  CHECK(got.status == 504);
  CHECK(proxy_status_error(got) == "http_response_timeout");
  CHECK(upstream.requests().size() == 1);
}

TEST_CASE("a status that is none is no answer to wait behind") {
  scripted_upstream upstream{
      [](upstream_request const&) { return script_answer{"HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n"}; }};
  configured_gateway gateway({upstream.address()});
  client_answer const got = client(gateway.port()).exchange(request("GET", "/x", "t"));
  CHECK(got.status == 502);
  CHECK(proxy_status_error(got) == "http_protocol_error");
}

TEST_CASE("a POST that an upstream may have read is not sent again, a GET is") {
  scripted_upstream good{serves_as("good")};
  scripted_upstream bad{[](upstream_request const&) { return script_answer{"", true}; }};
  configured_gateway gateway({bad.address(), good.address()}, {{"guess", "round_robin"}});
  client c(gateway.port());
  SECTION("POST") {
    client_answer const got = c.exchange(request("POST", "/x", "", "", "b"));
    CHECK(got.status == 502);
    CHECK(proxy_status_error(got) == "connection_terminated");
    CHECK(good.requests().empty());
  }
  SECTION("GET") {
    CHECK(c.exchange(request("GET", "/x", "")).body == "good");
    CHECK(gateway.count("retries") == 1);
  }
}

TEST_CASE("a POST to an upstream that refuses the connection goes to another, whole") {
  raw_upstream dead;
  scripted_upstream good{[](upstream_request const& r) { return script_answer{answer("", r.body)}; }};
  configured_gateway gateway({dead.address(), good.address()}, {{"guess", "round_robin"}});
  dead.close();
  client c(gateway.port());
  CHECK(c.exchange(request("POST", "/x", "t", "", "the body")).body == "the body");
  CHECK(gateway.count("retries") == 1);
}

TEST_CASE("with no upstream left the answer is 502 with the reason") {
  raw_upstream dead;
  configured_gateway gateway({dead.address()});
  dead.close();
  client c(gateway.port());
  client_answer const got = c.exchange(request("POST", "/x", "t", "", "b"));
  CHECK(got.status == 502);
  CHECK(proxy_status_error(got) == "connection_refused");
}

TEST_CASE("a kept-alive upstream connection that closes under a GET costs nothing but a fresh connection") {
  raw_upstream upstream;
  configured_gateway gateway({upstream.address()});
  client c(gateway.port());
  c.send(request("GET", "/1", "t"));
  raw_connection first = upstream.accept();
  first.read_until("\r\n\r\n");
  first.send(answer("X-Backend: http://" + upstream.address() + "\r\n", "one"));
  CHECK(c.receive().body == "one");
  c.send(request("GET", "/2", "t"));
  CHECK(first.read_until("\r\n\r\n").starts_with("GET /2 "));
  first.close();
  raw_connection second = upstream.accept();
  CHECK(second.read_until("\r\n\r\n").starts_with("GET /2 "));
  second.send(answer("", "two"));
  CHECK(c.receive().body == "two");
  CHECK(gateway.count("forgotten") == 0); // it says nothing about the proxy's health
}

TEST_CASE("a truncated chunked answer is passed on as truncated") {
  scripted_upstream upstream{[](upstream_request const&) {
    return script_answer{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nwiki\r\n", true};
  }};
  configured_gateway gateway({upstream.address()});
  raw_connection c(gateway.port());
  c.send(request("GET", "/x", "t") + request("GET", "/y", "t"));
  std::string const got = c.read_all();
  CHECK(got.find("wiki") != std::string::npos);
  CHECK(got.find("0\r\n\r\n") == std::string::npos);
  CHECK(upstream.requests().size() == 1);
  CHECK(gateway.count("truncated_answers") == 1);
}

TEST_CASE("answers say when they were made: the gateway's own, and those of upstreams that do not say it themselves") {
  scripted_upstream upstream(serves_as());
  configured_gateway gateway({upstream.address()});
  client c(gateway.port());
  auto const refused = c.exchange(request("GET", "/internal_redirect/x", "t"));
  CHECK(refused.status == 404);
  std::tm said{};
  std::istringstream in(refused.field("Date"));
  in >> std::get_time(&said, "%a, %d %b %Y %H:%M:%S GMT");
  REQUIRE_FALSE(in.fail());
  CHECK(std::abs(std::difftime(::timegm(&said), std::time(nullptr))) < 60);
  CHECK_FALSE(c.exchange(request("GET", "/x", "t")).field("Date").empty()); // RFC 9110 6.6.1
  std::string const long_ago = "Sun, 06 Nov 1994 08:49:37 GMT";
  upstream.set_script(
      [&](upstream_request const&) { return script_answer{tests::live::answer("Date: " + long_ago + "\r\n")}; });
  CHECK(c.exchange(request("GET", "/x", "t")).field("Date") == long_ago);
}
