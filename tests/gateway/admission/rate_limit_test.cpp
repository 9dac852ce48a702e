#include "gateway/admission/open_connections.hpp"
#include "gateway/admission/rate_limit.hpp"

#include <catch2/catch.hpp>

#include <random>
#include <vector>

using gateway::admission::rate_limit;

namespace {
constexpr std::int64_t second = 1'000'000'000;
}

TEST_CASE("a burst passes at once, then one request each interval") {
  rate_limit limit({.per_second = 10, .burst = 3});
  std::int64_t now = 5 * second;
  for (int i = 0; i < 3; ++i) CHECK(limit.wait_ns(1, now) == 0);
  CHECK(limit.wait_ns(1, now) == second / 10);
  CHECK(limit.wait_ns(1, now) == second / 10); // what is refused does not count
  CHECK(limit.wait_ns(2, now) == 0);           // another key
  now += second / 10 - 1;
  CHECK(limit.wait_ns(1, now) == 1);
  now += 1;
  CHECK(limit.wait_ns(1, now) == 0);
  CHECK(limit.wait_ns(1, now) == second / 10);
  now += second; // full again, and no fuller
  for (int i = 0; i < 3; ++i) CHECK(limit.wait_ns(1, now) == 0);
  CHECK(limit.wait_ns(1, now) > 0);
}

TEST_CASE("over any time no more pass than the rate and one burst allow, and nearly as many do") {
  std::mt19937_64 random(7);
  for (double const per_second : {0.5, 3.0, 250.0}) {
    for (std::uint32_t const burst : {1u, 5u, 100u}) {
      INFO(per_second << " a second, burst " << burst);
      rate_limit limit({.per_second = per_second, .burst = burst});
      std::vector<std::int64_t> passed;
      std::int64_t const end = static_cast<std::int64_t>(400 / per_second * second);
      std::int64_t now = 1;
      while (now < end) {
        if (limit.wait_ns(9, now) == 0) passed.push_back(now);
        now += 1 + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(second / per_second / 2));
      }
      for (std::size_t from = 0; from < passed.size(); from += 7)
        for (std::size_t to = from; to < passed.size(); to += 5) {
          double const seconds = static_cast<double>(passed[to] - passed[from]) / second;
          if (static_cast<double>(to - from + 1) > burst + seconds * per_second + 1e-6) FAIL("too many passed");
        }
      // Without a burst each waits for the next try, some quarter of an interval late.
      CHECK(passed.size() > (burst == 1 ? 300u : 390u));
    }
  }
}

TEST_CASE("what is kept of keys stays bounded, and is forgotten when it says nothing any more") {
  rate_limit limit({.per_second = 1000, .burst = 10}, 1000);
  for (std::uint64_t key = 0; key < 100'000; ++key) {
    CHECK(limit.wait_ns(key, second) == 0);
    if (limit.size() > 2000) FAIL("more than two tables' worth");
  }
  // Two turns later nothing is left of them.
  limit.wait_ns(1, 2 * second);
  limit.wait_ns(1, 3 * second);
  CHECK(limit.size() <= 2);
}

TEST_CASE("a key in use is not forgotten when the tables turn") {
  rate_limit limit({.per_second = 1, .burst = 10}, 100);
  for (int i = 0; i < 10; ++i) CHECK(limit.wait_ns(7, second) == 0);
  for (std::uint64_t other = 1000; other < 1090; ++other) limit.wait_ns(other, second);
  CHECK(limit.wait_ns(7, second) > 0);
  for (std::uint64_t other = 2000; other < 2050; ++other) limit.wait_ns(other, second); // turns
  CHECK(limit.wait_ns(7, second) > 0);
}

TEST_CASE("connections are counted by address until they close") {
  gateway::admission::open_connections open;
  CHECK(open.open(1, 2));
  CHECK(open.open(1, 2));
  CHECK_FALSE(open.open(1, 2));
  CHECK(open.open(2, 2));
  open.closed(1);
  CHECK(open.open(1, 2));
  open.closed(1);
  open.closed(1);
  open.closed(2);
  CHECK(open.addresses() == 0);
}
