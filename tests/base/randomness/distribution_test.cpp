#include "base/randomness/distribution.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <string>
#include <vector>

using namespace randomness;
using std::chrono::microseconds;
using std::chrono::milliseconds;

namespace {

struct moments {
  double mean, error; // of the mean, standard
};

moments sample(time_sampler const& times, int count) {
  small_stream draws(11);
  double sum = 0, squares = 0;
  for (int i = 0; i != count; ++i) {
    auto const x = static_cast<double>(times(draws));
    sum += x;
    squares += x * x;
  }
  double const mean = sum / count;
  return {mean, std::sqrt((squares / count - mean * mean) / count)};
}

}

TEST_CASE("distributions of time have the mean that they promise") {
  struct row {
    std::string name;
    time_distribution what;
    double mean_ns;
  };
  std::vector<row> const rows{
      {"constant", constant_time{milliseconds(2)}, 2e6},
      {"exponential", exponential_time{milliseconds(2)}, 2e6},
      {"lognormal, narrow", lognormal_time{milliseconds(2), 0.3}, 2e6},
      {"lognormal, wide", lognormal_time{milliseconds(2), 1.2}, 2e6},
      {"pareto", pareto_time{milliseconds(2), 3.5}, 2e6},
      {"empirical", empirical_time{{microseconds(0), microseconds(100), microseconds(400)}}, 150e3},
  };
  for (row const& r : rows) {
    INFO(r.name);
    time_sampler const times(r.what);
    moments const m = sample(times, 400'000);
    CHECK(times.mean_ns() == Approx(r.mean_ns));
    CHECK(std::abs(m.mean - r.mean_ns) <= 4.5 * m.error + 1);
  }
}

TEST_CASE("tables of distributions keep the mean to 1 in 100,000 and quantiles to 1 in 1000") {
  struct row {
    std::string name;
    time_distribution what;
    double median_ns, p99_ns, p999999_ns;
  };
  double const normal99 = 2.3263478740, normal999999 = 4.7534243088;
  auto const lognormal = [](double sigma, double z) { return 2e6 * std::exp(sigma * z - sigma * sigma / 2); };
  auto const pareto = [](double p) { return 2e6 * 2.5 / 3.5 * std::pow(1 - p, -1 / 3.5); };
  std::vector<row> const rows{
      {"exponential", exponential_time{milliseconds(2)}, 2e6 * std::log(2.0), 2e6 * std::log(100.0),
       2e6 * std::log(1e6)},
      {"lognormal, narrow", lognormal_time{milliseconds(2), 0.3}, lognormal(0.3, 0), lognormal(0.3, normal99),
       lognormal(0.3, normal999999)},
      {"lognormal, wide", lognormal_time{milliseconds(2), 1.2}, lognormal(1.2, 0), lognormal(1.2, normal99),
       lognormal(1.2, normal999999)},
      {"pareto", pareto_time{milliseconds(2), 3.5}, pareto(0.5), pareto(0.99), pareto(0.999999)},
  };
  for (row const& r : rows) {
    INFO(r.name);
    time_sampler const times(r.what);
    constexpr unsigned strata = 22; // bits
    double sum = 0;
    for (std::uint64_t i = 0; i != 1u << strata; ++i)
      sum += static_cast<double>(times.of(((2 * i + 1) << (63 - strata)))) + 0.5; // it cuts to whole ns
    CHECK(sum / (1u << strata) == Approx(2e6).epsilon(1e-5));
    auto const at = [&](double p) { return static_cast<double>(times.of(static_cast<std::uint64_t>(p * 0x1p64))); };
    CHECK(at(0.5) == Approx(r.median_ns).epsilon(1e-3));
    CHECK(at(0.99) == Approx(r.p99_ns).epsilon(1e-3));
    CHECK(at(0.999999) == Approx(r.p999999_ns).epsilon(1e-3));
  }
}

TEST_CASE("an exponential distribution has its tail") {
  time_sampler const times(exponential_time{milliseconds(1)});
  small_stream draws(3);
  int beyond = 0;
  int const count = 1'000'000;
  for (int i = 0; i != count; ++i) beyond += times(draws) > 5'000'000;
  double const expected = count * std::exp(-5.0);
  CHECK(std::abs(beyond - expected) <= 4.5 * std::sqrt(expected));
}

TEST_CASE("a distribution of no time draws nothing") {
  time_sampler const times(constant_time{});
  small_stream draws(5), untouched(5);
  CHECK(times.nothing());
  CHECK(times(draws) == 0);
  CHECK(draws() == untouched());
}
