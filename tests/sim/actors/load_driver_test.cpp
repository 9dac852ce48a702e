#include "sim/actors/load_driver.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <map>
#include <vector>

using namespace sim;
using namespace std::chrono_literals;
using actors::load_driver;

namespace {

constexpr std::int64_t ms = 1'000'000, start = 7000 * ms;

scenario::scenario load_of(scenario::load_kind kind) {
  scenario::scenario s;
  s.seed = 7;
  s.topology.balancers.resize(1);
  s.population.characters = 5;
  s.load.kind = kind;
  s.load.mix = {{}};
  s.load.targets = {"/"};
  return s;
}

scenario::scenario closed(std::uint32_t concurrency, std::uint32_t requests) {
  scenario::scenario s = load_of(scenario::load_kind::closed);
  s.load.concurrency = concurrency;
  s.load.requests_per_character = requests;
  return s;
}

scenario::scenario constant_rate(double rate_rps, std::chrono::nanoseconds duration) {
  scenario::scenario s = load_of(scenario::load_kind::constant_rate);
  s.load.rate_rps = rate_rps;
  s.load.duration = duration;
  return s;
}

struct sent {
  load_driver::place from;
  std::int64_t at_ns;
  std::uint32_t character;
};

/// All that is to be sent now.
std::vector<sent> take_due(load_driver& driver, std::int64_t now_ns) {
  std::vector<sent> all;
  while (auto const due = driver.next(now_ns)) all.push_back({due.from, due.at_ns, due.what->character});
  return all;
}

}

TEST_CASE("requests with a pace are sent at their times, whatever becomes of others") {
  scenario::scenario const s = constant_rate(10, 1s);
  load::plan const p = load::make_plan(s);
  load_driver driver(p);
  CHECK(driver.next_deadline() == load_driver::never);
  driver.begin(start);
  for (std::int64_t i = 0; i != 10; ++i) {
    std::int64_t const due = start + i * 100 * ms;
    REQUIRE(driver.next_deadline() == due);
    CHECK_FALSE(driver.exhausted());
    CHECK(take_due(driver, due - 1).empty());
    std::vector<sent> const now = take_due(driver, due);
    REQUIRE(now.size() == 1);
    CHECK(now[0].at_ns == due);
    CHECK(now[0].from == load_driver::no_place);
  }
  CHECK(driver.next_deadline() == load_driver::never);
  CHECK(driver.issued_all());
}

TEST_CASE("a driver that comes late sends all that is due, with the times that were intended") {
  scenario::scenario const s = constant_rate(1000, 1s);
  load::plan const p = load::make_plan(s);
  load_driver driver(p);
  driver.begin(start);
  std::vector<sent> const late = take_due(driver, start + 499 * ms);
  REQUIRE(late.size() == 500);
  for (std::size_t i = 0; i != late.size(); ++i) CHECK(late[i].at_ns == start + static_cast<std::int64_t>(i) * ms);
  CHECK(driver.next_deadline() == start + 500 * ms);
}

TEST_CASE("what is drawn ahead is shown once, before it is given") {
  scenario::scenario const s = constant_rate(1000, 100ms);
  load::plan const p = load::make_plan(s);
  load_driver driver(p);
  driver.begin(start);
  std::vector<std::int64_t> shown, given;
  auto const look = [&] {
    for (load::planned_request const& request : driver.drawn_ahead()) shown.push_back(start + request.at_ns);
  };
  look();
  while (auto const due = driver.next(start + 100 * ms)) {
    given.push_back(due.at_ns);
    CHECK(shown.size() >= given.size());
    look();
  }
  CHECK(given.size() == 100);
  CHECK(shown == given);
}

TEST_CASE("a closed load has a request at a time in each place, and goes on where one is done") {
  scenario::scenario const s = closed(3, 2);
  load::plan const p = load::make_plan(s);
  load_driver driver(p);
  driver.begin(start);
  std::vector<sent> under_way = take_due(driver, start);
  REQUIRE(under_way.size() == 3);
  std::map<std::uint32_t, int> of_character;
  std::size_t total = under_way.size();
  for (std::int64_t now = start + ms; !under_way.empty(); now += ms) {
    CHECK(driver.next_deadline() == load_driver::never);
    CHECK_FALSE(driver.exhausted());
    sent const done = under_way.front();
    under_way.erase(under_way.begin());
    ++of_character[done.character];
    driver.on_done(done.from, now);
    for (sent const& next : take_due(driver, now)) {
      CHECK(next.from == done.from);
      CHECK(next.at_ns == now);
      if (of_character[done.character] == 1) CHECK(next.character == done.character); // one after another
      under_way.push_back(next);
      ++total;
    }
  }
  CHECK(total == 10);
  CHECK(of_character.size() == 5);
  CHECK(driver.issued_all());
}

