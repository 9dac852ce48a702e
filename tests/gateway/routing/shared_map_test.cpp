// What the router asks of the map that balancers share, and what it tells it.
#include "gateway/routing/shared_link.hpp"
#include "tests/gateway/routing/bench.hpp"

#include <catch2/catch.hpp>

#include <random>

using namespace tests::gateway_routing;

namespace {

constexpr time_ns hour = 3'600'000 * ms;

router_settings shared(router_settings s = {}) {
  s.shared_ttl = hour;
  return s;
}

action tell(bench& b, router::route_type& route, std::optional<upstream_id> owner,
            std::optional<std::uint64_t> epoch = {}) {
  return b.r.on_shared(route, {.backend = owner.value_or(no_upstream), .epoch = epoch}, b.now, b.random);
}

}

TEST_CASE("a token that is not known is looked up in the shared map, once, and then guessed") {
  bench b(4, true, shared());
  router::route_type route;
  action const first = b.start(route, 1);
  REQUIRE(first.kind == action_kind::look_up);
  CHECK(b.r.counters().guesses == 0);
  action const next = tell(b, route, std::nullopt);
  REQUIRE(next.kind == action_kind::send);
  CHECK_FALSE(next.from_map);
  CHECK(b.r.counters().guesses == 1);
  CHECK(b.r.on_failure(route, {.how_much = sent::nothing}, b.now, b.random).kind == action_kind::send);
}

TEST_CASE("what the shared map knows is used as a hit of the map, and known here from then on") {
  bench b(4, true, shared());
  router::route_type route;
  b.start(route, 1);
  action const hit = tell(b, route, upstream_id{3});
  REQUIRE(hit.kind == action_kind::send);
  CHECK(hit.upstream == upstream_id{3});
  CHECK(hit.from_map);
  CHECK(b.r.counters().shared_hits == 1);
  CHECK(b.r.counters().map_hits == 1);
  CHECK(b.r.on_answer(route, upstream_id{3}).news == shared_news::none); // it knows
  CHECK(b.start(route, 1).kind == action_kind::send);
  CHECK(b.r.counters().shared_hits == 1);
  CHECK(b.r.counters().map_hits == 2);
}

TEST_CASE("an answer says whether the map did not know what it teaches when the request came") {
  auto const learnt = [](bench& b, std::optional<upstream_id> shared_owner, std::uint32_t owner) {
    router::route_type route;
    if (b.start(route, 1).kind == action_kind::look_up) tell(b, route, shared_owner);
    return b.r.on_answer(route, upstream_id{owner}).learnt;
  };
  bench alone(4);
  CHECK(learnt(alone, {}, 0));
  CHECK_FALSE(learnt(alone, {}, 0));
  CHECK(learnt(alone, {}, 1)); // it moved
  bench sharing(4, true, shared());
  CHECK(learnt(sharing, upstream_id{3}, 3)); // the shared map told it during this request
  CHECK_FALSE(learnt(sharing, upstream_id{3}, 3));
  bench without(4, false);
  CHECK_FALSE(learnt(without, {}, 0));
}

TEST_CASE("without a shared map, a token or a map of its own nothing is looked up or told") {
  router::route_type route;
  bench alone(2);
  CHECK(alone.start(route, 1).kind == action_kind::send);
  CHECK(alone.r.on_answer(route, upstream_id{0}).news == shared_news::none);
  bench with(2, true, shared());
  CHECK(with.start(route, 0).kind == action_kind::send);
  CHECK(with.r.on_answer(route, upstream_id{0}).news == shared_news::none);
  bench mapless(2, false, shared());
  CHECK(mapless.start(route, 1).kind == action_kind::send);
}

