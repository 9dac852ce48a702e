// The link to the map that balancers share: when it is trusted, who waits, when it is tried.
#include "gateway/exchange/shared_map_link.hpp"

#include <catch2/catch.hpp>

#include <random>

namespace {

using gateway::exchange::link_condition;
using gateway::exchange::time_ns;
using link = gateway::exchange::shared_map_link<int>;
using attempt = link::attempt;

constexpr time_ns ms = 1'000'000, timeout = 3 * ms;

/// A link and its clock.
struct bench {
  link l{timeout};
  time_ns now = 1'000 * ms;
  std::mt19937_64 random{5};

  link::due look(time_ns after = 0) {
    now += after;
    return l.on_deadline(now, random);
  }
  /// Goes to where something is due.
  link::due look_when_due() {
    REQUIRE(l.next_deadline());
    now = std::max(now, *l.next_deadline());
    return look();
  }
  void connect() {
    REQUIRE(look_when_due().next == attempt::connect);
    l.on_open();
    l.on_probe_sent(now);
  }
  bool probed(time_ns after = ms) {
    look(after);
    return l.on_probed(now, random);
  }
  void become_usable() {
    connect();
    probed();
    REQUIRE(l.usable());
  }
};

}

TEST_CASE("a link begins with a connection and a probe, and is usable when that is answered in time") {
  bench b;
  CHECK_FALSE(b.l.usable());
  b.connect();
  CHECK_FALSE(b.l.usable());
  CHECK(b.look(ms).next == attempt::none); // one attempt at a time
  CHECK_FALSE(b.l.on_probed(b.now, b.random));
  CHECK(b.l.usable());
  CHECK_FALSE(b.l.next_deadline());
}

TEST_CASE("a look-up that is answered in time is its asker's, one that is late nobody's") {
  bench b;
  b.become_usable();
  auto const first = b.l.look_up(1, b.now), second = b.l.look_up(2, b.now + ms);
  CHECK(first != 0);
  CHECK(b.l.on_found(first) == 1);
  CHECK_FALSE(b.l.on_found(first));
  CHECK(b.l.next_deadline() == b.now + ms + timeout);
  auto const due = b.look(ms + timeout);
  REQUIRE(due.released.size() == 1);
  CHECK(due.released.front().who == 2);
  CHECK(due.released.front().number == second);
  CHECK_FALSE(b.l.on_found(second));
}

TEST_CASE("the first look-up that is late lets all go on, and nobody waits until a probe was answered in time") {
  bench b;
  b.become_usable();
  for (int i = 0; i < 4; ++i) b.l.look_up(i, b.now + i * ms / 2);
  auto const due = b.look(timeout + ms / 2);
  CHECK(due.late == 2);
  CHECK(due.released.size() == 4);
  CHECK(b.l.condition() == link_condition::slow);
  REQUIRE(b.look_when_due().next == attempt::probe); // the connection is there
  b.l.on_probe_sent(b.now);
  CHECK_FALSE(b.probed(timeout)); // late
  CHECK(b.l.condition() == link_condition::slow);
  REQUIRE(b.look_when_due().next == attempt::probe);
  b.l.on_probe_sent(b.now);
  CHECK_FALSE(b.probed(timeout - 1)); // it has lost nothing
  CHECK(b.l.usable());
}

TEST_CASE("after a lost connection or an error what is known is told again, after slowness not") {
  for (bool const is_lost : {true, false}) {
    bench b;
    b.become_usable();
    b.l.look_up(7, b.now);
    if (is_lost) {
      auto const released = b.l.on_lost(b.now, b.random);
      REQUIRE(released.size() == 1);
      CHECK(released.front().who == 7);
      CHECK(b.l.condition() == link_condition::down);
      b.connect();
    } else {
      b.l.on_error(b.now, b.random);
      CHECK(b.l.condition() == link_condition::refusing);
      CHECK(b.l.on_found(1) == 7); // it is answered all the same
      REQUIRE(b.look_when_due().next == attempt::probe);
      b.l.on_probe_sent(b.now);
    }
    CHECK(b.probed());
    CHECK(b.l.usable());
  }
}

TEST_CASE("a probe that is refused is tried again, and an attempt that fails later each time") {
  bench b;
  b.connect();
  b.l.on_probe_refused(b.now, b.random);
  CHECK(b.l.condition() == link_condition::refusing);
  REQUIRE(b.look_when_due().next == attempt::probe);
  time_ns before = b.now;
  b.l.on_lost(b.now, b.random);
  time_ns last = 0;
  for (int i = 0; i < 6; ++i) {
    REQUIRE(b.look_when_due().next == attempt::connect);
    CHECK(b.now - before > last / 2);
    last = b.now - before;
    before = b.now;
    b.l.on_lost(b.now, b.random);
  }
  CHECK(last > 100 * ms);
}

TEST_CASE("a deadline that is looked at too early changes nothing") {
  bench b;
  b.become_usable();
  b.l.look_up(1, b.now);
  auto const due = b.look(timeout - 1);
  CHECK(due.late == 0);
  CHECK(due.released.empty());
  CHECK(due.next == attempt::none);
  CHECK(b.l.usable());
  CHECK(b.l.next_deadline() == b.now + 1);
}
