#include "fakeproxy/resources/corporations.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <cmath>

using namespace fakeproxy::resources;
using fakeproxy::cluster::character_id;
using fakeproxy::cluster::duration;
using fakeproxy::cluster::millisecond;
using fakeproxy::cluster::time_point;

namespace {

constexpr duration period = 5000 * millisecond;
constexpr corporations moving{.count = 20, .change_every = period, .changing = 0.1};
constexpr corporations restless{.count = 20, .change_every = period, .changing = 1};

character_id character(std::uint32_t number) { return static_cast<character_id>(number); }

/// The moment in [from, from + period) at which the character's corporation changes, to the nanosecond.
time_point change_after(corporations const& all, character_id who, time_point from) {
  time_point before = from, after = from + period;
  while (after - before > 1) {
    time_point const middle = before + (after - before) / 2;
    (corporation_of(all, who, middle) == corporation_of(all, who, from) ? before : after) = middle;
  }
  return after;
}

}

TEST_CASE("without corporations nobody is in one") {
  CHECK(corporation_of({}, character(7), 0) == 0);
  CHECK_FALSE(was_in_corporation({}, character(7), 0, 0, 10));
}

TEST_CASE("a character begins in its number modulo the count, plus one, and stays there unless it changes") {
  corporations const still{.count = 20};
  for (std::uint32_t c = 0; c < 1000; ++c) {
    CHECK(corporation_of(moving, character(c), 0) == c % 20 + 1);
    CHECK(corporation_of(still, character(c), 1'000'000 * period) == c % 20 + 1);
  }
}

TEST_CASE("the asked share of the characters changes, and whom it hits does not follow from the corporation") {
  constexpr std::uint32_t population = 100'000;
  std::array<int, 20> changed{};
  for (std::uint32_t c = 0; c < population; ++c)
    if (corporation_of(moving, character(c), 0) != corporation_of(moving, character(c), period)) ++changed[c % 20];
  int all = 0;
  for (int const in_one : changed) {
    CHECK(std::abs(in_one - 500) < 5 * std::sqrt(5000 * 0.1 * 0.9)); // binomial, 5 standard deviations
    all += in_one;
  }
  CHECK(std::abs(all - 10'000) < 5 * std::sqrt(population * 0.1 * 0.9));
}

TEST_CASE("changes are spread evenly over the time between two of one character") {
  constexpr std::uint32_t population = 20'000;
  constexpr int slices = 10;
  std::array<int, slices> counted{};
  for (std::uint32_t c = 0; c < population; ++c)
    for (int s = 0; s < slices; ++s)
      counted[static_cast<std::size_t>(s)] += corporation_of(restless, character(c), period / slices * s) !=
                                              corporation_of(restless, character(c), period / slices * (s + 1));
  for (int const in_slice : counted) CHECK(std::abs(in_slice - 2000) < 5 * std::sqrt(2000 * 0.9));
}

TEST_CASE("a character that changes does so exactly once a period, to another corporation each time") {
  for (std::uint32_t const count : {2u, 3u, 20u, 1000u}) {
    corporations const all{.count = count, .change_every = period, .changing = 1};
    for (std::uint32_t c = 0; c < 20; ++c) {
      INFO("character " << c << " of " << count << " corporations");
      time_point const first = change_after(all, character(c), 0);
      CHECK(first <= period);
      for (int k = 0; k < 50; ++k) {
        time_point const at = first + k * period;
        std::uint32_t const now = corporation_of(all, character(c), at);
        CHECK(now != corporation_of(all, character(c), at - 1));
        CHECK(now == corporation_of(all, character(c), at + period - 1));
        CHECK((now >= 1 && now <= count));
      }
    }
  }
}

TEST_CASE("in a single corporation nobody changes") {
  corporations const one{.count = 1, .change_every = period, .changing = 1};
  for (std::uint32_t c = 0; c < 10; ++c) CHECK(corporation_of(one, character(c), 7 * period) == 1);
}

TEST_CASE("after years, corporations are still evenly filled") {
  constexpr time_point years = 100'000'000 * period;
  std::array<int, 21> members{};
  for (std::uint32_t c = 0; c < 20'000; ++c) ++members[corporation_of(restless, character(c), years)];
  CHECK(members[0] == 0);
  for (std::size_t n = 1; n <= 20; ++n) CHECK(std::abs(members[n] - 1000) < 5 * std::sqrt(1000.0));
}

TEST_CASE("who was in a corporation at any moment of an interval includes both of its ends") {
  character_id const who = character(7);
  time_point const change = change_after(restless, who, 0);
  std::uint32_t const before = corporation_of(restless, who, change - 1);
  std::uint32_t const after = corporation_of(restless, who, change);
  std::uint32_t const third = corporation_of(restless, who, change + period);
  CHECK(was_in_corporation(restless, who, before, change - 1, change));
  CHECK(was_in_corporation(restless, who, after, change - 1, change));
  CHECK_FALSE(was_in_corporation(restless, who, after, 0, change - 1));
  CHECK_FALSE(was_in_corporation(restless, who, before, change, change + period - 1));
  CHECK(was_in_corporation(restless, who, third, change - 1, change + period)); // not only at the ends
  CHECK(was_in_corporation(restless, who, after, change - 1, change + period));
  CHECK_FALSE(was_in_corporation(restless, who, third, change - 1, change + period - 1));
}

TEST_CASE("membership over an interval is membership at one of its moments") {
  corporations const few{.count = 3, .change_every = 10, .changing = 0.5};
  for (std::uint32_t c = 0; c < 40; ++c)
    for (time_point from = 0; from < 40; from += 7)
      for (time_point to = from; to < from + 60; to += 5)
        for (std::uint32_t corporation = 0; corporation <= 4; ++corporation) {
          bool any = false;
          for (time_point t = from; t <= to; ++t) any = any || corporation_of(few, character(c), t) == corporation;
          INFO("character " << c << ", corporation " << corporation << ", from " << from << " to " << to);
          CHECK(was_in_corporation(few, character(c), corporation, from, to) == any);
        }
}
