// What a proxy node does with those that wait for a character's session.
#include "fakeproxy/cluster/node.hpp"

#include <catch2/catch.hpp>

#include <utility>
#include <vector>

using namespace fakeproxy::cluster;

namespace {

constexpr time_point now = 5'000'000;
constexpr character_id pilot{7};

/// A node that its only sol knows.
struct proxy {
  proxy_node node{{.index = 0, .sols = 1, .where = {1, 80, 81}}, 1'000'000};
  node_actions out;

  proxy() {
    node.on_connected(0, now, out);
    node.on_message(0, {.op = operation::announce, .status = status::fresh, .subject = node.id()}, now, out);
    REQUIRE(node.ready(now));
    out = {};
  }
  void ask(ticket who, character_id character = pilot) {
    REQUIRE(node.on_request(character, who, now, out).what == decision::kind::wait);
  }
  void claimed(status how, incarnation owner) {
    message answer{.op = operation::claim, .status = how, .character = pilot, .subject = owner};
    answer.epoch = session_epoch{1};
    node.on_message(0, answer, now, out);
  }
  std::vector<std::pair<ticket, decision::kind>> resumed() const {
    std::vector<std::pair<ticket, decision::kind>> all;
    for (auto const& r : out.resume) all.emplace_back(r.who, r.how.what);
    return all;
  }
};

using told = std::vector<std::pair<ticket, decision::kind>>;
constexpr auto serve = decision::kind::serve, redirect = decision::kind::redirect;

}

TEST_CASE("requests that wait for one session ask once, and go on in the order in which they came") {
  proxy p;
  for (ticket who = 1; who <= 4; ++who) p.ask(who);
  REQUIRE(p.out.send.size() == 1);
  CHECK(p.out.send[0].what.op == operation::claim);

  SECTION("served here") {
    p.claimed(status::granted, p.node.id());
    CHECK(p.resumed() == told{{1, serve}, {2, serve}, {3, serve}, {4, serve}});
  }
  SECTION("sent to the owner, once it is known to be reachable") {
    incarnation const owner = make_incarnation(1, 1000);
    p.claimed(status::owned, owner);
    CHECK(p.resumed().empty());
    REQUIRE(p.out.probes.size() == 1);
    p.node.on_probed(owner, true, now, p.out);
    CHECK(p.resumed() == told{{1, redirect}, {2, redirect}, {3, redirect}, {4, redirect}});
  }
  SECTION("without those that were given up: the first, and a later one") {
    p.node.give_up(pilot, 1);
    p.node.give_up(pilot, 3);
    p.ask(5);
    p.claimed(status::granted, p.node.id());
    CHECK(p.resumed() == told{{2, serve}, {4, serve}, {5, serve}});
  }
  SECTION("after all were given up, the next one gets the answer to the claim that is under way") {
    for (ticket who = 1; who <= 4; ++who) p.node.give_up(pilot, who);
    p.ask(5);
    CHECK(p.out.send.size() == 1);
    p.claimed(status::granted, p.node.id());
    CHECK(p.resumed() == told{{5, serve}});
  }
}

TEST_CASE("an earlier life of a peer is judged apart from its present one") {
  incarnation const older = make_incarnation(1, 1'000), newer = make_incarnation(1, 9'000);
  proxy p;
  auto const sent_to = [&](incarnation owner) {
    p.out = {};
    p.ask(1);
    p.claimed(status::owned, owner);
    return p.out.probes.size();
  };
  REQUIRE(sent_to(newer) == 1);
  p.node.on_probed(newer, true, now, p.out);
  CHECK(sent_to(older) == 1); // not known yet
  p.node.on_probed(older, false, now, p.out);
  CHECK(p.out.send.back().what.op == operation::unreachable);
  p.node.on_message(0, {.op = operation::unreachable, .status = status::busy, .character = pilot}, now, p.out);
  CHECK(sent_to(newer) == 0);
  CHECK(p.resumed() == told{{1, redirect}});
}

TEST_CASE("a busy claim is asked again at the next tick, and only then") {
  proxy p;
  p.ask(1);
  p.claimed(status::busy, incarnation::none);
  p.out = {};
  p.node.on_tick(now, p.out);
  REQUIRE(p.out.send.size() == 1);
  CHECK(p.out.send[0].what.op == operation::claim);
  p.node.on_tick(now, p.out);
  CHECK(p.out.send.size() == 1);
  p.claimed(status::busy, incarnation::none);
  p.node.on_tick(now, p.out);
  CHECK(p.out.send.size() == 2);
}

TEST_CASE("a request of no character waits, and nobody is asked") {
  proxy p;
  p.ask(1, character_id::none);
  CHECK(p.out.send.empty());
  p.node.give_up(character_id::none, 1);
  p.node.on_tick(now, p.out);
  CHECK_FALSE(p.out.any);
}

TEST_CASE("the actions say in one word whether there are any") {
  proxy p;
  CHECK_FALSE(p.out.any);
  p.ask(1);
  CHECK(p.out.any);
  p.out.any = false;
  p.claimed(status::granted, p.node.id());
  CHECK(p.out.any);
}
