#include "gateway/http/fields.hpp"
#include "gateway/http/head_parser.hpp"

#include <boost/beast/http/error.hpp>
#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace gateway::http;

namespace {

struct seen {
  bool ok = false;
  std::string method, target, reason, body;
  unsigned status = 0;
  std::vector<std::pair<std::string, std::string>> fields;
  bool done = false;
  std::size_t left = 0; // bytes behind the message
  bool operator==(seen const&) const = default;
};

/// Reads one message whose bytes arrive in two parts, the buffer moving in between, as a growing buffer does.
template<bool IsRequest>
seen read_split(std::string const& wire, std::size_t split, bool to_head = false, bool eof = false) {
  seen out;
  message_head head;
  head_parser<IsRequest> parser(head);
  parser.answer_to_head(to_head);
  error_code ec;
  std::string buffer = wire.substr(0, split);
  std::string moved;
  bool complete = parser.parse_head(buffer.data(), buffer.size(), ec);
  if (ec) return out;
  if (!complete) {
    moved = wire;
    complete = parser.parse_head(moved.data(), moved.size(), ec);
    if (ec || !complete) return out;
    buffer = moved;
    // Spans are offsets: they must hold in the moved buffer.
  }
  out.method = head.method.in(buffer.data());
  out.target = head.target.in(buffer.data());
  out.reason = head.reason.in(buffer.data());
  out.status = head.status;
  for (field_line const& line : head.fields)
    out.fields.emplace_back(line.name.in(buffer.data()), line.value.in(buffer.data()));
  std::size_t at = parser.head_bytes();
  for (std::size_t const limit : {std::max(split, at), wire.size()}) {
    while (at < limit && !parser.done()) {
      body_step const step = parser.parse_body(wire.data() + at, limit - at, ec);
      if (ec) return out;
      out.body += step.data;
      at += step.consumed;
      if (step.consumed == 0) break;
    }
  }
  if (eof) parser.end_of_input(ec);
  if (ec) return out;
  out.done = parser.done();
  out.left = wire.size() - at;
  out.ok = true;
  return out;
}

}

TEST_CASE("a request reads the same whereever its bytes are split") {
  std::string const wire =
      "POST /a%20b?x=%2F&y HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nX-Empty:\r\nCookie: a=b; c=d\r\n"
      "\r\n5\r\nhello\r\n6;ext=1\r\n world\r\n0\r\nTrailer: t\r\n\r\nGET / HTTP/1.1\r\n";
  seen const whole = read_split<true>(wire, wire.size());
  REQUIRE(whole.ok);
  CHECK(whole.method == "POST");
  CHECK(whole.target == "/a%20b?x=%2F&y");
  CHECK(whole.body == "hello world");
  CHECK(whole.done);
  CHECK(whole.left == std::string("GET / HTTP/1.1\r\n").size());
  CHECK(whole.fields == std::vector<std::pair<std::string, std::string>>{
                            {"Host", "h"}, {"Transfer-Encoding", "chunked"}, {"X-Empty", ""}, {"Cookie", "a=b; c=d"}});
  for (std::size_t split = 1; split < wire.size(); ++split) {
    INFO("split at " << split);
    REQUIRE(read_split<true>(wire, split) == whole);
  }
}

TEST_CASE("an answer with a length reads the same whereever its bytes are split") {
  std::string const wire =
      "HTTP/1.1 200 Fine Thing\r\nContent-Length: 11\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\r\nhello world";
  seen const whole = read_split<false>(wire, wire.size());
  REQUIRE(whole.ok);
  CHECK(whole.status == 200);
  CHECK(whole.reason == "Fine Thing");
  CHECK(whole.body == "hello world");
  CHECK(whole.done);
  for (std::size_t split = 1; split < wire.size(); ++split) {
    INFO("split at " << split);
    REQUIRE(read_split<false>(wire, split) == whole);
  }
}

