#include "base/os/machine.hpp"
#include "tests/base/os/scratch.hpp"

#include <catch2/catch.hpp>

TEST_CASE("a process knows its command, its machine and the time") {
  REQUIRE_FALSE(os::command_line().empty());
  CHECK_THAT(os::command_line()[0], Catch::Contains("test_base_os"));
  CHECK_FALSE(os::host_name().empty());
  CHECK(os::available_cores() >= 1);
  REQUIRE(os::load_average());
  CHECK(*os::load_average() >= 0);
  CHECK_THAT(os::wall_clock(), Catch::Matches("20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]Z"));
}

TEST_CASE("how busy a machine was is a share of its time, and unknown when none passed") {
  auto const now = os::processor_time_now();
  REQUIRE(now);
  CHECK(now->all > 0);
  CHECK(now->busy <= now->all);
  CHECK(os::busy_between({10, 100}, {40, 200}) == 0.3);
  CHECK(os::busy_between({10, 100}, {10, 200}) == 0.0);
  CHECK_FALSE(os::busy_between({10, 100}, {10, 100}));
}

TEST_CASE("the room of a directory is known, and not that of one that is not there") {
  files_test::scratch const dir;
  REQUIRE(os::room_in(dir.path));
  CHECK(*os::room_in(dir.path) > 0);
  CHECK_FALSE(os::room_in(dir.path / "nowhere"));
}
