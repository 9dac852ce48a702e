#include "sim/engines/virtual/idle_connections.hpp"

#include <catch2/catch.hpp>

using gateway::routing::default_limits;
using gateway::routing::hop_kind;
using gateway::routing::upstream_id;
using sim::virtual_time::idle_connections;
using hop = idle_connections::hop;

namespace {

constexpr std::int64_t now = 1'000;

bool takes(idle_connections& idle, hop const& h, std::int64_t at = now) { return idle.take(h, hop_kind::first, at); }

hop between(std::size_t balancer, unsigned proxy) { return {balancer, 0, upstream_id{proxy}}; }

}

TEST_CASE("a connection that was given back is used for the next request, once") {
  idle_connections idle({1, 1});
  CHECK_FALSE(takes(idle, between(1, 2)));
  idle.give_back(between(1, 2), now);
  idle.give_back(between(1, 2), now);
  CHECK_FALSE(takes(idle, between(0, 2)));
  CHECK_FALSE(takes(idle, between(1, 1)));
  CHECK(takes(idle, between(1, 2)));
  CHECK(takes(idle, between(1, 2)));
  CHECK_FALSE(takes(idle, between(1, 2)));
}

TEST_CASE("connections end with either process, and with no other") {
  idle_connections idle({1, 1});
  auto const fill = [&] {
    for (std::size_t b : {0u, 1u})
      for (unsigned p : {0u, 1u}) idle.give_back(between(b, p), now);
  };
  fill();
  idle.close_proxy(upstream_id{1});
  CHECK(takes(idle, between(0, 0)));
  CHECK(takes(idle, between(1, 0)));
  CHECK_FALSE(takes(idle, between(0, 1)));
  CHECK_FALSE(takes(idle, between(1, 1)));
  fill();
  idle.close_balancer(0);
  CHECK_FALSE(takes(idle, between(0, 0)));
  CHECK_FALSE(takes(idle, between(0, 1)));
  CHECK(takes(idle, between(1, 0)));
  CHECK(takes(idle, between(1, 1)));
}

TEST_CASE("a retry does not use an open connection, as live") {
  idle_connections idle({1});
  idle.give_back(between(0, 0), now);
  CHECK_FALSE(idle.take(between(0, 0), hop_kind::retry, now));
  CHECK(takes(idle, between(0, 0)));
}

TEST_CASE("a balancer closes what was idle for too long") {
  idle_connections idle({1});
  std::int64_t const limit = default_limits.upstream_idle.count();
  idle.give_back(between(0, 0), now);
  idle.give_back(between(0, 0), now + 10);
  CHECK(takes(idle, between(0, 0), now + limit));
  CHECK_FALSE(takes(idle, between(0, 0), now + limit));
  idle.give_back(between(0, 0), now + limit);
  CHECK(takes(idle, between(0, 0), now + limit + 1));
}

TEST_CASE("a balancer keeps so many idle connections to a proxy and no more") {
  idle_connections idle({1});
  for (std::uint32_t i = 0; i <= default_limits.idle_per_upstream; ++i) idle.give_back(between(0, 0), now);
  for (std::uint32_t i = 0; i < default_limits.idle_per_upstream; ++i) CHECK(takes(idle, between(0, 0)));
  CHECK_FALSE(takes(idle, between(0, 0)));
}

TEST_CASE("each thread of a balancer has connections of its own, and its clients' connections use no others") {
  idle_connections idle({4});
  std::uint32_t others = 0;
  for (std::uint32_t client = 0; client < 400; ++client) {
    idle.give_back({0, client, upstream_id{0}}, now);
    if (takes(idle, {0, client + 1, upstream_id{0}})) continue;
    CHECK(takes(idle, {0, client, upstream_id{0}}));
    ++others;
  }
  CHECK(others > 250); // three in four
  CHECK(others < 350);
}

TEST_CASE("connections are not followed where nobody asks") {
  idle_connections idle;
  idle.give_back(between(0, 0), now);
  CHECK_FALSE(takes(idle, between(0, 0)));
  idle.close_proxy(upstream_id{1});
  idle.close_balancer(1);
}
