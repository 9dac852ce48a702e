// Simulated proxies against queueing theory: one proxy, Poisson arrivals, no network.
#include "sim/engines/virtual/run.hpp"
#include "sim/scenario/load.hpp"
#include "sim/theory/queues.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

using namespace sim;

namespace {

constexpr double service_s = 0.01;

struct queue_case {
  std::string name;
  unsigned servers;
  std::string law;   // of service, mean 10 ms
  double squared_cv; // its squared coefficient of variation
  bool sharing = false;
};

/// Mean time in the system, s. M/G/1: Pollaczek and Khinchine's formula; M/M/c: Erlang's C; M/G/1-PS: depends on the
/// mean only.
double expected_s(queue_case const& q, double rate) {
  if (q.sharing) return theory::mean_sojourn_shared_s(rate, service_s);
  if (q.servers > 1) return service_s + theory::mean_wait_s(rate, service_s, q.servers);
  double const load = rate * service_s;
  return service_s + load * service_s * (1 + q.squared_cv) / (2 * (1 - load));
}

/// The same from `runs` independent runs.
struct estimate {
  double mean_s, error_s;
};
estimate simulated(queue_case const& q, double rate, int runs, double seconds) {
  std::string const text =
      R"({"name": "queue", "topology": {"balancers": {"kind": "gateway"}, "proxies": {"count": 1, "servers": )" +
      std::to_string(q.servers) + R"(, "discipline": ")" + (q.sharing ? "processor_sharing" : "fifo") +
      R"(", "service_time": )" + q.law + R"(}}, "population": {"characters": 50, "logged_in": 1},
      "load": {"kind": "poisson", "rate_rps": )" +
      std::to_string(rate) + R"(, "duration": ")" + std::to_string(static_cast<int>(seconds)) +
      R"(s", "timeout": "60s", "connections_per_balancer": 20000,
      "targets": ["/status"]}, "phases": [{"name": "warm-up", "until": "20s"}, {"name": "steady"}],
      "virtual": {"network": {"client": {"constant": {"mean_ms": 0}}, "proxy": {"constant": {"mean_ms": 0}}}}})";
  double sum = 0, squares = 0;
  for (int run = 0; run != runs; ++run) {
    auto const s = scenario::load_text(text, "queue.json", {"seed=" + std::to_string(1000 + run)});
    auto const r = virtual_time::run(s);
    double const mean = std::get<records::trend_metric>(r.phases.at(1).metrics.at("latency_ms")).mean / 1000;
    sum += mean;
    squares += mean * mean;
  }
  double const mean = sum / runs;
  return {mean, std::sqrt((squares / runs - mean * mean) / (runs - 1))};
}

std::vector<queue_case> systems() {
  std::string const exponential = R"({"exponential": {"mean_ms": 10}})", constant = R"({"constant": {"mean_ms": 10}})",
                    lognormal = R"({"lognormal": {"mean_ms": 10, "sigma": 0.8}})";
  return {
      {"M/M/1", 1, exponential, 1},
      {"M/D/1", 1, constant, 0},
      {"M/G/1, lognormal", 1, lognormal, std::exp(0.64) - 1},
      {"M/M/4", 4, exponential, 1},
      {"M/M/20", 20, exponential, 1}, // so many servers are kept in another way
      {"M/M/1-PS", 1, exponential, 1, true},
      {"M/G/1-PS, lognormal", 1, lognormal, std::exp(0.64) - 1, true},
  };
}

}

TEST_CASE("simulated proxies wait as queueing theory has it") {
  for (queue_case const& q : systems())
    for (double const utilisation : {0.5, 0.8, 0.95}) {
      double const rate = utilisation * q.servers / service_s;
      int const runs = 12;
      // About as many requests for each, and more the busier the server, since its queue forgets slowly.
      double const seconds = 20 + (utilisation > 0.9 ? 160.0 : 60.0) / std::sqrt(q.servers);
      estimate const got = simulated(q, rate, runs, seconds);
      double const expected = expected_s(q, rate);
      INFO(q.name << " at " << utilisation << ": " << got.mean_s << " +- " << got.error_s << ", theory " << expected);
      // Student's t with 11 degrees of freedom: 4.5 leaves a chance of 0.0009 for each of 21, over fixed seeds.
      CHECK(std::abs(got.mean_s - expected) < 4.5 * got.error_s);
      CHECK(got.error_s < 0.25 * expected);
    }
}

// Minutes: `make soak`.
TEST_CASE("simulated proxies wait within 1 % of what queueing theory has", "[.soak]") {
  struct job {
    queue_case what;
    double utilisation;
    estimate got{};
  };
  std::vector<job> jobs;
  for (double const utilisation : {0.95, 0.8, 0.5})
    for (queue_case const& q : systems()) jobs.push_back({q, utilisation});
  std::atomic<std::size_t> next{0};
  auto const work = [&] {
    for (std::size_t i = next++; i < jobs.size(); i = next++) {
      job& j = jobs[i];
      // The error of a busy queue's mean goes with 1 / ((1 - utilisation) sqrt(requests)).
      double const requests = j.utilisation > 0.9 ? 1e8 : 1e7;
      double const rate = j.utilisation * j.what.servers / service_s;
      j.got = simulated(j.what, rate, 4, 20 + requests / 4 / rate);
    }
  };
  std::vector<std::thread> workers;
  for (unsigned i = 0; i < std::max(1u, std::thread::hardware_concurrency()); ++i) workers.emplace_back(work);
  for (std::thread& w : workers) w.join();
  for (job const& j : jobs) {
    double const expected = expected_s(j.what, j.utilisation * j.what.servers / service_s);
    std::printf("%-20s at %.2f: %.6f s +- %.6f, theory %.6f, off by %+.3f %%\n", j.what.name.c_str(), j.utilisation,
                j.got.mean_s, j.got.error_s, expected, 100 * (j.got.mean_s / expected - 1));
    INFO(j.what.name << " at " << j.utilisation);
    CHECK(std::abs(j.got.mean_s / expected - 1) < 0.01);
  }
}
