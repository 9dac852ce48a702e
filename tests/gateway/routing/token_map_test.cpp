#include "gateway/routing/token_map.hpp"
#include "tests/gateway/routing/key.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdint>
#include <list>
#include <random>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

using gateway::routing::token_map;
using namespace tests::gateway_routing;

namespace {

using map = token_map<key, int, key_hash>;

}

TEST_CASE("a token map forgets the least recently used entry, and finding counts as use") {
  map m(3);
  m.learn({1}, 10);
  m.learn({2}, 20);
  m.learn({3}, 30);
  REQUIRE(m.find({1}) != nullptr);
  auto const result = m.learn({4}, 40);
  CHECK(result.written);
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

namespace {

/// What a token map must be like: a list, the newest first.
class reference {
public:
  explicit reference(std::size_t capacity)
    : capacity_(capacity) {}
  int const* find(std::uint64_t k) {
    auto const at = locate(k);
    if (at == all_.end()) return nullptr;
    all_.splice(all_.begin(), all_, at);
    return &all_.front().second;
  }
  int const* peek(std::uint64_t k) {
    auto const at = locate(k);
    return at == all_.end() ? nullptr : &at->second;
  }
  bool learn(std::uint64_t k, int value) {
    forget(k);
    bool const full = all_.size() == capacity_;
    if (full) {
      where_.erase(all_.back().first);
      all_.pop_back();
    }
    all_.emplace_front(k, value);
    where_[k] = all_.begin();
    return full;
  }
  bool forget(std::uint64_t k) {
    auto const at = locate(k);
    if (at == all_.end()) return false;
    all_.erase(at);
    where_.erase(k);
    return true;
  }
  std::size_t size() const { return all_.size(); }

private:
  using list = std::list<std::pair<std::uint64_t, int>>;
  list::iterator locate(std::uint64_t k) {
    auto const at = where_.find(k);
    return at == where_.end() ? all_.end() : at->second;
  }
  std::size_t capacity_;
  list all_;
  std::unordered_map<std::uint64_t, list::iterator> where_;
};

/// Random operations on keys below `keys`; `finds` of 100 look a key up, the others change something.
void compare(std::uint64_t seed, std::size_t capacity, std::uint64_t keys, std::uint64_t finds, int steps) {
  INFO("seed " << seed << ", capacity " << capacity << ", keys " << keys << ", finds " << finds);
  std::mt19937_64 random(seed);
  map m(capacity);
  reference model(capacity);
  std::unordered_map<std::uint64_t, map::hint> hints; // of earlier finds: most are out of date
  auto const same = [](int const* found, int const* expected) {
    REQUIRE((found != nullptr) == (expected != nullptr));
    if (found) REQUIRE(*found == *expected);
  };
  for (int step = 0; step < steps; ++step) {
    std::uint64_t const k = random() % keys;
    if (random() % 100 < finds) {
      same(m.find({k}, hints[k]), model.find(k));
    } else if (std::uint64_t const what = random() % 8; what == 0) {
      REQUIRE(m.forget({k}) == model.forget(k));
    } else if (what == 1) {
      same(m.peek({k}), model.peek(k));
    } else if (what == 2) { // only if nothing is known of it
      bool const known = model.peek(k) != nullptr;
      bool const written = m.learn({k}, 7, [](int) { return true; }).written;
      REQUIRE(written != known);
      if (written) model.learn(k, 7);
    } else {
      int const value = static_cast<int>(random() % 1000);
      bool const fresh = model.peek(k) == nullptr;
      bool const evicts = model.learn(k, value);
      auto const hint = random() % 8 == 0 ? static_cast<map::hint>(random() % (2 * capacity)) : hints[k];
      REQUIRE(m.learn(
                   {k}, value, [](int) { return false; }, hint)
                  .evicted == (fresh && evicts));
    }
    REQUIRE(m.size() == model.size());
  }
}

}

TEST_CASE("a token map agrees with a plain LRU list over random operations") {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    compare(seed, 1, 3, 30, 5'000);
    compare(seed, 2, 5, 30, 10'000);
    compare(seed, 37, 80, 50, 50'000);
    compare(seed, 500, 520, 90, 100'000); // nearly all are hits: the order is made anew because uses run out of numbers
    compare(seed, 500, 50'000, 10, 50'000); // nearly none
  }
}

TEST_CASE("a token map that is used long but never full evicts the right entry in the end") {
  map m(100);
  for (std::uint64_t k = 0; k < 100; ++k) m.learn({k}, 0);
  for (std::uint64_t use = 0; use < 100'000; ++use) REQUIRE(m.find({use % 99}) != nullptr); // all but 99
  CHECK(m.learn({1000}, 0).evicted);
  CHECK(m.peek({99}) == nullptr);
  CHECK(m.learn({1001}, 0).evicted);
  CHECK(m.peek({100'000 % 99}) == nullptr);
}

TEST_CASE("a token map of a byte budget stays within it and uses nearly all of it") {
  for (std::size_t const budget : {std::size_t{1} << 12, std::size_t{100'000}, std::size_t{10} << 20}) {
    map const m = map::with_budget(budget);
    INFO("budget " << budget << ", capacity " << m.capacity() << ", bytes " << m.bytes());
    CHECK(m.bytes() <= budget);
    CHECK(m.bytes() >= budget * 98 / 100);
  }
}

TEST_CASE("with digests of tokens, 10 MB hold more than a quarter of a million") {
  struct digest {
    std::uint64_t high, low;
    bool operator==(digest const&) const = default;
  };
  struct hash {
    std::size_t operator()(digest const& d) const { return d.low; }
  };
  struct payload {
    std::uint32_t upstream, started_ms;
  };
  using live = token_map<digest, payload, hash>;
  CHECK(live::capacity_for(10u << 20) > 250'000); // lua_shared_dict 10m: 81,375 of the shortest keys
}

TEST_CASE("a token map of the smallest budget still holds one entry") {
  map m = map::with_budget(1);
  CHECK(m.capacity() == 1);
  m.learn({1}, 10);
  m.learn({2}, 20);
  CHECK(m.find({1}) == nullptr);
  CHECK(m.find({2}) != nullptr);
}

TEST_CASE("forgetting all of a kind leaves the others, in their order of use") {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    INFO(seed);
    std::mt19937_64 random{seed};
    map m(40);
    std::list<std::uint64_t> order; // least recently used first
    for (int i = 0; i < 60; ++i) {
      std::uint64_t const k = random() % 50;
      m.learn({k}, static_cast<int>(k));
      order.remove(k);
      order.push_back(k);
      if (order.size() > 40) order.pop_front();
    }
    auto const is_odd = [](int payload) { return payload % 2 == 1; };
    std::size_t const before = order.size();
    order.remove_if([](std::uint64_t k) { return k % 2 == 1; });
    CHECK(m.forget_all(is_odd) == before - order.size());
    CHECK(m.size() == order.size());
    for (std::uint64_t k = 0; k < 50; ++k)
      CHECK((m.peek({k}) != nullptr) == (std::find(order.begin(), order.end(), k) != order.end()));
    for (std::uint64_t k = 1000; m.size() < 40; ++k) m.learn({k}, 0);
    m.learn({2000}, 0);
    CHECK(m.peek({order.front()}) == nullptr);
    CHECK(m.forget_all([](int) { return true; }) == 40);
    CHECK(m.size() == 0);
  }
}

TEST_CASE("a watched token map says what leaves it, and nothing else") {
  static std::vector<std::uint64_t> left;
  struct watch {
    void operator()(key const& k) const { left.push_back(k.value); }
  };
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    INFO(seed);
    std::mt19937_64 random{seed};
    token_map<key, int, key_hash, watch> m(30);
    std::set<std::uint64_t> held; // by what the watcher was told
    left.clear();
    for (int i = 0; i < 2000; ++i) {
      std::uint64_t const k = random() % 60;
      switch (random() % 8) {
      case 0:
        m.forget({k});
        break;
      case 1:
        if (i % 100 == 0) m.forget_all([&](int payload) { return payload % 7 == static_cast<int>(k % 7); });
        break;
      default:
        m.learn({k}, static_cast<int>(k));
        held.insert(k);
      }
      for (std::uint64_t const gone : std::exchange(left, {})) REQUIRE(held.erase(gone) == 1);
      REQUIRE(held.size() == m.size());
    }
    std::set<std::uint64_t> all;
    m.for_each_key([&](key const& k) { all.insert(k.value); });
    CHECK(all == held);
  }
}
