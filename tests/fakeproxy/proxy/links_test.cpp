#include "fakeproxy/proxy/back_off.hpp"
#include "fakeproxy/proxy/peer_probes.hpp"

#include <catch2/catch.hpp>

#include <vector>

using namespace fakeproxy::proxy;
using fakeproxy::cluster::duration;
using fakeproxy::cluster::incarnation;
using action = peer_probes::action;

TEST_CASE("attempts to reach a sol come at ever longer intervals, to a limit") {
  back_off tries({.first = 10, .longest = 50});
  std::vector<duration> pauses;
  for (int i = 0; i < 5; ++i) pauses.push_back(tries.on_closed());
  CHECK(pauses == std::vector<duration>{10, 20, 40, 50, 50});
}

TEST_CASE("a connection that came about makes the first attempt after its end a quick one") {
  back_off tries({.first = 10, .longest = 50});
  tries.on_closed();
  tries.on_closed();
  tries.on_opened();
  CHECK(tries.on_closed() == 10);
  CHECK(tries.on_closed() == 20);
}

namespace {
incarnation const peer{7}, other{8};
}

TEST_CASE("a peer is connected to when it is first asked for, and reachable once that has come about") {
  peer_probes probes;
  CHECK(probes.probe(peer) == action::connect);
  CHECK(probes.on_connected(peer) == action::tell_reachable);
  CHECK(probes.is_open(peer));
  CHECK(probes.probe(peer) == action::tell_reachable);
  CHECK_FALSE(probes.is_open(other));
}

TEST_CASE("a peer that refuses is unreachable, and is connected to anew when it is asked for again") {
  peer_probes probes;
  probes.probe(peer);
  CHECK(probes.on_failed(peer) == action::tell_unreachable);
  CHECK(probes.probe(peer) == action::connect);
}

TEST_CASE("a connection that is lost is tried once more before its peer counts as unreachable") {
  peer_probes probes;
  probes.probe(peer);
  probes.on_connected(peer);
  CHECK(probes.on_lost(peer) == action::connect);
  CHECK_FALSE(probes.is_open(peer));
  CHECK(probes.on_failed(peer) == action::tell_unreachable);
}

TEST_CASE("a peer that can be connected to again has never been away") {
  peer_probes probes;
  probes.probe(peer);
  probes.on_connected(peer);
  probes.on_lost(peer);
  CHECK(probes.on_connected(peer) == action::nothing);
  CHECK(probes.is_open(peer));
}

TEST_CASE("who asks for a peer while a connection is tried learns what became of that") {
  peer_probes probes;
  probes.probe(peer);
  CHECK(probes.probe(peer) == action::nothing);
  CHECK(probes.on_connected(peer) == action::tell_reachable);
  probes.on_lost(peer);
  CHECK(probes.probe(peer) == action::nothing);
  CHECK(probes.on_connected(peer) == action::tell_reachable);
}
