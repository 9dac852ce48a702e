// Who waits for what.
#include "gateway/exchange/sleepers.hpp"

#include <catch2/catch.hpp>

#include <functional>
#include <vector>

namespace {
bool stays(int) { return false; }
}

TEST_CASE("those who wait are taken in the order in which they came, by what they wait for, and once") {
  gateway::exchange::sleepers<int, int, std::hash<int>> s;
  for (int i = 0; i < 200; ++i) s.add(i % 2, i, stays);
  std::vector<int> const even = s.take(0);
  REQUIRE(even.size() == 100);
  for (int i = 0; i < 100; ++i) CHECK(even[static_cast<std::size_t>(i)] == 2 * i);
  CHECK(s.take(0).empty());
  CHECK(s.take(1).size() == 100);
}

TEST_CASE("those who are gone do not heap up") {
  gateway::exchange::sleepers<int, int, std::hash<int>> s;
  for (int i = 0; i < 100'000; ++i) s.add(1, i, [](int) { return true; });
  CHECK(s.take(1).size() < 128);
  s.add(1, 1, stays);
  s.clear();
  CHECK(s.take(1).empty());
}
