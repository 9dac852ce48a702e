#include "sim/studies/sweep/side_by_side.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <mutex>
#include <set>
#include <stdexcept>

using sim::sweep::side_by_side;

namespace {

bool never() { return false; }

}

TEST_CASE("each number is worked on once, as many at a time as there are jobs") {
  std::mutex mutex;
  std::multiset<std::size_t> seen;
  std::barrier together(3); // ends only if three are under way at once
  side_by_side(12, 3, never, [&](std::size_t i) {
    together.arrive_and_wait();
    std::lock_guard const lock(mutex);
    seen.insert(i);
  });
  CHECK(seen == std::multiset<std::size_t>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
}

TEST_CASE("one job works on one number after the other") {
  std::size_t next = 0;
  int at_once = 0, most = 0;
  side_by_side(20, 1, never, [&](std::size_t i) {
    most = std::max(most, ++at_once);
    CHECK(i == next++);
    --at_once;
  });
  CHECK(next == 20);
  CHECK(most == 1);
  side_by_side(0, 4, never, [&](std::size_t) { FAIL("there is nothing to do"); });
}

TEST_CASE("nothing begins after it was told to stop, or after a failure, which is passed on") {
  int begun = 0;
  side_by_side(
      9, 1, [&] { return begun == 4; }, [&](std::size_t) { ++begun; });
  CHECK(begun == 4);
  std::atomic<int> failed{0};
  CHECK_THROWS_WITH(side_by_side(100, 1, never,
                                 [&](std::size_t i) {
                                   ++failed;
                                   if (i == 2) throw std::runtime_error("the third");
                                 }),
                    "the third");
  CHECK(failed == 3);
}
