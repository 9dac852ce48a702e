// Which connection a hop gets.
#include "gateway/exchange/idle_pool.hpp"

#include <catch2/catch.hpp>

using gateway::exchange::idle_pool;
using gateway::routing::hop_kind;
using gateway::routing::upstream_id;

namespace {
constexpr upstream_id here{2}, there{5};
}

TEST_CASE("a hop gets the connection that was used last, and each connection is given once") {
  idle_pool<int> pool;
  CHECK_FALSE(pool.take(here, hop_kind::first));
  for (int const connection : {1, 2, 3}) CHECK(pool.keep(here, connection, 8));
  CHECK_FALSE(pool.take(there, hop_kind::first));
  CHECK(pool.take(here, hop_kind::first) == 3);
  CHECK(pool.take(here, hop_kind::redirect) == 2);
  CHECK(pool.keep(here, 3, 8));
  CHECK(pool.take(here, hop_kind::first) == 3);
  CHECK(pool.take(here, hop_kind::first) == 1);
  CHECK_FALSE(pool.take(here, hop_kind::first));
}

TEST_CASE("a retry gets a new connection, however many are idle") {
  idle_pool<int> pool;
  pool.keep(here, 1, 8);
  CHECK_FALSE(pool.take(here, hop_kind::retry));
  CHECK(pool.size(here) == 1);
}

TEST_CASE("no more connections are kept to an upstream than its limit") {
  idle_pool<int> pool;
  CHECK_FALSE(pool.keep(here, 1, 0));
  CHECK(pool.keep(here, 1, 2));
  CHECK(pool.keep(here, 2, 2));
  CHECK_FALSE(pool.keep(here, 3, 2));
  CHECK(pool.keep(there, 4, 2));
  CHECK(pool.take(here, hop_kind::first) == 2);
}

TEST_CASE("a connection that was closed is not used, and the others keep their order") {
  idle_pool<int> pool;
  for (int const connection : {1, 2, 3}) pool.keep(here, connection, 8);
  pool.keep(there, 2, 8);
  pool.forget_if(here, [](int connection) { return connection == 2; });
  pool.forget_if(upstream_id{99}, [](int) { return true; });
  CHECK(pool.take(here, hop_kind::first) == 3);
  CHECK(pool.take(here, hop_kind::first) == 1);
  CHECK(pool.size(there) == 1);
}

TEST_CASE("what is not to be used any more is taken out of all upstreams' connections") {
  idle_pool<int> pool;
  for (int const connection : {1, 2, 3, 4}) pool.keep(connection % 2 == 0 ? here : there, connection, 8);
  CHECK(pool.remove_if([](int connection) { return connection > 2; }) == std::vector<int>{4, 3});
  CHECK(pool.size(here) == 1);
  CHECK(pool.remove_if([](int) { return true; }) == std::vector<int>{2, 1});
  CHECK(pool.size(here) + pool.size(there) == 0);
}
