// Conditions and ranges of clients, judged by what is stored (RFC 9111 4.3.2; RFC 9110 13, 14, 15).
#include "tests/gateway/cache/messages.hpp"

#include <catch2/catch.hpp>

using namespace tests::gateway_cache;

namespace {

std::string const modified_at = date_at(-500);

/// What a request gets of a fresh answer with these lines.
reply served(std::string const& request_lines, std::string const& lines, std::string const& content = "0123456789",
             char const* method = "GET /a", unsigned status = 200) {
  lab l;
  l.play("GET /a", answer(status, "Cache-Control: max-age=100\n" + lines, content), at(0));
  asked const a = l.ask(request(method, request_lines), at(1));
  REQUIRE(a.is_answered());
  return l.serve(a, at(1));
}

unsigned status_of(std::string const& request_lines, std::string const& lines) {
  return served(request_lines, lines).status;
}

/// An answer with a time of its last change that is strong enough as a validator, and with an entity tag.
std::string const stored = "ETag: \"a\"\nLast-Modified: " + modified_at + "\nDate: " + date_at(0);

reply range(std::string const& wanted, std::string const& more = {}) {
  return served("Range: " + wanted + (more.empty() ? "" : "\n" + more), stored);
}

}

TEST_CASE("RFC 9110 13.1.2: If-None-Match compares weakly, with each tag of its lists") {
  for (char const* tags : {"\"a\"", "W/\"a\"", "\"x\", \"a\"", "\"x\",W/\"a\"", "*", "\"x\"\nIf-None-Match: \"a\"",
                           "\"x,\", \"a\"", " , \"a\" ,"}) {
    INFO(tags);
    CHECK(status_of("If-None-Match: " + std::string(tags), "ETag: \"a\"") == 304);
    CHECK(status_of("If-None-Match: " + std::string(tags), "ETag: W/\"a\"") == 304);
  }
  for (char const* tags : {"\"b\"", "\"A\"", "\"aa\"", "\"a, b\"", "\"x,\"a\"", "a"}) {
    INFO(tags);
    CHECK(status_of("If-None-Match: " + std::string(tags), "ETag: \"a\"") == 200);
  }
}

TEST_CASE("RFC 9110 13.1.2: If-None-Match matches no answer without an entity tag, but for *") {
  CHECK(status_of("If-None-Match: \"a\"", "X-A: 1") == 200);
  CHECK(status_of("If-None-Match: \"\"", "X-A: 1") == 200);
  CHECK(status_of("If-None-Match: *", "X-A: 1") == 304);
}

TEST_CASE("RFC 9110 8.8.3: what has no quotes is no entity tag") {
  CHECK(status_of("If-None-Match: W/", "X-A: 1") == 200);
}

TEST_CASE("RFC 9110 8.8.3.2: comparison of entity tags, strong and weak") {
  struct row {
    char const *a, *b;
    bool strongly, weakly;
  };
  for (row const& r : {row{"W/\"1\"", "W/\"1\"", false, true}, row{"W/\"1\"", "W/\"2\"", false, false},
                       row{"W/\"1\"", "\"1\"", false, true}, row{"\"1\"", "\"1\"", true, true}}) {
    INFO(r.a << " and " << r.b);
    CHECK(cache::matches_strongly(r.a, r.b) == r.strongly);
    CHECK(cache::matches_strongly(r.b, r.a) == r.strongly);
    CHECK(cache::matches_weakly(r.a, r.b) == r.weakly);
    CHECK(cache::matches_weakly(r.b, r.a) == r.weakly);
  }
}

TEST_CASE("RFC 9110 13.1.3: If-Modified-Since counts without If-None-Match only") {
  CHECK(status_of("If-Modified-Since: " + modified_at, stored) == 304);
  CHECK(status_of("If-Modified-Since: " + date_at(-499), stored) == 304);
  CHECK(status_of("If-Modified-Since: " + date_at(-501), stored) == 200);
  CHECK(status_of("If-None-Match: \"b\"\nIf-Modified-Since: " + modified_at, stored) == 200);
  CHECK(status_of("If-None-Match: \"a\"\nIf-Modified-Since: " + date_at(-501), stored) == 304);
}

TEST_CASE("RFC 9110 13.1.3: an If-None-Match without any tag is one too, so that If-Modified-Since is ignored") {
  CHECK(status_of("If-None-Match:\nIf-Modified-Since: " + modified_at, stored) == 200);
}

