#include "fakeproxy/cluster/registry.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace fakeproxy::cluster;
using journal::sol_event_kind;

namespace {

constexpr duration lease = 1000 * millisecond;
endpoint const somewhere{0x7f000001, 80, 81};
character_id const pilot{7};

incarnation proxy(std::uint16_t index, std::uint64_t life = 1) {
  return make_incarnation(index, static_cast<time_point>(life) * 1000);
}

/// A registry with proxies 0…n-1 announced at time 0, each on link index + 1.
struct shard {
  registry sessions{{.sol = 0, .lease = lease}};
  sol_actions out;
  explicit shard(std::uint16_t proxies) {
    for (std::uint16_t i = 0; i < proxies; ++i)
      sessions.announce(proxy(i), somewhere, static_cast<link_id>(i + 1), 0, out);
  }
  long count(sol_event_kind kind) const {
    return std::count_if(out.events.begin(), out.events.end(), [&](auto const& e) { return e.kind == kind; });
  }
};

}

TEST_CASE("the first claim of a session wins, later ones are told who has it") {
  shard s(3);
  auto const won = s.sessions.claim(pilot, proxy(1), 1, s.out);
  CHECK(won.status == status::granted);
  CHECK(raw(won.epoch) == 1);
  auto const lost = s.sessions.claim(pilot, proxy(2), 2, s.out);
  CHECK(lost.status == status::owned);
  CHECK(lost.owner == proxy(1));
  CHECK(lost.where == somewhere);
  auto const again = s.sessions.claim(pilot, proxy(1), 3, s.out);
  CHECK(again.status == status::granted);
  CHECK(again.epoch == won.epoch);
  CHECK(s.count(sol_event_kind::granted) == 1);
}

TEST_CASE("a session ends with its owner's lease, and the next epoch is larger") {
  shard s(2);
  s.sessions.claim(pilot, proxy(0), 1, s.out);
  s.sessions.renew(proxy(1), lease / 2, s.out);
  CHECK(s.sessions.claim(pilot, proxy(1), lease - 1, s.out).status == status::owned);
  s.sessions.renew(proxy(1), lease - 1, s.out);
  auto const taken = s.sessions.claim(pilot, proxy(1), lease, s.out);
  CHECK(taken.status == status::granted);
  CHECK(raw(taken.epoch) == 2);
  CHECK(s.count(sol_event_kind::fenced) == 1);
  CHECK(s.sessions.renew(proxy(0), lease + 1, s.out) == status::fenced);
  CHECK(s.sessions.claim(pilot, proxy(0), lease + 1, s.out).status == status::fenced);
  CHECK(s.sessions.announce(proxy(0), somewhere, 9, lease + 1, s.out) == status::fenced);
}

TEST_CASE("one witness fences an incarnation whose connection is lost, not one that is connected") {
  shard s(3);
  s.sessions.claim(pilot, proxy(0), 1, s.out);
  SECTION("connected: not yet") {
    CHECK_FALSE(s.sessions.unreachable(proxy(0), proxy(1), 2, s.out));
    CHECK(s.sessions.claim(pilot, proxy(1), 2, s.out).status == status::owned);
    SECTION("the same witness twice is one witness") {
      CHECK_FALSE(s.sessions.unreachable(proxy(0), proxy(1), 3, s.out));
    }
    SECTION("a second witness agrees") { CHECK(s.sessions.unreachable(proxy(0), proxy(2), 3, s.out)); }
    SECTION("the connection is lost afterwards") {
      s.sessions.disconnected(1, 3, s.out);
      CHECK(s.sessions.claim(pilot, proxy(1), 4, s.out).status == status::granted);
    }
  }
  SECTION("connection lost") {
    s.sessions.disconnected(1, 2, s.out);
    CHECK(s.sessions.claim(pilot, proxy(1), 2, s.out).status == status::owned);
    CHECK(s.sessions.unreachable(proxy(0), proxy(1), 3, s.out));
    auto const taken = s.sessions.claim(pilot, proxy(1), 3, s.out);
    CHECK(taken.status == status::granted);
    CHECK(raw(taken.epoch) == 2);
  }
  SECTION("nobody can accuse itself, or a stranger") {
    CHECK_FALSE(s.sessions.unreachable(proxy(0), proxy(0), 2, s.out));
    CHECK_FALSE(s.sessions.unreachable(proxy(8), proxy(0), 2, s.out));
  }
}

TEST_CASE("a restarted proxy is another owner, and ends its earlier life") {
  shard s(2);
  s.sessions.claim(pilot, proxy(0), 1, s.out);
  SECTION("whose connection is gone") {
    s.sessions.disconnected(1, 2, s.out);
    CHECK(s.sessions.announce(proxy(0, 2), somewhere, 5, 3, s.out) == status::fresh);
  }
  SECTION("whose connection is still there: when it goes") {
    CHECK(s.sessions.announce(proxy(0, 2), somewhere, 5, 3, s.out) == status::fresh);
    CHECK(s.sessions.claim(pilot, proxy(1), 3, s.out).status == status::owned);
    s.sessions.disconnected(1, 4, s.out);
  }
  CHECK(s.sessions.claim(pilot, proxy(0, 2), 5, s.out).status == status::granted);
  CHECK(s.count(sol_event_kind::fenced) == 1);
}

