// When an upstream is asked for a request whose body has not arrived yet.
#include "tests/gateway/net/conversation.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

using namespace tests::gateway_net;
using tests::live::answer;
using tests::live::serves_as;

namespace {

constexpr char const* go_on = "HTTP/1.1 100 Continue\r\n\r\n";

std::string head_of(std::string const& method, std::string const& framing) {
  return method + " /up HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n" + framing + "\r\n\r\n";
}

std::uint64_t hops(configured_gateway const& gateway) { return gateway.status()["upstreams"][0]["hops"]; }

nlohmann::json buffering(std::string const& mode, std::string const& pause = "1s") {
  return {{"request_buffering", mode}, {"timeouts", {{"body_pause", pause}}}};
}

/// Half of a body: the head was answered with 100, so the gateway has read it.
struct half_sent {
  char const* name;
  char const* method;
  std::string framing, first, rest;
  std::string body; // the body as the upstream finally sees it
};

std::vector<half_sent> const halves{
    {"a length, and nothing of the body", "POST", "Content-Length: 8", "", "the body", "the body"},
    {"a length, and half of the body", "POST", "Content-Length: 8", "the ", "body", "the body"},
    {"all but the last byte", "PATCH", "Content-Length: 8", "the bod", "y", "the body"},
    {"chunks, and no chunk", "POST", "Transfer-Encoding: chunked", "", "8\r\nthe body\r\n0\r\n\r\n", "the body"},
    {"half a chunk", "PUT", "Transfer-Encoding: chunked", "8\r\nthe ", "body\r\n0\r\n\r\n", "the body"},
    {"all chunks but the last", "PUT", "Transfer-Encoding: chunked", "8\r\nthe body\r\n", "0\r\n\r\n", "the body"},
    {"all but the last line", "POST", "Transfer-Encoding: chunked", "8\r\nthe body\r\n0\r\n", "\r\n", "the body"},
    {"a method that is not safe, and seldom has a body", "DELETE", "Content-Length: 8", "the", " body", "the body"},
};

}

TEST_CASE("half a body asks no upstream, unless request_buffering is off; the whole one comes whole") {
  std::string const mode = GENERATE("on", "auto", "off");
  for (half_sent const& half : halves) {
    INFO(mode << ", " << half.name);
    scripted_upstream upstream{[](upstream_request const& r) { return script_answer{answer("", r.body)}; }};
    configured_gateway gateway({upstream.address()}, buffering(mode));
    raw_connection c(gateway.port());
    c.send(head_of(half.method, half.framing));
    CHECK(c.read_until("\r\n\r\n") == go_on);
    c.send(half.first);
    // Another connection on the same thread has been served meanwhile.
    client other(gateway.port());
    CHECK(other.exchange(request("GET", "/other", "t")).status == 200);
    std::size_t const expected = mode == "off" ? 2 : 1;
    CHECK(eventually([&] { return hops(gateway) == expected; }));
    c.send(half.rest);
    std::string const got = c.read_until("the body");
    CHECK(got.starts_with("HTTP/1.1 200"));
    CHECK(got.ends_with(half.body));
    CHECK(hops(gateway) == 2);
  }
}

