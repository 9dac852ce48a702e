#include "sim/judge/convergence.hpp"
#include "tests/sim/judge/world.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <functional>
#include <random>

namespace sim::judge {

using records::result;

namespace {

constexpr std::int64_t second = 1'000'000'000;

/// One request a millisecond for 20 s.
std::vector<redirect_sample> calm() {
  std::vector<redirect_sample> samples;
  for (int i = 0; i != 20'000; ++i) samples.push_back({i * 1'000'000LL, i % 50 == 1});
  return samples;
}

/// One redirect a millisecond from 10 s on.
effect of(int redirects) {
  effect e;
  for (int i = 0; i != redirects; ++i) e.parts.push_back({10 * second + i * 1'000'000LL, 1});
  return e;
}

}

TEST_CASE("an event has converged when 95 percent of the redirects that it caused have happened") {
  convergence const c = converge(of(1'000), calm(), 10 * second);
  CHECK(c.requests == std::optional<std::uint64_t>(950));
  CHECK(*c.seconds == Approx(0.949));
  CHECK(c.untold.empty());
}

TEST_CASE("an event that caused nothing has converged at once") {
  convergence const c = converge(effect{}, calm(), 10 * second);
  CHECK(c.requests == std::optional<std::uint64_t>(0));
  CHECK(c.seconds == std::optional<double>(0));
}

TEST_CASE("where more than 5 percent of an effect is still to come, there is no number") {
  effect e = of(950);
  e.outstanding = 49;
  CHECK(converge(e, calm(), 10 * second).seconds);
  e.outstanding = 51;
  convergence const c = converge(e, calm(), 10 * second);
  CHECK_FALSE(c.seconds);
  CHECK_FALSE(c.requests);
  CHECK(c.untold == "the load ended when 95 % of its redirects had happened");
}

TEST_CASE("where causes are unknown, there is no number, and the reason is said") {
  effect e = of(10);
  e.untold = "hidden";
  CHECK_FALSE(converge(e, calm(), 10 * second).seconds);
  CHECK(converge(e, calm(), 10 * second).untold == "hidden");
}

TEST_CASE("the peak is over 200 requests from the event on, up to the next one") {
  std::vector<redirect_sample> samples = calm();
  for (std::size_t i = 10'000; i != 10'100; ++i) samples[i].redirects = 1;
  CHECK(*peak_ratio(samples, 10 * second, 20 * second) == Approx(0.51).margin(0.011));
  CHECK(*peak_ratio(samples, 11 * second, 20 * second) == Approx(0.02));
  CHECK_FALSE(peak_ratio(samples, 30 * second, 40 * second));
}

// ---- against closed forms

namespace {

/// Poisson load of `characters` tokens at `rate` requests a second each over two balancers, with a session each.
struct crowd {
  world w{2, 4, 3};
  std::mt19937_64 random{7};
  std::uint32_t characters;
  double rate;
  std::int64_t due_ns = world::start_ns;

  crowd(std::uint32_t n, double per_character)
    : characters(n)
    , rate(per_character) {
    w.s.load.kind = scenario::load_kind::poisson;
    w.s.load.max_schedule_lag = std::chrono::seconds(100);
    for (std::uint32_t c = 0; c != n; ++c) w.log_in(c);
  }

  void go_on_until(double s) {
    std::int64_t const until_ns = world::start_ns + static_cast<std::int64_t>(s * 1e9);
    std::exponential_distribution<double> gap(rate * characters);
    for (;; due_ns += static_cast<std::int64_t>(gap(random) * 1e9)) {
      if (due_ns >= until_ns) break;
      w.now_ns = std::max(w.now_ns, due_ns);
      w.request(static_cast<std::uint32_t>(random() % characters), static_cast<std::uint16_t>(random() % 2));
    }
    w.now_ns = std::max(w.now_ns, until_ns);
  }

  void move_half() {
    std::int64_t const began = w.now_ns;
    for (std::uint32_t c = 0; c < characters; c += 2) w.move(c, static_cast<std::uint16_t>(random() % 4));
    w.r.events.push_back({"move", records::event_kind::move_sessions, "", began, began, w.now_ns, "", ""});
  }
};

}

TEST_CASE("a move converges when each map that knew a moved token has met it, early or late") {
  // A map that knew the token meets it again after an exponential time of rate 1/s: 95 % after ln 20 = 3.0 s. While the
  // maps still warm up most redirects are not the move's, and make no difference to when its own have happened.
  for (double const at_s : {0.3, 1.0, 3.0, 20.0}) {
    INFO("moved after " << at_s << " s");
    crowd c(1500, 2);
    c.go_on_until(at_s);
    c.move_half();
    c.go_on_until(at_s + 12);
    result const r = c.w.analyse();
    REQUIRE(r.events.at(0).convergence_s);
    double const entries = 1500 * (1 - std::exp(-at_s));          // expected that the maps knew of the moved
    double const error = std::sqrt(0.95 * 0.05 / entries) / 0.05; // of the quantile, in units of 1 s
    CHECK(std::abs(*r.events[0].convergence_s - std::log(20)) < 4 * error);
  }
}

TEST_CASE("of a move that happens shortly before the end of the load no convergence is told") {
  crowd c(500, 2);
  c.go_on_until(10);
  c.move_half();
  c.go_on_until(11);
  result const r = c.w.analyse();
  CHECK_FALSE(r.events.at(0).convergence_s);
  CHECK(r.events[0].convergence_note.find("the load ended when 6") == 0); // 1 - exp(-1) = 63 %
  CHECK(r.events[0].peak_redirect_ratio);
}

TEST_CASE("a load that was finite has nothing more to come") {
  crowd c(500, 2);
  c.go_on_until(10);
  c.move_half();
  c.go_on_until(11);
  c.w.s.load.kind = scenario::load_kind::closed;
  CHECK(c.w.analyse().events.at(0).convergence_s);
}

TEST_CASE("of two moves each has its own redirects") {
  crowd c(1500, 2);
  c.go_on_until(8);
  c.move_half();
  c.go_on_until(9); // a third of the first one's have not happened, and half of these never will be its own
  c.move_half();
  c.go_on_until(25);
  result const r = c.w.analyse();
  REQUIRE(r.events.at(0).convergence_s);
  CHECK(*r.events[0].convergence_s <= 1);
  REQUIRE(r.events.at(1).convergence_s);
  CHECK(*r.events[1].convergence_s == Approx(std::log(20)).margin(0.5));
}

TEST_CASE("a balancer whose map is hidden makes convergence untold") {
  crowd c(100, 2);
  c.go_on_until(3);
  c.move_half();
  c.go_on_until(12);
  c.w.become(scenario::balancer_kind::external);
  result const r = c.w.analyse();
  CHECK_FALSE(r.events.at(0).convergence_s);
  CHECK(r.events[0].convergence_note.find("external[0], external[1]") != std::string::npos);
}

TEST_CASE("a run's event carries its convergence, and a threshold may ask for it") {
  world w(1, 4, 3);
  for (std::uint32_t c = 0; c != 100; ++c) w.log_in(c);
  for (int round = 0; round != 20; ++round)
    for (std::uint32_t c = 0; c != 100; ++c) w.request(c, 0);
  records::event_record& e = w.event(records::event_kind::restart, "gateway[0]");
  e.name = "restart";
  for (std::uint32_t c = 0; c != 100; ++c) w.forget(0, c);
  for (int round = 0; round != 20; ++round)
    for (std::uint32_t c = 0; c != 100; ++c) w.request(c, 0);
  scenario::threshold t;
  t.metric = t.written = "convergence_requests";
  t.labels = {{"event", "restart"}};
  t.expression = "<=100";
  w.s.thresholds = {t};
  result const r = w.analyse();
  REQUIRE(r.events.size() == 1);
  REQUIRE(r.events[0].convergence_requests);
  CHECK(*r.events[0].convergence_requests > 80);
  CHECK(*r.events[0].peak_redirect_ratio > 0.2);
  CHECK(r.thresholds[0].passed);
  CHECK(counter(r.metrics, "redirects{reason:restarted}") > 50);
  CHECK(counter(r.metrics, "redirects{reason:evicted}") == 0);
}

}
