#include "fakeproxy/cluster/session_table.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <map>
#include <random>
#include <utility>

using fakeproxy::cluster::character_id;
using fakeproxy::cluster::session_table;

namespace {

struct value {
  std::uint32_t number = 5;
};

/// Random operations on `keys` characters that are `step` apart, against a plain map.
void compare(std::uint64_t seed, std::uint32_t keys, std::uint32_t step, int steps) {
  INFO("seed " << seed << ", keys " << keys << ", step " << step);
  std::mt19937_64 random(seed);
  session_table<value> table;
  std::map<std::uint32_t, std::uint32_t> model;
  for (int i = 0; i < steps; ++i) {
    auto const k = static_cast<std::uint32_t>(random() % keys) * step;
    character_id const character{k};
    switch (random() % 4) {
    case 0:
      REQUIRE(table.erase(character) == (model.erase(k) != 0));
      break;
    case 1: {
      auto const [found, fresh] = table.try_emplace(character);
      REQUIRE(fresh == !model.contains(k));
      if (fresh) REQUIRE(found.number == 5);
      model[k] = found.number = static_cast<std::uint32_t>(i);
      break;
    }
    default: {
      value const* const found = table.find(character);
      REQUIRE((found != nullptr) == model.contains(k));
      if (found) REQUIRE(found->number == model.at(k));
    }
    }
    REQUIRE(table.size() == model.size());
  }
  std::map<std::uint32_t, std::uint32_t> all;
  table.for_each([&](character_id character, value const& v) { all[raw(character)] = v.number; });
  CHECK(all == model);
}

}

TEST_CASE("a session table agrees with a plain map over random operations") {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    compare(seed, 10, 1, 5'000);
    compare(seed, 3'000, 1, 50'000);
    compare(seed, 3'000, 89, 50'000); // neighbours in one shard of many
  }
}

// Beyond 8 MB it grows where it stands; at every step what stands around its end, or shares a home, has to move apart.
TEST_CASE("a session table loses nothing while it grows to a million characters") {
  struct large_value {
    std::uint32_t numbers[3];
  };
  std::uint32_t const step = GENERATE(1u, 7u, 0x9e3779b9u); // the last one: in no order, and over all numbers
  constexpr std::uint32_t count = 1'000'000;
  auto const named = [step](std::uint32_t i) { return character_id{i * step & 0x7fffffffu}; };
  session_table<large_value> table;
  std::uint32_t kept = 0;
  for (std::uint32_t i = 0; i != count; ++i) {
    auto const [value, fresh] = table.try_emplace(named(i));
    if (!fresh) continue; // of 2^31 numbers some come twice
    value = {{i, i + 1, i + 2}};
    ++kept;
    if (i % 5 == 4 && table.erase(named(i - 2))) --kept;
  }
  CHECK(table.size() == kept);
  CHECK(kept > count * 3 / 4);
  std::uint32_t seen = 0, right = 0, found = 0;
  table.for_each([&](character_id character, large_value const& v) {
    ++seen;
    right += named(v.numbers[0]) == character && v.numbers[2] == v.numbers[0] + 2;
    large_value const* const again = std::as_const(table).find(character);
    found += again == &v;
  });
  CHECK(seen == kept);
  CHECK(right == kept);
  CHECK(found == kept);
}

TEST_CASE("a session table has nothing for the character that is none") {
  session_table<value> table;
  CHECK(table.find(character_id::none) == nullptr);
  table[character_id{0}].number = 1;
  CHECK(table.find(character_id::none) == nullptr);
  CHECK_FALSE(table.erase(character_id::none));
}
