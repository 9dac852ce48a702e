#include "fakeproxy/proxy/notifications.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <map>

using namespace fakeproxy::cluster;
using fakeproxy::proxy::notifications;

namespace {

/// A sol, and a proxy with EVE clients.
struct pushing {
  sol from{registry::settings{.sol = 0, .lease = 1'000'000 * millisecond}}; // longer than what follows
  sol_actions out;
  incarnation const who = make_incarnation(1, 1000);
  randomness::small_stream random{5};
  notifications when;

  pushing() {
    message m{.op = operation::announce, .subject = who};
    m.where = {0x7f000001, 80, 81};
    from.on_message(1, m, 0, out);
  }
  void attach(std::uint32_t character) {
    message m{.op = operation::claim, .character = character_id{character}, .subject = who};
    from.on_message(1, m, 0, out);
    m.op = operation::attach;
    m.epoch = out.send.back().what.epoch;
    from.on_message(1, m, 0, out);
    out.clear();
  }
};

}

TEST_CASE_METHOD(pushing, "nothing is pushed without a rate, or to nobody") {
  when.set_rate(100, from, 0, random);
  CHECK_FALSE(when.next_deadline());
  attach(1);
  when.look(from, 0, random);
  CHECK(when.next_deadline());
  when.set_rate(0, from, 0, random);
  CHECK_FALSE(when.next_deadline());
}

TEST_CASE_METHOD(pushing, "each client has its rate, with gaps as a Poisson process has them") {
  constexpr int clients = 5, pushed = 20'000;
  for (std::uint32_t c = 1; c <= clients; ++c) attach(c);
  when.set_rate(10, from, 0, random);
  std::map<std::uint32_t, int> told;
  time_point now = 0;
  double squares = 0;
  for (int i = 0; i < pushed; ++i) {
    double const gap = static_cast<double>(*when.next_deadline() - now);
    squares += gap * gap;
    now = *when.next_deadline();
    when.on_deadline(from, now, random, out);
    ++told[raw(out.send.back().what.character)];
    out.clear();
  }
  double const mean = static_cast<double>(now) / pushed;
  CHECK(mean == Approx(1e9 / (10 * clients)).epsilon(0.03)); // standard error: 0.7 %
  CHECK(squares / pushed == Approx(2 * mean * mean).epsilon(0.1));
  REQUIRE(told.size() == clients);
  for (auto const& [character, times] : told) CHECK(std::abs(times - pushed / clients) < 300); // 4.5 deviations: 254
}

TEST_CASE_METHOD(pushing, "when clients come or go the next gap is drawn anew, and only then") {
  attach(1);
  when.set_rate(10, from, 0, random);
  auto const due = when.next_deadline();
  when.look(from, 1, random);
  CHECK(when.next_deadline() == due);
  attach(2);
  when.look(from, 1, random);
  CHECK(when.next_deadline() != due);
}
