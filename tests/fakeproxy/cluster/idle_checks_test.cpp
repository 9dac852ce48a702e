#include "fakeproxy/cluster/idle_checks.hpp"

#include <catch2/catch.hpp>

#include <deque>
#include <limits>
#include <random>

namespace fakeproxy::cluster {
namespace {

bool same(idle_checks::check const& a, idle_checks::check const& b) {
  return a.at == b.at && a.character == b.character;
}

TEST_CASE("checks come back in the order in which they were added, whatever their times") {
  constexpr std::uint32_t last = std::numeric_limits<std::uint32_t>::max();
  // Steps of each length in bytes, there and back, and over the end of the numbers.
  std::uint32_t const times[] = {0, 1,    64,       63,           128,  0, 8191,     8192, 0,    1 << 20,
                                 5, last, last / 2, last / 2 + 1, last, 0, 1u << 31, 0,    last, 3};
  idle_checks checks;
  std::uint32_t number = 0;
  for (std::uint32_t const at : times) checks.push({at, character_id{last - number++}});
  number = 0;
  for (std::uint32_t const at : times) {
    REQUIRE_FALSE(checks.empty());
    CHECK(same(checks.front(), {at, character_id{last - number++}}));
    checks.pop_front();
  }
  CHECK(checks.empty());
}

TEST_CASE("a queue of checks does as a queue of numbers, while it fills and empties") {
  std::mt19937_64 random(16);
  idle_checks checks;
  std::deque<idle_checks::check> plain;
  std::uint32_t now = 0xfffff000u; // it wraps soon
  for (int i = 0; i < 200'000; ++i) {
    bool const adds = plain.empty() || random() % 1000 < (i / 20'000 % 2 == 0 ? 600u : 400u);
    if (adds) {
      now += static_cast<std::uint32_t>(random() % 300);
      bool const anew = random() % 4 == 0; // one that was looked at and is due before the last
      idle_checks::check const c{now - (anew ? static_cast<std::uint32_t>(random() % 600'000) : 0),
                                 character_id{static_cast<std::uint32_t>(random())}};
      checks.push(c);
      plain.push_back(c);
    } else {
      REQUIRE(same(checks.front(), plain.front()));
      checks.pop_front();
      plain.pop_front();
    }
    REQUIRE(checks.empty() == plain.empty());
  }
  CHECK(plain.size() > 100);
}

}
}
