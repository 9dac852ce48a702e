// A request's course: what comes after what the router and the cache say, who waits, and how hops are booked.
#include "gateway/exchange/course.hpp"
#include "tests/gateway/cache/messages.hpp"
#include "tests/gateway/routing/bench.hpp"

#include <catch2/catch.hpp>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace {

namespace cache = gateway::cache;
using gateway::exchange::awaiting;
using gateway::exchange::course;
using gateway::exchange::step;
using gateway::routing::action;
using gateway::routing::failure;
using gateway::routing::redirect_facts;
using gateway::routing::router_settings;
using gateway::routing::upstream_id;
using journal::hop_kind;
using journal::request_result;
using tests::gateway_cache::answer;
using tests::gateway_cache::request;
using tests::gateway_routing::bench;
using tests::gateway_routing::router;

failure const unreachable{.how_much = gateway::routing::sent::nothing};
answer const fresh(200, "Cache-Control: max-age=10\nETag: \"a\"");
answer const another_etag(304, "ETag: \"b\"");

/// A request on its way.
struct journey {
  explicit journey(request r = "GET /a")
    : what(std::move(r)) {}
  request what;
  course way{};
  router::route_type route{};
  std::unique_ptr<cache::transaction> cached{};
  action last{}; // that the router said
  std::vector<hop_kind> hops{};

  std::string_view head() const { return what.text->forwarded; }
};

/// A balancer without sockets: does what courses say, and no more.
struct balancer final : cache::environment {
  explicit balancer(router_settings const& settings = {}, std::uint32_t upstreams = 3)
    : b(upstreams, true, settings) {}

  bench b;
  cache::shared_cache stored{{}, gateway::http::digest_key{1}};
  cache::moment clock = tests::gateway_cache::at(0);
  std::vector<cache::fetch_outcome> completions{};
  unsigned wakes = 0;

  cache::moment now() const override { return clock; }
  gateway::http::answer_forwarding forwarding() const override { return {}; }
  void fetch_completed(gateway::http::token_digest const&, cache::fetch_outcome how) override {
    completions.push_back(how);
  }

  void give_cache(journey& j) {
    auto const& text = *j.what.text;
    j.cached = std::make_unique<cache::transaction>(stored, *this, text.head, text.wire.data(), text.summary, "http",
                                                    false, nullptr);
  }

  step begin(journey& j) { return go_on(j, j.way.begin(j.cached.get(), j.head())); }
  step go_on(journey& j, step next) { return next == step::route ? said(j, b.start(j.route, 1)) : next; }
  step said(journey& j, action const& next) {
    j.last = next;
    wakes += next.wake;
    step const then = j.way.after(next, j.cached.get());
    if (then == step::send) make_hop(j);
    return go_on(j, then);
  }
  void make_hop(journey& j) {
    j.way.hop_made(j.last);
    j.hops.push_back(j.way.hop);
  }

  step redirect(journey& j, upstream_id to) {
    j.last = b.r.on_redirect(j.route, redirect_facts{.target = to});
    step const then = j.way.after_redirect(j.last, j.cached.get());
    if (then == step::send) make_hop(j);
    return then;
  }
  step fail(journey& j, failure const& how = unreachable) {
    return said(j, b.r.on_failure(j.route, how, b.now, b.random));
  }
  step take(journey& j, answer const& from) {
    step then = said(j, b.r.on_answer(j.route, j.route.upstream));
    if (j.cached) then = j.way.after(j.cached->on_answer(from.head, from.wire.data(), from.length));
    if (then == step::stream && j.cached && j.cached->is_storing()) {
      j.cached->take(from.content);
      j.cached->complete();
    }
    return go_on(j, then);
  }
  step wake(journey& j) { return said(j, b.r.on_wake(j.route, b.now, b.random)); }
};

router_settings single_guess() {
  router_settings s;
  s.single_guess = true;
  return s;
}

}

TEST_CASE("hops are named by what they are made for: first, redirect, retry") {
  balancer at;
  journey j;
  REQUIRE(at.begin(j) == step::send);
  REQUIRE(at.redirect(j, tests::gateway_routing::other(j.route.upstream)) == step::send);
  REQUIRE(at.fail(j) == step::send);
  CHECK(at.take(j, fresh) == step::stream);
  CHECK(j.hops == std::vector{hop_kind::first, hop_kind::redirect, hop_kind::retry});
  CHECK(j.way.hops == 3);
  CHECK(j.way.redirects == 1);
  CHECK(j.way.retries == 1);
  CHECK_FALSE(j.way.is_routed);
}

TEST_CASE("a redirect that is refused was received, and no hop follows it") {
  balancer at;
  journey j;
  REQUIRE(at.begin(j) == step::send);
  CHECK(at.redirect(j, gateway::routing::no_upstream) == step::respond);
  CHECK(j.last.why == gateway::routing::refusal::unknown_target);
  CHECK(gateway::exchange::result_of_redirect(j.last) == journal::hop_result::refused_redirect);
  CHECK(j.way.redirects == 1);
  CHECK(j.hops == std::vector{hop_kind::first});
}

