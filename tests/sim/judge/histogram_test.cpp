#include "sim/judge/errors.hpp"
#include "sim/records/histogram.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace sim::judge {

using records::histogram;

TEST_CASE("quantiles are within the stated error over the whole range of durations") {
  std::mt19937_64 random(3);
  histogram h;
  std::vector<std::int64_t> values;
  for (int i = 0; i != 20'000; ++i) {
    auto const value = static_cast<std::int64_t>(random() >> (1 + random() % 62));
    values.push_back(value);
    h.record(value);
  }
  std::sort(values.begin(), values.end());
  for (double q : {0.0, 0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 1.0}) {
    auto const rank = std::max(1.0, std::ceil(q * 20'000));
    auto const exact = static_cast<double>(values[static_cast<std::size_t>(rank) - 1]);
    INFO("q = " << q);
    CHECK(std::abs(static_cast<double>(h.quantile_ns(q)) - exact) <= exact * histogram::relative_error);
  }
}

TEST_CASE("histograms merge without loss") {
  histogram a, b, both;
  for (std::int64_t v = 1; v < 100'000'000; v = v * 3 + 1) {
    (v % 2 ? a : b).record(v);
    both.record(v);
  }
  a.merge(b);
  CHECK(a.count() == both.count());
  CHECK(a.mean_ns() == both.mean_ns());
  CHECK(a.min_ns() == both.min_ns());
  CHECK(a.max_ns() == both.max_ns());
  for (double q : {0.1, 0.5, 0.9}) CHECK(a.quantile_ns(q) == both.quantile_ns(q));
}

TEST_CASE("an empty histogram has zeros, one that saw a single value has that value everywhere") {
  histogram h;
  CHECK(h.quantile_ns(0.5) == 0);
  CHECK(h.min_ns() == 0);
  h.record(123'456'789);
  for (double q : {0.0, 0.5, 1.0}) CHECK(h.quantile_ns(q) == 123'456'789);
  h.record(-5);
  CHECK(h.min_ns() == 0);
}

TEST_CASE("the clustered error of independent clusters of one is the binomial one") {
  std::vector<observation> o;
  for (std::uint64_t i = 0; i != 10'000; ++i) o.push_back({i, i % 4 == 0, 1});
  estimate const e = clustered(o);
  CHECK(e.value == Approx(0.25));
  CHECK(e.standard_error == Approx(std::sqrt(0.25 * 0.75 / 9'999)));
}

TEST_CASE("observations that repeat within clusters carry no more than their clusters") {
  std::vector<observation> o;
  for (std::uint64_t i = 0; i != 10'000; ++i) o.push_back({i / 10, (i / 10) % 4 == 0, 1});
  CHECK(clustered(o).standard_error == Approx(std::sqrt(0.25 * 0.75 / 999)));
}

TEST_CASE("one-sided bounds use the normal quantile, and a ratio of nought still has an upper bound") {
  estimate const e{0.05, 0.001, 1'000, 20'000};
  CHECK(one_sided_bound(e, 0.95, true) == Approx(0.05 + 1.6448536 * 0.001));
  CHECK(one_sided_bound(e, 0.95, false) == Approx(0.05 - 1.6448536 * 0.001));
  CHECK(one_sided_bound({0, 0, 100, 100}, 0.95, true) == Approx(0.0263).epsilon(0.01));
  // Four times the sample halves the error: 0.0016 above needs more, twice the distance less.
  CHECK(more_to_decide(e, 0.95, 0.05 + 1.6448536 * 0.0005) == Approx(60'000).epsilon(0.001));
}

}
