#include "tests/gateway/routing/bench.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <random>
#include <vector>

using namespace tests::gateway_routing;

TEST_CASE("a token without an entry is guessed, and its final answer's backend is learnt") {
  bench b(4);
  router::route_type route;
  action const first = b.start(route, 1);
  REQUIRE(first.kind == action_kind::send);
  CHECK(first.hop == hop_kind::first);
  CHECK_FALSE(first.from_map);
  CHECK(b.r.on_answer(route, first.upstream).kind == action_kind::stream);

  action const second = b.start(route, 1);
  CHECK(second.from_map);
  CHECK(second.upstream == first.upstream);
  CHECK(b.r.counters().guesses == 1);
  CHECK(b.r.counters().guess_hits == 1);
  CHECK(b.r.counters().map_hits == 1);
  CHECK(b.r.counters().learnt == 1);
}

TEST_CASE("a redirect is followed to the upstream it names, which is then learnt") {
  bench b(2);
  router::route_type route;
  action const first = b.start(route, 1);
  upstream_id const owner = other(first.upstream);
  action const second = b.r.on_redirect(route, {owner, false});
  REQUIRE(second.kind == action_kind::send);
  CHECK(second.hop == hop_kind::redirect);
  CHECK(second.upstream == owner);
  b.r.on_answer(route, owner);
  CHECK(b.start(route, 1).upstream == owner);
  CHECK(b.r.counters().guess_hits == 0);
}

TEST_CASE("an answer without X-Backend teaches nothing and erases nothing") {
  bench b(2);
  router::route_type route;
  b.start(route, 1);
  b.r.on_answer(route, upstream_id{1});
  b.start(route, 1);
  b.r.on_answer(route, std::nullopt);
  action const third = b.start(route, 1);
  CHECK(third.from_map);
  CHECK(third.upstream == upstream_id{1});
}

TEST_CASE("requests without a token are guessed every time and never learnt") {
  bench b(2);
  router::route_type route;
  for (int i = 0; i < 10; ++i) {
    b.start(route, 0);
    b.r.on_answer(route, upstream_id{1});
  }
  CHECK(b.r.counters().guesses == 10);
  CHECK(b.r.counters().learnt == 0);
  CHECK(b.r.map_entries() == 0);
}

TEST_CASE("after the allowed number of redirects the request is refused") {
  bench b(2, true, {.max_redirects = 3});
  router::route_type route;
  action next = b.start(route, 1);
  for (int i = 0; i < 3; ++i) {
    next = b.r.on_redirect(route, {other(next.upstream), false});
    REQUIRE(next.kind == action_kind::send);
  }
  next = b.r.on_redirect(route, {other(next.upstream), false});
  CHECK(next.kind == action_kind::respond);
  CHECK(next.why == refusal::redirect_limit);
  CHECK(b.r.counters().redirects == 4);
  CHECK(b.r.counters().redirects_refused() == 1);
}

TEST_CASE("a redirect to what is no known upstream, or to nothing readable, is refused and counted apart") {
  bench b(2);
  router::route_type route;
  b.start(route, 1);
  CHECK(b.r.on_redirect(route, {no_upstream, false}).why == refusal::unknown_target);
  b.start(route, 1);
  CHECK(b.r.on_redirect(route, {no_upstream, true}).why == refusal::malformed_redirect);
  b.start(route, 1);
  b.r.upstream(upstream_id{1}).known = false;
  CHECK(b.r.on_redirect(route, {upstream_id{1}, false}).why == refusal::unknown_target);
  CHECK(b.r.counters().redirects_refused_unknown == 2);
  CHECK(b.r.counters().redirects_refused_malformed == 1);
}

TEST_CASE("an upstream that fails is forgotten, and another is tried only where the request may be repeated") {
  struct row {
    char const* name;
    sent how_much;
    bool idempotent;
    bool retried;
  };
  auto const c = GENERATE(row{"nothing sent, idempotent", sent::nothing, true, true},
                          row{"nothing sent, POST", sent::nothing, false, true},
                          row{"something sent, idempotent", sent::something, true, true},
                          row{"something sent, POST", sent::something, false, false});
  INFO(c.name);
  bench b(4);
  router::route_type route;
  b.start(route, 1);
  b.r.on_answer(route, upstream_id{2});
  action const hit = b.start(route, 1, c.idempotent);
  REQUIRE(hit.upstream == upstream_id{2});
  action const next = b.r.on_failure(route, {.how_much = c.how_much}, b.now, b.random);
  CHECK(b.r.counters().forgotten == 1);
  if (c.retried) {
    CHECK(next.kind == action_kind::send);
    CHECK(next.hop == hop_kind::retry);
    CHECK(next.upstream != upstream_id{2});
  } else {
    CHECK(next.kind == action_kind::respond);
    CHECK(next.why == refusal::upstream_failed);
  }
}

