#include "fakeproxy/cluster/peer_table.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <map>
#include <random>

using fakeproxy::cluster::incarnation;
using fakeproxy::cluster::make_incarnation;
using fakeproxy::cluster::peer_table;
using state = peer_table::state;

TEST_CASE("a table of peers knows of each life of each proxy what was said last") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    INFO(seed);
    std::mt19937_64 random(seed);
    peer_table table;
    std::map<incarnation, peer_table::known> model;
    for (int i = 0; i < 3000; ++i) {
      incarnation const who = make_incarnation(static_cast<std::uint16_t>(random() % 5),
                                               static_cast<std::int64_t>(random() % 4) * 1000); // 0, too
      if (random() % 2 == 0) {
        peer_table::known const now{static_cast<state>(1 + random() % 3), i};
        table.set(who, now);
        model[who] = now;
      }
      peer_table::known const got = table.of(who), expected = model[who];
      REQUIRE(got.is == expected.is);
      if (got.is == state::down) REQUIRE(got.since == expected.since);
      REQUIRE(table.is_up(who) == (expected.is == state::up));
    }
  }
}

TEST_CASE("a table of peers knows nothing of proxies that were never asked for") {
  peer_table table;
  for (std::uint16_t const proxy : {std::uint16_t{0}, std::uint16_t{1}, std::uint16_t{7}}) {
    CHECK_FALSE(table.is_up(make_incarnation(proxy, 0)));
    CHECK(table.of(make_incarnation(proxy, 0)).is == state::unknown);
  }
  table.set(make_incarnation(7, 5000), {state::up});
  for (std::uint16_t proxy = 0; proxy < 9; ++proxy) CHECK_FALSE(table.is_up(make_incarnation(proxy, 0)));
  CHECK(table.is_up(make_incarnation(7, 5000)));
}