TEST_CASE("a request that was begun again, since the answer was about something else, makes retries") {
  balancer at;
  journey first;
  at.give_cache(first);
  REQUIRE(at.begin(first) == step::send);
  REQUIRE(at.take(first, fresh) == step::stream);
  at.clock = tests::gateway_cache::at(20);
  journey second;
  at.give_cache(second);
  REQUIRE(at.begin(second) == step::send);
  REQUIRE(at.take(second, another_etag) == step::send); // at once, by way of the router
  CHECK(second.hops == std::vector{hop_kind::first, hop_kind::retry});
  CHECK(second.way.retries == 1);
  CHECK(at.take(second, fresh) == step::stream);
  CHECK(second.way.result_of(step::stream) == request_result::forwarded);
}

TEST_CASE("what is stored is served without a hop, and what was confirmed with one") {
  balancer at;
  journey first;
  at.give_cache(first);
  at.begin(first);
  at.take(first, fresh);
  journey second;
  at.give_cache(second);
  CHECK(at.begin(second) == step::serve_stored);
  CHECK(second.way.result_of(step::serve_stored) == request_result::cached);
  at.clock = tests::gateway_cache::at(20);
  journey third;
  at.give_cache(third);
  REQUIRE(at.begin(third) == step::send);
  CHECK(at.take(third, answer(304, "ETag: \"a\"")) == step::serve_stored);
  CHECK(third.way.result_of(step::serve_stored) == request_result::forwarded);
}

TEST_CASE("hops of a balancer's own request are its own, and it does not ask the cache that it serves") {
  balancer at;
  journey served;
  at.give_cache(served);
  at.begin(served);
  at.take(served, answer(200, "Cache-Control: max-age=10, stale-while-revalidate=60\nETag: \"a\""));
  at.clock = tests::gateway_cache::at(20);
  journey stale;
  at.give_cache(stale);
  REQUIRE(at.begin(stale) == step::serve_stored);
  REQUIRE(stale.cached->decided().refresh);
  journey own;
  own.cached = std::move(stale.cached);
  own.cached->begin_refresh();
  own.way.is_own = true;
  REQUIRE(at.begin(own) == step::send);
  REQUIRE(at.redirect(own, tests::gateway_routing::other(own.route.upstream)) == step::send);
  REQUIRE(at.fail(own) == step::send);
  CHECK(own.hops == std::vector(3, hop_kind::own));
  CHECK(own.way.retries == 0);
  CHECK(at.take(own, answer(304, "ETag: \"a\"")) == step::serve_stored);
}

TEST_CASE("when no upstream answers, a client gets what is stored, and a balancer's own request is over") {
  balancer at({}, 1);
  journey first;
  at.give_cache(first);
  at.begin(first);
  at.take(first, answer(200, "Cache-Control: max-age=10, stale-while-revalidate=15\nETag: \"a\""));
  at.clock = tests::gateway_cache::at(20);
  journey own;
  at.give_cache(own);
  REQUIRE(at.begin(own) == step::serve_stored);
  own.cached->begin_refresh();
  own.way.is_own = true;
  REQUIRE(at.begin(own) == step::send);
  CHECK(at.fail(own) == step::respond);
  own.cached.reset();
  at.clock = tests::gateway_cache::at(40);
  journey client;
  at.give_cache(client);
  REQUIRE(at.begin(client) == step::send);
  CHECK(at.fail(client) == step::serve_stored);
  CHECK(client.way.result_of(step::serve_stored) == request_result::forwarded);
  journey other("GET /b");
  at.give_cache(other);
  REQUIRE(at.begin(other) == step::send);
  CHECK(at.fail(other) == step::respond);
  CHECK(other.way.result_of(step::respond) == request_result::failed);
}

TEST_CASE("a request that wants what is stored or nothing is answered here, as refused") {
  balancer at;
  journey j(request("GET /a", "Cache-Control: only-if-cached"));
  at.give_cache(j);
  CHECK(at.begin(j) == step::not_stored);
  CHECK(j.way.result_of(step::not_stored) == request_result::refused);
  CHECK_FALSE(j.way.is_routed);
}

TEST_CASE("who waits for a guess goes on when that is over, once, and has its time for each") {
  balancer at(single_guess());
  journey guesser, other, third;
  REQUIRE(at.begin(guesser) == step::send);
  REQUIRE(at.begin(other) == step::wait_for_guess);
  REQUIRE(at.begin(third) == step::wait_for_guess);
  CHECK(other.way.patience_begins);
  CHECK(other.way.hops == 0);
  REQUIRE(guesser.way.give_up());
  CHECK(at.b.r.abandon(guesser.route));
  CHECK_FALSE(other.way.stops_waiting(awaiting::fetch));
  REQUIRE(other.way.stops_waiting(awaiting::guess));
  CHECK_FALSE(other.way.stops_waiting(awaiting::guess));
  CHECK(at.wake(other) == step::send);
  CHECK(other.hops == std::vector{hop_kind::first});
  REQUIRE(third.way.stops_waiting(awaiting::guess));
  CHECK(at.wake(third) == step::wait_for_guess); // for the other's
  CHECK(third.way.patience_begins);
  at.take(other, fresh);
  CHECK(at.wakes == 1);
}