TEST_CASE("a kept-alive connection that was closed under a request says nothing of the upstream: same again") {
  bench b(4);
  router::route_type route;
  b.start(route, 1);
  b.r.on_answer(route, upstream_id{2});
  b.start(route, 1);
  action const next = b.r.on_failure(route, {.how_much = sent::something, .was_reused = true}, b.now, b.random);
  CHECK(next.upstream == upstream_id{2});
  CHECK(next.hop == hop_kind::retry);
  CHECK(b.r.counters().forgotten == 0);
}

TEST_CASE(
    "what the balancer lacks says nothing of an upstream: no entry is lost, no upstream avoided, nothing retried") {
  bench b(4);
  router::route_type route;
  b.start(route, 1);
  b.r.on_answer(route, upstream_id{2});
  b.start(route, 1);
  action const next = b.r.on_failure(route, {.how_much = sent::nothing, .no_room = true}, b.now, b.random);
  CHECK(next.kind == action_kind::respond);
  CHECK(next.why == refusal::no_room);
  CHECK(b.r.counters().forgotten == 0);
  CHECK(b.r.details_of(upstream_id{2}).avoid_until <= b.now);
  CHECK(b.r.upstream(upstream_id{2}).in_flight == 0);
  CHECK(b.start(route, 1).from_map);
}

TEST_CASE("retries and redirects of one request end: no sequence of failures and redirects goes on for ever") {
  std::mt19937_64 random(99);
  for (int round = 0; round < 2000; ++round) {
    bench b(5);
    router::route_type route;
    action next = b.start(route, 1 + random() % 3);
    int hops = 0;
    while (next.kind == action_kind::send) {
      REQUIRE(++hops <= 1 + 3 + 2 + 4); // the last: a fresh connection for each kept one that was just closed
      if (random() % 2 == 0)
        next = b.r.on_redirect(route, {upstream_id{static_cast<std::uint32_t>(random() % 5)}, false});
      else
        next = b.r.on_failure(route,
                              {.how_much = random() % 2 ? sent::nothing : sent::something,
                               .timed_out = random() % 4 == 0,
                               .was_reused = random() % 2 == 0},
                              b.now, b.random);
    }
    for (std::uint32_t i = 0; i < 5; ++i) REQUIRE(b.r.upstream(upstream_id{i}).in_flight == 0);
  }
}

TEST_CASE("a redirect back to the upstream that just failed this request is not followed") {
  bench b(2);
  router::route_type route;
  action const first = b.start(route, 1);
  action const second = b.r.on_failure(route, {.how_much = sent::nothing}, b.now, b.random);
  REQUIRE(second.upstream == other(first.upstream));
  action const third = b.r.on_redirect(route, {first.upstream, false});
  CHECK(third.kind == action_kind::respond);
  CHECK(third.why == refusal::owner_unreachable);
}

TEST_CASE("when every upstream failed the request is refused") {
  bench b(2);
  router::route_type route;
  b.start(route, 1);
  CHECK(b.r.on_failure(route, {.how_much = sent::nothing}, b.now, b.random).kind == action_kind::send);
  action const last = b.r.on_failure(route, {.how_much = sent::nothing}, b.now, b.random);
  CHECK(last.kind == action_kind::respond);
  CHECK(last.why == refusal::all_failed);
}

TEST_CASE("guesses avoid an upstream that failed a moment ago, and come back to it later") {
  bench b(2, false, {.avoid_for = 1000 * ms});
  router::route_type route;
  action const first = b.start(route, 1);
  b.r.on_failure(route, {.how_much = sent::nothing}, b.now, b.random);
  b.r.abandon(route);
  for (int i = 0; i < 50; ++i) {
    CHECK(b.start(route, 1).upstream != first.upstream);
    b.r.abandon(route);
  }
  b.now += 1001 * ms;
  bool seen = false;
  for (int i = 0; i < 50; ++i) {
    seen = seen || b.start(route, 1).upstream == first.upstream;
    b.r.abandon(route);
  }
  CHECK(seen);
}

TEST_CASE("an answer that began before a younger one does not overwrite what the younger one taught") {
  bench b(3);
  router::route_type slow, fast;
  b.start(slow, 1);
  b.now += 10 * ms;
  b.start(fast, 1);
  b.r.on_answer(fast, upstream_id{2});
  b.r.on_answer(slow, upstream_id{1});
  router::route_type next;
  CHECK(b.start(next, 1).upstream == upstream_id{2});
}