TEST_CASE("the shared map is told what is new, not each repeat") {
  bench b(3, true, shared());
  router::route_type route;
  b.start(route, 1);
  tell(b, route, std::nullopt);
  action const learnt = b.r.on_answer(route, upstream_id{1});
  CHECK(learnt.news == shared_news::learnt);
  CHECK(learnt.upstream == upstream_id{1});
  for (int i = 0; i < 3; ++i) {
    b.start(route, 1);
    CHECK(b.r.on_answer(route, upstream_id{1}).news == shared_news::none);
  }
  b.start(route, 1);
  action const moved = b.r.on_answer(route, upstream_id{2});
  CHECK(moved.news == shared_news::learnt);
  CHECK(moved.upstream == upstream_id{2});
}

TEST_CASE("an epoch that is raised is told, one that is old is not") {
  bench b(2, true, shared());
  router::route_type route;
  b.start(route, 1);
  tell(b, route, upstream_id{0}, 7);
  auto const answer = [&](std::uint32_t backend, std::uint32_t epoch) {
    action const next = b.r.on_answer(route, answer_facts{.backend = upstream_id{backend}, .epoch = epoch});
    b.start(route, 1);
    return next.news;
  };
  CHECK(answer(0, 7) == shared_news::none);
  CHECK(answer(0, 8) == shared_news::learnt);
  CHECK(answer(1, 6) == shared_news::none);
  CHECK(b.r.known(key{1})->upstream == upstream_id{0});
}

TEST_CASE("what the shared map was told is told again after half its TTL, however long that has been") {
  std::int64_t const tenths = GENERATE(4, 7, 9, 15, 8 * 10 + 9, 500 * 10 + 9);
  bench b(2, true, shared());
  router::route_type route;
  b.now = 17 * hour;
  b.start(route, 1);
  tell(b, route, upstream_id{0});
  b.r.on_answer(route, upstream_id{0});
  b.now += tenths * hour / 10;
  INFO(tenths);
  b.start(route, 1);
  CHECK((b.r.on_answer(route, upstream_id{0}).news == shared_news::learnt) == (tenths > 6));
  b.start(route, 1);
  CHECK(b.r.on_answer(route, upstream_id{0}).news == shared_news::none);
}

TEST_CASE("a request that took long does not have its token told again") {
  bench b(2, true, shared());
  router::route_type slow, quick;
  b.start(slow, 1);
  tell(b, slow, upstream_id{0});
  b.now += 45 * 60'000 * ms;
  b.start(quick, 1);
  CHECK(b.r.on_answer(quick, upstream_id{0}).news == shared_news::learnt);
  CHECK(b.r.on_answer(slow, upstream_id{0}).news == shared_news::none);
}

TEST_CASE("after the shared map lost what it knew, each token is told again when it is answered next") {
  bench b(2, true, shared());
  router::route_type route;
  b.start(route, 1);
  tell(b, route, upstream_id{0});
  b.r.on_answer(route, upstream_id{0});
  b.r.share_anew();
  b.start(route, 1);
  CHECK(b.r.on_answer(route, upstream_id{0}).news == shared_news::learnt);
  b.start(route, 1);
  CHECK(b.r.on_answer(route, upstream_id{0}).news == shared_news::none);
}

TEST_CASE("a redirect from where the shared map led is a stale hit; the map is told that it left, and where it is") {
  bench b(3, true, shared());
  router::route_type route;
  b.start(route, 1);
  tell(b, route, upstream_id{0});
  action const next = b.r.on_redirect(route, {.target = upstream_id{2}});
  CHECK(next.kind == action_kind::send);
  CHECK(next.news == shared_news::lost);
  CHECK(b.r.counters().stale_hits == 1);
  CHECK(b.r.counters().shared_stale_hits == 1);
  CHECK(b.r.on_answer(route, upstream_id{2}).news == shared_news::learnt);
}

TEST_CASE("a redirect for one time, and one that follows a guess, take nothing from the shared map") {
  bench b(2, true, shared());
  router::route_type route;
  b.start(route, 1);
  action const guess = tell(b, route, std::nullopt);
  CHECK(b.r.on_redirect(route, {.target = other(guess.upstream)}).news == shared_news::none);
  b.r.on_answer(route, other(guess.upstream));
  b.start(route, 1);
  CHECK(b.r.on_redirect(route, {.target = guess.upstream, .once = true}).news == shared_news::none);
  CHECK(b.r.on_answer(route, guess.upstream).news == shared_news::none);
}

