#include "base/os/ready_set.hpp"

#include <boost/asio/post.hpp>
#include <catch2/catch.hpp>

#include <algorithm>
#include <sys/eventfd.h>
#include <unistd.h>

namespace {

constexpr int starved = 20'000'000; // calls without a turn for what was posted

/// How many times a descriptor that is always ready again is served before posted work gets its turn.
int served_before_a_turn(os::ready_set::turns others) {
  boost::asio::io_context context(1);
  int const fd = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  REQUIRE(fd >= 0);
  int served = 0;
  bool had_its_turn = false;
  os::ready_set set(
      context,
      [&](std::uint64_t, std::uint32_t) {
        if (served++ == 0) boost::asio::post(context, [&] { had_its_turn = true; });
        if (had_its_turn || served == starved) return set.stop();
        ::eventfd_write(fd, 1); // ready again
      },
      {}, others);
  set.add(fd, 0);
  context.run();
  ::close(fd);
  return served;
}

}

TEST_CASE("posted work gets its turn while sockets are ready again and again") {
  CHECK(served_before_a_turn(os::ready_set::turns::prompt) <= 65);
  CHECK(served_before_a_turn(os::ready_set::turns::rare) < starved);
}

TEST_CASE("rare turns are rare") {
  int most = 0; // once of 20, since the kernel's tick may come at any time
  for (int i = 0; i < 20; ++i) most = std::max(most, served_before_a_turn(os::ready_set::turns::rare));
  CHECK(most > 1000);
}
