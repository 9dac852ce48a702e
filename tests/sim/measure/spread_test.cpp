#include "sim/measure/spread.hpp"
#include "sim/measure/trend.hpp"
#include "tests/sim/measure/world.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <random>
#include <vector>

namespace sim::measure {
namespace {

double uniform(std::mt19937_64& random) { return static_cast<double>(random() >> 11) * 0x1p-53; }

trend_metric trend_in_order(std::vector<std::int64_t> const& ns) {
  histogram h;
  for (std::int64_t const x : ns) h.record(x);
  return trend_of_run(h, ns);
}

bool covers(interval const& within, double ms) { return within.low <= ms && ms <= within.high; }

}

TEST_CASE("a ratio's measured error is near what theory expects of it") {
  world w(2, 4, 5);
  for (int k = 0; k != 6; ++k)
    for (std::uint32_t c = 0; c != 500; ++c) w.request(c, static_cast<std::uint16_t>((k * 7 + int(c)) % 2));
  result const r = w.analyse();
  ratio_metric const& m = ratio(r.metrics, "redirect_ratio");
  REQUIRE(m.measured_error);
  REQUIRE(m.standard_error);
  CHECK(m.clusters == 500);
  CHECK(*m.measured_error == Approx(*m.standard_error).epsilon(0.25));
  CHECK(ratio(r.phases.at(0).metrics, "redirect_ratio").measured_error == m.measured_error);
  ratio_metric const& hops = ratio(r.metrics, "hops_per_request");
  CHECK(*hops.measured_error == Approx(*m.measured_error)); // hops = 1 + redirects here
  for (named_metrics const& b : r.balancers) CHECK(ratio(b.metrics, "redirect_ratio").measured_error > 0.0);
}

TEST_CASE("a ratio that is the same for every token has no measured error, and one of a single token none to tell") {
  world w(1, 4, 5);
  for (std::uint32_t c = 0; c != 20; ++c) w.request(c, 0);
  ratio_metric const failed = ratio(w.analyse().metrics, "failed_ratio");
  CHECK(failed.measured_error == 0.0);
  CHECK(failed.clusters == 20);
  world single(1, 4, 5);
  single.request(0, 0), single.request(0, 0);
  CHECK_FALSE(ratio(single.analyse().metrics, "redirect_ratio").measured_error);
}

TEST_CASE("percentiles go ten a decade, as far as the count carries") {
  histogram h;
  for (int i = 1; i <= 1000; ++i) h.record(i * 1'000'000);
  trend_metric const t = trend_of(h);
  REQUIRE(t.percentiles.size() == 31);
  CHECK(t.percentiles.front().percent == 0);
  CHECK(t.percentiles[10].percent == Approx(90));
  CHECK(t.percentiles[10].ms == Approx(900).epsilon(histogram::relative_error));
  CHECK(t.percentiles.back().percent == Approx(99.9));
  CHECK(trend_of(histogram{}).percentiles.empty());
}

TEST_CASE("what a percentile lies between holds in 95 of 100 samples, and is not told where nothing was seen") {
  std::mt19937_64 random(7);
  int covered = 0, samples = 400;
  for (int s = 0; s != samples; ++s) {
    std::vector<std::int64_t> ns(1024);
    for (std::int64_t& x : ns) x = static_cast<std::int64_t>(-1e6 * std::log(1 - uniform(random)));
    trend_metric const t = trend_in_order(ns);
    covered += covers(t.p90_within, std::log(10.0));
    CHECK(t.p999_within.high == 0);
  }
  CHECK(covered >= samples * 92 / 100);
}

TEST_CASE("durations that depend on their neighbours make a percentile less sure") {
  std::mt19937_64 random(11);
  std::vector<std::int64_t> alone, in_crowds;
  for (int i = 0; i != 200; ++i) {
    double const level = -std::log(1 - uniform(random));
    for (int k = 0; k != 50; ++k) {
      in_crowds.push_back(static_cast<std::int64_t>(1e6 * level));
      alone.push_back(static_cast<std::int64_t>(-1e6 * std::log(1 - uniform(random))));
    }
  }
  auto const width = [](trend_metric const& t) { return t.p50_within.high - t.p50_within.low; };
  CHECK(width(trend_in_order(in_crowds)) > 4 * width(trend_in_order(alone)));
}

}