TEST_CASE("RFC 9110 13.1.3: an If-Modified-Since that is no date is ignored") {
  for (char const* text : {"0", "yesterday", "Tue, 26 Nov 2024 13:00:00 CET"}) {
    INFO(text);
    CHECK(status_of("If-Modified-Since: " + std::string(text), stored) == 200);
  }
}

TEST_CASE("RFC 9110 13.1.3: an If-Modified-Since with more than one member is ignored") {
  CHECK(status_of("If-Modified-Since: " + date_at(-900) + "\nIf-Modified-Since: " + modified_at, stored) == 200);
}

TEST_CASE("RFC 9110 13.1.3: If-Modified-Since in each form of a date") {
  std::string const lines = "Last-Modified: Tue, 26 Nov 2024 11:00:00 GMT";
  CHECK(status_of("If-Modified-Since: Tue, 26 Nov 2024 11:00:00 GMT", lines) == 304);
  CHECK(status_of("If-Modified-Since: Tuesday, 26-Nov-24 11:00:00 GMT", lines) == 304);
  CHECK(status_of("If-Modified-Since: Tue Nov 26 11:00:00 2024", lines) == 304);
  CHECK(status_of("If-Modified-Since: Tue Nov 26 10:59:59 2024", lines) == 200);
}

TEST_CASE("RFC 9111 4.3.2: without Last-Modified, If-Modified-Since is compared with Date, or when the answer came") {
  CHECK(status_of("If-Modified-Since: " + date_at(-10), "Date: " + date_at(-10)) == 304);
  CHECK(status_of("If-Modified-Since: " + date_at(-11), "Date: " + date_at(-10)) == 200);
  CHECK(status_of("If-Modified-Since: " + date_at(0), "X-A: 1") == 304);
  CHECK(status_of("If-Modified-Since: " + date_at(-1), "X-A: 1") == 200);
}

TEST_CASE("RFC 9111 4.3.2: If-Match and If-Unmodified-Since are not for a cache") {
  CHECK(status_of("If-Match: \"b\"", stored) == 200);
  CHECK(status_of("If-Unmodified-Since: " + date_at(-900), stored) == 200);
  CHECK(status_of("If-Match: \"b\"\nIf-None-Match: \"a\"", stored) == 304);
}

TEST_CASE("RFC 9110 13.2.1: conditions are about an answer of 200, and say nothing of another") {
  CHECK(served("If-None-Match: \"a\"", "ETag: \"a\"", "gone", "GET /a", 410).status == 410);
  CHECK(served("If-None-Match: *", "Location: /b", "", "GET /a", 301).status == 301);
  CHECK(served("Range: bytes=0-1", "ETag: \"a\"", "gone", "GET /a", 404).status == 404);
}

TEST_CASE("RFC 9110 13.2.1: HEAD is conditional as GET is") {
  reply const got = served("If-None-Match: \"a\"", stored, "0123456789", "HEAD /a");
  CHECK(got.status == 304);
  CHECK(got.content.empty());
}

TEST_CASE("RFC 9110 15.4.5: a 304 has what a cache needs, no content, and nothing about its length") {
  reply const got =
      served("If-None-Match: \"a\"", stored + "\nVary: Accept\nContent-Location: /a.html\nExpires: " + date_at(100) +
                                         "\nContent-Type: text/plain\nX-Big: field");
  CHECK(got.status == 304);
  CHECK(got.content.empty());
  CHECK(got.field("ETag") == "\"a\"");
  CHECK(got.field("Vary") == "Accept");
  CHECK(got.field("Date") == date_at(0));
  CHECK(got.field("Cache-Control") == "max-age=100");
  CHECK(got.field("Content-Location") == "/a.html");
  CHECK(got.field("Expires") == date_at(100));
  CHECK(got.field("Age") == "1");
  CHECK_FALSE(got.field("Content-Type"));
  CHECK_FALSE(got.field("X-Big"));
  CHECK_FALSE(got.field("Content-Length"));
}

TEST_CASE("RFC 9110 14.1.2: one range of bytes is served") {
  struct row {
    char const *wanted, *content, *range;
  };
  for (row const& r : {row{"bytes=0-0", "0", "bytes 0-0/10"}, row{"bytes=2-4", "234", "bytes 2-4/10"},
                       row{"bytes=7-", "789", "bytes 7-9/10"}, row{"bytes=-3", "789", "bytes 7-9/10"},
                       row{"bytes=0-", "0123456789", "bytes 0-9/10"}, row{"bytes=5-900", "56789", "bytes 5-9/10"},
                       row{"bytes=-900", "0123456789", "bytes 0-9/10"}, row{"BYTES=9-9", "9", "bytes 9-9/10"}}) {
    INFO(r.wanted);
    reply const got = range(r.wanted);
    CHECK(got.status == 206);
    CHECK(got.content == r.content);
    CHECK(got.field("Content-Range") == r.range);
    CHECK(got.field("Content-Length") == std::to_string(got.content.size()));
  }
}

