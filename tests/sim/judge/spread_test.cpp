#include "sim/judge/spread.hpp"
#include "sim/judge/trend.hpp"
#include "tests/sim/judge/world.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace sim::judge {

using records::histogram;
using records::interval;
using records::ratio_metric;
using records::trend_metric;

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
  records::result const r = w.analyse();
  ratio_metric const& m = ratio(r.metrics, "redirect_ratio");
  REQUIRE(m.measured_error);
  REQUIRE(m.standard_error);
  CHECK(m.clusters == 500);
  CHECK(*m.measured_error == Approx(*m.standard_error).epsilon(0.25));
  CHECK(ratio(r.phases.at(0).metrics, "redirect_ratio").measured_error == m.measured_error);
  ratio_metric const& hops = ratio(r.metrics, "hops_per_request");
  CHECK(*hops.measured_error == Approx(*m.measured_error)); // hops = 1 + redirects here
  for (records::named_metrics const& b : r.balancers) CHECK(ratio(b.metrics, "redirect_ratio").measured_error > 0.0);
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

TEST_CASE("what a percentile lies between holds the percentile of the durations themselves") {
  struct row {
    char const* name;
    std::int64_t (*draw)(std::mt19937_64&, int i);
    bool exact; // nothing is left to chance, and the histogram shows the very values
  };
  row const rows[] = {
      {"constant", [](std::mt19937_64&, int) { return std::int64_t{123'456'789}; }, true},
      {"constant, tiny", [](std::mt19937_64&, int) { return std::int64_t{3}; }, true},
      {"constant but for two",
       [](std::mt19937_64&, int i) {
         return i == 0 ? std::int64_t{1} : i == 1 ? std::int64_t{9'999'999'999} : std::int64_t{123'456'789};
       },
       false},
      {"two values",
       [](std::mt19937_64& r, int) { return r() % 5 == 0 ? std::int64_t{7'777'777} : std::int64_t{1'234'567}; }, false},
      {"two values next to each other",
       [](std::mt19937_64& r, int) { return std::int64_t{1'000'001} + static_cast<std::int64_t>(r() % 2); }, false},
      {"tiny, below a bucket's width of one",
       [](std::mt19937_64& r, int) { return static_cast<std::int64_t>(r() % 100); }, false},
      {"huge", [](std::mt19937_64& r, int) { return static_cast<std::int64_t>(r() >> 1); }, false},
      {"narrow",
       [](std::mt19937_64& r, int) { return std::int64_t{5'000'000} + static_cast<std::int64_t>(r() % 1000); }, false},
      {"exponential",
       [](std::mt19937_64& r, int) { return static_cast<std::int64_t>(-1e6 * std::log(1 - uniform(r))); }, false},
      {"heavy-tailed",
       [](std::mt19937_64& r, int) { return static_cast<std::int64_t>(1e5 * std::pow(1 - uniform(r), -1.5)); }, false}};
  struct quantile {
    double q;
    double trend_metric::*value;
    interval trend_metric::*within;
  };
  quantile const quantiles[] = {{0.5, &trend_metric::p50, &trend_metric::p50_within},
                                {0.9, &trend_metric::p90, &trend_metric::p90_within},
                                {0.95, &trend_metric::p95, &trend_metric::p95_within},
                                {0.99, &trend_metric::p99, &trend_metric::p99_within},
                                {0.999, &trend_metric::p999, &trend_metric::p999_within}};
  for (row const& x : rows)
    for (std::size_t const count : {100u, 1'001u, 20'000u}) {
      INFO(x.name << ", " << count);
      std::mt19937_64 random(31);
      std::vector<std::int64_t> ns;
      histogram h;
      for (std::size_t i = 0; i != count; ++i) h.record(ns.emplace_back(x.draw(random, static_cast<int>(i))));
      for (trend_metric const& t : {trend_of_run(h, ns), trend_of(h)}) {
        std::vector<std::int64_t> sorted = ns;
        std::sort(sorted.begin(), sorted.end());
        for (quantile const& of : quantiles) {
          INFO(of.q);
          auto const rank = static_cast<std::size_t>(std::ceil(of.q * static_cast<double>(count)));
          double const exact = static_cast<double>(sorted[rank - 1]) / 1e6;
          interval const& within = t.*of.within;
          if (within.high <= 0) {
            CHECK(of.q * static_cast<double>(count) > 0.9 * static_cast<double>(count)); // not known
            continue;
          }
          CHECK(covers(within, exact));
          CHECK(covers(within, t.*of.value));
          if (x.exact) CHECK(within.low == within.high);
          auto const [low, high] = h.quantile_bounds_ns(of.q);
          CHECK(static_cast<double>(low) <= exact * 1e6 + 0.5);
          CHECK(exact * 1e6 <= static_cast<double>(high) + 0.5);
        }
      }
    }
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
