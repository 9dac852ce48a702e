// What a message costs grows with its size, whatever it is made of: four times as much of anything is little more than
// four times the work, since all that is put in order takes n log n steps, and everything else n.
#include "tests/gateway/work/steps/counter.hpp"
#include "tests/gateway/work/steps/journeys.hpp"

#include <catch2/catch.hpp>

#include <functional>
#include <string>

using namespace tests::work;

namespace {

constexpr int few = 300;
constexpr int many = 4 * few;

/// Four times `log2(1200) / log2(300)`, 4.97, and something for what is rounded up. Squares would make it 16.
constexpr double most_growth = 6.0;

/// `n` of it; each `%` is the number of the repetition.
std::string times(int n, std::string const& what) {
  std::string out;
  for (int i = 0; i < n; ++i)
    for (char const c : what)
      if (c == '%')
        out += std::to_string(i);
      else
        out += c;
  return out;
}

/// `n` times `%` and these digits.
std::string escapes(int n, std::string const& digits) {
  std::string out;
  for (int i = 0; i < n; ++i) out.append(1, '%').append(digits);
  return out;
}

std::string get(std::string const& lines) { return "GET /x HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n"; }
std::string at(std::string const& target) { return "GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n"; }
std::string chunked(std::string const& body) {
  return "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + body;
}
std::string ok(std::string const& lines) { return "HTTP/1.1 200 OK\r\n" + lines + "\r\n"; }

struct dimension {
  char const* name;
  std::function<std::string(int)> message;
};

void expect_growth(double less, double more) {
  INFO("from " << less << " to " << more << " steps");
  REQUIRE(less > 100);
  CHECK(more / less < most_growth);
  CHECK(more / less > 0.9); // it was refused where it became large: no work either
}

}

