// Upstreams that are removed, and whose numbers others get.
#include "tests/gateway/routing/bench.hpp"

#include <catch2/catch.hpp>

#include <set>

using namespace tests::gateway_routing;

namespace {

/// Adds and removes so many, none of which anything is known of; the ids that they had.
std::set<std::uint32_t> come_and_go(bench& b, int times) {
  std::set<std::uint32_t> ids;
  for (int i = 0; i < times; ++i) {
    upstream_id const id = b.r.add_upstream(1000 + static_cast<std::uint64_t>(i), true);
    ids.insert(index_of(id));
    b.r.remove_upstream(id);
  }
  return ids;
}

}

TEST_CASE("however many upstreams come and go, their ids are few, and one is left") {
  bench b(1);
  std::set<std::uint32_t> const ids = come_and_go(b, 10'000);
  CHECK(ids.size() <= 128);
  CHECK_FALSE(ids.contains(0));
  CHECK(b.r.upstream_count() == 1);
  router::route_type route;
  for (int i = 0; i < 100; ++i) {
    CHECK(b.start(route, 0).upstream == upstream_id{0});
    b.r.abandon(route);
  }
}

TEST_CASE("an id is not another's while anything leads to who had it") {
  struct row {
    char const* name;
    void (*hold)(bench&, router::route_type&, upstream_id);
    void (*let_go)(bench&, router::route_type&);
  };
  static auto const until_there = [](bench& b, router::route_type& route, upstream_id id) {
    while (b.start(route, 1, true).upstream != id) b.r.abandon(route);
  };
  auto const r = GENERATE(
      row{"a request is there", [](bench& b, router::route_type& route, upstream_id id) { until_there(b, route, id); },
          [](bench& b, router::route_type& route) { b.r.on_answer(route, std::nullopt); }},
      row{"a request was redirected there",
          [](bench& b, router::route_type& route, upstream_id id) {
            until_there(b, route, upstream_id{0});
            b.r.on_redirect(route, {.target = id});
          },
          [](bench& b, router::route_type& route) { b.r.on_bad_answer(route); }},
      row{"a request will not go there again, since it failed",
          [](bench& b, router::route_type& route, upstream_id id) {
            until_there(b, route, id);
            REQUIRE(b.r.on_failure(route, {.how_much = sent::nothing}, b.now, b.random).kind == action_kind::send);
          },
          [](bench& b, router::route_type& route) { b.r.abandon(route); }},
      row{"a request will not go there again, since it was full",
          [](bench& b, router::route_type& route, upstream_id id) {
            until_there(b, route, id);
            REQUIRE(b.r.on_full(route, b.now, b.random).kind == action_kind::send);
          },
          [](bench& b, router::route_type& route) { b.r.on_answer(route, std::nullopt); }},
      row{"a request's trial is there",
          [](bench& b, router::route_type& route, upstream_id id) {
            until_there(b, route, id);
            b.r.on_failure(route, {.how_much = sent::something}, b.now, b.random);
            b.r.abandon(route);
            b.now += 60'000 * ms;
            until_there(b, route, id);
          },
          [](bench& b, router::route_type& route) {
            b.r.on_failure(route, {.how_much = sent::something}, b.now, b.random);
            b.r.abandon(route);
          }});
  INFO(r.name);
  bench b(1);
  upstream_id const id = b.r.add_upstream(77, true);
  router::route_type route;
  r.hold(b, route, id);
  b.r.remove_upstream(id);
  CHECK_FALSE(come_and_go(b, 1'000).contains(index_of(id)));
  r.let_go(b, route);
  CHECK(come_and_go(b, 1'000).contains(index_of(id)));
  for (std::uint32_t i = 0; i < 200 && i <= index_of(id); ++i) {
    CHECK(b.r.upstream(upstream_id{i}).in_flight == 0);
    CHECK(b.r.details_of(upstream_id{i}).mentions == 0);
  }
}

TEST_CASE("what the map knew of a removed upstream leads to none that has its id") {
  for (bool const proven : {true, false}) {
    INFO(proven);
    router r({}, guess_policy::random, map(100), map(100));
    std::mt19937_64 random{7};
    r.add_upstream(1, true);
    upstream_id const id = r.add_upstream(2, true);
    for (std::uint64_t token = 1; token <= 50; ++token) {
      router::route_type route;
      r.start(route, {true, key{token}, token}, 0, random);
      r.on_answer(route, answer_facts{.backend = id, .success = proven});
    }
    CHECK(r.map_entries() == 50);
    r.remove_upstream(id);
    upstream_id fresh{};
    for (int i = 0; i < 200; ++i) { // until somebody has the id
      fresh = r.add_upstream(3, false);
      if (fresh == id) break;
      r.remove_upstream(fresh);
    }
    REQUIRE(fresh == id);
    CHECK(r.map_entries() == 0);
    CHECK(r.counters().forgotten == 50);
    for (std::uint64_t token = 1; token <= 50; ++token) {
      router::route_type route;
      CHECK(r.start(route, {true, key{token}, token}, 0, random).upstream == upstream_id{0});
      r.abandon(route);
    }
  }
}

TEST_CASE("an id that the shell still holds is not another's") {
  bench b(1);
  upstream_id const held = b.r.add_upstream(77, true);
  b.r.remove_upstream(held);
  bool holds = true;
  auto const meets_it = [&] {
    bool met = false;
    for (int i = 0; i < 500; ++i) {
      upstream_id const id = b.r.add_upstream(5, true, 1, [&](upstream_id of) { return of != held || !holds; });
      met = met || id == held;
      b.r.remove_upstream(id);
    }
    return met;
  };
  CHECK_FALSE(meets_it());
  holds = false;
  CHECK(meets_it());
}

TEST_CASE("an upstream that comes back is the same one, well again, and its entries hold") {
  bench b(2, true, {.max_retries = 0});
  router::route_type route;
  b.start(route, 1);
  b.r.on_answer(route, upstream_id{1});
  b.r.upstream(upstream_id{1}).healthy = false;
  b.r.details_of(upstream_id{1}).avoid_until = 1'000'000 * ms;
  b.r.remove_upstream(upstream_id{1});
  REQUIRE(b.r.removed_upstreams() == std::vector{upstream_id{1}});
  b.r.restore_upstream(upstream_id{1}, true, 3);
  CHECK(b.r.removed_upstreams().empty());
  CHECK(b.start(route, 1).from_map);
  CHECK(b.r.upstream(upstream_id{1}).healthy);
  CHECK(b.r.details_of(upstream_id{1}).avoid_until == 0);
  CHECK(b.r.details_of(upstream_id{1}).weight == 3);
  CHECK(b.r.upstream(upstream_id{1}).in_flight == 1);
}

TEST_CASE("weights are shares of those that are there, whatever those that left weighed") {
  bench b(0, false);
  upstream_id const gone = b.r.add_upstream(1, true, 100);
  b.r.add_upstream(2, true, 1);
  b.r.add_upstream(3, true, 3);
  b.r.remove_upstream(gone);
  std::array<int, 3> counts{};
  for (int i = 0; i < 4'000; ++i) {
    router::route_type route;
    ++counts[index_of(b.start(route, 0).upstream)];
    b.r.abandon(route);
  }
  CHECK(counts[0] == 0);
  CHECK(counts[1] > 800);
  CHECK(counts[1] < 1'200);
}

TEST_CASE("an answer that cannot be passed on is 502, is nobody's failure, and is not asked for elsewhere") {
  struct row {
    char const* name;
    bool idempotent, from_map, redirected;
  };
  auto const r = GENERATE(row{"a guess", true, false, false}, row{"a guess, POST", false, false, false},
                          row{"a hit", true, true, false}, row{"a hit, POST", false, true, false},
                          row{"behind a redirect", true, false, true}, row{"behind a stale hit", true, true, true});
  INFO(r.name);
  bench b(3, true, {.max_retries = 4, .max_failures = 1});
  router::route_type route;
  if (r.from_map) {
    b.start(route, 1);
    b.r.on_answer(route, upstream_id{2});
  }
  action const sent = b.start(route, 1, r.idempotent);
  CHECK(sent.from_map == r.from_map);
  if (r.redirected) b.r.on_redirect(route, {.target = other(sent.upstream)});
  action const got = b.r.on_bad_answer(route);
  CHECK(got.kind == action_kind::respond);
  CHECK(got.why == refusal::bad_answer);
  CHECK(status_of(got.why) == 502);
  CHECK(b.r.counters().answers_refused == 1);
  CHECK(b.r.counters().retries == 0);
  CHECK(b.r.counters().forgotten == 0);
  CHECK(b.r.counters().ejections == 0);
  CHECK(b.r.map_entries() == (r.from_map ? 1 : 0));
  for (std::uint32_t i = 0; i < 3; ++i) {
    CHECK(b.r.details_of(upstream_id{i}).failures == 0);
    CHECK(b.r.details_of(upstream_id{i}).avoid_until == 0);
    CHECK(b.r.upstream(upstream_id{i}).in_flight == 0);
  }
}

TEST_CASE("a trial that gets an answer of no use is over, and those who wait for its guess go on") {
  bench b(1, true, {.max_retries = 0, .max_failures = 1, .avoid_for = 100 * ms, .single_guess = true});
  router::route_type first, second;
  b.start(first, 1);
  b.r.on_failure(first, {.how_much = sent::something}, b.now, b.random);
  b.now += 200 * ms;
  b.start(first, 1);
  CHECK(b.r.upstream(upstream_id{0}).on_trial);
  CHECK(b.start(second, 1).kind == action_kind::wait);
  CHECK(b.r.on_bad_answer(first).wake);
  CHECK_FALSE(b.r.upstream(upstream_id{0}).on_trial);
  CHECK(b.r.on_wake(second, b.now, b.random).kind == action_kind::send);
}
