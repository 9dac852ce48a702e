// Answers that the gateway cannot pass on: who is to blame, and that client, log and journal agree about them.
#include "base/journal/journal.hpp"
#include "base/journal/records.hpp"
#include "tests/gateway/net/conversation.hpp"

#include <catch2/catch.hpp>

#include <csignal>
#include <fstream>
#include <vector>

using namespace tests::gateway_net;
using tests::live::serves_as;

namespace {

/// A gateway that writes all its logs, in front of three upstreams that answer alike.
struct fixture {
  scratch_directory scratch;
  std::filesystem::path const log = scratch.path() / "access.log", journal = scratch.path() / "gateway.journal";
  scripted_upstream a{serves_as()}, b{serves_as()}, c{serves_as()};
  configured_gateway gateway{{a.address(), b.address(), c.address()},
                             {{"outliers", {{"max_failures", 1}, {"avoid_for", "60s"}}},
                              {"guess", "round_robin"},
                              {"access_log", log.string()},
                              {"journal", {{"file", journal.string()}}}}};

  /// At `/x`; elsewhere they serve normally.
  void answer(std::string const& bytes, bool close) {
    for (scripted_upstream* u : {&a, &b, &c})
      u->set_script([=, this](upstream_request const& r) {
        if (r.target != "/x") return served_by(a.address());
        return script_answer{.bytes = bytes, .close = close};
      });
  }
  std::size_t hops() const {
    std::size_t n = 0;
    for (scripted_upstream const* u : {&a, &b, &c})
      for (upstream_request const& r : u->requests()) n += r.target == "/x";
    return n;
  }
  /// After the gateway has ended.
  nlohmann::json last_line() {
    gateway->process().signal(SIGTERM);
    CHECK(gateway->process().wait() == 0);
    std::ifstream in(log);
    std::string last;
    for (std::string line; std::getline(in, line);) last = line;
    return nlohmann::json::parse(last);
  }
};

std::string const ok = "HTTP/1.1 200 OK\r\n";
std::string const two = "Content-Length: 2\r\n\r\nok";

std::string many_fields() {
  std::string out = ok;
  for (int i = 0; i < 2'000; ++i) out += "X-" + std::to_string(i) + ": y\r\n";
  return out + two;
}

}

TEST_CASE("an answer that cannot be passed on is the client's 502 and nobody's failure, and the books say so") {
  struct row {
    char const* name;
    std::string bytes;
    char const* error;
  };
  auto const r = GENERATE(
      row{"a field that is too large", ok + "A: " + std::string(40'000, 'a') + "\r\n" + two,
          "http_response_header_section_size"},
      row{"too many fields", many_fields(), "http_response_header_section_size"},
      row{"an endless status line", "HTTP/1.1 200 " + std::string(70'000, 'a'), "http_response_header_section_size"},
      row{"another protocol", "SSH-2.0-OpenSSH_9.2\r\n\r\n", "http_protocol_error"},
      row{"another protocol's first line", "220 mail.example ESMTP\r\n", "http_protocol_error"},
      row{"TLS", std::string("\x15\x03\x01\x00\x02\x02\x16\r\n\r\n", 11), "http_protocol_error"},
      row{"HTTP/0.9", "<html>hello</html>\r\n\r\n", "http_protocol_error"},
      row{"HTTP/2", "HTTP/2 200\r\n\r\n", "http_protocol_error"},
      row{"an unasked upgrade", "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
          "http_protocol_error"},
      row{"a folded field", ok + "A: b\r\n c\r\n" + two, "http_protocol_error"},
      row{"NUL in a field", ok + std::string("A: b\0c\r\n", 8) + two, "http_protocol_error"},
      row{"two lengths", ok + "Content-Length: 3\r\n" + two, "http_protocol_error"},
      row{"a list of unequal lengths", ok + "Content-Length: 2, 3\r\n\r\nok", "http_protocol_error"},
      row{"length and coding", ok + "Transfer-Encoding: chunked\r\n" + two, "http_protocol_error"},
      row{"a coding that nobody asked for", ok + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
          "http_response_transfer_coding"},
      row{"a chunk's size with a blank", ok + "Transfer-Encoding: chunked\r\n\r\n3 \r\nabc\r\n0\r\n\r\n",
          "http_protocol_error"},
      row{"a chunk's size that is none", ok + "Transfer-Encoding: chunked\r\n\r\n-1\r\nabc\r\n0\r\n\r\n",
          "http_protocol_error"},
      row{"a chunk's size that is too large", ok + "Transfer-Encoding: chunked\r\n\r\n" + std::string(17, 'f') + "\r\n",
          "http_protocol_error"});
  std::string const method = GENERATE("GET", "POST");
  INFO(r.name << ", " << method);
  fixture f;
  f.answer(r.bytes, true);
  client c(f.gateway.port());
  CHECK(c.exchange(request("GET", "/learn", "t")).status == 200);
  client_answer const got = c.exchange(request(method, "/x", "t", "Lab-Request: 7\r\n", method == "POST" ? "b" : ""));
  CHECK(got.status == 502);
  CHECK(got.complete);
  CHECK(got.field("Proxy-Status").find(std::string("error=") + r.error) != std::string::npos);
  CHECK(f.hops() == 1);
  CHECK(c.exchange(request("GET", "/after", "")).status == 200);

  auto const status = f.gateway.status();
  CHECK(status["answers_refused"] == 1);
  CHECK(status["failed"] == 1);
  CHECK(status["retries"] == 0);
  CHECK(status["forgotten"] == 0);
  CHECK(status["ejections"] == 0);
  CHECK(status["token_map"]["entries"] == 1);
  for (auto const& u : status["upstreams"]) {
    CHECK(u["failures"] == 0);
    CHECK(u["avoided"] == false);
  }
  bool booked = false;
  for (auto const& event : journal::read<journal::balancer_event>(f.journal, "balancer_event")) {
    if (event.request != 7) continue;
    if (event.kind == journal::balancer_event_kind::hop) {
      CHECK(event.result == journal::hop_result::failed);
    } else {
      CHECK(event.outcome == journal::request_result::failed);
      CHECK(event.status == 502);
      booked = true;
    }
  }
  CHECK(booked);
  client last(f.gateway.port());
  CHECK(last.exchange(request(method, "/x", "", "", method == "POST" ? "b" : "")).status == 502);
  auto const line = f.last_line();
  CHECK(line["status"] == 502);
  CHECK(line["error"] == r.error);
}

TEST_CASE("a connection that ends within a head is a failure: a GET goes elsewhere, a POST does not") {
  std::string const begun = GENERATE(as<std::string>{}, "", "H", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nA: b\r\n\r",
                                     "HTTP/1.1 2", "HTTP/1.1 200 OK\r\nContent-Le");
  INFO(begun);
  fixture f;
  f.answer(begun, true);
  client c(f.gateway.port());
  client_answer const got = c.exchange(request("GET", "/x", ""));
  CHECK(got.status == 502);
  CHECK(f.hops() == 3);
  CHECK(f.gateway.count("answers_refused") == 0);
  CHECK(f.gateway.count("ejections") == 3);
  CHECK(c.exchange(request("POST", "/x", "", "", "b")).status == 502);
  CHECK(f.hops() == 4);
}

TEST_CASE("an answer that breaks off once it has begun is broken off, and the log has its status and what happened") {
  struct row {
    char const* name;
    std::string first, then;
    char const* error;
  };
  std::string const chunked = ok + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n";
  auto const r = GENERATE_COPY(
      row{"a later chunk is malformed", chunked, "zz\r\n", "http_protocol_error"},
      row{"a chunk has no end", chunked, "3\r\nabcdef\r\n", "http_protocol_error"},
      row{"the connection ends in a chunk", chunked, "9\r\nabc", "http_response_incomplete"},
      row{"the connection ends before the last chunk", chunked, "3\r\ndef\r\n", "http_response_incomplete"},
      row{"the connection ends before the length", ok + "Content-Length: 9\r\n\r\nabc", "def",
          "http_response_incomplete"});
  INFO(r.name);
  scratch_directory scratch;
  std::filesystem::path const log = scratch.path() / "access.log";
  raw_upstream upstream;
  configured_gateway gateway({upstream.address()}, {{"access_log", log.string()}});
  raw_connection c(gateway.port());
  c.send(request("GET", "/x", ""));
  raw_connection u = upstream.accept();
  u.read_until("\r\n\r\n");
  u.send(r.first);
  CHECK(c.read_until("abc").starts_with("HTTP/1.1 200"));
  u.send(r.then);
  u.close();
  CHECK(c.read_all().find("0\r\n\r\n") == std::string::npos);
  CHECK(eventually([&] { return gateway.count("truncated_answers") == 1; }));
  gateway->process().signal(SIGTERM);
  CHECK(gateway->process().wait() == 0);
  std::ifstream in(log);
  std::string text;
  std::getline(in, text);
  auto const line = nlohmann::json::parse(text);
  CHECK(line["status"] == 200);
  CHECK(line["error"] == r.error);
}

TEST_CASE("an answer that came after a retry is logged without the error that it had nothing of") {
  scratch_directory scratch;
  std::filesystem::path const log = scratch.path() / "access.log";
  raw_upstream dead;
  scripted_upstream alive{serves_as()};
  configured_gateway gateway({dead.address(), alive.address()},
                             {{"access_log", log.string()}, {"guess", "round_robin"}});
  dead.close();
  CHECK(client(gateway.port()).exchange(request("GET", "/x", "")).status == 200);
  gateway->process().signal(SIGTERM);
  CHECK(gateway->process().wait() == 0);
  std::ifstream in(log);
  std::string text;
  std::getline(in, text);
  auto const line = nlohmann::json::parse(text);
  CHECK(line["retries"] == 1);
  CHECK_FALSE(line.contains("error"));
}

TEST_CASE("a request line that is too long is 414, other heads that are 431") {
  struct row {
    char const* name;
    std::string head;
    char const* status;
  };
  std::string const host = " HTTP/1.1\r\nHost: h\r\n";
  auto const r = GENERATE_COPY(
      row{"a long target", "GET /" + std::string(20'000, 'a') + host + "\r\n", "414"},
      row{"a long query", "GET /?" + std::string(20'000, 'a') + host + "\r\n", "414"},
      row{"an absolute one", "GET http://h/" + std::string(20'000, 'a') + host + "\r\n", "414"},
      row{"one without an end", "POST /" + std::string(40'000, 'a'), "414"},
      row{"a long field", "GET /" + host + "A: " + std::string(20'000, 'a') + "\r\n\r\n", "431"},
      row{"a long target and a long field",
          "GET /" + std::string(10'000, 'a') + host + "A: " + std::string(10'000, 'a') + "\r\n\r\n", "431"},
      row{"a target that just fits", "GET /internal_redirect/" + std::string(15'000, 'a') + host + "\r\n", "404"});
  INFO(r.name);
  scripted_upstream upstream{serves_as()};
  configured_gateway gateway({upstream.address()});
  raw_connection c(gateway.port());
  c.send(r.head);
  CHECK(c.read_until("\r\n").substr(9, 3) == r.status);
  CHECK(upstream.requests().empty());
}

TEST_CASE("an OPTIONS that may go no further is answered here, another goes on with one hop less") {
  scripted_upstream upstream{serves_as()};
  configured_gateway gateway({upstream.address()}, {{"methods", {"GET", "OPTIONS"}}});
  client c(gateway.port());
  auto const ask = [&](char const* target, char const* hops) {
    return c.exchange(request("OPTIONS", target, "", std::string("Max-Forwards: ") + hops + "\r\n"));
  };
  for (char const* target : {"/x", "*"}) {
    client_answer const here = ask(target, "0");
    CHECK(here.status == 200);
    CHECK(here.field("Allow") == "GET, OPTIONS");
  }
  CHECK(upstream.requests().empty());
  CHECK(ask("/internal_redirect/a:1/", "0").status == 404);
  CHECK(ask("/x", "3").status == 200);
  REQUIRE(upstream.requests().size() == 1);
  CHECK(upstream.requests()[0].field("Max-Forwards") == "2");
  CHECK(ask("/x", "-1").status == 400);
}
