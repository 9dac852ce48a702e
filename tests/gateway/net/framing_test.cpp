// How a client learns the length of an answer (RFC 9110 8.6, RFC 9112 6), and how far a request may go (RFC 9110
// 7.6.2).
#include "tests/gateway/net/conversation.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace tests::gateway_net;
using tests::live::answer;

namespace {

/// The values of the field in a head, each in brackets.
std::string values(std::string const& head, std::string const& name) {
  std::string out;
  for (std::size_t at = head.find("\r\n" + name + ": "); at != std::string::npos;
       at = head.find("\r\n" + name + ": ", at + 2)) {
    std::size_t const begin = at + name.size() + 4;
    out += "[" + head.substr(begin, head.find("\r\n", begin) - begin) + "]";
  }
  return out;
}

}

TEST_CASE("RFC 9110 8.6: a client gets one Content-Length, and none where there may be none") {
  struct row {
    char const* name;
    char const* method;
    std::string answer;
    std::string lengths; // what the client sees
    std::string body{};
    std::string codings{}; // the values of Transfer-Encoding
  };
  std::string const ok = "HTTP/1.1 200 OK\r\n", none = "HTTP/1.1 204 No Content\r\n",
                    same = "HTTP/1.1 304 Not Modified\r\n";
  std::vector<row> const rows{
      {"a list of equal ones", "GET", ok + "Content-Length: 2, 2\r\n\r\nok", "[2]", "ok"},
      {"a list with blanks and zeros", "GET", ok + "Content-Length: 02 ,\t2,002\r\n\r\nok", "[2]", "ok"},
      {"two lines", "GET", ok + "Content-Length: 2\r\nA: b\r\nContent-Length: 2\r\n\r\nok", "[2]", "ok"},
      {"a line and a list", "GET", ok + "Content-Length: 2\r\nContent-Length: 2,2\r\n\r\nok", "[2]", "ok"},
      {"nothing", "GET", ok + "Content-Length: 0\r\n\r\n", "[0]"},
      {"a list of nothing", "GET", ok + "Content-Length: 0, 00\r\n\r\n", "[0]"},
      {"HEAD, which would have been so long", "HEAD", ok + "Content-Length: 5\r\n\r\n", "[5]"},
      {"HEAD and a list", "HEAD", ok + "Content-Length: 5,5\r\n\r\n", "[5]"},
      {"HEAD without a length", "HEAD", ok + "\r\n", ""},
      {"HEAD and a coding", "HEAD", ok + "Transfer-Encoding: chunked\r\n\r\n", ""},
      {"HEAD of nothing", "HEAD", none + "Content-Length: 0\r\n\r\n", ""},
      {"204 of no length", "GET", none + "Content-Length: 0\r\n\r\n", ""},
      {"204 of some length", "GET", none + "Content-Length: 5\r\n\r\n", ""},
      {"204 with a list", "GET", none + "Content-Length: 5, 5\r\n\r\n", ""},
      {"204 with a coding", "GET", none + "Transfer-Encoding: chunked\r\n\r\n", ""},
      {"204 to POST", "POST", none + "Content-Length: 0\r\n\r\n", ""},
      {"304, which would have been so long", "GET", same + "Content-Length: 5\r\n\r\n", "[5]"},
      {"304 with a list", "GET", same + "Content-Length: 5, 05\r\n\r\n", "[5]"},
      {"304 without one", "GET", same + "\r\n", ""},
      {"304 with a coding", "GET", same + "Transfer-Encoding: chunked\r\n\r\n", ""},
      {"103 with a length before the answer", "GET",
       "HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\n" + ok + "Content-Length: 2\r\n\r\nok", "[2]", "ok"},
      {"102 with a coding", "GET",
       "HTTP/1.1 102 Processing\r\nTransfer-Encoding: chunked\r\n\r\n" + ok + "Content-Length: 2\r\n\r\nok", "[2]",
       "ok"},
      {"103 with a list", "GET",
       "HTTP/1.1 103 Early Hints\r\nContent-Length: 0, 0\r\n\r\n" + ok + "Content-Length: 2,2\r\n\r\nok", "[2]", "ok"},
      {"205 of no length", "GET", "HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n", "[0]"},
      {"chunks", "GET", ok + "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", "", "2\r\nok\r\n0\r\n\r\n",
       "[chunked]"},
      {"Connection names it", "GET", ok + "Connection: content-length\r\nContent-Length: 2\r\n\r\nok", "[2]", "ok"}};
  for (bool const with_cache : {false, true}) {
    scripted_upstream upstream{[](upstream_request const&) { return script_answer{}; }};
    configured_gateway gateway({upstream.address()},
                               with_cache ? nlohmann::json{{"cache", {{"size", "1m"}}}} : nlohmann::json::object());
    for (row const& r : rows) {
      INFO(r.name << (with_cache ? ", with a cache" : ""));
      upstream.set_script([&](upstream_request const& q) {
        return script_answer{q.target == "/after" ? answer("", "after") : r.answer};
      });
      raw_connection c(gateway.port());
      c.send(request(r.method, "/x", "", "", std::string(r.method) == "POST" ? "b" : ""));
      std::string head = c.read_until("\r\n\r\n");
      while (head.starts_with("HTTP/1.1 1")) {
        CHECK(values(head, "Content-Length").empty());
        CHECK(values(head, "Transfer-Encoding").empty());
        head = c.read_until("\r\n\r\n");
      }
      CHECK(values(head, "Content-Length") == r.lengths);
      CHECK(values(head, "Transfer-Encoding") == r.codings);
      CHECK(c.read(r.body.size()) == r.body);
      c.send(request("GET", "/after", "")); // both sides know where the answer ended
      CHECK(c.read_until("after").starts_with("HTTP/1.1 200"));
    }
  }
}

