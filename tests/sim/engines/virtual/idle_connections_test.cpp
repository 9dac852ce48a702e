#include "sim/engines/virtual/idle_connections.hpp"

#include <catch2/catch.hpp>

using sim::virtual_time::idle_connections;

TEST_CASE("a connection that was given back is used for the next request, once") {
  idle_connections idle(true, 2, 3);
  CHECK_FALSE(idle.take(1, 2));
  idle.give_back(1, 2);
  idle.give_back(1, 2);
  CHECK_FALSE(idle.take(0, 2));
  CHECK_FALSE(idle.take(1, 1));
  CHECK(idle.take(1, 2));
  CHECK(idle.take(1, 2));
  CHECK_FALSE(idle.take(1, 2));
}

TEST_CASE("connections end with either process, and with no other") {
  idle_connections idle(true, 2, 2);
  auto const fill = [&] {
    for (std::size_t b : {0u, 1u})
      for (std::size_t p : {0u, 1u}) idle.give_back(b, p);
  };
  fill();
  idle.close_proxy(1);
  CHECK(idle.take(0, 0));
  CHECK(idle.take(1, 0));
  CHECK_FALSE(idle.take(0, 1));
  CHECK_FALSE(idle.take(1, 1));
  fill();
  idle.close_balancer(0);
  CHECK_FALSE(idle.take(0, 0));
  CHECK_FALSE(idle.take(0, 1));
  CHECK(idle.take(1, 0));
  CHECK(idle.take(1, 1));
}

TEST_CASE("connections are not counted where nobody asks") {
  idle_connections idle(false, 2, 2);
  idle.give_back(0, 0);
  CHECK_FALSE(idle.take(0, 0));
  idle.close_proxy(1);
  idle.close_balancer(1);
}
