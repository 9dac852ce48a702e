#include "sim/theory/queues.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace sim::theory {
namespace {

scenario::nanoseconds of_seconds(double s) { return scenario::nanoseconds(std::llround(s * 1e9)); }
scenario::service_time constant(double mean) { return scenario::constant_time{of_seconds(mean)}; }
scenario::service_time exponential(double mean) { return scenario::exponential_time{of_seconds(mean)}; }
scenario::service_time lognormal(double mean, double sigma) {
  return scenario::lognormal_time{of_seconds(mean), sigma};
}

}

TEST_CASE("the wait of M/M/c has Erlang's atom and an exponential tail") {
  // Two erlangs at three servers: C = 4/9, and W > t with C exp(-t).
  CHECK(wait_quantile_s(2, 1, 3, 0.5) == 0);
  CHECK(wait_quantile_s(2, 1, 3, 5.0 / 9) == Approx(0).margin(1e-12));
  CHECK(wait_quantile_s(2, 1, 3, 1 - 4.0 / 9 * std::exp(-2.0)) == Approx(2));
  CHECK(std::isinf(wait_quantile_s(3, 1, 3, 0.5)));
}

TEST_CASE("the time in M/M/1 is exponential, and in M/M/2 at one erlang the textbook's limit") {
  for (double const load : {0.5, 0.8, 0.95})
    for (double const q : {0.5, 0.99})
      CHECK(sojourn_quantile_s(load, 1, 1, q) == Approx(-std::log(1 - q) / (1 - load)));
  double const t = sojourn_quantile_s(1, 1, 2, 0.9); // c - 1 - a = 0: exp(-t) (1 + C t), C = 1/3
  CHECK(std::exp(-t) * (1 + t / 3) == Approx(0.1));
}

TEST_CASE("Pollaczek-Khinchine gives half the wait for constant service and twice it for a variation of three") {
  double const markov = mean_wait_s(0.8, 1, 1);
  CHECK(markov == Approx(4));
  CHECK(mean_wait_one_server_s(0.8, {{1, exponential(1)}}) == Approx(markov));
  CHECK(mean_wait_one_server_s(0.8, {{1, constant(1)}}) == Approx(markov / 2));
  CHECK(mean_wait_one_server_s(0.8, {{1, lognormal(1, std::sqrt(std::log(4.0)))}}) == Approx(markov * 2));
  CHECK(std::isinf(mean_wait_one_server_s(1, {{1, constant(1)}})));
}

TEST_CASE("a mixture of work has the moments of its parts") {
  workload const w{{0.75, constant(1)}, {0.25, exponential(2)}};
  CHECK(mean_s(w) == Approx(1.25));
  CHECK((squared_variation(w) + 1) * 1.25 * 1.25 == Approx(0.75 * 1 + 0.25 * 2 * 4));
  CHECK(served_within(w, 1) == Approx(0.75 - 0.25 * std::expm1(-0.5)));
  CHECK(residual_within(w, 1e3) == Approx(1));
}

TEST_CASE("service laws have their quantiles") {
  CHECK(service_quantile_s(constant(2), 0.99) == Approx(2));
  CHECK(service_quantile_s(exponential(1), 0.99) == Approx(std::log(100.0)));
  CHECK(service_quantile_s(lognormal(1, 0.5), 0.5) == Approx(std::exp(-0.125)));
  CHECK(residual_within({{1, lognormal(1, 0.5)}}, 1) == Approx(0.8025873)); // 2 Phi(-1/4)
}

