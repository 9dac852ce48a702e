#include "fakeproxy/cluster/incarnation_table.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <map>
#include <random>
#include <utility>
#include <vector>

using fakeproxy::cluster::incarnation;
using fakeproxy::cluster::incarnation_table;
using fakeproxy::cluster::make_incarnation;
using fakeproxy::cluster::proxy_index_of;

namespace {

using all = std::vector<std::pair<incarnation, int>>;

all of(incarnation_table<int> const& table) {
  all found;
  table.for_each([&](incarnation who, int value) { found.emplace_back(who, value); });
  return found;
}

/// Random operations on incarnations of a few proxies, against a plain map.
void compare(std::uint64_t seed, std::uint16_t proxies, std::uint64_t lives, int steps) {
  INFO("seed " << seed << ", proxies " << proxies << ", lives " << lives);
  std::mt19937_64 random(seed);
  incarnation_table<int> table;
  std::map<incarnation, int> model;
  for (int i = 0; i < steps; ++i) {
    auto const proxy = static_cast<std::uint16_t>(random() % proxies);
    incarnation const who = make_incarnation(proxy, static_cast<std::int64_t>(random() % lives) * 1000);
    switch (random() % 4) {
    case 0:
      REQUIRE(table.erase(who) == (model.erase(who) != 0));
      break;
    case 1: {
      auto const [value, fresh] = table.try_emplace(who, 5);
      REQUIRE(fresh == !model.contains(who));
      REQUIRE(value == (fresh ? 5 : model[who]));
      model[who] = value = i;
      break;
    }
    default: {
      int const* const found = table.find(who);
      REQUIRE((found != nullptr) == model.contains(who));
      if (found) REQUIRE(*found == model.at(who));
    }
    }
    REQUIRE(of(table) == all(model.begin(), model.end()));
    all own, expected;
    table.for_each_of(proxy, [&](incarnation each, int value) { own.emplace_back(each, value); });
    for (auto const& entry : model)
      if (proxy_index_of(entry.first) == proxy) expected.push_back(entry);
    REQUIRE(own == expected);
  }
}

}

TEST_CASE("a table by incarnation agrees with a plain map, in order, over random operations") {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    compare(seed, 1, 3, 500);
    compare(seed, 5, 1, 500);
    compare(seed, 7, 4, 3'000);
  }
}

TEST_CASE("a table by incarnation takes no incarnation for a place where there is none") {
  incarnation_table<int> table;
  table[make_incarnation(3, 9'000)] = 1; // places for proxies 0, 1 and 2 are vacant
  CHECK(table.find(incarnation::none) == nullptr);
  CHECK(table.find(make_incarnation(1, 0)) == nullptr);
  CHECK(table.find(make_incarnation(2, 0)) == nullptr);
  CHECK(table.find(static_cast<incarnation>(~std::uint64_t{0})) == nullptr);
  table[incarnation::none] = 2;
  CHECK(*table.find(incarnation::none) == 2);
  CHECK(table.erase(incarnation::none));
  CHECK(table.find(incarnation::none) == nullptr);
}