TEST_CASE("RFC 9110 15.3.7: a 206 has the fields that a 200 would have had") {
  reply const got = range("bytes=0-1");
  CHECK(got.field("ETag") == "\"a\"");
  CHECK(got.field("Date") == date_at(0));
  CHECK(got.field("Cache-Control") == "max-age=100");
  CHECK(got.field("Age") == "1");
  CHECK(count_of(got.head, "Content-Length") == 1);
}

TEST_CASE("RFC 9110 15.3.7: a 206 to If-Range has only the fields that it must have") {
  reply const got = served("Range: bytes=0-1\nIf-Range: \"a\"", stored + "\nContent-Type: text/plain");
  REQUIRE(got.status == 206);
  CHECK_FALSE(got.field("Content-Type"));
}

TEST_CASE("RFC 9110 14.1.2: a range that begins behind the end cannot be satisfied") {
  for (char const* wanted : {"bytes=10-", "bytes=10-20", "bytes=999-", "bytes=-0"}) {
    INFO(wanted);
    reply const got = range(wanted);
    CHECK(got.status == 416);
    CHECK(got.content.empty());
    CHECK(got.field("Content-Range") == "bytes */10");
    CHECK(got.field("Content-Length") == "0");
  }
}

TEST_CASE("RFC 9110 6.6.1: a 416 of the gateway's own has a Date") { CHECK(range("bytes=10-").field("Date")); }

TEST_CASE("RFC 9110 14.2: a Range that cannot be read, or is of another unit, is ignored") {
  for (char const* wanted :
       {"bytes", "bytes=", "bytes=-", "bytes=5-3", "bytes=a-b", "bytes=1", "lines=0-1", "bytes 0-1", "bytes=0x1-2",
        "bytes=--1", "bytes=1-2-3", "bytes=+1-2", "bytes=0-1;x", "bytes=99999999999999999999-"}) {
    INFO(wanted);
    reply const got = range(wanted);
    CHECK((got.status == 200 || (got.status == 416 && std::string_view(wanted).ends_with("99999-"))));
  }
}

TEST_CASE("RFC 9110 14.2: a server may ignore several ranges, and HEAD has none") {
  CHECK(range("bytes=0-1,3-4").content == "0123456789");
  CHECK(range("bytes=0-1\nRange: bytes=3-4").content == "0123456789");
  CHECK(served("Range: bytes=0-1", stored, "0123456789", "HEAD /a").status == 200);
}

TEST_CASE("RFC 9110 14.1.2: of nothing there is no range") {
  CHECK(served("Range: bytes=0-", stored, "").status == 416);
  CHECK(served("Range: bytes=-1", stored, "").status == 416);
}

TEST_CASE("RFC 9110 13.1.5: If-Range with an entity tag compares strongly") {
  CHECK(range("bytes=0-1", "If-Range: \"a\"").status == 206);
  CHECK(range("bytes=0-1", "If-Range: \"b\"").status == 200);
  CHECK(range("bytes=0-1", "If-Range: W/\"a\"").status == 200);
  CHECK(served("Range: bytes=0-1\nIf-Range: W/\"a\"", "ETag: W/\"a\"").status == 200);
  CHECK(served("Range: bytes=0-1\nIf-Range: \"a\"", "X-A: 1").status == 200);
}

TEST_CASE("RFC 9110 13.1.5: If-Range with a date needs just that date, as a strong validator") {
  CHECK(range("bytes=0-1", "If-Range: " + modified_at).status == 206);
  CHECK(range("bytes=0-1", "If-Range: " + date_at(-499)).status == 200);
  CHECK(range("bytes=0-1", "If-Range: " + date_at(-501)).status == 200);
  CHECK(range("bytes=0-1", "If-Range: whenever").status == 200);
  std::string const just_now = "Last-Modified: " + date_at(0) + "\nDate: " + date_at(0); // 8.8.2.2: weak
  CHECK(served("Range: bytes=0-1\nIf-Range: " + date_at(0), just_now).status == 200);
}