TEST_CASE("an answer ends where RFC 9112 6.3 says") {
  struct row {
    char const* name;
    char const* wire;
    bool to_head, eof;
    bool done;
    char const* body;
  };
  auto const c = GENERATE(
      row{"HEAD has no body whatever its length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", true, false, true,
          ""},
      row{"204 has none", "HTTP/1.1 204 No Content\r\n\r\n", false, false, true, ""},
      row{"304 has none, though it has a length", "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", false,
          false, true, ""},
      row{"length 0", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false, false, true, ""},
      row{"without framing the end of the connection ends it", "HTTP/1.1 200 OK\r\n\r\nabc", false, true, true, "abc"},
      row{"and until then it is not done", "HTTP/1.1 200 OK\r\n\r\nabc", false, false, false, "abc"});
  INFO(c.name);
  seen const got = read_split<false>(c.wire, std::string(c.wire).size(), c.to_head, c.eof);
  REQUIRE(got.ok);
  CHECK(got.done == c.done);
  CHECK(got.body == c.body);
}

TEST_CASE("an answer cut short by the end of the connection is an error") {
  for (char const* wire : {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc",
                           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc"}) {
    INFO(wire);
    CHECK_FALSE(read_split<false>(wire, std::string(wire).size(), false, true).ok);
  }
}

TEST_CASE("what could mean two things to two parsers is refused") {
  for (char const* wire : {
           "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n",
           "GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n",
           "GET / HTTP/1.1\r\nHost : h\r\n\r\n",
           "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n",
           "GET / HTTP/2.0\r\nHost: h\r\n\r\n",
           "GET /\x01 HTTP/1.1\r\nHost: h\r\n\r\n",
       }) {
    INFO(wire);
    CHECK_FALSE(read_split<true>(wire, std::string(wire).size()).ok);
  }
}

TEST_CASE("a head over its limit is refused as such") {
  message_head head;
  request_parser parser(head, {.bytes = 1024});
  std::string const wire = "GET / HTTP/1.1\r\nX: " + std::string(2000, 'a') + "\r\n\r\n";
  error_code ec;
  CHECK_FALSE(parser.parse_head(wire.data(), wire.size(), ec));
  CHECK(ec == boost::beast::http::error::header_limit);
}

TEST_CASE("fields that are hop-by-hop, or named by Connection, do not pass; those that say who asks always do") {
  std::string const wire =
      "GET / HTTP/1.1\r\nHost: h\r\nConnection: close, X-Private , Authorization\r\nX-Private: 1\r\n"
      "Keep-Alive: 5\r\nTE: gzip\r\nUpgrade: x\r\nProxy-Connection: y\r\nAuthorization: t\r\nAccept: */*\r\n\r\n";
  message_head head;
  request_parser parser(head);
  error_code ec;
  REQUIRE(parser.parse_head(wire.data(), wire.size(), ec));
  end_to_end_filter const filter(head, wire.data());
  std::vector<std::string> passed;
  for (field_line const& line : head.fields)
    if (filter.passes(line, wire.data())) passed.emplace_back(line.name.in(wire.data()));
  CHECK(passed == std::vector<std::string>{"Host", "Authorization", "Accept"});
}

TEST_CASE("a coding besides one chunked is seen, in whatever way it is written") {
  struct row {
    char const* fields;
    bool other;
  };
  auto const r =
      GENERATE(row{"", false}, row{"Transfer-Encoding: chunked\r\n", false},
               row{"Transfer-Encoding: Chunked \r\n", false}, row{"Transfer-Encoding: gzip, chunked\r\n", true},
               row{"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", true},
               row{"Transfer-Encoding: gzip\r\n", true}, row{"Transfer-Encoding: identity\r\n", true});
  INFO(r.fields);
  std::string const wire = std::string("HTTP/1.1 200 OK\r\n") + r.fields + "\r\n";
  message_head head;
  answer_parser parser(head);
  error_code ec;
  REQUIRE(parser.parse_head(wire.data(), wire.size(), ec));
  CHECK(has_other_coding(head, wire.data()) == r.other);
}

TEST_CASE("internal fields are known in any letter case, and with underscores") {
  for (char const* name : {"X-Accel-Redirect", "x-accel-buffering", "X-BACKEND", "x-session-facts", "X_Accel_Redirect",
                           "x_backend", "X-Session_Facts"})
    CHECK(is_internal(name));
  for (char const* name : {"X-Backend-Id", "X-Accelerate", "Accept", "X-Sessions"}) CHECK_FALSE(is_internal(name));
}