TEST_CASE("a place rests for the think time, and the first to rest is the first to go on") {
  scenario::scenario s = closed(2, 10);
  s.load.think_time = 50ms;
  load::plan const p = load::make_plan(s);
  load_driver driver(p);
  driver.begin(start);
  REQUIRE(take_due(driver, start).size() == 2);
  driver.on_done(1, start + 10 * ms);
  driver.on_done(0, start + 20 * ms);
  CHECK(driver.next_deadline() == start + 60 * ms);
  CHECK(take_due(driver, start + 60 * ms - 1).empty());
  std::vector<sent> const first = take_due(driver, start + 60 * ms);
  REQUIRE(first.size() == 1);
  CHECK(first[0].from == 1);
  CHECK(driver.next_deadline() == start + 70 * ms);
  driver.on_done(1, start + 65 * ms);
  std::vector<sent> const both = take_due(driver, start + 200 * ms);
  REQUIRE(both.size() == 2);
  CHECK(both[0].from == 0);
  CHECK(both[1].from == 1);
}

TEST_CASE("a load that is stopped sends nothing more, not even after a rest") {
  SECTION("closed") {
    scenario::scenario s = closed(2, 10);
    s.load.think_time = 1h;
    load::plan const p = load::make_plan(s);
    load_driver driver(p);
    driver.begin(start);
    REQUIRE(take_due(driver, start).size() == 2);
    driver.on_done(0, start + ms);
    driver.stop();
    CHECK(driver.exhausted());
    CHECK_FALSE(driver.issued_all());
    driver.on_done(1, start + 2 * ms);
    CHECK(driver.next_deadline() == load_driver::never);
    CHECK(take_due(driver, start + 10'000'000 * ms).empty());
  }
  SECTION("with a pace") {
    scenario::scenario const s = constant_rate(10, 1s);
    load::plan const p = load::make_plan(s);
    load_driver driver(p);
    driver.begin(start);
    driver.stop();
    CHECK(driver.exhausted());
    CHECK_FALSE(driver.issued_all());
    CHECK(take_due(driver, start + 2000 * ms).empty());
  }
  SECTION("when all has been sent: then it is complete") {
    scenario::scenario const s = constant_rate(10, 1s);
    load::plan const p = load::make_plan(s);
    load_driver driver(p);
    driver.begin(start);
    CHECK(take_due(driver, start + 2000 * ms).size() == 10);
    driver.stop();
    CHECK(driver.issued_all());
  }
}

TEST_CASE("a closed load with a duration starts nothing after it") {
  scenario::scenario s = closed(2, 1000);
  s.load.duration = 1s;
  load::plan const p = load::make_plan(s);
  load_driver driver(p);
  driver.begin(start);
  REQUIRE(take_due(driver, start).size() == 2);
  driver.on_done(0, start + 999 * ms);
  CHECK(take_due(driver, start + 999 * ms).size() == 1);
  driver.on_done(0, start + 1000 * ms);
  CHECK(take_due(driver, start + 1000 * ms).empty());
  CHECK_FALSE(driver.exhausted());
  driver.on_done(1, start + 1001 * ms);
  CHECK(take_due(driver, start + 1001 * ms).empty());
  CHECK(driver.issued_all());
}

TEST_CASE("shares of a closed load divide its places, and none is without one") {
  scenario::scenario s = closed(5, 1);
  s.population.characters = 100;
  load::plan const p = load::make_plan(s);
  auto const places_of = [&](std::uint32_t index, std::uint32_t of) {
    load_driver driver(p, {index, of});
    driver.begin(start);
    return take_due(driver, start).size();
  };
  CHECK(places_of(0, 3) == 2);
  CHECK(places_of(1, 3) == 2);
  CHECK(places_of(2, 3) == 1);
  CHECK(places_of(7, 8) == 1);
}

TEST_CASE("a trace without pace is sent in order, as many at a time as there are places") {
  scenario::scenario s = closed(2, 1);
  load::plan p = load::make_plan(s);
  s.load.kind = scenario::load_kind::trace;
  s.load.speed = 0;
  for (std::uint32_t i = 0; i != 5; ++i) {
    load::trace_entry entry;
    entry.identity = i;
    p.trace.push_back(entry);
  }
  load_driver driver(p);
  driver.begin(start);
  std::vector<sent> under_way = take_due(driver, start);
  CHECK(under_way.size() == 2);
  std::vector<std::uint32_t> order;
  for (std::size_t i = 0; i != under_way.size(); ++i) {
    order.push_back(under_way[i].character);
    driver.on_done(under_way[i].from, start + ms);
    for (sent const& next : take_due(driver, start + ms)) under_way.push_back(next);
  }
  CHECK(order == std::vector<std::uint32_t>{0, 1, 2, 3, 4});
  CHECK(driver.issued_all());
}
