// What of a map outlives its router.
#include "gateway/routing/kept_map.hpp"
#include "tests/gateway/routing/bench.hpp"

#include <catch2/catch.hpp>

#include <list>
#include <vector>

using namespace tests::gateway_routing;

namespace {

using kept_key = kept<key>;

std::vector<kept_key> kept_of(router& r) {
  std::vector<kept_key> all;
  r.for_each_kept([&all](kept_key const& one) { all.push_back(one); });
  return all;
}

router small(std::size_t capacity, std::uint32_t upstreams, router_settings const& settings = {},
             std::optional<map> unproven = std::nullopt) {
  router r(settings, guess_policy::random, map(capacity), std::move(unproven));
  for (std::uint32_t i = 0; i < upstreams; ++i) r.add_upstream(i + 1, true);
  return r;
}

}

TEST_CASE("entries are gone through in the order of their last use, however the map came to hold them") {
  std::mt19937_64 random(11);
  for (std::size_t const capacity : {1u, 2u, 7u, 64u}) {
    INFO("capacity " << capacity);
    map m(capacity);
    std::list<std::uint64_t> model; // the latest last
    for (int step = 0; step != 3000; ++step) {
      std::uint64_t const token = random() % (2 * capacity) + 1;
      bool const known = std::find(model.begin(), model.end(), token) != model.end();
      switch (random() % 4) {
      case 0:
        REQUIRE((m.find(key{token}) != nullptr) == known);
        if (known) model.remove(token), model.push_back(token);
        break;
      case 1:
        REQUIRE(m.forget(key{token}) == known);
        model.remove(token);
        break;
      default:
        m.learn(key{token}, learnt_backend::make(upstream_id{0}, 0, {}));
        model.remove(token);
        if (model.size() == capacity) model.pop_front();
        model.push_back(token);
      }
      if (random() % 16 != 0) continue;
      std::list<std::uint64_t> found;
      m.for_each_by_use([&](key const& k, learnt_backend const&) { found.push_back(k.value); });
      REQUIRE(found == model);
    }
  }
}

TEST_CASE("a router that was restored knows what the one before knew, and evicts in the same order") {
  std::mt19937_64 random(12);
  router before = small(50, 4);
  for (int i = 0; i != 400; ++i) {
    std::uint64_t const token = random() % 80 + 1;
    router::route_type route;
    if (before.start(route, {true, key{token}, token, true}, i * ms, random).kind != action_kind::send) FAIL();
    before.on_answer(route, {.backend = route.upstream, .epoch = token});
  }
  router after = small(50, 4);
  std::vector<kept_key> const kept = kept_of(before);
  REQUIRE(kept.size() == 50);
  for (kept_key const& one : kept) after.restore(one, 0);
  CHECK(after.counters().restored == 50);
  CHECK(after.counters().evicted == 0);
  auto const same_as = [](std::vector<kept_key> const& a, std::vector<kept_key> const& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](kept_key const& x, kept_key const& y) {
      return x.key == y.key && x.upstream == y.upstream && x.epoch == y.epoch;
    });
  };
  CHECK(same_as(kept_of(after), kept));
  for (std::uint64_t fresh = 1000; fresh != 1060; ++fresh) { // each pushes out the eldest of both
    for (router* const r : {&before, &after}) {
      router::route_type route;
      std::mt19937_64 same(fresh);
      r->start(route, {true, key{fresh}, fresh, true}, 1000 * ms, same);
      r->on_answer(route, {.backend = route.upstream, .epoch = 1});
    }
    REQUIRE(same_as(kept_of(after), kept_of(before)));
  }
}

TEST_CASE("what leads to an upstream that was removed is not kept, nor what no success has proven") {
  std::mt19937_64 random(13);
  router r = small(100, 3, {}, map(10));
  std::uint64_t token = 0;
  auto const teach = [&](upstream_id at, bool success) {
    router::route_type route;
    ++token;
    r.start(route, {true, key{token}, token, true}, 0, random);
    if (route.upstream != at) r.on_redirect(route, {.target = at});
    r.on_answer(route, {.backend = at, .success = success});
  };
  teach(upstream_id{0}, true);
  teach(upstream_id{1}, true);
  teach(upstream_id{2}, false);
  r.remove_upstream(upstream_id{1});
  for (int look = 0; look != 2; ++look) { // looking changes nothing
    std::vector<kept_key> const kept = kept_of(r);
    REQUIRE(kept.size() == 1);
    CHECK(kept[0].key == key{1});
    CHECK(kept[0].upstream == upstream_id{0});
  }
}

TEST_CASE("a router without a map keeps nothing") {
  bench b(2, false);
  CHECK(kept_of(b.r).empty());
}

TEST_CASE("whatever an answer of this life says is newer than a restored time, and epochs go on") {
  struct row {
    char const* name;
    std::optional<std::uint64_t> kept, told;
    bool moves;
  };
  row const rows[] = {
      {"times: another process's clock does not matter", {}, {}, true},
      {"a newer epoch", 7, 8, true},
      {"an older epoch, from an answer that was late", 7, 6, false},
      {"an epoch where there was none", {}, 1, true},
  };
  for (row const& r : rows) {
    INFO(r.name);
    bench b(2);
    b.now = 5 * ms; // a machine that has just started
    b.r.restore({key{1}, upstream_id{0}, r.kept}, b.now);
    router::route_type route;
    action const next = b.start(route, 1);
    CHECK(next.from_map);
    CHECK(next.upstream == upstream_id{0});
    b.r.on_redirect(route, {.target = upstream_id{1}});
    b.r.on_answer(route, {.backend = upstream_id{1}, .epoch = r.told});
    CHECK(b.r.known(key{1})->upstream == upstream_id{r.moves ? 1u : 0u});
  }
}

TEST_CASE("what was restored is told to the shared map with its next answer, which tells it once") {
  router_settings settings;
  settings.shared_ttl = 3600 * 1000 * ms;
  bench b(2, true, settings);
  for (time_ns const now : {time_ns{0}, 10'000'000 * ms}) {
    b.now = now;
    std::uint64_t const token = static_cast<std::uint64_t>(now) + 1;
    b.r.restore({key{token}, upstream_id{0}, {}}, now);
    for (shared_news const expected : {shared_news::learnt, shared_news::none}) {
      router::route_type route;
      CHECK(b.start(route, token).from_map);
      CHECK(b.r.on_answer(route, {.backend = upstream_id{0}}).news == expected);
    }
  }
}
