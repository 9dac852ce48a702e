#include "tests/sim/judge/world.hpp"

#include <catch2/catch.hpp>

#include <string>

/// A map hit counts as one, and as stale, also where the proxy that it led to was not alive to see it.
namespace sim::judge {

using records::result;

namespace {

using journal::balancer_event_kind;
using journal::hop_kind;
using journal::hop_result;

/// One balancer whose map knows where character 1 is; then its proxy dies.
struct dead_owner {
  world w{1, 4};
  std::uint16_t proxy;

  dead_owner() {
    w.request(1, 0);
    proxy = static_cast<std::uint16_t>(w.last_hop(0).incarnation >> 48);
  }

  /// A request whose first hop, chosen by the map or not, ends with `how` at the dead proxy; the second is served.
  std::size_t request(bool hit, hop_result how) {
    w.forget(0, 1);
    w.move(1, static_cast<std::uint16_t>((proxy + 1) % 4));
    world::options o;
    o.guess = static_cast<std::uint16_t>((proxy + 1) % 4);
    std::size_t const i = w.request(1, 0, o);
    auto& served = w.booked(i, balancer_event_kind::hop);
    served.hop = hop_kind::retry;
    auto first = served;
    first.at_ns -= 1;
    first.upstream_port = w.r.proxies[proxy].port;
    first.hop = hop_kind::first, first.hit = hit, first.result = how;
    w.r.balancers[0].events.push_back(first);
    return i;
  }
};

struct hit {
  char const* name;
  bool from_map, killed;
  hop_result how;
  std::uint64_t hits, stale;
};

hit const cases[] = {
    {"refused by a dead proxy", true, true, hop_result::not_delivered, 1, 1},
    {"refused, and the time line does not say why", true, false, hop_result::not_delivered, 1, 1},
    {"broken off by a proxy that died", true, true, hop_result::failed, 1, 1},
    {"silence of a proxy that lives", true, false, hop_result::failed, 1, 0},
    {"a guess at a dead proxy", false, true, hop_result::not_delivered, 0, 0},
};

}

TEST_CASE("a first hop that the map led to a dead proxy is a hit, and stale") {
  for (hit const& c : cases) {
    INFO(c.name);
    dead_owner d;
    if (c.killed) d.w.event(records::event_kind::kill, "proxy[" + std::to_string(d.proxy) + "]");
    d.request(c.from_map, c.how);
    result const r = d.w.analyse();
    CHECK(ratio(r.metrics, "stale_hit_ratio").denominator == c.hits);
    CHECK(ratio(r.metrics, "stale_hit_ratio").numerator == c.stale);
    CHECK(ratio(r.metrics, "map_hit_ratio").numerator == c.hits);
    CHECK(ratio(r.metrics, "map_hit_ratio").denominator == 2);
    CHECK(counter(r.metrics, "redirects") == 0);
    auto const& measured = ratio(r.metrics, "stale_hit_ratio").measured_error; // agrees on what is counted
    CHECK((!measured || *measured >= 0));
  }
}

TEST_CASE("a request that no proxy saw at all still says how its first hop was chosen") {
  dead_owner d;
  d.w.event(records::event_kind::kill, "proxy[" + std::to_string(d.proxy) + "]");
  std::size_t const i = d.request(true, hop_result::not_delivered);
  std::erase_if(d.w.r.hops, [&](records::located_hop const& h) { return h.hop.request == i + 1; });
  std::erase_if(d.w.r.balancers[0].events,
                [&](journal::balancer_event const& e) { return e.request == i + 1 && e.hop == hop_kind::retry; });
  auto& booked = d.w.booked(i, balancer_event_kind::request);
  booked.outcome = journal::request_result::failed;
  booked.status = d.w.r.clients[i].status = 502;
  d.w.r.clients[i].incarnation = d.w.r.clients[i].epoch = 0;
  result const r = d.w.analyse();
  CHECK(ratio(r.metrics, "stale_hit_ratio").numerator == 1);
  CHECK(broken(r).empty());
}

TEST_CASE("a hit that was redirected is stale once, however the request went on") {
  world w(1, 4);
  w.request(1, 0);
  auto const old = static_cast<std::uint16_t>(w.last_hop(0).incarnation >> 48);
  w.move(1, static_cast<std::uint16_t>((old + 1) % 4));
  w.request(1, 0);
  w.request(1, 0);
  result const r = w.analyse();
  CHECK(ratio(r.metrics, "stale_hit_ratio").numerator == 1);
  CHECK(ratio(r.metrics, "stale_hit_ratio").denominator == 2);
}

}