TEST_CASE("who has waited for a guess long enough makes its own") {
  balancer at(single_guess());
  journey guesser, other;
  at.begin(guesser);
  REQUIRE(at.begin(other) == step::wait_for_guess);
  REQUIRE(other.way.stops_waiting(awaiting::guess));
  CHECK(at.said(other, at.b.r.on_patience_end(other.route, at.b.now, at.b.random)) == step::send);
}

TEST_CASE("who gives up a guess that others wait for lets them go on, and is told to the router once") {
  balancer at(single_guess());
  journey guesser, other;
  at.begin(guesser);
  at.begin(other);
  REQUIRE(guesser.way.give_up());
  CHECK(at.b.r.abandon(guesser.route));
  CHECK_FALSE(guesser.way.give_up());
  REQUIRE(other.way.give_up()); // while it waits
  CHECK_FALSE(other.way.stops_waiting(awaiting::guess));
}

TEST_CASE("who waits for a fetch is served what it brought; its time begins once, however often it waits") {
  balancer at;
  journey leader, waiter, late;
  for (journey* j : {&leader, &waiter, &late}) at.give_cache(*j);
  REQUIRE(at.begin(leader) == step::send);
  REQUIRE(at.begin(waiter) == step::wait_for_fetch);
  CHECK(waiter.way.patience_begins);
  REQUIRE(at.begin(late) == step::wait_for_fetch);
  leader.cached.reset(); // it failed
  REQUIRE(at.completions == std::vector{cache::fetch_outcome::failed});
  REQUIRE(waiter.way.stops_waiting(awaiting::fetch));
  CHECK(at.go_on(waiter, waiter.way.on_fetch_complete(*waiter.cached, waiter.head(), cache::fetch_outcome::failed)) ==
        step::send);
  REQUIRE(late.way.stops_waiting(awaiting::fetch));
  CHECK(late.way.on_fetch_complete(*late.cached, late.head(), cache::fetch_outcome::failed) == step::wait_for_fetch);
  CHECK_FALSE(late.way.patience_begins);
  at.take(waiter, fresh);
  REQUIRE(late.way.stops_waiting(awaiting::fetch));
  CHECK(late.way.on_fetch_complete(*late.cached, late.head(), cache::fetch_outcome::stored) == step::serve_stored);
  CHECK(late.way.result_of(step::serve_stored) == request_result::cached);
}

TEST_CASE("who has waited for a fetch long enough, or waited for what is not shared, goes to an upstream") {
  for (bool const is_late : {true, false}) {
    balancer at;
    journey leader, waiter;
    at.give_cache(leader);
    at.give_cache(waiter);
    at.begin(leader);
    REQUIRE(at.begin(waiter) == step::wait_for_fetch);
    if (!is_late) at.take(leader, answer(200, "Cache-Control: private"));
    REQUIRE(waiter.way.stops_waiting(awaiting::fetch));
    step const next = is_late
                          ? waiter.way.on_fetch_late(*waiter.cached, waiter.head())
                          : waiter.way.on_fetch_complete(*waiter.cached, waiter.head(), cache::fetch_outcome::unshared);
    CHECK(at.go_on(waiter, next) == step::send);
    CHECK(waiter.hops == std::vector{hop_kind::first});
  }
}

TEST_CASE("what the shared map says is for who still waits for it") {
  router_settings settings;
  settings.shared_ttl = 3'600'000 * tests::gateway_routing::ms;
  balancer at(settings);
  journey j;
  REQUIRE(at.begin(j) == step::look_up);
  CHECK_FALSE(j.way.stops_waiting(awaiting::guess));
  REQUIRE(j.way.stops_waiting(awaiting::shared_map));
  CHECK(at.said(j, at.b.r.on_shared(j.route, {.backend = upstream_id{2}}, at.b.now, at.b.random)) == step::send);
  CHECK(j.last.from_map);
  CHECK(j.hops == std::vector{hop_kind::first});
  CHECK_FALSE(j.way.stops_waiting(awaiting::shared_map));
}

TEST_CASE("a hop of which the kernel took nothing was not delivered, any other that fails failed") {
  CHECK(gateway::exchange::result_of_failure(gateway::routing::sent::nothing) == journal::hop_result::not_delivered);
  CHECK(gateway::exchange::result_of_failure(gateway::routing::sent::something) == journal::hop_result::failed);
}
