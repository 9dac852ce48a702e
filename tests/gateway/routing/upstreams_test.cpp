// Which upstreams are guessed and retried, and what of the answers is believed.
#include "base/config/words.hpp"
#include "tests/gateway/routing/bench.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <random>
#include <utility>
#include <vector>

using namespace tests::gateway_routing;

TEST_CASE("an upstream that failed so often in a row is tried with one request, and comes back when that is answered") {
  bench b(2, false, {.max_retries = 0, .max_failures = 2, .avoid_for = 100 * ms});
  upstream_id const bad{0};
  auto const fail_once = [&] {
    for (;;) { // until a guess meets it
      router::route_type route;
      if (b.start(route, 0).upstream == bad) {
        b.r.on_failure(route, {.how_much = sent::something}, b.now, b.random);
        return;
      }
      b.r.on_answer(route, std::nullopt);
    }
  };
  auto const meets_it = [&] {
    int met = 0;
    for (int i = 0; i < 64; ++i) {
      router::route_type route;
      met += b.start(route, 0).upstream == bad;
      b.r.abandon(route);
    }
    return met;
  };
  fail_once();
  CHECK(meets_it() > 0);
  fail_once();
  CHECK(b.r.counters().ejections == 1);
  CHECK(meets_it() == 0);

  b.now += 101 * ms;
  router::route_type trial;
  while (b.start(trial, 0).upstream != bad) b.r.on_answer(trial, std::nullopt);
  CHECK(meets_it() == 0); // one at a time
  SECTION("the trial fails: twice as long") {
    b.r.on_failure(trial, {.how_much = sent::nothing}, b.now, b.random);
    b.now += 150 * ms;
    CHECK(meets_it() == 0);
    b.now += 51 * ms;
    router::route_type next;
    while (b.start(next, 0).upstream != bad) b.r.on_answer(next, std::nullopt);
    b.r.on_answer(next, std::nullopt);
    CHECK(meets_it() > 10);
  }
  SECTION("the trial is given up: another one may try") {
    b.r.abandon(trial);
    CHECK(meets_it() > 0);
  }
  SECTION("the trial is answered") {
    b.r.on_answer(trial, std::nullopt);
    CHECK(meets_it() > 10);
    fail_once();
    CHECK(meets_it() > 0); // it counts anew
  }
}

TEST_CASE("answers in between start the count of failures anew") {
  bench b(1, false, {.max_retries = 0, .max_failures = 2});
  for (int i = 0; i < 5; ++i) {
    router::route_type route;
    b.start(route, 0);
    b.r.on_failure(route, {}, b.now, b.random);
    b.start(route, 0);
    b.r.on_answer(route, std::nullopt);
  }
  CHECK(b.r.counters().ejections == 0);
}

TEST_CASE("an unhealthy upstream is guessed only where there is no other") {
  bench b(2);
  b.r.upstream(upstream_id{0}).healthy = false;
  for (int i = 0; i < 20; ++i) {
    router::route_type route;
    CHECK(b.start(route, 0).upstream == upstream_id{1});
  }
  b.r.upstream(upstream_id{1}).in_rotation = false;
  router::route_type route;
  CHECK(b.start(route, 0).upstream == upstream_id{0});
}

TEST_CASE("the retry budget is a share of requests") {
  bench b(3, false, {.retries_per_request = 0.25, .retry_burst = 2});
  int retried = 0;
  for (int i = 0; i < 100; ++i) {
    router::route_type route;
    b.start(route, 0);
    action const next = b.r.on_failure(route, {.how_much = sent::nothing}, b.now, b.random);
    if (next.kind != action_kind::send) continue;
    ++retried;
    b.r.on_answer(route, std::nullopt);
  }
  CHECK(retried >= 25);
  CHECK(retried <= 27);
  CHECK(b.r.counters().retries_refused == static_cast<std::uint64_t>(100 - retried));
}

