#include "base/os/open_files.hpp"

#include <catch2/catch.hpp>

#include <sys/resource.h>

TEST_CASE("the limit of open files is raised as far as the hard limit allows, and may be raised again") {
  rlimit at_first{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &at_first) == 0);
  rlimit lower = at_first;
  lower.rlim_cur = at_first.rlim_max / 2;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &lower) == 0);
  for (int time = 0; time < 2; ++time) {
    CHECK(os::raise_open_files() == at_first.rlim_max);
    rlimit now{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &now) == 0);
    CHECK(now.rlim_cur == at_first.rlim_max);
    CHECK(now.rlim_max == at_first.rlim_max);
  }
  CHECK(::setrlimit(RLIMIT_NOFILE, &at_first) == 0);
}