TEST_CASE("RFC 9110 8.6: what is stored has one length, too") {
  scripted_upstream upstream{[](upstream_request const& r) {
    std::string const control = "Cache-Control: max-age=60\r\n";
    if (r.target == "/none") return script_answer{"HTTP/1.1 204 No\r\n" + control + "Content-Length: 0\r\n\r\n"};
    return script_answer{"HTTP/1.1 200 OK\r\n" + control + "Content-Length: 2, 2\r\nContent-Length: 02\r\n\r\nok"};
  }};
  configured_gateway gateway({upstream.address()}, with_cache());
  for (int i = 0; i < 2; ++i) {
    for (char const* method : {"GET", "HEAD"}) {
      INFO(method << " " << i);
      raw_connection c(gateway.port());
      c.send(request(method, "/x", ""));
      CHECK(values(c.read_until("\r\n\r\n"), "Content-Length") == "[2]");
      raw_connection d(gateway.port());
      d.send(request(method, "/none", ""));
      CHECK(values(d.read_until("\r\n\r\n"), "Content-Length").empty());
    }
  }
}

TEST_CASE("RFC 9110 7.6.2: Max-Forwards counts OPTIONS down, and is nobody else's business") {
  scripted_upstream upstream{[](upstream_request const&) { return script_answer{answer()}; }};
  configured_gateway gateway({upstream.address()});
  struct row {
    char const* method;
    char const* lines;
    unsigned status;
    char const* goes_on; // what it is forwarded as; nullptr: no upstream hears of it
  };
  for (row const& r :
       std::vector<row>{{"OPTIONS", "Max-Forwards: 5\r\n", 200, "4"},
                        {"OPTIONS", "Max-Forwards: 1\r\n", 200, "0"},
                        {"OPTIONS", "Max-Forwards: 0\r\n", 200, nullptr},
                        {"OPTIONS", "Max-Forwards: 000\r\n", 200, nullptr},
                        {"OPTIONS", "Max-Forwards: 0010\r\n", 200, "9"},
                        {"OPTIONS", "max-forwards:\t7 \r\n", 200, "6"},
                        {"OPTIONS", "Max-Forwards: 4294967296\r\n", 200, "4294967295"},
                        {"OPTIONS", "Max-Forwards: 18446744073709551616\r\n", 200, "18446744073709551614"},
                        {"OPTIONS", "Max-Forwards: 0000000000000000000000000000000000000001\r\n", 200, "0"},
                        {"OPTIONS", "Max-Forwards:\r\n", 400, nullptr},
                        {"OPTIONS", "Max-Forwards: 1, 1\r\n", 400, nullptr},
                        {"OPTIONS", "Max-Forwards: 1\r\nMax-Forwards: 1\r\n", 400, nullptr},
                        {"OPTIONS", "Max-Forwards: 0\r\nMax-Forwards: 5\r\n", 400, nullptr},
                        {"OPTIONS", "Max-Forwards: +1\r\n", 400, nullptr},
                        {"OPTIONS", "Max-Forwards: -0\r\n", 400, nullptr},
                        {"OPTIONS", "Max-Forwards: 1.0\r\n", 400, nullptr},
                        {"OPTIONS", "Max-Forwards: 0x1\r\n", 400, nullptr},
                        {"OPTIONS", "Max-Forwards: \"1\"\r\n", 400, nullptr},
                        {"TRACE", "Max-Forwards: 0\r\n", 405, nullptr},
                        {"TRACE", "Max-Forwards: 5\r\n", 405, nullptr},
                        {"TRACE", "Max-Forwards: a\r\n", 405, nullptr},
                        {"GET", "Max-Forwards: 0\r\n", 200, "0"},
                        {"HEAD", "Max-Forwards: 00\r\n", 200, "00"},
                        {"DELETE", "Max-Forwards: a, b\r\n", 200, "a, b"}}) {
    INFO(r.method << " " << r.lines);
    std::size_t const before = upstream.requests().size();
    client_answer const got = client(gateway.port()).exchange(request(r.method, "/x", "", r.lines));
    CHECK(got.status == r.status);
    if (r.status == 405) CHECK(got.field("Allow").find("TRACE") == std::string::npos);
    CHECK(upstream.requests().size() - before == (r.goes_on ? 1 : 0));
    if (r.goes_on && upstream.requests().size() > before)
      CHECK(upstream.requests().back().field("Max-Forwards") == r.goes_on);
  }
}