TEST_CASE("an entry for an upstream that left the configuration is not used") {
  bench b(3);
  router::route_type route;
  b.start(route, 1);
  b.r.on_answer(route, upstream_id{2});
  b.r.upstream(upstream_id{2}).known = b.r.upstream(upstream_id{2}).in_rotation = false;
  for (int i = 0; i < 20; ++i) {
    CHECK(b.start(route, 1).upstream != upstream_id{2});
    b.r.abandon(route);
  }
}

TEST_CASE("an X-Backend that names no known upstream is refused and counted") {
  bench b(2);
  router::route_type route;
  b.start(route, 1);
  b.r.on_answer(route, no_upstream);
  CHECK(b.r.counters().backends_refused == 1);
  CHECK(b.r.map_entries() == 0);
}

TEST_CASE("with single_guess the second request of an unknown token waits, and uses what the first one learnt") {
  bench b(4, true, {.single_guess = true});
  router::route_type first, second;
  REQUIRE(b.start(first, 1).kind == action_kind::send);
  REQUIRE(b.start(second, 1).kind == action_kind::wait);
  action const done = b.r.on_answer(first, upstream_id{3});
  CHECK(done.wake);
  action const woken = b.r.on_wake(second, b.now, b.random);
  CHECK(woken.kind == action_kind::send);
  CHECK(woken.from_map);
  CHECK(woken.upstream == upstream_id{3});
}

TEST_CASE("with single_guess a guess that is given up lets the next one guess") {
  bench b(4, true, {.single_guess = true});
  router::route_type first, second;
  b.start(first, 1);
  b.start(second, 1);
  CHECK(b.r.abandon(first));
  CHECK(b.r.on_wake(second, b.now, b.random).kind == action_kind::send);
}

