#include "sim/scenario/access_log/date.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <string>

using namespace sim::access_log;

TEST_CASE("dates are read with zone, leap second and parts of seconds") {
  struct row {
    char const* text;
    std::int64_t ns;
    bool to_the_second = true;
  };
  row const table[] = {
      {"17/May/2015:10:05:03 +0200", 1431849903'000'000'000},
      {"17/may/2015:10:05:03 +0200", 1431849903'000'000'000},
      {"29/Feb/2024:23:59:59 -0030", 1709252999'000'000'000},
      {"01/Jan/1970:00:00:00 +0000", 0},
      {"31/Dec/2199:23:59:59 +0000", 7258118399'000'000'000},
      {"31/Dec/2016:23:59:60 +0000", 1483228800'000'000'000},
      {"17/May/2015:08:05:03.123456 +0000", 1431849903'123'456'000, false},
      {"2015-05-17T10:05:03+02:00", 1431849903'000'000'000},
      {"2015-05-17T08:05:03Z", 1431849903'000'000'000},
      {"2015-05-17t08:05:03.5z", 1431849903'500'000'000, false},
      {"2015-05-17 08:05:03,25 +0000", 1431849903'250'000'000, false},
      {"2015-05-17T08:05:03.123456789123Z", 1431849903'123'456'789, false},
      {"2015-05-17T08:05:03.0Z", 1431849903'000'000'000, false},
  };
  for (row const& r : table) {
    INFO(r.text);
    auto const read = parse_date(r.text);
    REQUIRE(std::holds_alternative<moment>(read));
    CHECK(std::get<moment>(read).ns == r.ns);
    CHECK(std::get<moment>(read).to_the_second == r.to_the_second);
  }
}

TEST_CASE("what is no date, or one outside of what clocks say, is told apart") {
  for (char const* text : {"", "32/May/2015:10:05:03 +0000", "30/Feb/2015:10:05:03 +0000", "29/Feb/2023:10:05:03 +0000",
                           "17/Mai/2015:10:05:03 +0000", "17/May/2015:24:05:03 +0000", "17/May/2015:10:60:03 +0000",
                           "17/May/2015:10:05:61 +0000", "17/May/2015:10:05:03", "17/May/2015:10:05:03 +00",
                           "17/May/2015:10:05:03 +9999", "17/May/2015:10:05:03 +0000 ", "17/May/-015:10:05:03 +0000",
                           "17/May/20155:10:05:03 +0000", "2015-13-17T10:05:03Z", "2015-05-17T10:05:03",
                           "2015-05-17T10:05:03.Z", "2015-05-17", "+1/May/2015:10:05:03 +0000"}) {
    INFO(text);
    auto const read = parse_date(text);
    REQUIRE(std::holds_alternative<no_moment>(read));
    CHECK(std::get<no_moment>(read) == no_moment::not_understood);
  }
  for (char const* text : {"01/Mar/1500:12:00:00 +0000", "01/Jan/0001:00:00:00 +0000", "31/Dec/1969:23:59:59 +0000",
                           "01/Jan/2200:00:00:00 +0000", "31/Dec/9999:23:59:59 +0000", "01/Jan/0000:00:00:00 +0000",
                           "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"}) {
    INFO(text);
    auto const read = parse_date(text);
    REQUIRE(std::holds_alternative<no_moment>(read));
    CHECK(std::get<no_moment>(read) == no_moment::out_of_range);
  }
}

TEST_CASE("numbers are seconds, milliseconds, microseconds or nanoseconds by their size") {
  for (double const number : {1431849903.0, 1431849903e3, 1431849903e6, 1431849903e9})
    CHECK(std::get<moment>(date_of(number)).ns == 1431849903'000'000'000);
  CHECK(std::get<moment>(date_of(1431849903.25)).ns == 1431849903'250'000'000);
  CHECK(std::get<moment>(date_of(1431849903)).to_the_second);
  CHECK_FALSE(std::get<moment>(date_of(1431849903000)).to_the_second);
  for (double const number : {-1.0, 7258118400.0, 9.3e18, 1.8e19, 1e300, -1e300})
    CHECK(std::get<no_moment>(date_of(number)) == no_moment::out_of_range);
  for (double const number : {std::nan(""), HUGE_VAL})
    CHECK(std::get<no_moment>(date_of(number)) == no_moment::not_understood);
}
