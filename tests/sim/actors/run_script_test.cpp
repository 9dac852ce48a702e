#include "sim/actors/run_script.hpp"

#include <catch2/catch.hpp>

using namespace sim;
using actors::run_script;
using actors::stall_watch;

namespace {

constexpr std::int64_t second = 1'000'000'000, start = 5 * second;

scenario::load load_of(scenario::load_kind kind) {
  scenario::load load;
  load.kind = kind;
  load.timeout = std::chrono::seconds(10);
  return load;
}

/// How many seconds after its start a load counts as stalled that stays at `sent` requests sent and `done` ended.
std::int64_t stalls_after(scenario::load const& load, std::uint64_t sent, std::uint64_t done) {
  stall_watch watch(load, start);
  for (std::int64_t at = 0; at != 100; ++at)
    if (watch.look(sent, done, start + at * second)) return at;
  return -1;
}

}

TEST_CASE("a load in which no request ends has stalled once the last one must have timed out") {
  CHECK(stalls_after(load_of(scenario::load_kind::closed), 1, 0) == 21);
  CHECK(stalls_after(load_of(scenario::load_kind::poisson), 1, 0) == 21);
  CHECK(stalls_after(load_of(scenario::load_kind::trace), 1, 0) == 21);
}

TEST_CASE("each request that ends begins the wait anew") {
  scenario::load const load = load_of(scenario::load_kind::closed);
  stall_watch watch(load, start);
  CHECK_FALSE(watch.look(8, 0, start + 20 * second));
  CHECK_FALSE(watch.look(8, 1, start + 40 * second)); // it may have ended just before
  CHECK_FALSE(watch.look(8, 1, start + 60 * second));
  CHECK(watch.look(8, 1, start + 61 * second));
}

TEST_CASE("a load that may rest has not stalled while nothing is under way") {
  scenario::load thinks = load_of(scenario::load_kind::closed);
  CHECK(stalls_after(thinks, 3, 3) == 21); // without thinking the next one is due at once
  thinks.think_time = std::chrono::hours(1);
  CHECK(stalls_after(thinks, 3, 3) == -1);
  CHECK(stalls_after(thinks, 3, 2) == 21);
  CHECK(stalls_after(load_of(scenario::load_kind::trace), 3, 3) == -1);
}

TEST_CASE("an open load rests until its planned end") {
  scenario::load ramp = load_of(scenario::load_kind::ramping_rate);
  ramp.stages = {{10, std::chrono::seconds(20)}, {5, std::chrono::seconds(20)}};
  CHECK(stalls_after(ramp, 3, 3) == 39 + 21);
  scenario::load steady = load_of(scenario::load_kind::constant_rate);
  steady.duration = std::chrono::seconds(5);
  CHECK(stalls_after(steady, 3, 3) == 4 + 21);
}

TEST_CASE("an event that waits for a node's answer can still be broken off") {
  run_script const script;
  CHECK(script.break_off > script.admin_call);
  CHECK(script.break_off > script.start);
}
