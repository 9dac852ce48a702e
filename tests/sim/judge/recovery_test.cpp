#include "sim/judge/recovery.hpp"
#include "tests/sim/judge/world.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <functional>
#include <random>
#include <vector>

namespace sim::judge {

namespace {

constexpr std::int64_t second = 1'000'000'000, event_ns = 5 * second;

/// One request a millisecond for 10 s after the event; `share` of those `s` seconds after it are bad.
std::vector<mark> marks(std::function<double(double)> const& share, std::uint64_t seed = 3) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> draw;
  std::vector<mark> all;
  for (int i = 0; i != 10'000; ++i) all.push_back({event_ns + i * 1'000'000LL, draw(random) < share(i / 1000.0)});
  return all;
}

back_to_normal back(std::vector<mark> const& all, normal_share normal) {
  return back_after(all, normal, event_ns, event_ns + 10 * second);
}

constexpr normal_share no_failures{0, 1}, slow{0.01, 8};

}

TEST_CASE("failures are back when 95 percent of those beyond the normal share were due") {
  // All of 2 s.
  back_to_normal const b = back(marks([](double s) { return s < 2 ? 1 : 0; }), no_failures);
  REQUIRE(b.seconds);
  CHECK(*b.seconds == Approx(1.9).margin(0.002));
  CHECK(b.untold.empty());
  // An exponential decay: after ln 20 times its mean life.
  back_to_normal const d = back(marks([](double s) { return 0.5 * std::exp(-s); }), no_failures);
  REQUIRE(d.seconds);
  CHECK(*d.seconds == Approx(std::log(20)).margin(0.5));
}

TEST_CASE("the normal share is no excess, and neither is what chance makes of it") {
  int back_at_once = 0;
  for (std::uint64_t seed = 1; seed != 101; ++seed) {
    back_to_normal const b = back(marks([](double) { return 0.01; }, seed), slow);
    back_at_once += b.seconds && *b.seconds <= 0;
  }
  CHECK(back_at_once >= 98);
  back_to_normal const none = back(marks([](double) { return 0; }), no_failures);
  CHECK(none.seconds == std::optional<double>(0));
}

TEST_CASE("a disturbance on top of the normal share ends where it ends") {
  for (std::uint64_t seed = 1; seed != 21; ++seed) {
    INFO("seed " << seed);
    back_to_normal const b = back(marks([](double s) { return s < 3 ? 0.2 : 0.01; }, seed), slow);
    REQUIRE(b.seconds);
    CHECK(*b.seconds == Approx(0.95 * 3).margin(0.3));
  }
}

TEST_CASE("what goes on to the end is not back, and the reason is said") {
  for (auto const& share : std::vector<std::function<double(double)>>{
           [](double) { return 0.1; },                      // all the time
           [](double s) { return s < 1 || s > 9.5; },       // again at the end
           [](double s) { return 0.5 * std::exp(-s / 10); } // slowly
       }) {
    for (normal_share const normal : {no_failures, slow}) {
      back_to_normal const b = back(marks(share), normal);
      CHECK_FALSE(b.seconds);
      CHECK(b.untold == "it still went on");
    }
  }
  back_to_normal const nobody = back_after({}, no_failures, event_ns, event_ns + 1);
  CHECK_FALSE(nobody.seconds);
  CHECK(nobody.untold == "no request was due after it");
}

TEST_CASE("one failure counts where there was none before; one slow answer does not") {
  std::vector<mark> all = marks([](double) { return 0; });
  all[1500].bad = true;
  CHECK(back(all, no_failures).seconds == std::optional<double>(1.5));
  CHECK(back(all, slow).seconds == std::optional<double>(0));
}

// ---- of a run

namespace {

/// One gateway; a request each 10 ms, in the 2 s before an event and the 6 s after it.
world eventful(std::function<void(records::client_record&, double)> const& change) {
  world w(1, 4, 3);
  w.s.load.kind = scenario::load_kind::poisson;
  w.s.load.max_schedule_lag = std::chrono::seconds(100);
  for (int i = 0; i != 800; ++i) {
    w.now_ns = world::start_ns + i * 10'000'000LL;
    if (i == 200) w.event(records::event_kind::kill, "proxy[1]");
    w.request(static_cast<std::uint32_t>(i % 20), 0);
    change(w.r.clients.back(), (i - 200) / 100.0);
  }
  return w;
}

void fail(records::client_record& c) { c.status = 502; }
void slow_down(records::client_record& c) { c.done_ns += 50'000'000; }

}

TEST_CASE("an event's report says when failures and latency were back") {
  world w = eventful([](records::client_record& c, double s) {
    if (s >= 0 && s < 1) fail(c);
    if (s >= 0 && s < 2) slow_down(c);
  });
  records::event_result const e = w.analyse().events.at(0);
  REQUIRE(e.failures_back_s);
  CHECK(*e.failures_back_s == Approx(0.94).margin(0.021));
  REQUIRE(e.latency_back_s);
  CHECK(*e.latency_back_s == Approx(1.89).margin(0.021));
  CHECK(e.failures_back_note.empty());
  CHECK(e.latency_back_note.empty());
  scenario::threshold t;
  t.metric = t.written = "failures_back_s", t.labels = {{"event", e.name}}, t.expression = "<1";
  w.s.thresholds = {t};
  CHECK(w.analyse().thresholds.at(0).passed);
}

TEST_CASE("where failures go on, the report and a threshold say that they do") {
  world w = eventful([](records::client_record& c, double s) {
    if (s >= 0 && static_cast<int>(s * 100) % 2 == 0) fail(c), slow_down(c);
  });
  records::event_result const e = w.analyse().events.at(0);
  CHECK_FALSE(e.failures_back_s);
  CHECK(e.failures_back_note == "it still went on when the load ended");
  CHECK_FALSE(e.latency_back_s);
  CHECK(e.latency_back_note == "it still went on when the load ended");
  for (char const* metric : {"failures_back_s", "latency_back_s"}) {
    scenario::threshold t;
    t.metric = t.written = metric, t.labels = {{"event", e.name}}, t.expression = "<100";
    w.s.thresholds = {t};
    records::threshold_result const judged = w.analyse().thresholds.at(0);
    CHECK_FALSE(judged.passed);
    CHECK(judged.note == "no samples: it still went on when the load ended");
  }
}

TEST_CASE("what is normal is known from before the first event, for a later one, too") {
  world w = eventful([](records::client_record& c, double s) {
    if (s >= 0 && s < 4) fail(c);
  });
  // Brought back after 3 s, in which everything failed; failures end a second later.
  records::event_record& back = w.event(records::event_kind::restart, "proxy[1]");
  back.began_ns = back.planned_ns = back.done_ns = world::start_ns + 5 * second;
  records::result const r = w.analyse();
  REQUIRE(r.events.size() == 2);
  CHECK_FALSE(r.events[0].failures_back_s);
  CHECK(r.events[0].failures_back_note == "it still went on when the next event came");
  REQUIRE(r.events[1].failures_back_s);
  CHECK(*r.events[1].failures_back_s == Approx(0.95).margin(0.03));
}

TEST_CASE("latency has no normal where hardly anything was answered before") {
  world w(1, 4, 3);
  w.event(records::event_kind::kill, "proxy[1]");
  for (int i = 0; i != 300; ++i) w.request(static_cast<std::uint32_t>(i % 20), 0);
  records::event_result const e = w.analyse().events.at(0);
  CHECK_FALSE(e.latency_back_s);
  CHECK(e.latency_back_note.find("fewer than 200 answers before the first event") == 0);
  CHECK(e.failures_back_s);
}

}
