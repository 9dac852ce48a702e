#include "tests/sim/judge/world.hpp"

#include <catch2/catch.hpp>

#include <functional>

/// Which of several failures decides the verdict, and that the report names the others too.
namespace sim::judge {

using records::result;

namespace {

/// A run of open load that began each request two seconds late.
world lagging() {
  world w(2, 4);
  w.s.load.kind = scenario::load_kind::poisson;
  w.s.load.max_schedule_lag = std::chrono::milliseconds(100);
  for (std::uint32_t i = 0; i != 200; ++i) w.request(i % 20, static_cast<std::uint16_t>(i % 2));
  for (records::client_record& c : w.r.clients) c.intended_ns -= 2'000'000'000;
  return w;
}

bool names(result const& r, std::string const& what) {
  for (std::string const& reason : r.reasons)
    if (reason.find(what) != std::string::npos) return true;
  return false;
}

struct hidden {
  char const* name;
  char const* invariant;
  int exit_code;
  std::function<void(world&)> lie;
};

hidden const cases[] = {
    {"nothing is broken", "", records::exit_invalid, [](world&) {}},
    {"an internal field came out", "closed_door", records::exit_failed,
     [](world& w) { w.r.clients[3].findings = records::found_leak; }},
    {"an answer is somebody else's", "nobody_elses", records::exit_failed,
     [](world& w) { w.r.clients[3].findings = records::found_foreign; }},
    {"a target was changed", "intact", records::exit_failed,
     [](world& w) { w.r.clients[3].findings = records::found_target; }},
    {"a status that the balancer did not send", "books", records::exit_failed,
     [](world& w) { w.r.clients[3].status = 206; }},
    {"an epoch that was never granted", "right_place", records::exit_failed,
     [](world& w) { w.r.clients[3].epoch = 99; }},
    {"a notification that came twice", "notifications", records::exit_failed,
     [](world& w) {
       w.r.eve.push_back({.character = 1, .received = 2});
       w.r.eve.back().faults.push_back({records::notification_fault::kind::doubled, 1, w.now_ns, w.now_ns});
     }},
    {"a notification that an overloaded machine may not have read in time", "notifications", records::exit_invalid,
     [](world& w) {
       w.r.eve.push_back({.character = 1, .received = 2, .lost = 1});
       w.r.eve.back().faults.push_back({records::notification_fault::kind::lost, 1, w.now_ns, w.now_ns});
     }},
    {"an expected violation that did not occur", "intact", records::exit_invalid,
     [](world& w) {
       w.s.topology.balancers[0].expect_violations.push_back({"intact", scenario::comparison::greater, 0});
     }},
};

}

TEST_CASE("an invariant that no lag explains fails a run whose load lagged, and the report says both") {
  for (hidden const& c : cases) {
    INFO(c.name);
    world w = lagging();
    c.lie(w);
    result const r = w.analyse();
    CHECK(r.exit_code == c.exit_code);
    CHECK(r.verdict == (c.exit_code == records::exit_failed ? records::verdict::failed : records::verdict::invalid));
    CHECK(names(r, "could not keep its rate"));
    CHECK(names(r, c.invariant));
    CHECK_FALSE(r.load_as_planned);
    // The first reason is the one that decided.
    CHECK((r.reasons.front().find("invalid:") == 0) == (c.exit_code == records::exit_invalid));
  }
}

TEST_CASE("a broken invariant fails a run whose load was not issued in full") {
  world w = lagging();
  w.s.load.kind = scenario::load_kind::closed;
  w.r.complete = false;
  w.r.clients[3].findings = records::found_leak;
  result const r = w.analyse();
  CHECK(r.exit_code == records::exit_failed);
  CHECK(names(r, "not issued in full"));
}

TEST_CASE("a threshold says nothing of a run whose load lagged") {
  world w = lagging();
  scenario::threshold t;
  t.metric = t.written = "redirect_ratio";
  t.expression = "<0.0001";
  w.s.thresholds.push_back(t);
  CHECK(w.analyse().exit_code == records::exit_invalid);
}

TEST_CASE("an interrupted run stays interrupted, and names the invariant that it broke") {
  world w = lagging();
  w.r.interrupted = true;
  w.r.clients[3].findings = records::found_leak;
  result const r = w.analyse();
  CHECK(r.exit_code == records::exit_interrupted);
  CHECK(names(r, "closed_door"));
}

}
