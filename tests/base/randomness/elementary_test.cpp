#include "base/randomness/elementary.hpp"
#include "base/randomness/generator.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

using namespace randomness;

namespace {

/// Distance in units in the last place.
double ulps(double a, double b) {
  auto const x = std::bit_cast<std::int64_t>(a), y = std::bit_cast<std::int64_t>(b);
  return std::abs(static_cast<double>(x - y));
}

}

TEST_CASE("the elementary functions agree with the C library to a few units in the last place") {
  small_stream draws(7);
  for (int i = 0; i != 200'000; ++i) {
    double const u = uniform_positive(draws);
    CHECK(ulps(exact_log(u), std::log(u)) <= 4);
    double const wide = std::exp((uniform_real(draws) - 0.5) * 1200);
    CHECK(ulps(exact_log(wide), std::log(wide)) <= 4);
    double const x = (uniform_real(draws) - 0.5) * 1400;
    CHECK(ulps(exact_exp(x), std::exp(x)) <= 4);
    double const small = (uniform_real(draws) - 0.5) * 1.4;
    CHECK(ulps(exact_expm1(small), std::expm1(small)) <= 6);
    CHECK(ulps(exact_log1p(small), std::log1p(small)) <= 6);
  }
}

TEST_CASE("the elementary functions are right at the ends of their ranges") {
  CHECK(exact_log(1) == 0);
  CHECK(exact_exp(0) == 1);
  CHECK(exact_expm1(0) == 0);
  CHECK(exact_log1p(0) == 0);
  CHECK(exact_exp(-1000) == 0);
  CHECK(exact_exp(1000) == std::numeric_limits<double>::infinity());
  double const smallest = std::numeric_limits<double>::denorm_min();
  CHECK(exact_log(smallest) == Approx(std::log(smallest)).epsilon(1e-15));
  CHECK(exact_log1p(1e-20) == 1e-20);
  CHECK(exact_expm1(-1e-20) == -1e-20);
}

TEST_CASE("the elementary functions give these very bits, on every machine") {
  CHECK(std::bit_cast<std::uint64_t>(exact_log(0.1)) == std::bit_cast<std::uint64_t>(-0x1.26bb1bbb55515p+1));
  std::uint64_t sum = 0;
  small_stream draws(1);
  for (int i = 0; i != 10'000; ++i) {
    double const u = uniform_positive(draws);
    for (double const x : {exact_log(u), exact_exp(8 * u), exact_normal_quantile(0.5 * u + 0.25)})
      sum = mix(sum ^ std::bit_cast<std::uint64_t>(x));
  }
  CHECK(sum == 3025093444388839576u);
}

TEST_CASE("logarithms and exponential times of many at once have the bits of one at a time") {
  double const sqrt_half = 0x1.6a09e667f3bcdp-1;
  std::vector<double> values = {1,
                                0.5,
                                2,
                                sqrt_half,
                                std::nextafter(sqrt_half, 0),
                                2 * sqrt_half,
                                3e-300,
                                1e300,
                                std::numeric_limits<double>::min(),
                                std::numeric_limits<double>::max(),
                                0x1p-53};
  small_stream draws(3);
  for (int i = 0; i != 5'000; ++i) values.push_back(uniform_positive(draws));
  for (int i = 0; i != 5'000; ++i) values.push_back(exact_exp((uniform_real(draws) - 0.5) * 1400));
  for (std::size_t const at_once : {1u, 2u, 3u, 32u, 10'011u}) {
    std::vector<double> logs = values, times = values;
    for (std::size_t i = 0; i < values.size(); i += at_once) {
      std::size_t const n = std::min(at_once, values.size() - i);
      exact_logs(std::span(logs).subspan(i, n));
      exponentials_ns(std::span(times).subspan(i, n), 45'000);
    }
    std::size_t different = 0;
    for (std::size_t i = 0; i != values.size(); ++i) {
      different += std::bit_cast<std::uint64_t>(logs[i]) != std::bit_cast<std::uint64_t>(exact_log(values[i]));
      different +=
          std::bit_cast<std::uint64_t>(times[i]) != std::bit_cast<std::uint64_t>(exponential_ns(values[i], 45'000));
    }
    CHECK(different == 0);
  }
}

TEST_CASE("the normal quantile is the inverse of the normal distribution") {
  for (double const p : {1e-9, 1e-4, 0.02, 0.0243, 0.3, 0.5, 0.8, 0.97574, 0.99, 0.9999, 1 - 1e-9}) {
    double const z = exact_normal_quantile(p);
    CHECK(0.5 * std::erfc(-z / std::sqrt(2.0)) == Approx(p).epsilon(1e-7));
  }
}