TEST_CASE("when an upstream fails the shared map is told, and asked where the session is now") {
  bench b(3, true, shared());
  router::route_type route;
  b.start(route, 1);
  tell(b, route, std::nullopt);
  b.r.on_answer(route, upstream_id{0});
  b.start(route, 1);
  action const ask = b.r.on_failure(route, {.how_much = sent::nothing}, b.now, b.random);
  CHECK(ask.kind == action_kind::look_up);
  CHECK(ask.news == shared_news::lost);
  CHECK(b.r.counters().retries == 0);
  SECTION("it knows") {
    action const next = tell(b, route, upstream_id{1});
    CHECK(next.upstream == upstream_id{1});
    CHECK(next.hop == hop_kind::retry);
    CHECK(b.r.counters().retries == 1);
  }
  SECTION("it names the one that failed") {
    action const next = tell(b, route, upstream_id{0});
    CHECK(next.upstream != upstream_id{0});
    CHECK(next.hop == hop_kind::retry);
    CHECK_FALSE(next.from_map);
  }
  SECTION("it knows nothing, and nothing is left") {
    b.r.upstream(upstream_id{1}).in_rotation = b.r.upstream(upstream_id{2}).in_rotation = false;
    CHECK(tell(b, route, std::nullopt).why == refusal::all_failed);
    CHECK(b.r.counters().retries == 0);
  }
}

TEST_CASE("a retry for which the shared map is asked is paid from the retry budget once it is made") {
  bench b(2, true, shared({.retries_per_request = 0.001, .retry_burst = 1}));
  router::route_type route;
  b.start(route, 1);
  tell(b, route, upstream_id{0});
  b.r.on_answer(route, upstream_id{0});
  b.start(route, 1); // by the map: not asked
  REQUIRE(b.r.on_failure(route, {.how_much = sent::nothing}, b.now, b.random).kind == action_kind::look_up);
  REQUIRE(tell(b, route, std::nullopt).kind == action_kind::send);
  b.r.on_answer(route, std::nullopt);
  b.start(route, 2);
  tell(b, route, std::nullopt);
  CHECK(b.r.on_failure(route, {.how_much = sent::nothing}, b.now, b.random).kind == action_kind::respond);
  CHECK(b.r.counters().retries_refused == 1);
}

TEST_CASE("an upstream that is not known, or no longer, is not believed to be where a session is") {
  bench b(2, true, shared());
  router::route_type route;
  b.start(route, 1);
  b.r.upstream(upstream_id{1}).known = b.r.upstream(upstream_id{1}).in_rotation = false;
  action const next = tell(b, route, upstream_id{1});
  CHECK(next.upstream == upstream_id{0});
  CHECK(b.r.counters().shared_hits == 0);
}

TEST_CASE("what was learnt here while the shared map was asked is younger than what it says") {
  bench b(2, true, shared());
  router::route_type first, second;
  b.start(first, 1);
  b.start(second, 1);
  tell(b, first, std::nullopt);
  b.r.on_answer(first, upstream_id{1});
  CHECK(tell(b, second, upstream_id{0}).upstream == upstream_id{1});
}