TEST_CASE("the counter counts: steps, and what the C library goes over") {
  std::string const small = get(""), large = get("A: " + std::string(8'000, 'a') + "\r\n");
  CHECK(steps_of_request(small) > 100);
  CHECK(steps_of_request(large) > steps_of_request(small) + 1'000);
  CHECK(steps_of_request(small) == steps_of_request(small));
}

TEST_CASE("a request of four times as many parts costs four times as much") {
  auto const d = GENERATE(
      dimension{"lines", [](int n) { return get(times(n, "ab:\r\n")); }},
      dimension{"lines of different names", [](int n) { return get(times(n, "x%: y\r\n")); }},
      dimension{"a long line", [](int n) { return get("A: " + times(n, "abcdefgh") + "\r\n"); }},
      dimension{"a long name", [](int n) { return get(times(n, "abcdefgh") + ": a\r\n"); }},
      dimension{"tokens of Connection", [](int n) { return get("Connection: " + times(n, "q,") + "\r\n"); }},
      dimension{"tokens of Connection, and lines",
                [](int n) { return get("Connection: " + times(n, "q%,") + "\r\n" + times(n, "ab:\r\n")); }},
      dimension{"tokens of Connection, and lines that they name",
                [](int n) { return get("Connection: " + times(n, "q%,") + "\r\n" + times(n, "q%: a\r\n")); }},
      dimension{"tokens of one length and one beginning, and lines alike",
                [](int n) {
                  return get("Connection: " + times(n, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa,") + "\r\n" +
                             times(n, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab: a\r\n"));
                }},
      dimension{"lines of Connection", [](int n) { return get(times(n, "Connection: q%\r\n")); }},
      dimension{"tokens close", [](int n) { return get("Connection: " + times(n, "close,") + "\r\n"); }},
      dimension{"commas of Connection", [](int n) { return get("Connection: a" + times(n, ", ") + "\r\n"); }},
      dimension{"cookies", [](int n) { return get("Cookie: " + times(n, "a%=b; ") + "\r\n"); }},
      dimension{"lines of Cookie", [](int n) { return get(times(n, "Cookie: a=%\r\n")); }},
      dimension{"proxies", [](int n) { return get("X-Forwarded-For: " + times(n, "10.0.0.1, ") + "\r\n"); }},
      dimension{"lines of X-Forwarded-For", [](int n) { return get(times(n, "X-Forwarded-For: 10.0.0.1\r\n")); }},
      dimension{"nobody in X-Forwarded-For", [](int n) { return get("X-Forwarded-For: " + times(n, ",") + "\r\n"); }},
      dimension{"a long address", [](int n) { return get("X-Forwarded-For: [" + times(n, "1:") + "]:1\r\n"); }},
      dimension{"lines of Via", [](int n) { return get(times(n, "Via: 1.1 a\r\n")); }},
      dimension{"X-Request-Ids", [](int n) { return get(times(n, "X-Request-Id: %\r\n")); }},
      dimension{"directives", [](int n) { return get("Cache-Control: " + times(n, "a%=b, ") + "\r\n"); }},
      dimension{"lines of Cache-Control", [](int n) { return get(times(n, "Cache-Control: max-age=%\r\n")); }},
      dimension{"quotes in Cache-Control", [](int n) { return get("Cache-Control: " + times(n, "a=\"\",") + "\r\n"); }},
      dimension{"escapes in Cache-Control",
                [](int n) { return get("Cache-Control: a=\"" + times(n, "\\a") + "\r\n"); }},
      dimension{"equals in Cache-Control", [](int n) { return get("Cache-Control: " + times(n, "=") + "\r\n"); }},
      dimension{"Pragmas", [](int n) { return get("Pragma: " + times(n, "a, ") + "\r\n"); }},
      dimension{"entity tags", [](int n) { return get("If-None-Match: " + times(n, "\"%\", ") + "\r\n"); }},
      dimension{"lines of If-None-Match", [](int n) { return get(times(n, "If-None-Match: \"%\"\r\n")); }},
      dimension{"open quotes", [](int n) { return get("If-None-Match: " + times(n, "\",") + "\r\n"); }},
      dimension{"a long date", [](int n) { return get("If-Modified-Since: " + times(n, "Sunday, ") + "\r\n"); }},
      dimension{"dates", [](int n) { return get(times(n, "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n")); }},
      dimension{"ranges", [](int n) { return get("Range: bytes=" + times(n, "%-%,") + "\r\n"); }},
      dimension{"lines of Range", [](int n) { return get(times(n, "Range: bytes=%-\r\n")); }},
      dimension{"digits of a range", [](int n) { return get("Range: bytes=" + times(n, "0") + "-\r\n"); }},
      dimension{"preferences", [](int n) { return get("Accept-Encoding: " + times(n, "a%;q=0.%, ") + "\r\n"); }},
      dimension{"preferences, one of them long",
                [](int n) {
                  return get("Accept-Encoding: " + times(n, "aaaa;b") + ";q=0.5, " + times(n, "a;q=0.9, ") + "\r\n");
                }},
      dimension{"parameters of a preference",
                [](int n) { return get("Accept-Language: de" + times(n, " ; a") + "\r\n"); }},
      dimension{"lines of Accept", [](int n) { return get(times(n, "Accept: text/%\r\n")); }},
      dimension{"lines of Max-Forwards", [](int n) { return get(times(n, "Max-Forwards: %\r\n")); }},
      dimension{"zeros of Content-Length", [](int n) { return get("Content-Length: " + times(n, "0") + "\r\n"); }},
      dimension{"lengths", [](int n) { return get("Content-Length: 0" + times(n, ", 0") + "\r\n"); }},
      dimension{"transfer codings",
                [](int n) { return get("Transfer-Encoding: " + times(n, "gzip, ") + "chunked\r\n"); }},
      dimension{"internal names", [](int n) { return get(times(n, "X-Accel-%: a\r\n")); }},
      dimension{"names with underscores", [](int n) { return get(times(n, "X_Forwarded_For: %\r\n")); }},
      dimension{"odd names", [](int n) { return get(times(n, "X.Real.IP%: a\r\n") + times(n, "a_b: c\r\n")); }},
      dimension{"parameters of credentials",
                [](int n) { return get("Authorization: a " + times(n, "b%=c, ") + "\r\n"); }},
      dimension{"quoted ones", [](int n) { return get("Authorization: a " + times(n, "b=\"\\c\", ") + "\r\n"); }},
      dimension{"one in quotes", [](int n) { return get("Authorization: a b=\"" + times(n, "\\\"") + "\"\r\n"); }},
      dimension{"blanks in credentials", [](int n) { return get("Authorization: a" + times(n, " ") + "b\r\n"); }},
      dimension{"equals in credentials", [](int n) { return get("Authorization: a b" + times(n, "=") + "\r\n"); }},
      dimension{"Basic credentials", [](int n) { return get("Authorization: Basic " + times(n, "YTpi") + "\r\n"); }},
      dimension{"what is no base64 in them",
                [](int n) { return get("Authorization: Basic " + times(n, "Y!=T=") + "==\r\n"); }},
      dimension{"Upgrades",
                [](int n) { return get("Connection: Upgrade\r\n" + times(n, "Upgrade: websocket, a%\r\n")); }},
      dimension{"a long host", [](int n) { return "GET /x HTTP/1.1\r\nHost: " + times(n, "a.") + "\r\n\r\n"; }},
      dimension{"escapes in a host", [](int n) { return "GET /x HTTP/1.1\r\nHost: " + escapes(n, "61") + "\r\n\r\n"; }},
      dimension{"brackets in a host", [](int n) { return "GET /x HTTP/1.1\r\nHost: " + times(n, "[") + "\r\n\r\n"; }},
      dimension{"a long target", [](int n) { return at("/" + times(n, "abc")); }},
      dimension{"segments", [](int n) { return at(times(n, "/a")); }},
      dimension{"empty segments", [](int n) { return at(times(n, "//")); }},
      dimension{"names with dots", [](int n) { return at(times(n, "/.a")); }},
      dimension{"parameters", [](int n) { return at("/" + times(n, ";a/")); }},
      dimension{"a long parameter behind dots", [](int n) { return at("/.a" + times(n, ";a")); }},
      dimension{"backslashes", [](int n) { return at("/" + times(n, "\\a")); }},
      dimension{"escapes", [](int n) { return at("/" + escapes(n, "41")); }},
      dimension{"escaped dots", [](int n) { return at("/a" + escapes(n, "2e")); }},
      dimension{"escaped slashes and dots", [](int n) { return at("/a" + escapes(n, "2f.a")); }},
      dimension{"escapes of escapes", [](int n) { return at("/" + escapes(1, times(n, "25"))); }},
      dimension{"question marks", [](int n) { return at("/?" + times(n, "?")); }},
      dimension{"a URI's query", [](int n) { return at("http://a?" + times(n, "a=b&")); }},
      dimension{"chunks", [](int n) { return chunked(times(n, "1\r\na\r\n") + "0\r\n\r\n"); }},
      dimension{"a chunk's zeros", [](int n) { return chunked(times(n / 30, "0") + "1\r\na\r\n0\r\n\r\n"); }},
      dimension{"extensions", [](int n) { return chunked("1" + times(n, ";a=b") + "\r\na\r\n0\r\n\r\n"); }},
      dimension{"a long extension", [](int n) { return chunked("1;a=\"" + times(n, "\\a") + "\"\r\na\r\n0\r\n\r\n"); }},
      dimension{"chunks with extensions", [](int n) { return chunked(times(n, "1;a=\"b\"\r\na\r\n") + "0\r\n\r\n"); }},
      dimension{"trailers", [](int n) { return chunked("0\r\n" + times(n, "A: b\r\n") + "\r\n"); }});
  INFO(d.name);
  for (std::size_t const part : {std::size_t{0}, std::size_t{1}, std::size_t{100}}) {
    INFO("in parts of " << part);
    expect_growth(static_cast<double>(steps_of_request(d.message(few), part)),
                  static_cast<double>(steps_of_request(d.message(many), part)));
  }
}

TEST_CASE("an answer of four times as many parts costs four times as much") {
  auto const d = GENERATE(
      dimension{"lines", [](int n) { return ok(times(n, "ab:\r\n")); }},
      dimension{"lines of different names", [](int n) { return ok(times(n, "x%: y\r\n")); }},
      dimension{"a long reason", [](int n) { return "HTTP/1.1 200 " + times(n, "OK ") + "\r\n\r\n"; }},
      dimension{"tokens of Connection, and lines",
                [](int n) { return ok("Connection: " + times(n, "q%,") + "\r\n" + times(n, "ab:\r\n")); }},
      dimension{"tokens of Connection, and lines that they name",
                [](int n) { return ok("Connection: " + times(n, "q%,") + "\r\n" + times(n, "q%: a\r\n")); }},
      dimension{"cookies", [](int n) { return ok(times(n, "Set-Cookie: a%=b\r\n")); }},
      dimension{"names in Vary", [](int n) { return ok("Vary: " + times(n, "a%, ") + "\r\n"); }},
      dimension{"lines of Vary", [](int n) { return ok(times(n, "Vary: a\r\n")); }},
      dimension{"facts in Vary", [](int n) { return ok("Vary: " + times(n, "X-Session-Corporation, a, ") + "\r\n"); }},
      dimension{"directives", [](int n) { return ok("Cache-Control: " + times(n, "a%, ") + "\r\n"); }},
      dimension{"lines of Cache-Control", [](int n) { return ok(times(n, "Cache-Control: max-age=%\r\n")); }},
      dimension{"names in private",
                [](int n) { return ok("Cache-Control: private=\"" + times(n, "a%, ") + "\"\r\n"); }},
      dimension{"names in private, and lines",
                [](int n) {
                  return ok("Cache-Control: private=\"" + times(n, "a%, ") + "\", max-age=9\r\n" +
                            times(n, "b: c\r\n"));
                }},
      dimension{"lines of private, and those that they name",
                [](int n) { return ok(times(n, "Cache-Control: private=\"a%\"\r\n") + times(n, "a%: c\r\n")); }},
      dimension{"members for this cache",
                [](int n) { return ok("CDN-Cache-Control: " + times(n, "a%=1, ") + "b\r\n"); }},
      dimension{"the same member for this cache",
                [](int n) { return ok("CDN-Cache-Control: " + times(n, "max-age=%, ") + "b\r\n"); }},
      dimension{"an inner list", [](int n) { return ok("CDN-Cache-Control: a=(" + times(n, "b ") + ")\r\n"); }},
      dimension{"parameters of a member", [](int n) { return ok("CDN-Cache-Control: a" + times(n, ";b=1") + "\r\n"); }},
      dimension{"links", [](int n) { return ok("Link: " + times(n, "<http://proxy:80/%>; rel=a, ") + "\r\n"); }},
      dimension{"links without an end", [](int n) { return ok("Link: " + times(n, "<") + "\r\n"); }},
      dimension{"anchors of a link",
                [](int n) { return ok("Link: </a>" + times(n, "; anchor=\"http://proxy/%\"") + "\r\n"); }},
      dimension{"anchors without a value", [](int n) { return ok("Link: </a>" + times(n, "; anchor \t") + "\r\n"); }},
      dimension{"numbers of a host", [](int n) { return ok("Location: http://" + times(n, "0x7f.") + "1\r\n"); }},
      dimension{"digits of a host", [](int n) { return ok("Location: http://0" + times(n, "7") + "\r\n"); }},
      dimension{"a host beyond ASCII",
                [](int n) { return ok("Location: http://" + times(n, "\u3002\uff11\xff") + "\r\n"); }},
      dimension{"lines of Link", [](int n) { return ok(times(n, "Link: <//proxy/%>\r\n")); }},
      dimension{"a long Location", [](int n) { return ok("Location: http://proxy:80" + times(n, "/a") + "\r\n"); }},
      dimension{"slashes in Location", [](int n) { return ok("Location: http:" + times(n, "/") + "\r\n"); }},
      dimension{"tabs in Location", [](int n) { return ok("Location: h\tttp://p" + times(n, "\tr") + "\r\n"); }},
      dimension{"users in Location", [](int n) { return ok("Location: http://" + times(n, "a@") + "proxy\r\n"); }},
      dimension{"lines of Location", [](int n) { return ok(times(n, "Location: http://proxy/%\r\n")); }},
      dimension{"alternatives", [](int n) { return ok("Alt-Svc: " + times(n, "h2=\"a:%\", ") + "\r\n"); }},
      dimension{"a Refresh", [](int n) { return ok("Refresh: 5; url='" + times(n, "http://proxy/") + "\r\n"); }},
      dimension{"lengths", [](int n) { return ok("Content-Length: 5" + times(n, ", 5") + "\r\n"); }},
      dimension{"lines of Content-Length", [](int n) { return ok(times(n, "Content-Length: 5\r\n")); }},
      dimension{"ages", [](int n) { return ok("Age: " + times(n, "1,") + "\r\n"); }},
      dimension{"a long date", [](int n) { return ok("Date: " + times(n, "Sunday") + "\r\n"); }},
      dimension{"lines of Last-Modified", [](int n) { return ok(times(n, "Last-Modified: Sunday, 06-Nov-94\r\n")); }},
      dimension{"a long ETag", [](int n) { return ok("ETag: \"" + times(n, "abc") + "\"\r\n"); }},
      dimension{"words of proxies", [](int n) { return ok(times(n, "X-Backend: http://a:%\r\n")); }},
      dimension{"a long redirect",
                [](int n) { return ok("X-Accel-Redirect: /internal_redirect/" + times(n, "a:") + "\r\n"); }},
      dimension{"facts of sessions", [](int n) { return ok(times(n, "X-Session-Corporation: %\r\n")); }},
      dimension{"chunks",
                [](int n) { return ok("Transfer-Encoding: chunked\r\n") + times(n, "1\r\na\r\n") + "0\r\n\r\n"; }},
      dimension{"extensions", [](int n) {
                  return ok("Transfer-Encoding: chunked\r\n") + "1" + times(n, ";a=b") + "\r\na\r\n0\r\n\r\n";
                }});
  INFO(d.name);
  for (std::size_t const part : {std::size_t{0}, std::size_t{1}, std::size_t{100}}) {
    INFO("in parts of " << part);
    expect_growth(static_cast<double>(steps_of_answer(d.message(few), part)),
                  static_cast<double>(steps_of_answer(d.message(many), part)));
  }
}

TEST_CASE("a request and an answer of four times as many parts cost four times as much to bring together") {
  struct pair {
    char const* name;
    std::function<std::string(int)> request, answer;
  };
  auto const p = GENERATE(pair{"names in Vary, and other lines", [](int n) { return get(times(n, "b%: c\r\n")); },
                               [](int n) { return ok("Vary: " + times(n, "a%, ") + "\r\n"); }},
                          pair{"names in Vary, and their lines", [](int n) { return get(times(n, "a%: c\r\n")); },
                               [](int n) { return ok("Vary: " + times(n, "a%, ") + "\r\n"); }},
                          pair{"one name in Vary, and its lines", [](int n) { return get(times(n, "a: %\r\n")); },
                               [](int n) { return ok("Vary: " + times(n, "a, ") + "\r\n"); }},
                          pair{"preferences, and names",
                               [](int n) { return get("Accept-Encoding: " + times(n, "a%;q=0.%, ") + "\r\n"); },
                               [](int n) { return ok("Vary: accept-encoding, " + times(n, "a%, ") + "\r\n"); }},
                          pair{"conditions", [](int n) { return get(times(n, "If-None-Match: \"%\"\r\n")); },
                               [](int n) { return ok("ETag: \"" + times(n, "abc") + "\"\r\n"); }});
  INFO(p.name);
  expect_growth(static_cast<double>(steps_of_pair(p.request(few), p.answer(few))),
                static_cast<double>(steps_of_pair(p.request(many), p.answer(many))));
}
