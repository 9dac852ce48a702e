#include "sim/actors/connection_pool.hpp"

#include <catch2/catch.hpp>

#include <optional>
#include <vector>

using namespace sim::actors;
using boost::beast::http::verb;
using sim::records::client_outcome;

namespace {

constexpr std::int64_t ms = 1'000'000;

using pool = connection_pool<int>;

pool with_balancers(pool_settings const& settings, int count = 1) {
  pool p(settings);
  for (int i = 0; i != count; ++i) CHECK(p.add_balancer() == i);
  return p;
}

void answer(pool& p, connection_id connection, bool may_stay = true) {
  p.on_answered(connection, may_stay);
  p.release(connection);
}

pool::failure reset_of(verb method, bool answer_began = false) { return {client_outcome::reset, answer_began, method}; }

}

TEST_CASE("the idle connection that was used last is taken, and a new one only when none is idle") {
  pool p = with_balancers({.connections_per_balancer = 3});
  auto const a = p.take(0, 0, 0), b = p.take(0, 0, 0);
  CHECK_FALSE(a.is_open);
  CHECK_FALSE(b.is_open);
  CHECK(a.connection != b.connection);
  answer(p, b.connection);
  answer(p, a.connection);
  auto const again = p.take(0, 0, 1);
  CHECK(again.connection == a.connection);
  CHECK(again.is_open);
  CHECK(p.take(0, 0, 1).connection == b.connection);
  CHECK_FALSE(p.take(0, 0, 1).is_open);
}

TEST_CASE("there are no more connections to a balancer than allowed, and each balancer has its own") {
  pool p = with_balancers({.connections_per_balancer = 2}, 2);
  auto const a = p.take(0, 0, 0);
  CHECK(p.has_room(0));
  p.take(0, 0, 0);
  CHECK_FALSE(p.has_room(0));
  CHECK(p.has_room(1));
  auto const other = p.take(1, 0, 0);
  CHECK(p.balancer_of(other.connection) == 1);
  answer(p, a.connection, false); // closed: it may be opened again
  CHECK(p.has_room(0));
  auto const reopened = p.take(0, 0, 0);
  CHECK(reopened.connection == a.connection);
  CHECK_FALSE(reopened.is_open);
  CHECK_FALSE(p.has_room(0));
}

TEST_CASE("those that wait for a balancer go in the order in which they came, once a connection is released") {
  pool p = with_balancers({.connections_per_balancer = 1}, 2);
  auto const only = p.take(0, 0, 0);
  p.wait(0, 1);
  p.wait(0, 2);
  CHECK(p.has_waiting(0));
  CHECK_FALSE(p.has_waiting(1));
  CHECK(p.next_waiting(0) == std::nullopt);
  p.on_answered(only.connection, true);
  CHECK(p.next_waiting(0) == std::nullopt); // the answer is on its way
  p.release(only.connection);
  CHECK(p.next_waiting(0) == 1);
  p.take(0, 0, 0);
  CHECK(p.next_waiting(0) == std::nullopt);
  CHECK(p.drop_waiting() == 1);
  CHECK_FALSE(p.has_waiting(0));
}

TEST_CASE("a connection is closed after as many requests as it may carry, or when an end wants that") {
  pool p = with_balancers({.requests_per_connection = 2});
  connection_id const c = p.take(0, 0, 0).connection;
  CHECK(p.on_answered(c, true));
  p.release(c);
  CHECK(p.take(0, 0, 0).is_open);
  CHECK_FALSE(p.on_answered(c, true));
  p.release(c);
  CHECK_FALSE(p.take(0, 0, 0).is_open);
  CHECK_FALSE(p.on_answered(c, false));
}

TEST_CASE("a safe request on a connection that turns out to be closed is tried once more, and only then") {
  struct example {
    char const* name;
    bool has_served;
    pool::failure how;
    bool again;
  };
  for (example const& e : std::vector<example>{
           {"GET", true, reset_of(verb::get), true},
           {"HEAD", true, reset_of(verb::head), true},
           {"POST", true, reset_of(verb::post), false},
           {"PUT, which is idempotent but not safe", true, reset_of(verb::put), false},
           {"a new connection", false, reset_of(verb::get), false},
           {"an answer had begun", true, reset_of(verb::get, true), false},
           {"an answer had begun, on a new connection", false, reset_of(verb::get, true), false},
           {"no answer in time", true, {client_outcome::timeout, false, verb::get}, false},
           {"not HTTP", true, {client_outcome::malformed, false, verb::get}, false},
       }) {
    INFO(e.name);
    pool p = with_balancers({});
    connection_id const c = p.take(0, 0, 0).connection;
    if (e.has_served) {
      answer(p, c);
      REQUIRE(p.take(0, 0, 0).connection == c);
    }
    auto const outcome = p.on_failed(c, e.how, 0);
    CHECK(outcome.has_value() != e.again);
    CHECK(p.is_second_try(c) == e.again);
    if (!e.again) {
      CHECK(*outcome == (e.how.answer_began ? client_outcome::truncated : e.how.what));
      continue;
    }
    CHECK_FALSE(p.has_served(c)); // it has to be opened
    CHECK(p.on_failed(c, reset_of(verb::get), 0) == client_outcome::reset);
  }
}

