// What answers say to a cache: Cache-Control (RFC 9111 5.2.2) and targeted fields (RFC 9213).
#include "gateway/cache/targeted.hpp"
#include "tests/gateway/cache/messages.hpp"

#include <catch2/catch.hpp>

using namespace tests::gateway_cache;
using kind = cache::decision::kind;

namespace {

std::vector<std::string> const targets{"gateway-cache-control", "cdn-cache-control"};

/// Whether an answer with these lines is reused after a second by a cache that the targets are for.
bool reused(std::string const& lines, std::int64_t later_s = 1) {
  lab l({}, targets);
  l.play("GET /a", answer(200, lines), at(0));
  return l.answers_alone("GET /a", at(later_s));
}

std::optional<std::int64_t> max_age(std::string_view field) {
  auto const read = cache::parse_targeted(field);
  return read ? read->max_age : std::nullopt;
}

}

TEST_CASE("RFC 9111 5.2.2.2: must-revalidate is no matter while the answer is fresh") {
  CHECK(reused("Cache-Control: max-age=10, must-revalidate", 9));
  CHECK_FALSE(reused("Cache-Control: max-age=10, must-revalidate", 10));
}

TEST_CASE("RFC 9111 5.2.2.4: no-cache needs a validation each time") {
  for (char const* says : {"no-cache, max-age=100", "max-age=100, NO-CACHE", "no-cache=\"unclosed, max-age=100"}) {
    INFO(says);
    lab l;
    l.play("GET /a", answer(200, "ETag: \"a\"\nCache-Control: " + std::string(says)), at(0));
    asked a = l.ask("GET /a", at(1));
    REQUIRE(a.kind() == kind::validate);
    CHECK(l.take(a, answer(304, "ETag: \"a\""), at(1)).status == 200);
    CHECK(l.ask("GET /a", at(2)).kind() == kind::validate);
  }
}

TEST_CASE("RFC 9111 5.2.2.4: no-cache needs a validation whatever the client takes") {
  answer const from(200, "ETag: \"a\"\nCache-Control: no-cache, max-age=100");
  CHECK_FALSE(reuses("GET /a", from, request("GET /a", "Cache-Control: max-stale")));
  CHECK_FALSE(reuses("GET /a", from, request("GET /a", "Cache-Control: only-if-cached")));
}

TEST_CASE("RFC 9111 5.2.2: flags are read in any letter case, from any line") {
  cache::answer_directives d;
  d.read("Public, MUST-revalidate");
  d.read("proxy-Revalidate ,\timmutable,must-understand");
  CHECK(d.is_public);
  CHECK(d.must_revalidate);
  CHECK(d.proxy_revalidate);
  CHECK(d.immutable);
  CHECK(d.must_understand);
  CHECK_FALSE(d.no_store);
  CHECK_FALSE(d.no_cache);
  CHECK_FALSE(d.is_private);
}

TEST_CASE("RFC 9111 5.2.2: a name within another is not that directive") {
  cache::answer_directives const d =
      answer_control("xno-store, no-storex, no_cache, privately, \"private\", no-store-x");
  CHECK_FALSE(d.no_store);
  CHECK_FALSE(d.no_cache);
  CHECK_FALSE(d.is_private);
}

TEST_CASE("RFC 9111 4.2.1: of directives that contradict each other the strictest counts") {
  CHECK_FALSE(reused("Cache-Control: max-age=100, no-cache\nETag: \"a\""));
  CHECK_FALSE(reused("Cache-Control: public, private, max-age=100"));
  CHECK_FALSE(reused("Cache-Control: max-age=100, no-store"));
}

TEST_CASE("RFC 9111 5.2: names of fields are read from an argument in quotes, with escapes and blanks") {
  CHECK(answer_control("private=\"A, b-C ,,d\"").withheld == std::vector<std::string>{"a", "b-c", "d"});
  CHECK(answer_control("no-cache=\"\\A\"").withheld == std::vector<std::string>{"a"});
  CHECK(answer_control("private=Set-Cookie").withheld == std::vector<std::string>{"set-cookie"});
}

