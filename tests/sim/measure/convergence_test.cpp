#include "sim/measure/convergence.hpp"
#include "tests/sim/measure/world.hpp"

#include <catch2/catch.hpp>

#include <random>

namespace sim::measure {
namespace {

/// One request a millisecond. Before 10 s every 50th is redirected; then, for `affected` requests, every second too.
std::vector<redirect_sample> step(int affected, int total = 20'000) {
  std::vector<redirect_sample> samples;
  for (int i = 0; i != total; ++i) {
    bool const extra = i >= 10'000 && i < 10'000 + affected && i % 2 == 0;
    samples.push_back({i * 1'000'000LL, (i % 50 == 1) + (extra ? 1u : 0u)});
  }
  return samples;
}

}

TEST_CASE("convergence of a step is where 95 percent of its excess has happened") {
  convergence const c = converge(step(1'000), 0, 10'000'000'000, 20'000'000'000);
  REQUIRE(c.requests);
  CHECK(double(*c.requests) == Approx(950).margin(5));
  CHECK(*c.seconds == Approx(0.95).margin(0.005));
  CHECK(*c.peak_ratio == Approx(0.52).margin(0.001));
}

TEST_CASE("an event without effect has converged at once") {
  convergence const c = converge(step(0), 0, 10'000'000'000, 20'000'000'000);
  CHECK(c.requests == std::optional<std::uint64_t>(0));
  CHECK(c.seconds == std::optional<double>(0));
}

TEST_CASE("noise in the baseline does not pass for an excess") {
  int called_an_effect = 0;
  for (std::uint64_t seed = 0; seed != 200; ++seed) {
    std::mt19937_64 random(seed);
    std::vector<redirect_sample> samples;
    for (int i = 0; i != 4'000; ++i) samples.push_back({i * 1'000'000LL, random() % 20 == 0});
    convergence const c = converge(samples, 0, 1'000'000'000, 4'000'000'000);
    called_an_effect += *c.requests != 0;
  }
  CHECK(called_an_effect <= 3); // one in 700 is beyond three standard errors by chance
}

TEST_CASE("convergence in noise lies near the true place") {
  std::mt19937_64 random(5);
  std::vector<redirect_sample> samples;
  for (int i = 0; i != 40'000; ++i) {
    bool const struck = i >= 20'000 && i < 22'000;
    samples.push_back({i * 1'000'000LL, random() % 100 < (struck ? 60u : 2u)});
  }
  convergence const c = converge(samples, 0, 20'000'000'000, 40'000'000'000);
  CHECK(double(*c.requests) == Approx(1'900).margin(200));
}

TEST_CASE("without requests before or after the event there is nothing to say") {
  CHECK_FALSE(converge(step(10), 0, 30'000'000'000, 40'000'000'000).peak_ratio);
  convergence const c = converge(step(10), 0, 0, 40'000'000'000);
  CHECK_FALSE(c.requests);
  CHECK(c.peak_ratio);
}

TEST_CASE("a run's event carries its convergence, and a threshold may ask for it") {
  world w(1, 4, 3);
  for (std::uint32_t c = 0; c != 100; ++c) w.log_in(c);
  for (int round = 0; round != 20; ++round)
    for (std::uint32_t c = 0; c != 100; ++c) w.request(c, 0);
  event_record& e = w.event("restart", "gateway[0]");
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