TEST_CASE("weights are shares of guesses") {
  auto const policy = static_cast<guess_policy>(GENERATE(range(0, static_cast<int>(config::count_of<guess_policy>()))));
  INFO(name_of(policy));
  bench b(2, false, {}, policy);
  b.r.set_weight(upstream_id{1}, 3);
  std::array<int, 2> met{};
  std::vector<router::route_type> routes(4000); // none ends, for those that count what is in flight
  for (std::size_t i = 0; i != routes.size(); ++i) ++met[index_of(b.start(routes[i], i + 1).upstream)];
  CHECK(met[0] > 900);
  CHECK(met[0] < 1100);
}

TEST_CASE("tokens that were never answered with success push out only their like") {
  router_settings const settings;
  router r(settings, guess_policy::random, map(8), map(2));
  r.add_upstream(1, true);
  std::mt19937_64 random(3);
  auto const ask = [&](std::uint64_t token, bool success) {
    router::route_type route;
    bool const hit = r.start(route, {true, key{token}, token, true}, 0, random).from_map;
    r.on_answer(route, answer_facts{.backend = upstream_id{0}, .success = success});
    return hit;
  };
  for (std::uint64_t token = 1; token <= 8; ++token) ask(token, true);
  for (std::uint64_t junk = 100; junk < 200; ++junk) ask(junk, false);
  for (std::uint64_t token = 1; token <= 8; ++token) CHECK(ask(token, true));
  CHECK(r.unproven_entries() == 2);
  CHECK(r.map_entries() == 10);
  CHECK(ask(199, true)); // known, and proven from now on
  CHECK(r.unproven_entries() == 1);
  CHECK(ask(2, false)); // one that is proven stays so
  CHECK(ask(2, true));
}

TEST_CASE("an epoch decides what is younger, whenever the requests began") {
  bench b(2);
  router::route_type slow, quick;
  b.start(slow, 1);
  b.now += 5 * ms;
  b.start(quick, 1);
  b.r.on_answer(quick, answer_facts{.backend = upstream_id{0}, .epoch = 7});
  b.r.on_answer(slow, answer_facts{.backend = upstream_id{1}, .epoch = 8}); // began earlier, and was there later
  router::route_type next;
  CHECK(b.start(next, 1).upstream == upstream_id{1});
  b.r.on_answer(next, answer_facts{.backend = upstream_id{0}, .epoch = 6});
  CHECK(b.start(next, 1).upstream == upstream_id{1});
}

TEST_CASE("a redirect for one time is followed, and teaches nothing") {
  bench b(2);
  router::route_type route;
  action const first = b.start(route, 1);
  b.r.on_answer(route, first.upstream);
  b.start(route, 1);
  CHECK(b.r.on_redirect(route, {.target = other(first.upstream), .once = true}).upstream == other(first.upstream));
  b.r.on_answer(route, other(first.upstream));
  CHECK(b.start(route, 1).upstream == first.upstream);
}

TEST_CASE("a guess that meets a full upstream goes elsewhere; a session is where it is") {
  bench b(2);
  router::route_type route;
  action const first = b.start(route, 1);
  action const second = b.r.on_full(route, b.now, b.random);
  REQUIRE(second.kind == action_kind::send);
  CHECK(second.upstream == other(first.upstream));
  b.r.on_answer(route, second.upstream);
  CHECK(b.r.counters().ejections == 0);

  b.start(route, 1); // by the map
  action const refused = b.r.on_full(route, b.now, b.random);
  CHECK(refused.kind == action_kind::respond);
  CHECK(refused.why == refusal::overloaded);

  b.start(route, 2);
  b.r.on_full(route, b.now, b.random);
  CHECK(b.r.on_full(route, b.now, b.random).why == refusal::overloaded); // all are
  for (std::uint32_t i = 0; i < 2; ++i) CHECK(b.r.upstream(upstream_id{i}).in_flight == 0);
}

