#include "sim/actors/event_schedule.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <numeric>
#include <set>
#include <string>
#include <vector>

namespace sim::actors {
namespace {

using namespace std::chrono_literals;
constexpr std::int64_t ms = 1'000'000;
constexpr std::int64_t start = 5'000 * ms; // of the load, on the driver's clock

scenario::event kill_at(std::chrono::milliseconds at) {
  scenario::event e;
  e.at = at;
  e.action = scenario::kill_node{"proxy[0]"};
  return e;
}

scenario::event kill_at_share(double share) {
  scenario::event e = kill_at(0ms);
  e.at_share = share;
  return e;
}

scenario::move_sessions move_of(double share, std::string const& from = "") {
  scenario::move_sessions move;
  move.share = share;
  move.from = from;
  return move;
}

/// A driver whose events take as long as they are said to: when each began, in order.
std::vector<std::pair<event_schedule::index, std::int64_t>> play(std::vector<scenario::event> const& events,
                                                                 std::vector<std::int64_t> const& take_ms) {
  event_schedule schedule(events, 0);
  schedule.begin(start);
  std::vector<std::pair<event_schedule::index, std::int64_t>> began;
  for (std::int64_t now = start; auto const deadline = schedule.next_deadline();) {
    now = std::max(now, *deadline);
    auto const event = schedule.take(now);
    REQUIRE(event);
    CHECK_FALSE(schedule.take(now));
    CHECK_FALSE(schedule.next_deadline());
    began.emplace_back(*event, (now - start) / ms);
    now += take_ms[*event] * ms;
    schedule.on_done();
  }
  return began;
}

using history = std::vector<std::pair<event_schedule::index, std::int64_t>>;

}

TEST_CASE("events happen at their times when each is over before the next") {
  CHECK(play({kill_at(100ms), kill_at(200ms), kill_at(300ms)}, {0, 99, 0}) == history{{0, 100}, {1, 200}, {2, 300}});
}

TEST_CASE("an event that is due while another one is under way waits for it") {
  // A graceful restart at 1 s that takes 2.5 s, and a kill at 1.2 s.
  CHECK(play({kill_at(1000ms), kill_at(1200ms)}, {2500, 0}) == history{{0, 1000}, {1, 3500}});
}

TEST_CASE("those that have waited happen one after another, in the order in which they became due") {
  CHECK(play({kill_at(100ms), kill_at(300ms), kill_at(200ms), kill_at(900ms)}, {500, 10, 20, 0}) ==
        history{{0, 100}, {2, 600}, {1, 620}, {3, 900}});
}

TEST_CASE("events of one moment happen in the order of the file") {
  CHECK(play({kill_at(100ms), kill_at(100ms), kill_at(100ms)}, {1, 1, 1}) == history{{0, 100}, {1, 101}, {2, 102}});
}

TEST_CASE("nothing happens before the load begins, or before its time") {
  std::vector<scenario::event> const events{kill_at(0ms), kill_at(10ms)};
  event_schedule schedule(events, 0);
  CHECK_FALSE(schedule.next_deadline());
  CHECK_FALSE(schedule.take(start));
  schedule.begin(start);
  CHECK(schedule.next_deadline() == start);
  CHECK(schedule.take(start) == 0u);
  schedule.on_done();
  CHECK_FALSE(schedule.take(start + 10 * ms - 1));
  CHECK(schedule.take(start + 10 * ms) == 1u);
  schedule.on_done();
  CHECK_FALSE(schedule.next_deadline());
}

TEST_CASE("a share of a closed load is reached by the request that completes it, once") {
  struct row {
    double share;
    std::uint64_t total, at;
  };
  for (row const& r : {row{0.5, 100, 50}, row{0.5, 101, 51}, row{0.001, 100, 1}, row{0, 100, 1}, row{1, 100, 100},
                       row{0.333, 10, 4}}) {
    INFO(r.share << " of " << r.total);
    std::vector<scenario::event> const events{kill_at_share(r.share)};
    event_schedule schedule(events, r.total);
    schedule.begin(start);
    CHECK(schedule.next_share() == r.at);
    for (std::uint64_t started = 1; started <= r.total; ++started) {
      CHECK(schedule.on_started(started, start + static_cast<std::int64_t>(started)) == (started == r.at));
      CHECK(schedule.take(start + static_cast<std::int64_t>(started)).has_value() == (started == r.at));
      if (started == r.at) {
        CHECK(schedule.due_ns(0) == start + static_cast<std::int64_t>(started));
        schedule.on_done();
      }
    }
  }
}

TEST_CASE("shares and times are one schedule: whatever is due waits for what is under way") {
  std::vector<scenario::event> const events{kill_at(10ms), kill_at_share(0.5), kill_at_share(0.6)};
  event_schedule schedule(events, 10);
  schedule.begin(start);
  CHECK(schedule.take(start + 10 * ms) == 0u);
  CHECK(schedule.on_started(7, start + 11 * ms)); // both at once: several threads start requests
  CHECK_FALSE(schedule.take(start + 12 * ms));
  schedule.on_done();
  CHECK(schedule.next_deadline() == start + 11 * ms);
  CHECK(schedule.take(start + 20 * ms) == 1u);
  schedule.on_done();
  CHECK(schedule.take(start + 20 * ms) == 2u);
}

TEST_CASE("shares of a load without an end are never reached") {
  std::vector<scenario::event> const events{kill_at_share(0)};
  event_schedule schedule(events, 0);
  schedule.begin(start);
  CHECK_FALSE(schedule.on_started(1'000'000'000, start));
  CHECK_FALSE(schedule.next_deadline());
}

TEST_CASE("what is asked for is due at once, waits for its turn, and does not keep others from theirs") {
  std::vector<scenario::event> const events{kill_at(10ms), kill_at_share(0.5)};
  event_schedule schedule(events, 100);
  schedule.begin(start);
  CHECK(schedule.add(start + 3 * ms) == 2);
  CHECK(schedule.next_deadline() == start + 3 * ms);
  CHECK(schedule.take(start + 3 * ms) == 2u);
  CHECK(schedule.add(start + 12 * ms) == 3); // while another is under way, and after the planned one became due
  CHECK(schedule.add(start + 13 * ms) == 4);
  CHECK_FALSE(schedule.take(start + 14 * ms));
  CHECK(schedule.on_started(50, start + 14 * ms));
  schedule.on_done();
  for (event_schedule::index const next : {0u, 3u, 4u, 1u}) {
    CHECK(schedule.take(start + 15 * ms) == next);
    schedule.on_done();
  }
  CHECK_FALSE(schedule.next_deadline());
  CHECK(schedule.due_ns(3) == start + 12 * ms);
}

TEST_CASE("what is asked for before the load begins is due when it was asked") {
  std::vector<scenario::event> const events{kill_at(1ms)};
  event_schedule schedule(events, 0);
  schedule.add(start);
  CHECK_FALSE(schedule.take(start));
  schedule.begin(start + ms);
  CHECK(schedule.take(start + 2 * ms) == 1u);
  schedule.on_done();
  CHECK(schedule.take(start + 2 * ms) == 0u);
}

TEST_CASE("what a load leaves: events that were not taken, and the record of one that was not done") {
  std::vector<scenario::event> const events{kill_at(1ms), kill_at(30ms), kill_at_share(0.5)};
  event_schedule schedule(events, 100);
  schedule.begin(start);
  CHECK(schedule.left() == std::vector<event_schedule::index>{0, 1, 2});
  REQUIRE(schedule.take(start + ms));
  CHECK(schedule.left() == std::vector<event_schedule::index>{1, 2});
  CHECK(schedule.add(start + 2 * ms) == 3);
  CHECK(schedule.left() == std::vector<event_schedule::index>{1, 2, 3});
  std::int64_t const end = start + 20 * ms;
  auto const not_begun = left_record(events[1], {}, std::nullopt, schedule.due_ns(1), end);
  CHECK(not_begun.planned_ns == end); // it was due later
  CHECK(not_begun.began_ns == 0);
  CHECK(not_begun.node == "proxy[0]");
  CHECK(not_begun.detail == "not carried out: the load had ended");
  CHECK(left_record(events[2], {}, std::nullopt, schedule.due_ns(2), end).planned_ns == end);
  CHECK(left_record(events[0], {}, std::nullopt, start + 3 * ms, end).planned_ns == start + 3 * ms);
  records::event_record began;
  began.began_ns = start + ms, began.by_hand = true;
  auto const under_way = left_record(events[0], {}, began, start, end);
  CHECK(under_way.began_ns == start + ms);
  CHECK(under_way.by_hand);
  CHECK(under_way.detail == "under way when the load ended");
  for (auto const& record : {not_begun, under_way}) CHECK(record.left);
}

TEST_CASE("an event cannot be done that was not taken") {
  std::vector<scenario::event> const events{kill_at(1ms)};
  event_schedule schedule(events, 0);
  schedule.begin(start);
  CHECK_THROWS_AS(schedule.on_done(), std::logic_error);
}

TEST_CASE("a move takes its share of the sessions, whatever order they are counted in, and another share elsewhen") {
  std::vector<std::uint32_t> sessions(1000);
  std::iota(sessions.begin(), sessions.end(), 0);
  scenario::move_sessions const half = move_of(0.5);
  auto const taken = sessions_to_move(sessions, half, 7, 0);
  CHECK(taken.size() == 500);
  CHECK(std::set(taken.begin(), taken.end()).size() == 500);
  std::reverse(sessions.begin(), sessions.end());
  CHECK(sessions_to_move(sessions, half, 7, 0) == taken);
  CHECK(sessions_to_move(sessions, half, 7, 1) != taken);
  CHECK(sessions_to_move(sessions, half, 8, 0) != taken);
  CHECK(sessions_to_move({}, half, 7, 0).empty());
  CHECK(sessions_to_move(sessions, move_of(1), 7, 0).size() == 1000);
  CHECK(sessions_to_move(sessions, move_of(0.0004), 7, 0).empty());
}

TEST_CASE("reports say of each action what it was, whom it was about and what came of it") {
  struct row {
    scenario::action what;
    std::string kind, node, sentence;
    action_result result{};
  };
  action_result started, some, none, knowing;
  started.ran_before = false;
  knowing.restored = 40;
  some.moved = 3;
  some.to_move = none.to_move = 4;
  none.not_running = {"sol[0]", "sol[2]"};
  row const rows[] = {
      {scenario::add_balancer{}, "add_balancer", "gateway[2] gateway[3]", "added gateway[2] gateway[3]"},
      {scenario::kill_node{"sol[1]"}, "kill", "sol[1]", "killed sol[1]"},
      {scenario::restart_node{"proxy[1]", true}, "restart", "proxy[1]", "stopped and started proxy[1]"},
      {scenario::restart_node{"proxy[1]", false}, "restart", "proxy[1]", "killed and started proxy[1]"},
      {scenario::restart_node{"proxy[1]", true}, "restart", "proxy[1]", "started proxy[1]", started},
      {scenario::restart_node{"gateway[1]", true}, "restart", "gateway[1]",
       "stopped and started gateway[1], which knows 40 tokens from before", knowing},
      {scenario::reload_node{"nginx[1]"}, "reload", "nginx[1]", "let nginx[1] read its configuration again"},
      {move_of(1, "proxy[2]"), "move_sessions", "proxy[2]", "moved 3 of 4 sessions", some},
      {move_of(1), "move_sessions", "", "moved 0 of 4 sessions; not running: sol[0], sol[2]", none},
  };
  for (row const& r : rows) {
    CHECK(name_of(kind_of(r.what)) == r.kind);
    std::string const node = node_of(r.what, {"gateway[2]", "gateway[3]"});
    CHECK(node == r.node);
    CHECK(sentence_of(r.what, node, r.result) == r.sentence);
  }
}

}
