// Heads that come in parts: what is wrong with them is known at the byte that shows it, though no further one comes.
#include "gateway/http/refusals.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace gateway::http;
using namespace std::string_literals;

namespace {

constexpr head_limits limits{.bytes = 1024, .fields = 4};

/// How many bytes it takes, coming in two parts, until the head is refused; 0: it is not. At most one byte at a time
/// comes after the first part.
template<bool IsRequest>
std::size_t refused_after(std::string const& wire, std::size_t first, error_code& ec) {
  message_head head;
  head_parser<IsRequest> parser(head, limits);
  for (std::size_t size = first; size <= wire.size(); ++size) {
    if (parser.parse_head(wire.data(), size, ec)) return 0;
    if (ec) return size;
  }
  return 0;
}

std::string const host = "GET / HTTP/1.1\r\nHost: a\r\n";

}

TEST_CASE("a request's head that no later byte could mend is refused at once, wherever it is split") {
  struct row {
    char const* name;
    std::string good; // nothing wrong so far
    std::string bad;  // from its first byte on
    refusal why;
  };
  auto const r =
      GENERATE(row{"all lines end with LF", "GET / HTTP/1.1", "\nHost: a\n\n", refusal::malformed_request_line},
               row{"fields that end with LF", "GET / HTTP/1.1\r\nHost: a", "\nX: y\n\n", refusal::malformed_field},
               row{"the last line ends with LF", host, "\n", refusal::malformed_field},
               row{"CR CR LF", "GET / HTTP/1.1\r", "\r\n", refusal::malformed_request_line},
               row{"a bare CR in a value", host + "A: b\r", "c", refusal::malformed_field},
               row{"NUL in a value", host + "A: b", "\0"s, refusal::malformed_field},
               row{"DEL in a value", host + "A: b", "\x7f", refusal::malformed_field},
               row{"a blank before a colon", host + "A", " : b", refusal::malformed_field},
               row{"a line without a name", host, ": b", refusal::malformed_field},
               row{"a line without a colon", host + "A", "\r\n", refusal::malformed_field},
               row{"a folded line", host + "A: b\r\n", " c", refusal::malformed_field},
               row{"a folded first line", "GET / HTTP/1.1\r\n", "\tA: b", refusal::malformed_field},
               row{"a delimiter in a name", host + "A(", "(: b", refusal::malformed_field},
               row{"an empty method", "", " /", refusal::malformed_request_line},
               row{"a delimiter in the method", "GE", "@T /", refusal::malformed_request_line},
               row{"TLS", "", "\x16\x03\x01", refusal::malformed_request_line},
               row{"two blanks", "GET ", " / HTTP/1.1", refusal::malformed_request_line},
               row{"a tab in the target", "GET /a", "\t", refusal::malformed_request_line},
               row{"LF in the target", "GET /a", "\n", refusal::malformed_request_line},
               row{"a fragment", "GET /a", "#b HTTP/1.1", refusal::fragment},
               row{"a fragment in front of a path", "GET /public", "#/../admin HTTP/1.1", refusal::fragment},
               row{"a fragment of a URI", "GET http://a/b", "#c", refusal::fragment},
               row{"a fragment behind a query", "GET /?a", "#", refusal::fragment},
               row{"an empty fragment", "OPTIONS *", "# HTTP/1.1", refusal::fragment},
               row{"another protocol", "GET / H", "XTP/1.1", refusal::malformed_request_line},
               row{"a word too many", "GET / ", "b HTTP/1.1", refusal::malformed_request_line},
               row{"a blank behind the version", "GET / HTTP/1.1", " \r\n", refusal::malformed_request_line},
               row{"a long method", std::string(64, 'A'), "A", refusal::long_method},
               row{"more fields than may be", host + "A: b\r\nB: c\r\nC: d\r\n", "D: e\r\n", refusal::many_fields},
               row{"a long target", "GET /" + std::string(1019, 'a'), "a", refusal::long_target},
               row{"a long query", "GET /?a=" + std::string(1016, 'b'), "b", refusal::long_target},
               row{"a long field", host + "A: " + std::string(1024 - 28, 'b'), "b", refusal::large_head});
  INFO(r.name);
  // Those few are called so when the byte before them came, which made it certain as well.
  std::string const wire = r.good + r.bad;
  bool const is_of_name = std::string(r.name) == "a delimiter in a name";
  std::size_t const certain =
      r.good.size() + (r.why == refusal::long_target || r.why == refusal::large_head || is_of_name ? 0 : 1);
  for (std::size_t first = 1; first <= wire.size(); ++first) {
    INFO("split at " << first);
    error_code ec;
    REQUIRE(refused_after<true>(wire, first, ec) == std::max(first, certain));
    CHECK(words_of(refusal_of_head(ec, std::string_view(wire).substr(0, std::max(first, certain)), limits)).word ==
          words_of(r.why).word);
  }
}

