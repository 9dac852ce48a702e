// HTTP-date in its three forms (RFC 9110 5.6.7; RFC 9111 4.2).
#include "gateway/cache/date.hpp"
#include "tests/gateway/cache/messages.hpp"

#include <catch2/catch.hpp>

using namespace tests::gateway_cache;
using cache::http_date;
using cache::parse_http_date;

namespace {

constexpr std::int64_t in_1994 = 784'111'777; // Sunday, 6 November 1994, 08:49:37 UTC

std::optional<std::int64_t> parsed(std::string_view text) { return parse_http_date(text, noon_s); }

/// Seconds since 1970, by counting days.
std::int64_t counted(int year, int month, int day) {
  auto const leap = [](int y) { return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0; };
  int const lengths[] = {31, leap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  std::int64_t days = day - 1;
  for (int y = 1970; y < year; ++y) days += leap(y) ? 366 : 365;
  for (int m = 1; m < month; ++m) days += lengths[m - 1];
  return days * 86'400;
}

}

TEST_CASE("RFC 9110 5.6.7: all three forms of one date are read") {
  CHECK(parsed("Sun, 06 Nov 1994 08:49:37 GMT") == in_1994);
  CHECK(parsed("Sunday, 06-Nov-94 08:49:37 GMT") == in_1994);
  CHECK(parsed("Sun Nov  6 08:49:37 1994") == in_1994);
  CHECK(parsed("Wed Nov 16 08:49:37 1994") == in_1994 + 10 * 86'400);
}

TEST_CASE("RFC 9110 5.6.7: dates are sent as IMF-fixdate") {
  CHECK(http_date(in_1994) == "Sun, 06 Nov 1994 08:49:37 GMT");
  CHECK(http_date(0) == "Thu, 01 Jan 1970 00:00:00 GMT");
  CHECK(http_date(noon_s) == "Tue, 26 Nov 2024 12:00:00 GMT");
  CHECK(http_date(951'782'400) == "Tue, 29 Feb 2000 00:00:00 GMT");
}

TEST_CASE("RFC 9111 4.2: names in dates are matched in any letter case") {
  for (char const* text : {"sun, 06 nov 1994 08:49:37 gmt", "SUN, 06 NOV 1994 08:49:37 GMT",
                           "sUNDAY, 06-nOV-94 08:49:37 gMt", "SUN NOV  6 08:49:37 1994"}) {
    INFO(text);
    CHECK(parsed(text) == in_1994);
  }
}

TEST_CASE("RFC 9111 4.2: a date in another zone than GMT is none") {
  for (char const* text :
       {"Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 06 Nov 1994 08:49:37 +0000",
        "Sun, 06 Nov 1994 08:49:37", "Sunday, 06-Nov-94 08:49:37 PST", "Sun Nov  6 08:49:37 1994 CET"}) {
    INFO(text);
    CHECK_FALSE(parsed(text));
  }
}

TEST_CASE("RFC 9110 5.6.7: what has another form is no date") {
  for (char const* text : {"",
                           "0",
                           "-1",
                           "never",
                           "784111777",
                           "1994-11-06T08:49:37Z",
                           "Sun, 6 Nov 1994 08:49:37 GMT",
                           "Sun, 06 Nov 94 08:49:37 GMT",
                           "Sun, 06 Nov 1994 8:49:37 GMT",
                           "Sun, 06 Nov 1994 08:49 GMT",
                           "Sun,06 Nov 1994 08:49:37 GMT",
                           "Sun, 06  Nov 1994 08:49:37 GMT",
                           "Sun 06 Nov 1994 08:49:37 GMT",
                           "Sun, 06-Nov-1994 08:49:37 GMT",
                           "Sunday, 06-Nov-1994 08:49:37 GMT",
                           "Sunday, 06 Nov 1994 08:49:37 GMT",
                           "Sun, 06-Nov-94 08:49:37 GMT",
                           "Sun Nov 6 08:49:37 1994",
                           "Sun Nov 06 08:49:37 94",
                           "06 Nov 1994 08:49:37 GMT",
                           "Sun, 06 November 1994 08:49:37 GMT",
                           "Sun, 06 Nov 1994 08:49:37 GMT ",
                           " Sun, 06 Nov 1994 08:49:37 GMT",
                           "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
                           "Sun, -6 Nov 1994 08:49:37 GMT",
                           "Sun, +6 Nov 1994 08:49:37 GMT",
                           "Sun, 06 Nov 1994 -8:49:37 GMT",
                           "Sun, 06 Nov 1994 08:-9:37 GMT",
                           "Sun, 06 Nov 1994 08.49.37 GMT",
                           "Xyz, 06 Nov 1994 08:49:37 GMT"}) {
    INFO(text);
    CHECK_FALSE(parsed(text));
  }
}

TEST_CASE("RFC 9110 5.6.7: a day, hour, minute or second that there is not makes no date") {
  for (char const* text :
       {"Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 31 Nov 1994 08:49:37 GMT", "Wed, 29 Feb 1995 08:49:37 GMT",
        "Thu, 29 Feb 1900 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT"}) {
    INFO(text);
    CHECK_FALSE(parsed(text));
  }
}

TEST_CASE("RFC 9110 5.6.7: a leap second is one") {
  CHECK(parsed("Sat, 31 Dec 2016 23:59:60 GMT") == counted(2017, 1, 1));
}

TEST_CASE("RFC 9110 5.6.7: a year of two digits that seems more than 50 years ahead is the last one in the past") {
  CHECK(parsed("Wednesday, 26-Nov-74 12:00:00 GMT") == counted(2074, 11, 26) + 12 * 3'600); // just 50 years
  CHECK(parsed("Friday, 01-Jan-99 00:00:00 GMT") == counted(1999, 1, 1));
  CHECK(parsed("Wednesday, 01-Jan-75 00:00:00 GMT") == counted(1975, 1, 1));
  CHECK(parsed("Monday, 01-Jan-24 00:00:00 GMT") == counted(2024, 1, 1));
  CHECK(parsed("Wednesday, 01-Jan-25 00:00:00 GMT") == counted(2025, 1, 1));
}

TEST_CASE("RFC 9110 5.6.7: the 50 years are of the timestamp, not of its year") {
  CHECK(parsed("Tuesday, 31-Dec-74 00:00:00 GMT") == counted(1974, 12, 31)); // 2074 would be 50 years and 35 days ahead
}

TEST_CASE("every day of 140 years is written as it is read, and as counting days says") {
  int const lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  for (int year = 1970; year < 2110; year += 7)
    for (int month = 1; month <= 12; ++month)
      for (int day = 1; day <= lengths[month - 1]; day += 9) {
        std::int64_t const seconds = counted(year, month, day) + 45'296;
        REQUIRE(parsed(http_date(seconds)) == seconds);
      }
}

TEST_CASE("dates before 1970 are read and written") {
  CHECK(parsed("Wed, 31 Dec 1969 23:59:59 GMT") == -1);
  CHECK(http_date(-1) == "Wed, 31 Dec 1969 23:59:59 GMT");
}
