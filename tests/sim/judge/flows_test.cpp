#include "sim/judge/flows.hpp"
#include "tests/sim/judge/world.hpp"

#include <catch2/catch.hpp>

#include <string>

/// Flows against the totals that other parts of the judge count from the same books.
namespace sim::judge {
namespace {

world busy() {
  world w(2, 4, 11);
  for (std::uint32_t i = 0; i != 300; ++i) w.request(i % 30, static_cast<std::uint16_t>(i % 2));
  return w;
}

records::flow sum_into(records::result const& r, std::string const& kind) {
  records::flow sum;
  for (records::flow const& f : r.topology->flows) {
    if (!f.to.starts_with(kind + "[")) continue;
    sum.requests += f.requests;
    sum.redirects += f.redirects;
    sum.failures += f.failures;
  }
  return sum;
}

records::flow between(records::result const& r, std::string const& from, std::string const& to) {
  for (records::flow const& f : r.topology->flows)
    if (f.from == from && f.to == to) return f;
  return {};
}

}

TEST_CASE("flows add up to the run's requests, hops and redirects") {
  auto const r = busy().analyse();
  REQUIRE(r.topology);
  CHECK(r.topology->proxies == 4);
  records::flow const clients = sum_into(r, "gateway"), hops = sum_into(r, "proxy"), sols = sum_into(r, "sol");
  CHECK(static_cast<double>(clients.requests) == counter(r.metrics, "requests"));
  CHECK(static_cast<double>(clients.redirects) == counter(r.metrics, "redirects"));
  CHECK(clients.failures == 0);
  CHECK(static_cast<double>(hops.requests) == counter(r.metrics, "hops"));
  CHECK(static_cast<double>(hops.redirects) == counter(r.metrics, "redirects"));
  CHECK(hops.failures == 0);
  CHECK(sols.requests >= 30); // a session for each character
  CHECK(sols.redirects + sols.failures == 0);
}

TEST_CASE("a hop without an answer is a failure of its arrow alone") {
  auto w = busy();
  std::size_t const slot = w.request(3, 1);
  auto const before = w.analyse();
  w.last_hop(slot).outcome = journal::hop_outcome::received;
  w.r.clients[slot].status = 502;
  auto const after = w.analyse();
  CHECK(sum_into(after, "proxy").failures == 1);
  CHECK(sum_into(after, "proxy").requests == sum_into(before, "proxy").requests);
  CHECK(between(after, "clients", "gateway[1]").failures == 1);
  CHECK(between(after, "clients", "gateway[0]").failures == 0);
}

TEST_CASE("what a balancer could not deliver is known from its journal") {
  auto w = busy();
  std::size_t const slot = w.request(3, 1);
  auto const before = w.analyse();
  journal::balancer_event lost = w.booked(slot, journal::balancer_event_kind::hop);
  lost.result = journal::hop_result::not_delivered;
  w.r.balancers[1].events.push_back(lost);
  auto const after = w.analyse();
  CHECK(sum_into(after, "proxy").requests == sum_into(before, "proxy").requests + 1);
  CHECK(sum_into(after, "proxy").failures == sum_into(before, "proxy").failures + 1);
}

TEST_CASE("requests of the closed door's probes are in no flow") {
  auto w = busy();
  auto const before = sum_into(w.analyse(), "gateway").requests;
  world::options probe;
  probe.kind = records::token_kind::none;
  probe.probe = records::probe_kind::internal_location;
  w.request(0, 0, probe);
  CHECK(sum_into(w.analyse(), "gateway").requests == before);
}

TEST_CASE("topologies with too many pairs have no flows") {
  auto w = busy();
  w.s.topology.proxies.count = static_cast<decltype(w.s.topology.proxies.count)>(most_flows);
  CHECK(w.analyse().topology->flows.empty());
}

}