TEST_CASE("guess policies choose as they say") {
  SECTION("random is uniform") {
    bench b(4, false);
    std::array<int, 4> counts{};
    router::route_type route;
    for (int i = 0; i < 40'000; ++i) {
      ++counts[index_of(b.start(route, 1).upstream)];
      b.r.abandon(route);
    }
    for (int const count : counts) CHECK(std::abs(count - 10'000) < 4.5 * 87); // sqrt(40000 * 1/4 * 3/4)
  }
  SECTION("round_robin takes turns") {
    bench b(3, false, {}, guess_policy::round_robin);
    router::route_type route;
    for (std::uint32_t i = 0; i < 9; ++i) {
      CHECK(index_of(b.start(route, 1).upstream) == i % 3);
      b.r.abandon(route);
    }
  }
  SECTION("least_conn takes the idle one") {
    bench b(3, false, {}, guess_policy::least_conn);
    router::route_type one, two, three;
    std::array<bool, 3> used{};
    used[index_of(b.start(one, 1).upstream)] = true;
    used[index_of(b.start(two, 1).upstream)] = true;
    used[index_of(b.start(three, 1).upstream)] = true;
    CHECK((used[0] && used[1] && used[2]));
  }
  SECTION("two_choices takes the less loaded of two at random, and so never the most loaded of all") {
    bench b(4, false, {}, guess_policy::two_choices);
    for (std::uint32_t i = 0; i != 4; ++i) b.r.upstream(upstream_id{i}).in_flight = i;
    std::array<int, 4> counts{};
    router::route_type route;
    for (int i = 0; i < 12'000; ++i) {
      ++counts[index_of(b.start(route, 0).upstream)];
      b.r.abandon(route);
    }
    // Of the six pairs three have the idle one, two more the next, one is the two most loaded.
    CHECK(std::abs(counts[0] - 6'000) < 4.5 * 55);
    CHECK(std::abs(counts[1] - 4'000) < 4.5 * 52);
    CHECK(std::abs(counts[2] - 2'000) < 4.5 * 41);
    CHECK(counts[3] == 0);
  }
  SECTION("two_choices is uniform while nothing is in flight, and takes what is left when one is") {
    bench b(4, false, {}, guess_policy::two_choices);
    b.r.upstream(upstream_id{3}).in_rotation = false;
    std::array<int, 4> counts{};
    router::route_type route;
    for (int i = 0; i < 9'000; ++i) {
      ++counts[index_of(b.start(route, 0).upstream)];
      b.r.abandon(route);
    }
    for (std::size_t i = 0; i != 3; ++i) CHECK(std::abs(counts[i] - 3'000) < 4.5 * 45);
    CHECK(counts[3] == 0);
    b.r.upstream(upstream_id{1}).in_rotation = b.r.upstream(upstream_id{2}).in_rotation = false;
    CHECK(index_of(b.start(route, 0).upstream) == 0);
  }
  SECTION("token_hash is the same on every balancer and spreads tokens") {
    bench a(4, false, {}, guess_policy::token_hash), b(4, false, {}, guess_policy::token_hash);
    b.random.seed(12345);
    std::array<int, 4> counts{};
    router::route_type route;
    for (std::uint64_t token = 1; token <= 4000; ++token) {
      upstream_id const chosen = a.start(route, token * 0x9e3779b97f4a7c15u).upstream;
      a.r.abandon(route);
      CHECK(b.start(route, token * 0x9e3779b97f4a7c15u).upstream == chosen);
      b.r.abandon(route);
      ++counts[index_of(chosen)];
    }
    for (int const count : counts) CHECK(std::abs(count - 1000) < 4.5 * 28);
  }
  SECTION("token_hash moves only the tokens of an upstream that left") {
    bench a(4, false, {}, guess_policy::token_hash), b(4, false, {}, guess_policy::token_hash);
    b.r.upstream(upstream_id{1}).in_rotation = false;
    router::route_type route;
    for (std::uint64_t token = 1; token <= 500; ++token) {
      upstream_id const before = a.start(route, token).upstream;
      a.r.abandon(route);
      upstream_id const after = b.start(route, token).upstream;
      b.r.abandon(route);
      if (before != upstream_id{1})
        CHECK(after == before);
      else
        CHECK(after != upstream_id{1});
    }
  }
}

namespace {

/// A token whose session at upstream 0 is known, with epoch 5, and a request of it that is sent there.
struct known_session : bench {
  router::route_type route;

  explicit known_session(router_settings settings = {}, guess_policy policy = guess_policy::random)
    : bench(2, true, settings, policy) {
    start(route, 1);
    r.on_answer(route, told(5));
    start(route, 1);
  }
  static answer_facts told(std::uint64_t epoch, upstream_id by = upstream_id{0}) {
    return {.backend = by, .success = true, .epoch = epoch};
  }
};

}

TEST_CASE("an answer that tells nothing new may be taken before it arrives, and comes to the same") {
  known_session ahead, then;
  CHECK(ahead.r.on_known_answer(ahead.route, known_session::told(5)));
  CHECK(then.r.on_answer(then.route, known_session::told(5)).kind == action_kind::stream);
  CHECK(ahead.r.upstream(upstream_id{0}).in_flight == 0);
  CHECK(ahead.route.upstream == then.route.upstream);
  CHECK(ahead.r.counters().map_hits == then.r.counters().map_hits);
  CHECK(ahead.r.counters().guess_hits == then.r.counters().guess_hits);
  CHECK(ahead.r.counters().learnt == then.r.counters().learnt);
  CHECK(ahead.start(ahead.route, 1).from_map);
}

TEST_CASE("no answer is taken before it arrives that somebody may learn something from") {
  auto const refused = [](known_session& b, answer_facts const& facts) {
    std::uint32_t const under_way = b.r.upstream(b.route.upstream).in_flight;
    CHECK_FALSE(b.r.on_known_answer(b.route, facts));
    CHECK(b.r.upstream(b.route.upstream).in_flight == under_way);
    CHECK(b.r.counters().learnt == 1);
    // It is still to come.
    CHECK(b.r.on_answer(b.route, facts).kind == action_kind::stream);
  };
  SECTION("a new epoch") {
    known_session b;
    refused(b, known_session::told(6));
  }
  SECTION("another place") {
    known_session b;
    refused(b, known_session::told(5, upstream_id{1}));
  }
  SECTION("no place") {
    known_session b;
    refused(b, {});
  }
  SECTION("an error") {
    known_session b;
    refused(b, {.backend = upstream_id{0}, .success = false, .epoch = 5});
  }
  SECTION("a redirect for once") {
    known_session b;
    b.r.on_redirect(b.route, {.target = upstream_id{1}, .once = true});
    refused(b, known_session::told(5, upstream_id{1}));
  }
  SECTION("guesses that look at what is under way") {
    for (guess_policy const policy : {guess_policy::least_conn, guess_policy::two_choices}) {
      known_session b({}, policy);
      refused(b, known_session::told(5));
    }
  }
  SECTION("an upstream that seemed to fail, which then is known to work") {
    known_session b;
    b.r.upstream(upstream_id{0}).failing = true;
    refused(b, known_session::told(5));
    CHECK_FALSE(b.r.upstream(upstream_id{0}).failing);
  }
  SECTION("a guess that others wait for") {
    known_session b({.single_guess = true});
    b.route.holds_guess = true;
    refused(b, known_session::told(5));
  }
}