TEST_CASE("a second try that finds nobody is a reset, since the first may have been read") {
  pool p = with_balancers({});
  connection_id const c = p.take(0, 0, 0).connection;
  CHECK(p.on_failed(c, {client_outcome::connect_error, false, verb::get}, 0) == client_outcome::connect_error);
  p.release(c);
  p.take(0, 0, 0);
  answer(p, c);
  p.take(0, 0, 0);
  REQUIRE(p.on_failed(c, reset_of(verb::get), 0) == std::nullopt);
  CHECK(p.on_failed(c, {client_outcome::connect_error, false, verb::get}, 0) == client_outcome::reset);
  p.release(c);
  p.take(0, 0, 0);
  CHECK_FALSE(p.is_second_try(c)); // the next request's first
  CHECK(p.on_failed(c, {client_outcome::connect_error, false, verb::get}, 0) == client_outcome::connect_error);
}

TEST_CASE("connections that their balancer closes while they are idle are opened anew") {
  pool p = with_balancers({}, 2);
  connection_id const a = p.take(0, 0, 0).connection, b = p.take(0, 0, 0).connection, busy = p.take(0, 0, 0).connection,
                      other = p.take(1, 0, 0).connection;
  for (connection_id const c : {a, b, other}) answer(p, c);
  SECTION("one") {
    p.on_closed(b);
    auto const first = p.take(0, 0, 0), second = p.take(0, 0, 0);
    CHECK(first.connection == a);
    CHECK(first.is_open);
    CHECK(second.connection == b);
    CHECK_FALSE(second.is_open);
  }
  SECTION("all") {
    p.on_all_closed(0);
    CHECK_FALSE(p.take(0, 0, 0).is_open);
    CHECK_FALSE(p.take(0, 0, 0).is_open);
    CHECK(p.take(1, 0, 0).is_open);
    CHECK(p.on_answered(busy, true)); // it was in use
  }
}

TEST_CASE("a connection knows its request, also on the second try") {
  pool p = with_balancers({});
  connection_id const a = p.take(0, 17, 0).connection, b = p.take(0, 18, 0).connection;
  CHECK(p.request_of(a) == 17);
  CHECK(p.request_of(b) == 18);
  answer(p, a);
  p.take(0, 19, 0);
  CHECK(p.request_of(a) == 19);
  REQUIRE(p.on_failed(a, reset_of(verb::get), 0) == std::nullopt);
  CHECK(p.request_of(a) == 19);
}

TEST_CASE("each request times out by itself, the one that was sent first before others") {
  pool p = with_balancers({.timeout_ns = 100 * ms});
  CHECK(p.next_deadline() == pool::never);
  connection_id const a = p.take(0, 0, 0).connection, b = p.take(0, 0, 10 * ms).connection,
                      c = p.take(0, 0, 20 * ms).connection;
  CHECK(p.next_deadline() == 100 * ms);
  CHECK(p.deadline(b) == 110 * ms);
  answer(p, a);
  CHECK(p.next_deadline() == 110 * ms);
  CHECK(p.overdue(110 * ms - 1) == std::nullopt);
  REQUIRE(p.overdue(120 * ms) == b);
  CHECK(p.on_failed(b, {client_outcome::timeout, false, verb::get}, 120 * ms) == client_outcome::timeout);
  p.release(b);
  REQUIRE(p.overdue(120 * ms) == c);
  answer(p, c);
  CHECK(p.overdue(120 * ms) == std::nullopt);
  CHECK(p.next_deadline() == pool::never);
}

TEST_CASE("a second try has the patience of a first one") {
  pool p = with_balancers({.timeout_ns = 100 * ms});
  connection_id const a = p.take(0, 0, 0).connection;
  answer(p, a);
  p.take(0, 0, 0);
  connection_id const b = p.take(0, 0, 10 * ms).connection;
  REQUIRE(p.on_failed(a, reset_of(verb::get), 50 * ms) == std::nullopt);
  CHECK(p.next_deadline() == 110 * ms);
  answer(p, b);
  CHECK(p.next_deadline() == 150 * ms);
}