TEST_CASE("another version is 505 as soon as it has a whole line") {
  for (char const* version : {"HTTP/2.0", "HTTP/0.9", "HTTP/1.2", "HTTP/3.0", "HTTP/9.9"}) {
    INFO(version);
    std::string const wire = "GET / " + std::string(version) + "\r\nHost: a\r\n\r\n";
    for (std::size_t first = 1; first <= wire.size(); ++first) {
      error_code ec;
      std::size_t const at = refused_after<true>(wire, first, ec);
      INFO("split at " << first << ", refused at " << at);
      REQUIRE(at != 0);
      REQUIRE(at <= std::max<std::size_t>(first, 16));
      CHECK(refusal_of_head(ec, std::string_view(wire).substr(0, at), limits) == refusal::other_version);
    }
  }
}

TEST_CASE("a good head is taken wherever it is split") {
  for (std::string const& wire : {host + "\r\n", "POST /a?b%23=#"s.substr(0, 12) + " HTTP/1.0\r\n\r\n",
                                  std::string(64, 'A') + " * HTTP/1.1\r\nHost:\r\nA:\t b\t c \r\n\r\n",
                                  host + "A: \xe9\r\nB:\r\nc!#$%&'*+-.^_`|~9: d\r\n\r\n",
                                  "GET /" + std::string(1024 - 5 - 9 - 4, 'a') + " HTTP/1.1\r\n\r\n"}) {
    INFO(wire);
    for (std::size_t first = 1; first <= wire.size(); ++first) {
      error_code ec;
      CHECK(refused_after<true>(wire, first, ec) == 0);
      CHECK_FALSE(ec);
    }
  }
}

TEST_CASE("an answer's head that no later byte could mend is refused at once, wherever it is split") {
  struct row {
    char const* name;
    std::string good, bad;
  };
  std::string const ok = "HTTP/1.1 200 OK\r\n";
  auto const r = GENERATE_COPY(
      row{"another protocol", "H", "ELLO"}, row{"another version", "HTTP/2.0", " 200 OK\r\n"},
      row{"a version without a minor", "HTTP/1", " 200 OK\r\n"},
      row{"a status of two digits", "HTTP/1.1 20", " OK\r\n"}, row{"a status of four", "HTTP/1.1 200", "0 OK\r\n"},
      row{"no status", "HTTP/1.1 ", "OK\r\n"}, row{"a status without a blank", "HTTP/1.1 200", "\r\n"},
      row{"LF behind the reason", "HTTP/1.1 200 OK", "\n"}, row{"NUL in the reason", "HTTP/1.1 200 O", "\0"s},
      row{"LF behind a field", ok + "A: b", "\nB: c\n\n"}, row{"a folded field", ok + "A: b\r\n", " c"},
      row{"no colon", ok + "A", "\r\n"}, row{"a control", ok + "A: b", "\x01"},
      row{"five fields", ok + "A: b\r\nA: b\r\nA: b\r\nA: b\r\n", "A: b\r\n"});
  INFO(r.name);
  std::string const wire = r.good + r.bad;
  for (std::size_t first = 1; first <= wire.size(); ++first) {
    INFO("split at " << first);
    error_code ec;
    std::size_t const at = refused_after<false>(wire, first, ec);
    REQUIRE(at != 0);
    REQUIRE(at <= std::max(first, r.good.size() + 1));
    REQUIRE(at >= std::min(first, r.good.size()));
  }
}
