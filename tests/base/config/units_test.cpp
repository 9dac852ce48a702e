#include "base/config/units.hpp"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;

TEST_CASE("sizes are read as nginx reads them") {
  CHECK(config::parse_size("512") == 512);
  CHECK(config::parse_size("64k") == 64 * 1024);
  CHECK(config::parse_size("10m") == 10 * 1024 * 1024);
  CHECK(config::parse_size("1G") == std::uint64_t{1} << 30);
  for (char const* bad : {"", "m", "-1", "1.5m", "10 m", "10mb", "99999999999999999999", "2000000000g"}) {
    INFO(bad);
    CHECK_FALSE(config::parse_size(bad));
  }
}

TEST_CASE("durations need a unit and may have a fraction") {
  CHECK(config::parse_duration("200ms") == 200ms);
  CHECK(config::parse_duration("1.5s") == 1500ms);
  CHECK(config::parse_duration("2m") == 120s);
  CHECK(config::parse_duration("0s") == 0s);
  CHECK(config::parse_duration("50us") == 50us);
  for (char const* bad : {"", "5", "s", "-1s", "1 s", "1sec", "1e3s", "nan s", "inf", "9999999h"}) {
    INFO(bad);
    CHECK_FALSE(config::parse_duration(bad));
  }
}