TEST_CASE("with single_guess one of many requests looks up, and the others wait for what comes of it") {
  bench b(4, true, shared({.single_guess = true}));
  router::route_type first, second, third;
  REQUIRE(b.start(first, 1).kind == action_kind::look_up);
  REQUIRE(b.start(second, 1).kind == action_kind::wait);
  SECTION("the shared map knows: they go on at once") {
    action const hit = tell(b, first, upstream_id{2});
    CHECK(hit.wake);
    action const woken = b.r.on_wake(second, b.now, b.random);
    CHECK(woken.kind == action_kind::send);
    CHECK(woken.upstream == upstream_id{2});
    CHECK_FALSE(b.r.on_answer(first, upstream_id{2}).wake);
  }
  SECTION("it does not: they wait for the guess") {
    CHECK_FALSE(tell(b, first, std::nullopt).wake);
    CHECK(b.start(third, 1).kind == action_kind::wait);
    CHECK(b.r.on_answer(first, upstream_id{3}).wake);
    CHECK(b.r.on_wake(second, b.now, b.random).upstream == upstream_id{3});
  }
  SECTION("the one that asks is given up: the next one asks") {
    CHECK(b.r.abandon(first));
    CHECK(b.r.on_wake(second, b.now, b.random).kind == action_kind::look_up);
  }
  SECTION("who has waited enough asks by itself") {
    CHECK(b.r.on_patience_end(second, b.now, b.random).kind == action_kind::look_up);
    CHECK(tell(b, second, std::nullopt).kind == action_kind::send);
  }
}

TEST_CASE("tokens that were never answered with success are not shared") {
  router r(shared(), guess_policy::random, map(8), map(2));
  r.add_upstream(1, true);
  std::mt19937_64 random(3);
  auto const ask = [&](bool success) {
    router::route_type route;
    if (r.start(route, {true, key{5}, 5, true}, 0, random).kind == action_kind::look_up)
      r.on_shared(route, {}, 0, random);
    return r.on_answer(route, answer_facts{.backend = upstream_id{0}, .success = success}).news;
  };
  CHECK(ask(false) == shared_news::none);
  CHECK(r.unproven_entries() == 1);
  CHECK(ask(true) == shared_news::learnt);
  CHECK(ask(false) == shared_news::none);
}

TEST_CASE("a link is tried at once, and then after pauses that double, up to a longest one") {
  shared_link link;
  std::mt19937_64 random(5);
  time_ns now = 0;
  CHECK_FALSE(link.usable());
  CHECK(link.next_attempt() == 0);
  for (time_ns pause = shared_link::first_pause; pause < 3 * shared_link::longest_pause; pause *= 2) {
    link.attempt_begins();
    CHECK_FALSE(link.next_attempt());
    link.fell(link_condition::down, now, random);
    time_ns const expected = std::min(pause, shared_link::longest_pause);
    REQUIRE(link.next_attempt());
    CHECK(*link.next_attempt() - now >= expected / 2);
    CHECK(*link.next_attempt() - now <= expected);
    now = *link.next_attempt();
  }
}

TEST_CASE("errors on a link that has fallen neither hasten nor delay its next attempt") {
  shared_link link;
  std::mt19937_64 random(5);
  link.attempt_begins();
  link.recovered(1);
  CHECK(link.usable());
  CHECK_FALSE(link.next_attempt());
  link.fell(link_condition::slow, 10, random);
  auto const due = link.next_attempt();
  for (int i = 0; i < 10; ++i) link.fell(link_condition::refusing, 11 + i, random);
  CHECK(link.next_attempt() == due);
  CHECK(link.condition() == link_condition::refusing);
  link.fell(link_condition::down, 30, random); // another kind of attempt
  CHECK(link.next_attempt() != due);
}

TEST_CASE("a link that is well only for moments is tried ever more seldom; one that was well for long soon again") {
  shared_link link;
  std::mt19937_64 random(5);
  time_ns now = 0;
  auto const pause_after = [&](time_ns well_for) {
    link.attempt_begins();
    link.recovered(now);
    now += well_for;
    link.fell(link_condition::slow, now, random);
    time_ns const pause = *link.next_attempt() - now;
    now = *link.next_attempt();
    return pause;
  };
  for (int i = 0; i < 12; ++i) pause_after(ms);
  CHECK(pause_after(ms) >= shared_link::longest_pause / 2);
  CHECK(pause_after(shared_link::longest_pause) <= shared_link::first_pause);
}