TEST_CASE("a move drains the owner first, then grants the next epoch to the other") {
  shard s(3);
  auto const first = s.sessions.claim(pilot, proxy(0), 1, s.out);
  s.out.clear();
  s.sessions.move(pilot, proxy(2), 77, 2, s.out);
  REQUIRE(s.out.send.size() == 1);
  CHECK(s.out.send[0].link == 1);
  CHECK(s.out.send[0].what.op == operation::drain);
  CHECK(s.count(sol_event_kind::granted) == 0);
  CHECK(s.sessions.claim(pilot, proxy(2), 3, s.out).owner == proxy(0));

  SECTION("drained: the new owner is told, and so is the old one") {
    auto const moved = s.sessions.drained(pilot, proxy(0), first.epoch, 4, s.out);
    CHECK(moved.status == status::owned);
    CHECK(moved.owner == proxy(2));
    CHECK(raw(moved.epoch) == 2);
    REQUIRE(s.out.moves.size() == 1);
    CHECK(s.out.moves[0].ticket == 77);
    CHECK(s.out.moves[0].granted);
    REQUIRE(s.out.events.size() == 3);
    CHECK(s.out.events[0].kind == sol_event_kind::move_began);
    CHECK(s.out.events[0].incarnation == raw(proxy(0)));
    CHECK(s.out.events[1].kind == sol_event_kind::granted);
    CHECK(s.out.events[2].kind == sol_event_kind::move_done);
  }
  SECTION("the old owner dies instead") {
    s.sessions.disconnected(1, 4, s.out);
    CHECK(s.out.moves.empty());
    s.sessions.unreachable(proxy(0), proxy(1), 5, s.out);
    REQUIRE(s.out.moves.size() == 1);
    CHECK(s.out.moves[0].granted);
    CHECK(s.sessions.find(pilot, 6, s.out).owner == proxy(2));
  }
  SECTION("the new owner dies first: the session ends, and anybody may have it") {
    s.sessions.disconnected(3, 4, s.out);
    s.sessions.unreachable(proxy(2), proxy(1), 5, s.out);
    s.sessions.drained(pilot, proxy(0), first.epoch, 6, s.out);
    REQUIRE(s.out.moves.size() == 1);
    CHECK_FALSE(s.out.moves[0].granted);
    CHECK(raw(s.sessions.claim(pilot, proxy(1), 7, s.out).epoch) == 2);
  }
  SECTION("the owner forgot that it had it, and asks again: not now, it may have said that it serves nothing") {
    CHECK(s.sessions.claim(pilot, proxy(0), 4, s.out).status == status::busy);
    s.sessions.drained(pilot, proxy(0), first.epoch, 5, s.out);
    CHECK(s.sessions.claim(pilot, proxy(0), 6, s.out).owner == proxy(2));
  }
  SECTION("a drained of another epoch, or of somebody else, changes nothing") {
    s.sessions.drained(pilot, proxy(0), session_epoch{9}, 4, s.out);
    s.sessions.drained(pilot, proxy(1), first.epoch, 4, s.out);
    CHECK(s.out.moves.empty());
    CHECK(s.sessions.find(pilot, 5, s.out).owner == proxy(0));
  }
  SECTION("an owner that comes back is asked to drain again") {
    s.sessions.disconnected(1, 4, s.out);
    s.out.clear();
    CHECK(s.sessions.announce(proxy(0), somewhere, 8, 5, s.out) == status::ok);
    REQUIRE(s.out.send.size() == 1);
    CHECK(s.out.send[0].link == 8);
    CHECK(s.out.send[0].what.op == operation::drain);
  }
}

TEST_CASE("a move without a session, to the owner, or to nobody, is refused at once") {
  shard s(2);
  s.sessions.move(pilot, proxy(1), 1, 1, s.out);
  s.sessions.claim(pilot, proxy(0), 1, s.out);
  s.sessions.move(pilot, proxy(0), 2, 2, s.out);
  s.sessions.move(pilot, incarnation::none, 3, 2, s.out);
  REQUIRE(s.out.moves.size() == 3);
  for (auto const& result : s.out.moves) CHECK_FALSE(result.granted);
  CHECK(s.sessions.find(pilot, 3, s.out).owner == proxy(0));
}

TEST_CASE("a shard that replays its journal knows owners, epochs and the fenced, and waits for their return") {
  shard before(3);
  before.sessions.claim(pilot, proxy(0), 1, before.out);
  before.sessions.claim(character_id{8}, proxy(1), 1, before.out);
  before.sessions.release(character_id{8}, proxy(1), session_epoch{1}, 2, before.out);
  before.sessions.disconnected(3, 3, before.out);
  before.sessions.unreachable(proxy(2), proxy(1), 3, before.out);

  registry after({.sol = 0, .lease = lease});
  for (auto const& event : before.out.events) after.replay(event);
  after.replayed(100);
  sol_actions out;
  CHECK(after.announce(proxy(2), somewhere, 3, 101, out) == status::fenced);
  CHECK(after.announce(proxy(1), somewhere, 2, 101, out) == status::ok);
  CHECK(after.claim(pilot, proxy(1), 102, out).status == status::busy); // its owner has not come back yet
  CHECK(raw(after.claim(character_id{8}, proxy(1), 102, out).epoch) == 2);
  SECTION("it comes back") {
    CHECK(after.announce(proxy(0), somewhere, 1, 103, out) == status::ok);
    CHECK(after.holds(pilot, proxy(0), session_epoch{1}, 104, out));
    CHECK(after.claim(pilot, proxy(1), 104, out).status == status::owned);
  }
  SECTION("it does not, and its lease ends") {
    after.renew(proxy(1), 100 + lease / 2, out);
    auto const taken = after.claim(pilot, proxy(1), 100 + lease, out);
    CHECK(taken.status == status::granted);
    CHECK(raw(taken.epoch) == 2);
  }
}
