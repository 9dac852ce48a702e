#include "sim/records/notification_log.hpp"
#include "tests/sim/judge/world.hpp"

#include <catch2/catch.hpp>

#include <functional>
#include <string>

namespace sim::judge {

using records::event_kind;
using records::notification_fault;
using records::notification_log;

namespace {

constexpr std::int64_t second = 1'000'000'000;

notification_log received(std::initializer_list<std::uint64_t> numbers) {
  notification_log log;
  std::int64_t at_ns = 0;
  for (std::uint64_t const number : numbers) log.receive(number, at_ns += second);
  return log;
}

}

TEST_CASE("notifications that are lost, doubled or out of order are counted apart") {
  notification_log const log = received({1, 2, 4, 3, 4, 7});
  CHECK(log.received() == 6);
  CHECK(log.reordered() == 1); // 3
  CHECK(log.doubled() == 1);   // 4
  CHECK(log.lost(7) == 2);     // 5, 6
  CHECK(log.lost(9) == 4);
  CHECK_FALSE(log.has_all(7));
}

TEST_CASE("a log knows when what went wrong can have happened") {
  notification_log const log = received({1, 6, 3, 6}); // 2, 4 and 5 are lost
  auto const faults = log.faults(7);
  REQUIRE(faults.size() == 5);
  using kind = notification_fault::kind;
  CHECK(faults[0].what == kind::lost);
  CHECK(faults[0].count == 1);
  CHECK(faults[1].count == 2);
  for (std::size_t k = 0; k != 2; ++k) {
    CHECK(faults[k].from_ns == 1 * second);
    CHECK(faults[k].until_ns == 2 * second);
  }
  CHECK(faults[2].what == kind::reordered);
  CHECK(faults[2].until_ns == 3 * second);
  CHECK(faults[3].what == kind::doubled);
  CHECK(faults[3].until_ns == 4 * second);
  CHECK(faults[4].what == kind::lost); // 7 never came
  CHECK(faults[4].from_ns == 2 * second);
}

TEST_CASE("a number out of all proportion costs no more than another") {
  notification_log log = received({1});
  log.receive(~std::uint64_t{0}, 2 * second);
  CHECK(log.lost(0) == ~std::uint64_t{0} - 2);
  CHECK(log.faults(0).size() == 1);
}

TEST_CASE("every order of six numbers leaves nothing missing, and counts what was late") {
  std::vector<std::uint64_t> order{1, 2, 3, 4, 5, 6};
  do {
    notification_log log;
    std::uint64_t highest = 0, late = 0;
    for (std::uint64_t const number : order) {
      late += number < highest;
      highest = std::max(highest, number);
      log.receive(number, 1);
    }
    CHECK(log.has_all(6));
    CHECK(log.reordered() == late);
    CHECK(log.doubled() + log.lost(6) == 0);
  } while (std::next_permutation(order.begin(), order.end()));
}

namespace {

/// Character 1 of two sols, whose session is at proxy[2], lost one notification between 10 s and 12 s.
struct explained {
  char const* name;
  std::uint64_t violations;
  std::function<void(world&)> happens;
};

std::int64_t at(double s) { return world::start_ns + static_cast<std::int64_t>(s * 1e9); }

void fault(world& w, event_kind kind, char const* node, double from, double to) {
  w.r.events.push_back({"", kind, node, at(from), at(from), at(to), {}, {}});
}

void part(world& w, char const* proxy, char const* sol, double from, double to) {
  w.r.events.push_back({"", event_kind::partition, proxy, at(from), at(from), at(to), {}, sol});
}

void fence(world& w, std::uint16_t sol, std::uint16_t proxy, double when) {
  w.r.sols.push_back(
      {at(when), 0, 0, std::uint64_t{proxy} << 48 | 1, journal::no_character, sol, journal::sol_event_kind::fenced, 0});
}

explained const cases[] = {
    {"nothing happened", 1, [](world&) {}},
    {"its proxy was killed meanwhile", 0, [](world& w) { fault(w, event_kind::kill, "proxy[2]", 11, 11); }},
    {"its proxy was killed just before, and its last words came afterwards", 0,
     [](world& w) { fault(w, event_kind::kill, "proxy[2]", 9.99, 9.995); }},
    {"its proxy was killed just before, and another one holds the session since", 0,
     [](world& w) {
       fault(w, event_kind::kill, "proxy[2]", 9.99, 9.995);
       w.r.sols.push_back({at(11), 0, 2, std::uint64_t{3} << 48 | 1, 1, 1, journal::sol_event_kind::granted, 0});
     }},
    {"its proxy was killed before, another one held the session soon, and its last words came after that", 0,
     [](world& w) {
       fault(w, event_kind::kill, "proxy[2]", 9, 9.5);
       w.r.sols.push_back({at(9.8), 0, 2, std::uint64_t{3} << 48 | 1, 1, 1, journal::sol_event_kind::granted, 0});
     }},
    {"another proxy was killed, which held the session long before", 1,
     [](world& w) {
       fault(w, event_kind::kill, "proxy[2]", 9, 9.5);
       w.r.sols.push_back({at(8), 0, 2, std::uint64_t{3} << 48 | 1, 1, 1, journal::sol_event_kind::granted, 0});
     }},
    {"another proxy was killed just before", 1, [](world& w) { fault(w, event_kind::kill, "proxy[3]", 9.99, 9.995); }},
    {"its sol was killed just before, and its last words came afterwards", 0,
     [](world& w) { fault(w, event_kind::kill, "sol[1]", 9.99, 9.995); }},
    {"its proxy was killed long before", 1, [](world& w) { fault(w, event_kind::kill, "proxy[2]", 5, 5); }},
    {"its proxy was killed afterwards", 1, [](world& w) { fault(w, event_kind::kill, "proxy[2]", 13, 13); }},
    {"its proxy was stopping when it began", 0, [](world& w) { fault(w, event_kind::restart, "proxy[2]", 8, 10.5); }},
    {"another proxy was killed", 1, [](world& w) { fault(w, event_kind::kill, "proxy[0]", 11, 11); }},
    {"its sol was killed meanwhile", 0, [](world& w) { fault(w, event_kind::kill, "sol[1]", 11, 11); }},
    {"another sol was killed", 1, [](world& w) { fault(w, event_kind::kill, "sol[0]", 11, 11); }},
    {"a balancer was killed", 1, [](world& w) { fault(w, event_kind::kill, "gateway[0]", 11, 11); }},
    {"a partition that its session outlived", 1, [](world& w) { part(w, "proxy[2]", "sol[1]", 11, 11.5); }},
    {"a partition that cost its proxy the lease", 0,
     [](world& w) { part(w, "proxy[2]", "sol[1]", 9, 13), fence(w, 1, 2, 12); }},
    {"a partition that cost its proxy the lease, and another one holds the session since", 0,
     [](world& w) {
       part(w, "proxy[2]", "sol[1]", 6, 10);
       fence(w, 1, 2, 9);
       w.r.sols.push_back({at(9.1), 0, 2, std::uint64_t{3} << 48 | 1, 1, 1, journal::sol_event_kind::granted, 0});
     }},
    {"a partition that cost another proxy the lease", 1,
     [](world& w) { part(w, "proxy[0]", "sol[1]", 9, 13), fence(w, 1, 0, 12); }},
    {"a partition that cost the lease at another sol", 1,
     [](world& w) { part(w, "proxy[2]", "sols", 9, 13), fence(w, 0, 2, 12); }},
    {"a lease that ended by itself", 1, [](world& w) { fence(w, 1, 2, 11); }},
};

}

TEST_CASE("a lost notification is a violation unless a fault on the time line lies on its way") {
  for (explained const& c : cases) {
    INFO(c.name);
    world w(1, 4);
    w.s.topology.sols.count = 2;
    w.r.sols.push_back({at(0), 0, 1, std::uint64_t{2} << 48 | 1, 1, 1, journal::sol_event_kind::granted, 0});
    records::eve_record e{.character = 1, .received = 5, .lost = 1};
    e.faults.push_back({notification_fault::kind::lost, 1, at(10), at(12)});
    w.r.eve.push_back(e);
    w.request(2, 0);
    c.happens(w);
    records::result const r = w.analyse();
    records::invariant_result const& i = invariant(r, "notifications");
    CHECK(i.checked == 6);
    CHECK(i.violations == c.violations);
    CHECK(i.passed == (c.violations == 0));
    CHECK(i.note.empty() == (c.violations != 0));
    CHECK(r.exit_code == (c.violations ? records::exit_failed : records::exit_passed));
  }
}

TEST_CASE("a lost notification is told with its time, and with the lease that its proxy lost without a fault") {
  world w(1, 4);
  w.r.sols.push_back({at(0), 0, 1, std::uint64_t{2} << 48 | 1, 1, 0, journal::sol_event_kind::granted, 0});
  fence(w, 0, 2, 11);
  for (auto const& [from, until] : {std::pair{at(10), at(12)}, std::pair{at(20), std::int64_t{INT64_MAX}}})
    w.r.eve.push_back({.character = 1, .lost = 1, .faults = {{notification_fault::kind::lost, 1, from, until}}});
  w.request(2, 0);
  auto const examples = invariant(w.analyse(), "notifications").examples;
  REQUIRE(examples.size() == 2);
  CHECK(examples[0] == "character 1: 1 lost (after 10.000 s, before 12.000 s), when proxy[2] lost its lease, which no "
                       "fault on the time line explains");
  CHECK(examples[1] ==
        "character 1: 1 lost (after 20.000 s, up to the last), which no fault on the time line explains");
}

TEST_CASE("what came twice, or out of order, is explained by the death of its sol only") {
  for (auto const what : {notification_fault::kind::doubled, notification_fault::kind::reordered})
    for (char const* const killed : {"proxy[2]", "sol[0]", "sol[1]"}) {
      INFO(killed);
      world w(1, 4);
      w.s.topology.sols.count = 2;
      w.r.sols.push_back({at(0), 0, 1, std::uint64_t{2} << 48 | 1, 1, 1, journal::sol_event_kind::granted, 0});
      w.r.eve.push_back({.character = 1, .received = 5});
      w.r.eve.back().faults.push_back({what, 1, at(12), at(12)});
      fault(w, event_kind::restart, killed, 11, 11.5);
      w.request(2, 0);
      CHECK(invariant(w.analyse(), "notifications").violations == (std::string(killed) == "sol[1]" ? 0 : 1));
    }
}

}