TEST_CASE("RFC 9110 13.1.5: an If-Range that fails makes an unsatisfiable range a whole answer") {
  CHECK(range("bytes=100-", "If-Range: \"b\"").status == 200);
  CHECK(range("bytes=100-", "If-Range: \"a\"").status == 416);
}

TEST_CASE("RFC 9110 13.1.5: If-Range without Range is ignored") {
  CHECK(served("If-Range: \"b\"", stored).status == 200);
  CHECK(served("If-Range: \"b\"", stored).content == "0123456789");
}

TEST_CASE("RFC 9110 13.2.2: If-None-Match and If-Modified-Since go before Range") {
  CHECK(range("bytes=0-1", "If-None-Match: \"a\"").status == 304);
  CHECK(range("bytes=0-1", "If-None-Match: \"b\"").status == 206);
  CHECK(range("bytes=0-1", "If-Modified-Since: " + modified_at).status == 304);
  CHECK(range("bytes=100-", "If-None-Match: \"a\"").status == 304);
}

TEST_CASE("RFC 9110 6.4.1, 8.6: a 204 is served without content and without a length") {
  reply const got = served("", "X-A: 1", "", "GET /a", 204);
  CHECK(got.status == 204);
  CHECK_FALSE(got.field("Content-Length"));
}

TEST_CASE("what is served can be read again, and is framed by one length") {
  for (std::string const& lines : {std::string(), std::string("If-None-Match: \"a\""), std::string("Range: bytes=0-1"),
                                   std::string("Range: bytes=100-")}) {
    INFO(lines);
    reply const got = served(lines, stored + "\nContent-Length: 10");
    http::message_head head;
    http::answer_parser parser(head);
    http::error_code ec;
    REQUIRE(parser.parse_head(got.head.data(), got.head.size(), ec));
    CHECK(parser.head_bytes() == got.head.size());
    CHECK(head.status == got.status);
    CHECK(count_of(got.head, "Age") == 1);
    CHECK(count_of(got.head, "Content-Length") == (got.status == 304 ? 0 : 1));
    if (got.status != 304) CHECK(got.field("Content-Length") == std::to_string(got.content.size()));
  }
}

TEST_CASE("RFC 9211 2: what the cache did is said in a line of its own behind those of the caches before") {
  lab l;
  l.play("GET /a", answer(200, "Cache-Control: max-age=100\nCache-Status: other; hit"), at(0));
  asked const a = l.ask("GET /a", at(1));
  std::string out;
  cache::serving const how{.close = true, .hsts = "max-age=9", .cache_status = "here; hit"};
  cache::append_served(out, *a.decided.stored, a.what.facts, how, at(1));
  CHECK(field_of(out, "Cache-Status") == "other; hit, here; hit");
  CHECK(field_of(out, "Strict-Transport-Security") == "max-age=9");
  CHECK(field_of(out, "Connection") == "close");
}

TEST_CASE("RFC 9211 2.2: why a request went on is said in the words of the register") {
  using enum cache::forwarded;
  CHECK(cache::name_of(no).empty());
  CHECK(cache::name_of(bypass) == "bypass");
  CHECK(cache::name_of(method) == "method");
  CHECK(cache::name_of(uri_miss) == "uri-miss");
  CHECK(cache::name_of(vary_miss) == "vary-miss");
  CHECK(cache::name_of(cache::forwarded::request) == "request");
  CHECK(cache::name_of(stale) == "stale");
  CHECK(cache::name_of(partial) == "partial");
}

TEST_CASE("RFC 9211 2.2: a request is told why it went on") {
  lab l;
  auto const why = [&](request const& asked, std::int64_t when) {
    cache::forwarded const out = l.ask(asked, at(when)).decided.why;
    l.answers_alone(asked, at(when));
    return out;
  };
  CHECK(why("POST /a", 0) == cache::forwarded::method);
  CHECK(l.ask("GET /a", at(0)).decided.why == cache::forwarded::uri_miss);
  lab held;
  held.play(request("GET /a", "X-A: 1"), answer(200, "Cache-Control: max-age=10\nVary: X-A"), at(0));
  CHECK(held.ask(request("GET /a", "X-A: 2"), at(1)).decided.why == cache::forwarded::vary_miss);
  CHECK(held.ask(request("GET /a", "X-A: 1\nCache-Control: no-cache"), at(1)).decided.why == cache::forwarded::request);
  CHECK(held.ask(request("GET /a", "X-A: 1"), at(20)).decided.why == cache::forwarded::stale);
  CHECK(held.ask(request("GET /a", "X-A: 1"), at(1)).decided.why == cache::forwarded::no);
}
