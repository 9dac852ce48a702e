#include "fakeproxy/resources/conditions.hpp"

#include <catch2/catch.hpp>

using namespace fakeproxy::resources;

namespace {

constexpr std::int64_t november = 784111777; // Sun, 06 Nov 1994 08:49:37 GMT
representation const present{.etag = "\"a,b\"", .last_modified = november};

bool unchanged(std::vector<request_field> const& fields, representation const& now = present) {
  return is_not_modified(fields, now);
}

}

TEST_CASE("dates are written as RFC 9110 has them, and read back") {
  for (auto const& [seconds, text] : {std::pair(std::int64_t{0}, "Thu, 01 Jan 1970 00:00:00 GMT"),
                                      std::pair(november, "Sun, 06 Nov 1994 08:49:37 GMT"),
                                      std::pair(std::int64_t{951782400}, "Tue, 29 Feb 2000 00:00:00 GMT"),
                                      std::pair(std::int64_t{4102444799}, "Thu, 31 Dec 2099 23:59:59 GMT")}) {
    std::string out;
    append_http_date(out, seconds);
    CHECK(out == text);
    CHECK(parse_http_date(text) == seconds);
  }
}

TEST_CASE("what is no date of that form is none") {
  for (char const* text :
       {"", "Sun, 06 Nov 1994 08:49:37", "Mon, 06 Nov 1994 08:49:37 GMT", // it was a Sunday
        "Sun, 06 nov 1994 08:49:37 GMT", "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT", "Sun,  6 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994", "Sun, 06 Nov 1994 08:49:37 UTC", "-----------------------------"}) {
    INFO(text);
    CHECK_FALSE(parse_http_date(text));
  }
}

TEST_CASE("If-None-Match is met by the tag, weak or strong, anywhere in a list, and by a star") {
  for (char const* value : {"\"a,b\"", "W/\"a,b\"", "\"x\", \"a,b\"", "\"x\",W/\"a,b\"", ", ,\"a,b\"", "*"}) {
    INFO(value);
    CHECK(unchanged({{"if-none-match", value}}));
  }
  for (char const* value :
       {"", "\"x\"", "a,b", "\"a\", \"b\"", "\"a,b", "w/\"a,b\"", "\"A,B\"", "x, \"a,b\"", "W/", "\"*\""}) {
    INFO(value);
    CHECK_FALSE(unchanged({{"If-None-Match", value}}));
  }
  CHECK(unchanged({{"If-None-Match", "\"x\""}, {"IF-NONE-MATCH", "\"a,b\""}}));
  representation const weak{.etag = "W/\"a,b\"", .last_modified = {}};
  CHECK(unchanged({{"If-None-Match", "\"a,b\""}}, weak));
  CHECK_FALSE(unchanged({{"If-None-Match", "\"\""}}, {}));
}

TEST_CASE("If-Modified-Since is met by the date of the version and later ones") {
  CHECK(unchanged({{"If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 GMT"}}));
  CHECK(unchanged({{"if-modified-since", "Sun, 06 Nov 1994 08:49:38 GMT"}}));
  CHECK_FALSE(unchanged({{"If-Modified-Since", "Sun, 06 Nov 1994 08:49:36 GMT"}}));
  CHECK_FALSE(unchanged({{"If-Modified-Since", "yesterday"}}));
  CHECK_FALSE(
      unchanged({{"If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 GMT"}}, {.etag = "\"x\"", .last_modified = {}}));
  CHECK_FALSE(unchanged({{"If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 GMT"},
                         {"If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 GMT"}}));
}

TEST_CASE("beside If-None-Match, If-Modified-Since does not count") {
  CHECK_FALSE(unchanged({{"If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 GMT"}, {"If-None-Match", "\"x\""}}));
  CHECK(unchanged({{"If-Modified-Since", "Sun, 06 Nov 1994 08:49:36 GMT"}, {"If-None-Match", "\"a,b\""}}));
  CHECK_FALSE(unchanged({}));
}