TEST_CASE("a request whose body has yet to come is no trial") {
  bench b(1, false, {.max_retries = 0});
  router::route_type route;
  b.start(route, 0);
  b.r.on_failure(route, {}, b.now, b.random);
  b.now += 2000 * ms;
  b.r.start(route, {.whole = false}, b.now, b.random);
  CHECK_FALSE(b.r.upstream(upstream_id{0}).on_trial);
  router::route_type trial;
  b.start(trial, 0);
  CHECK(b.r.upstream(upstream_id{0}).on_trial);
}

TEST_CASE("requests that were under way when an upstream fell do not lengthen its time") {
  bench b(1, false, {.max_retries = 0, .avoid_for = 100 * ms});
  router::route_type first, late;
  b.start(first, 0);
  b.start(late, 0);
  b.r.on_failure(first, {}, b.now, b.random);
  b.now += 500 * ms;
  b.r.on_failure(late, {}, b.now, b.random);
  CHECK(b.r.details_of(upstream_id{0}).avoid_until == 100 * ms);
}

TEST_CASE("a session that comes back raises its entry's epoch, so that answers from in between are old") {
  bench b(2);
  router::route_type route;
  for (auto const& [backend, epoch] : {std::pair{0u, 5u}, {0u, 7u}, {1u, 6u}}) {
    b.start(route, 1);
    b.r.on_answer(route, answer_facts{.backend = upstream_id{backend}, .epoch = epoch});
  }
  CHECK(b.start(route, 1).upstream == upstream_id{0});
  CHECK(b.r.counters().learnt == 1);
}

TEST_CASE("the retry budget pays for retries that are made") {
  bench b(1, false, {.retries_per_request = 0.001, .retry_burst = 3});
  for (int i = 0; i < 20; ++i) {
    router::route_type route;
    b.start(route, 0);
    CHECK(b.r.on_failure(route, {.how_much = sent::nothing}, b.now, b.random).why == refusal::all_failed);
  }
  CHECK(b.r.counters().retries == 0);
  CHECK(b.r.counters().retries_refused == 0);
}

TEST_CASE("an upstream that was full did not fail: who is sent there by the cluster may ask again") {
  bench b(2);
  router::route_type route;
  upstream_id const full = b.start(route, 1).upstream;
  REQUIRE(b.r.on_full(route, b.now, b.random).upstream == other(full));
  action const back = b.r.on_redirect(route, {.target = full});
  REQUIRE(back.kind == action_kind::send);
  CHECK(back.upstream == full);
  CHECK(b.r.on_full(route, b.now, b.random).why == refusal::overloaded);
}

TEST_CASE("a request whose body has yet to come is guessed to what is well, if anything is") {
  bench b(3, false, {.max_retries = 0});
  b.r.upstream(upstream_id{0}).suspect = b.r.upstream(upstream_id{1}).suspect = true;
  for (int i = 0; i < 50; ++i) {
    router::route_type route;
    CHECK(b.r.start(route, {.whole = false}, b.now, b.random).upstream == upstream_id{2});
  }
}

TEST_CASE("an entry that nobody used for weeks is not younger than what is learnt now") {
  for (time_ns const days : {0, 1, 12, 13, 20, 23}) {
    INFO(days);
    bench b(2);
    router::route_type route;
    b.start(route, 1);
    b.r.on_answer(route, upstream_id{0});
    b.now += days * 86'400'000 * ms + 5 * ms;
    b.start(route, 1);
    b.r.on_answer(route, upstream_id{1});
    CHECK(b.start(route, 1).upstream == upstream_id{1});
  }
}

TEST_CASE("an answer without an epoch takes none away") {
  bench b(2);
  router::route_type route;
  b.start(route, 1);
  b.r.on_answer(route, answer_facts{.backend = upstream_id{0}, .epoch = 7});
  b.start(route, 1);
  b.r.on_answer(route, upstream_id{0});
  b.start(route, 1);
  b.r.on_answer(route, answer_facts{.backend = upstream_id{1}, .epoch = 5});
  CHECK(b.start(route, 1).upstream == upstream_id{0});
}