TEST_CASE("RFC 9111 1.2.2: parsing of delta-seconds") {
  CHECK(cache::parse_delta_seconds("0") == 0);
  CHECK(cache::parse_delta_seconds("007") == 7);
  CHECK(cache::parse_delta_seconds("2147483647") == 2'147'483'647);
  CHECK(cache::parse_delta_seconds("2147483648") == 2'147'483'648);
  CHECK(cache::parse_delta_seconds("99999999999999999999999") == 2'147'483'648);
  for (char const* text : {"", " 1", "1 ", "-1", "+1", "1.0", "1e3", "0x1", "a", "1,2"}) {
    INFO(text);
    CHECK_FALSE(cache::parse_delta_seconds(text));
  }
}

TEST_CASE("RFC 9213 2.2: a targeted field counts in place of Cache-Control and Expires") {
  CHECK(reused("Cache-Control: no-store\nCDN-Cache-Control: max-age=10"));
  CHECK_FALSE(reused("Cache-Control: max-age=10\nCDN-Cache-Control: no-store"));
  CHECK_FALSE(reused("Cache-Control: s-maxage=100\nCDN-Cache-Control: max-age=10", 11));
  CHECK(reused("Expires: " + date_at(-100) + "\nCDN-Cache-Control: max-age=10"));
  CHECK_FALSE(reused("Expires: " + date_at(100) + "\nCDN-Cache-Control: public"));
}

TEST_CASE("RFC 9213 2.2: the first field of the target list that is there counts, wherever it stands") {
  CHECK(reused("CDN-Cache-Control: no-store\nGateway-Cache-Control: max-age=10"));
  CHECK_FALSE(reused("CDN-Cache-Control: max-age=10\nGateway-Cache-Control: no-store"));
  CHECK(reused("Other-Cache-Control: no-store\nCache-Control: max-age=10"));
}

TEST_CASE("RFC 9213 2.1: a targeted field that is empty or cannot be read is as if it were not there") {
  for (char const* text : {"", " ", "no-store,", "Max-Age=10", "no-store;", "no-store max-age=10", ",no-store", "=1",
                           "no-store; x=", "max-age=", "no-store, \"x\"", "max-age=\"1", "no-store=?2", "1=2"}) {
    INFO(text);
    CHECK(reused("Cache-Control: max-age=10\nCDN-Cache-Control: " + std::string(text)));
    CHECK_FALSE(reused("Cache-Control: no-store\nCDN-Cache-Control: " + std::string(text)));
  }
}

TEST_CASE("RFC 9213 2.2: after one that cannot be read, the next of the list counts") {
  CHECK_FALSE(reused("Cache-Control: max-age=10\nGateway-Cache-Control: x y\nCDN-Cache-Control: no-store"));
}

TEST_CASE("RFC 9213 2.1: lines of a targeted field are one dictionary, parameters and blanks mean nothing") {
  CHECK(reused("CDN-Cache-Control: public\nCDN-Cache-Control: max-age=10"));
  CHECK(max_age("max-age=10;a;b=2;c=\"x,y\", foo") == 10);
  CHECK(max_age("  max-age=10 \t,\tfoo  ") == 10);
  CHECK(max_age("foo=bar, *x=:YQ==:, s=\"a, \\\" b\", t=?0, n=-1.5, max-age=10") == 10);
  CHECK(cache::parse_targeted("foo")); // valid, and says nothing
}

TEST_CASE("RFC 9213 2.1: a lifetime that is no Integer does not count") {
  for (char const* text : {"max-age=10.5", "max-age=\"10\"", "max-age=ten", "max-age=?1", "max-age"}) {
    INFO(text);
    auto const read = cache::parse_targeted(text);
    REQUIRE(read);
    CHECK(read->max_age.value_or(0) == 0);
  }
  CHECK(max_age("max-age=-1") == 0);
  CHECK(max_age("max-age=999999999999999") == cache::longest_s);
  CHECK_FALSE(cache::parse_targeted("max-age=9999999999999999")); // RFC 9651 3.3.1: 15 digits
}

TEST_CASE("RFC 9213 2.1: a flag that says no, or has a value, is not that flag") {
  for (char const* text : {"public=?0", "public=1", "public=\"yes\""}) {
    INFO(text);
    auto const read = cache::parse_targeted(text);
    CHECK((!read || !read->is_public));
  }
  // must-understand takes no-store back.
  CHECK_FALSE(reused("CDN-Cache-Control: max-age=60, no-store, must-understand=\"no\""));
  CHECK_FALSE(reused("CDN-Cache-Control: max-age=60, no-store, must-understand=?0"));
  CHECK(reused("CDN-Cache-Control: max-age=60, no-store, must-understand"));
}

TEST_CASE("RFC 9651 3.2: of a key that is there twice the last counts") {
  CHECK(max_age("max-age=10, max-age=20") == 20);
}

TEST_CASE("RFC 9651 3.1.1: an inner list is a value of a Dictionary") {
  CHECK(max_age("max-age=10, ext=(a \"b\" 3);q=1") == 10);
}

TEST_CASE("RFC 9651 4.2: what breaks a rule of Strings or Decimals breaks the field") {
  for (char const* text : {"max-age=10, a=\"\\x\"", "max-age=10, a=1.2345", "max-age=10, a=1234567890123.1",
                           "max-age=10, a=\"\xc3\xa4\"", "max-age=10, a=:?:"}) {
    INFO(text);
    CHECK_FALSE(cache::parse_targeted(text));
  }
}

TEST_CASE("RFC 9213 2.1: Age, Date and Vary stay what they are beside a targeted field") {
  CHECK_FALSE(reused("CDN-Cache-Control: max-age=10\nAge: 10"));
  CHECK_FALSE(reused("CDN-Cache-Control: max-age=10\nVary: *"));
}

TEST_CASE("RFC 9213 2.2: a targeted field goes by who may share too") {
  lab l({}, targets);
  request const alice("GET /a", "Authorization: Bearer alice");
  l.play(alice, answer(200, "Cache-Control: public, max-age=10\nCDN-Cache-Control: max-age=10"), at(0));
  CHECK(l.core.answers().size() == 0);
  l.play(alice, answer(200, "CDN-Cache-Control: s-maxage=10"), at(0));
  CHECK(l.core.answers().size() == 1);
}

TEST_CASE("RFC 9213 2.2: a targeted field counts after a validation too") {
  lab l({}, targets);
  l.play("GET /a", answer(200, "ETag: \"a\"\nCache-Control: no-store\nCDN-Cache-Control: max-age=10"), at(0));
  asked a = l.ask("GET /a", at(20));
  REQUIRE(a.kind() == kind::validate);
  l.take(a, answer(304, "ETag: \"a\"\nCDN-Cache-Control: max-age=30"), at(20));
  CHECK(l.answers_alone("GET /a", at(49)));
  CHECK_FALSE(l.answers_alone("GET /a", at(50)));
}