TEST_CASE("a crowd of half-sent requests holds no connection to any upstream, and is served when it goes on") {
  scripted_upstream upstream{serves_as()};
  configured_gateway gateway({upstream.address()});
  std::vector<raw_connection> crowd;
  for (int i = 0; i < 200; ++i) {
    crowd.emplace_back(gateway.port());
    crowd.back().send(head_of("POST", "Content-Length: 100000"));
    CHECK(crowd.back().read_until("\r\n\r\n") == go_on);
    crowd.back().send(std::string(5'000, 'x'));
  }
  client c(gateway.port());
  CHECK(c.exchange(request("GET", "/x", "t")).status == 200);
  CHECK(hops(gateway) == 1);
  for (raw_connection& one : crowd) {
    one.send(std::string(95'000, 'x'));
    CHECK(one.read_until("\r\n\r\n").starts_with("HTTP/1.1 200"));
  }
  CHECK(hops(gateway) == 201);
}

TEST_CASE("auto: a large body that comes without a pause streams, one that pauses waits to be whole") {
  bool const pauses = GENERATE(false, true);
  raw_upstream upstream;
  nlohmann::json configuration = buffering("auto", pauses ? "1us" : "1h");
  configuration["body_in_memory"] = "4096";
  configured_gateway gateway({upstream.address()}, configuration);
  raw_connection c(gateway.port());
  c.send(head_of("POST", "Content-Length: 9000"));
  CHECK(c.read_until("\r\n\r\n") == go_on);
  c.send(std::string(5'000, 'a'));
  std::optional<raw_connection> u;
  if (!pauses) {
    u = upstream.accept();
    u->read_until(std::string(5'000, 'a'));
  } else {
    client other(gateway.port());
    other.send(request("GET", "/other", "t"));
    raw_connection o = upstream.accept();
    o.read_until("\r\n\r\n");
    CHECK_FALSE(upstream.has_connection());
    o.send(answer("", "ok"));
    CHECK(other.receive().status == 200);
    o.close();
  }
  c.send(std::string(4'000, 'b'));
  if (!u) u = upstream.accept();
  CHECK(u->read_until(std::string(4'000, 'b')).ends_with(std::string(4'000, 'b')));
  u->send(answer("", "stored"));
  CHECK(c.read_until("stored").ends_with("stored"));
}

TEST_CASE("a body that never comes is the client's fault, and costs no upstream anything") {
  std::string const mode = GENERATE("on", "auto");
  raw_upstream upstream;
  nlohmann::json configuration = buffering(mode);
  configuration["timeouts"]["client_body"] = "50ms";
  configured_gateway gateway({upstream.address()}, configuration);
  client c(gateway.port());
  c.send("POST /up HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhalf");
  CHECK(c.receive().status == 408);
  CHECK(c.closed());
  CHECK_FALSE(upstream.has_connection());
  CHECK(hops(gateway) == 0);
}

TEST_CASE("a body in the smallest chunks is kept, and passed on, in as few writes as one in large ones") {
  bool const answers = GENERATE(false, true);
  std::string const content(20'000, 'x');
  std::string chunks;
  for (char const c : content) chunks.append("1\r\n").append(1, c).append("\r\n");
  chunks += "0\r\n\r\n";
  scripted_upstream upstream{[&](upstream_request const& r) {
    if (answers) return script_answer{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks};
    return script_answer{answer("", r.body == content ? "whole" : "not whole")};
  }};
  configured_gateway gateway({upstream.address()}, {{"body_in_memory", "4096"}});
  auto const writes = [&] {
    std::ifstream io("/proc/" + std::to_string(gateway->process().pid()) + "/io");
    std::string name;
    std::uint64_t value = 0;
    while (io >> name >> value && name != "syscw:") {
    }
    return value;
  };
  client c(gateway.port());
  CHECK(c.exchange(request("GET", "/warm", "t")).status == 200);
  std::uint64_t const before = writes();
  if (answers)
    CHECK(c.exchange(request("GET", "/x", "t")).body == content);
  else
    CHECK(c.exchange("POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks).body == "whole");
  CHECK(writes() - before < 2'000); // at most one for each read; there are 20,000 chunks
}

TEST_CASE("what is refused by its body is refused before an upstream is asked") {
  struct row {
    char const* name;
    char const* rest;
    unsigned status;
  };
  row const r =
      GENERATE(row{"a chunk beyond max_body, announced", "4000\r\n", 413},
               row{"as many bytes as there are numbers", "7FFFFFFFFFFFFFFF\r\n", 413},
               row{"and more", "fffffffffffffffe\r\nabc", 413}, row{"one byte beyond, with what came", "1ffd\r\n", 413},
               row{"no chunk", "five\r\n", 400}, row{"a chunk that ends elsewhere", "1\r\nab", 400});
  INFO(r.name);
  raw_upstream upstream;
  configured_gateway gateway({upstream.address()}, {{"max_body", "8k"}});
  client c(gateway.port());
  std::string bytes = "POST /up HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ngood\r\n";
  bytes += r.rest;
  c.send(bytes);
  CHECK(c.receive().status == r.status);
  CHECK_FALSE(upstream.has_connection());
}