TEST_CASE("the time in M/G/1 agrees with M/M/1 and with Erlang's M/D/1") {
  for (double const load : {0.5, 0.8, 0.95}) {
    INFO("load " << load);
    workload const w{{1, exponential(1)}};
    CHECK(sojourn_quantile_one_server_s(load, w, w[0].time, 0.5) ==
          Approx(sojourn_quantile_s(load, 1, 1, 0.5)).epsilon(2e-3));
    CHECK(sojourn_quantile_one_server_s(load, w, w[0].time, 0.99) ==
          Approx(sojourn_quantile_s(load, 1, 1, 0.99)).epsilon(2e-3));
  }
  // M/D/1 at half load: P(W <= 1) = 0.5 exp(0.5), P(W <= 1.5) = 0.5 (exp(0.75) - 0.25 exp(0.25)).
  workload const d{{1, constant(1)}};
  CHECK(sojourn_quantile_one_server_s(0.5, d, d[0].time, 0.5 * std::exp(0.5)) == Approx(2).epsilon(0.01));
  CHECK(sojourn_quantile_one_server_s(0.5, d, d[0].time, 0.5 * (std::exp(0.75) - 0.25 * std::exp(0.25))) ==
        Approx(2.5).epsilon(0.01));
}

TEST_CASE("the time in M/G/1 with lognormal requests beside short redirects agrees with dice") {
  workload const w{{0.6, lognormal(1, 0.8)}, {0.4, constant(0.2)}};
  double const rate = 0.8 / mean_s(w);
  std::mt19937_64 random(12);
  std::normal_distribution<double> normal;
  std::exponential_distribution<double> gap(rate);
  std::bernoulli_distribution request(0.6);
  std::vector<double> times;
  double wait = 0;
  for (int k = 0; k != 1'000'000; ++k) {
    bool const served = request(random);
    double const service = served ? std::exp(0.8 * normal(random) - 0.32) : 0.2;
    if (served) times.push_back(wait + service);
    wait = std::max(0.0, wait + service - gap(random));
  }
  std::sort(times.begin(), times.end());
  auto const at = [&](double q) { return times[static_cast<std::size_t>(q * static_cast<double>(times.size()))]; };
  CHECK(sojourn_quantile_one_server_s(rate, w, w[0].time, 0.5) == Approx(at(0.5)).epsilon(0.02));
  CHECK(sojourn_quantile_one_server_s(rate, w, w[0].time, 0.99) == Approx(at(0.99)).epsilon(0.04));
}

TEST_CASE("heavy tails and measured times have the moments of their laws") {
  workload const pareto{{1, scenario::pareto_time{of_seconds(1), 3}}}; // lowest 2/3, E[S²] = 3 · 4/9
  CHECK(mean_s(pareto) == Approx(1));
  CHECK(squared_variation(pareto) == Approx(1.0 / 3));
  CHECK(served_within(pareto, 4.0 / 3) == Approx(1 - 1.0 / 8));
  CHECK(residual_within(pareto, 4.0 / 3) == Approx(2.0 / 3 + 1.0 / 3 * (1 - 1.0 / 4)));
  CHECK(service_quantile_s(pareto[0].time, 1 - 1.0 / 27) == Approx(2));
  CHECK(std::isinf(squared_variation({{1, scenario::pareto_time{of_seconds(1), 2}}})));
  scenario::empirical_time measured;
  measured.sorted = {of_seconds(1), of_seconds(2), of_seconds(2), of_seconds(5)};
  workload const seen{{1, measured}}; // uniform on 1..2, always 2, uniform on 2..5
  CHECK(mean_s(seen) == Approx((1.5 + 2 + 3.5) / 3));
  CHECK((squared_variation(seen) + 1) * mean_s(seen) * mean_s(seen) == Approx((7.0 / 3 + 4 + 13) / 3));
  CHECK(served_within(seen, 1.5) == Approx(0.5 / 3));
  CHECK(served_within(seen, 3.5) == Approx(2.5 / 3));
  CHECK(residual_within(seen, 1.5) == Approx((0.5 * 1.25 + 0.5 * 1.5 + 1.5 + 1.5) / 3 / mean_s(seen)));
  CHECK(residual_within(seen, 9) == Approx(1));
}

}
