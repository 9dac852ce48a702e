#include "gateway/routing/token_map.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <list>
#include <random>
#include <utility>

using gateway::routing::token_map;

namespace {

struct key {
  std::uint64_t value = 0;
  bool operator==(key const&) const = default;
};
struct key_hash {
  std::size_t operator()(key const& k) const noexcept { return k.value * 0x9e3779b97f4a7c15u; }
};
using map = token_map<key, int, key_hash>;

}

TEST_CASE("a token map forgets the least recently used entry, and finding counts as use") {
  map m(3);
  m.learn({1}, 10);
  m.learn({2}, 20);
  m.learn({3}, 30);
  REQUIRE(m.find({1}) != nullptr);
  auto const result = m.learn({4}, 40);
  CHECK(result.added);
  CHECK(result.evicted);
  CHECK(m.find({2}) == nullptr);
  REQUIRE(m.find({1}) != nullptr);
  CHECK(*m.find({1}) == 10);
  CHECK(m.size() == 3);
}

TEST_CASE("peeking at an entry does not make it recently used") {
  map m(2);
  m.learn({1}, 10);
  m.learn({2}, 20);
  REQUIRE(m.peek({1}) != nullptr);
  m.learn({3}, 30);
  CHECK(m.peek({1}) == nullptr);
}

TEST_CASE("a token map agrees with a plain LRU list over random operations") {
  std::uint64_t const seed = 20261123;
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  constexpr std::size_t capacity = 37;
  map m(capacity);
  std::list<std::pair<std::uint64_t, int>> model; // newest first
  auto const locate = [&](std::uint64_t k) {
    return std::find_if(model.begin(), model.end(), [k](auto const& e) { return e.first == k; });
  };
  for (int step = 0; step < 50'000; ++step) {
    std::uint64_t const k = random() % 80;
    auto const at = locate(k);
    switch (random() % 4) {
    case 0: {
      int const value = static_cast<int>(random() % 1000);
      m.learn({k}, value);
      if (at != model.end()) model.erase(at);
      model.emplace_front(k, value);
      if (model.size() > capacity) model.pop_back();
      break;
    }
    case 1:
      REQUIRE(m.forget({k}) == (at != model.end()));
      if (at != model.end()) model.erase(at);
      break;
    default: {
      int const* found = m.find({k});
      REQUIRE((found != nullptr) == (at != model.end()));
      if (found) {
        REQUIRE(*found == at->second);
        model.splice(model.begin(), model, at);
      }
    }
    }
    REQUIRE(m.size() == model.size());
  }
}

TEST_CASE("a token map of a byte budget stays within it and uses nearly all of it") {
  for (std::size_t const budget : {std::size_t{1} << 12, std::size_t{100'000}, std::size_t{10} << 20}) {
    map const m = map::with_budget(budget);
    INFO("budget " << budget << ", capacity " << m.capacity() << ", bytes " << m.bytes());
    CHECK(m.bytes() <= budget);
    CHECK(m.bytes() >= budget * 8 / 10);
  }
}

TEST_CASE("a token map of the smallest budget still holds one entry") {
  map m = map::with_budget(1);
  CHECK(m.capacity() == 1);
  m.learn({1}, 10);
  m.learn({2}, 20);
  CHECK(m.find({1}) == nullptr);
  CHECK(m.find({2}) != nullptr);
}
