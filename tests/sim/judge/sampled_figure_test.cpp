#include "sim/judge/sampled_figure.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace sim::judge {
namespace {

/// True with probability `p`; not a library distribution, whose draws differ between libraries.
bool happens(std::mt19937_64& random, double p) { return static_cast<double>(random() >> 11) * 0x1p-53 < p; }

/// Of `experiments`, each with `replications`: how many intervals hold the truth.
template<class Experiment>
int covered(int experiments, double confidence, Experiment experiment) {
  int hits = 0;
  for (int e = 0; e != experiments; ++e) {
    auto const [of, value, truth] = experiment();
    auto const bounds = of.around(value, confidence);
    REQUIRE(bounds);
    hits += bounds->low <= truth && truth <= bounds->high;
  }
  return hits;
}

struct trial {
  sampled_figure of;
  double value, truth;
};

}

TEST_CASE("Student's t is as tables have it") {
  CHECK(students_t_quantile(1, 0.975) == Approx(12.7062).epsilon(1e-4));
  CHECK(students_t_quantile(4, 0.975) == Approx(2.7764).epsilon(1e-4));
  CHECK(students_t_quantile(9, 0.95) == Approx(1.8331).epsilon(1e-4));
  CHECK(students_t_quantile(1000, 0.975) == Approx(1.9623).epsilon(1e-4));
}

TEST_CASE("the interval of plain numbers is the textbook's") {
  sampled_figure s;
  for (double const x : {1.0, 2.0, 4.0, 5.0}) s.add(x);
  CHECK(s.value() == 3);
  // Deviations -2, -1, 1, 2: s = sqrt(10 / 3), its mean's error sqrt(10 / 3 / 4), t(3, 0.975) = 3.1824.
  auto const bounds = s.around(3, 0.95);
  REQUIRE(bounds);
  CHECK(bounds->high - 3 == Approx(3.18245 * std::sqrt(10.0 / 12)).epsilon(1e-5));
  CHECK(3 - bounds->low == Approx(bounds->high - 3));
}

TEST_CASE("a combined value that is not the mean of its parts has a wider interval") {
  sampled_figure s;
  for (double const x : {1.0, 2.0, 4.0, 5.0}) s.add(x);
  CHECK(*s.standard_error(3.5) > *s.standard_error(3));
  CHECK(*s.standard_error(3.5) == Approx(std::sqrt((10 + 4 * 0.25) / 12)));
}

TEST_CASE("a ratio weighs replications by their counts, and exact ratios have no spread") {
  sampled_figure s;
  s.add(1, 10);
  s.add(30, 300);
  s.add(7, 70);
  CHECK(s.value() == 38.0 / 380);
  CHECK(*s.standard_error(s.value()) == Approx(0).margin(1e-12));
  s.add(100, 200);
  CHECK(s.value() == 138.0 / 580);
  CHECK(*s.standard_error(s.value()) > 0.05);
}

TEST_CASE("one replication has no interval") {
  sampled_figure s;
  CHECK(s.count() == 0);
  CHECK(s.value() == 0);
  s.add(3);
  CHECK_FALSE(s.around(3, 0.95));
  CHECK_FALSE(s.one_sided_bound(3, 0.95, true));
}

TEST_CASE("ninety-five per cent intervals of a known ratio hold it in about ninety-five per cent of experiments") {
  // 400 experiments of Binomial(400, 0.95): standard deviation 4.36; four of them on either side.
  std::mt19937_64 random(20);
  SECTION("equal counts") {
    int const hits = covered(400, 0.95, [&] {
      trial t{{}, 0, 0.3};
      for (int r = 0; r != 8; ++r) {
        int redirects = 0;
        for (int i = 0; i != 500; ++i) redirects += happens(random, 0.3);
        t.of.add(redirects, 500);
      }
      t.value = t.of.value();
      return t;
    });
    CHECK(hits > 380 - 18);
    CHECK(hits < 380 + 18);
  }
  SECTION("counts that differ, and replications that differ by more than chance within them") {
    int const hits = covered(400, 0.95, [&] {
      trial t{{}, 0, 0.3};
      for (int r = 0; r != 20; ++r) {
        int const requests = 300 + static_cast<int>(random() % 400);
        double const here = happens(random, 0.5) ? 0.25 : 0.35;
        int redirects = 0;
        for (int i = 0; i != requests; ++i) redirects += happens(random, here);
        t.of.add(redirects, requests);
      }
      t.value = t.of.value();
      return t;
    });
    CHECK(hits > 380 - 18);
    CHECK(hits < 380 + 18);
  }
  SECTION("a quantile of all replications together") {
    int const hits = covered(400, 0.95, [&] {
      trial t{{}, 0, -std::log(0.1)}; // of the exponential distribution's 90th percentile
      std::vector<double> all;
      for (int r = 0; r != 10; ++r) {
        std::vector<double> here;
        for (int i = 0; i != 500; ++i) here.push_back(-std::log((static_cast<double>(random() >> 11) + 1) * 0x1p-53));
        all.insert(all.end(), here.begin(), here.end());
        std::nth_element(here.begin(), here.begin() + 449, here.end());
        t.of.add(here[449]);
      }
      std::nth_element(all.begin(), all.begin() + 4499, all.end());
      t.value = all[4499];
      return t;
    });
    CHECK(hits > 380 - 18);
    CHECK(hits < 380 + 18);
  }
}

TEST_CASE("one-sided bounds are wrong as often as they say") {
  std::mt19937_64 random(21);
  int wrong = 0;
  for (int e = 0; e != 400; ++e) {
    sampled_figure s;
    for (int r = 0; r != 6; ++r) {
      int redirects = 0;
      for (int i = 0; i != 300; ++i) redirects += happens(random, 0.2);
      s.add(redirects, 300);
    }
    wrong += *s.one_sided_bound(s.value(), 0.9, true) < 0.2;
  }
  CHECK(wrong > 40 - 24); // Binomial(400, 0.1): standard deviation 6
  CHECK(wrong < 40 + 24);
}

}
