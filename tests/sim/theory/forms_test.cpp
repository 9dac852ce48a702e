#include "sim/theory/expect.hpp"
#include "sim/theory/lru.hpp"
#include "sim/theory/queues.hpp"
#include "sim/theory/redirects.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <list>
#include <random>
#include <unordered_map>
#include <vector>

namespace sim::theory {
namespace {

scenario::scenario closed(std::uint32_t balancers, std::uint32_t proxies, std::uint32_t requests) {
  scenario::scenario s;
  scenario::balancer_group g;
  g.count = balancers;
  s.topology.balancers = {g};
  s.topology.proxies.count = proxies;
  s.load.requests_per_character = requests;
  return s;
}

}

TEST_CASE("ratios agree with those measured on stock nginx") {
  struct row {
    double balancers, requests, ratio; // balancers 0: no map
  };
  row const rows[] = {{0, 2, .375},   {0, 5, .600},   {0, 10, .675},  {2, 2, .1875}, {2, 5, .1406},
                      {2, 10, .0749}, {2, 20, .0375}, {2, 40, .0188}, {4, 2, .281},  {4, 5, .308},
                      {4, 10, .208},  {4, 20, .112},  {4, 40, .056}};
  for (row const& x : rows) {
    INFO("B = " << x.balancers << ", R = " << x.requests);
    double const redirects =
        x.balancers == 0 ? redirects_without_map(x.requests, 0, 4) : redirects_with_maps(x.balancers, x.requests, 0, 4);
    CHECK(redirects / x.requests == Approx(x.ratio).margin(0.0006));
  }
  CHECK(redirects_without_map(20, 0, 4) / 20 == Approx(0.7125));
  CHECK(redirects_with_one_map(20, 0.4, 4) == Approx(0.3));
}

TEST_CASE("the clustered error of the example in docs/theory.md comes out") {
  moments const m = redirects_of_token(true, 4, 20, 0, 4);
  CHECK(std::sqrt(m.variance / 30'000) / 20 == Approx(0.00022).margin(0.000005));
  double const ratio = m.mean / 20;
  CHECK(std::sqrt(ratio * (1 - ratio) / 600'000) == Approx(0.00041).margin(0.00001));
}

TEST_CASE("mean and variance of the maps visited agree with dice") {
  std::mt19937_64 random(2);
  double sum = 0, squares = 0;
  int const tokens = 200'000;
  for (int t = 0; t != tokens; ++t) {
    unsigned seen = 0;
    for (int k = 0; k != 6; ++k) seen |= 1u << (random() % 8);
    int const d = __builtin_popcount(seen);
    sum += d, squares += d * d;
  }
  double const mean = sum / tokens;
  CHECK(mean == Approx(distinct_maps(8, 6)).epsilon(0.003));
  CHECK(squares / tokens - mean * mean == Approx(variance_of_distinct_maps(8, 6)).epsilon(0.03));
  CHECK(variance_of_distinct_maps(1, 5) == 0);
}

TEST_CASE("conditioned redirects are binomial") {
  CHECK(conditioned(1'000, 4).mean == Approx(750));
  CHECK(conditioned(1'000, 4).variance == Approx(187.5));
  CHECK(conditioned(1'000, 1).mean == 0);
}

TEST_CASE("Che's approximation agrees with an LRU that is simulated") {
  std::vector<double> rates;
  for (int i = 1; i <= 500; ++i) rates.push_back(std::pow(i, -0.9));
  std::discrete_distribution<std::size_t> pick(rates.begin(), rates.end());
  std::mt19937_64 random(4);
  std::list<std::size_t> order;
  std::unordered_map<std::size_t, std::list<std::size_t>::iterator> where;
  int hits = 0, counted = 0;
  for (int k = 0; k != 200'000; ++k) {
    std::size_t const token = pick(random);
    auto const found = where.find(token);
    if (k >= 20'000) ++counted, hits += found != where.end();
    if (found != where.end()) order.erase(found->second);
    order.push_front(token);
    where[token] = order.begin();
    if (order.size() > 100) where.erase(order.back()), order.pop_back();
  }
  CHECK(hit_ratio(rates, 100) == Approx(double(hits) / counted).epsilon(0.01));
}

TEST_CASE("a map that holds everything always hits, one that holds nothing never") {
  std::vector<double> const rates = {1, 2, 0};
  CHECK(hit_ratio(rates, 2) == 1);
  CHECK(hit_ratio(rates, 0) == 0);
  double const t = characteristic_time(rates, 1);
  CHECK(hit_chance(1, t) + hit_chance(2, t) == Approx(1));
}

TEST_CASE("stale hits per move agree with dice") {
  // One character over B maps: requests at rate 1, moves at rate 0.2 to another of P proxies.
  int const balancers = 3, proxies = 4;
  std::mt19937_64 random(8);
  auto const uniform = [&] { return static_cast<double>(random() >> 11) * 0x1p-53; };
  unsigned owner = 0, maps[3] = {0, 0, 0};
  int moves = 0, stale = 0;
  for (int k = 0; k != 600'000; ++k) {
    if (uniform() < 0.2 / 1.2) {
      owner = (owner + 1 + static_cast<unsigned>(random() % (proxies - 1))) % proxies;
      ++moves;
    } else {
      unsigned& known = maps[random() % balancers];
      stale += known != owner;
      known = owner;
    }
  }
  CHECK(double(stale) / moves == Approx(stale_hits_per_move(balancers, proxies, 1, 0.2)).epsilon(0.01));
}

TEST_CASE("queues agree with textbook values") {
  CHECK(utilisation(8, 0.5, 8) == Approx(0.5));
  CHECK(mean_wait_s(0.5, 1, 1) == Approx(1));        // M/M/1 at half load waits one service time
  CHECK(chance_to_wait(2, 1, 3) == Approx(4.0 / 9)); // Erlang C, two erlangs at three servers
  CHECK(mean_sojourn_shared_s(0.5, 1) == Approx(2));
  CHECK(std::isinf(mean_wait_s(3, 1, 3)));
  CHECK(mean_latency_s(0.01, 0.5, 0.002) == Approx(0.011));
}

TEST_CASE("a scenario is met by the form that its topology and load call for") {
  struct row {
    char const* name;
    scenario::scenario s;
    double mean; // negative: no closed form
  };
  auto no_map = closed(1, 4, 20);
  no_map.topology.balancers[0].token_map_bytes.reset();
  auto affinity = closed(4, 4, 20);
  affinity.load.balancer_choice = scenario::balancer_choice::address;
  affinity.population.logged_in = 0.5;
  auto in_turn = closed(4, 4, 20);
  in_turn.load.balancer_choice = scenario::balancer_choice::round_robin;
  auto hashed = closed(4, 4, 20);
  hashed.topology.balancers[0].guess = scenario::guess_policy::token_hash;
  auto junk = closed(4, 4, 20);
  junk.population.junk_share = 0.1;
  row const rows[] = {
      {"no map", no_map, 14.25},          {"map per balancer", closed(4, 4, 20), (distinct_maps(4, 20) - 1) * 0.75},
      {"affinity", affinity, 0.375},      {"token hash, new characters", hashed, 0},
      {"balancers in turn", in_turn, -1}, {"junk tokens", junk, -1}};
  for (row const& x : rows) {
    INFO(x.name);
    expectation const e = expect(x.s);
    CHECK(e.conditioned);
    REQUIRE(e.per_token.has_value() == (x.mean >= 0));
    if (e.per_token) CHECK(e.per_token->mean == Approx(x.mean));
  }
}

TEST_CASE("exactness is expected where theory has no variance") {
  auto hashed = closed(4, 4, 20);
  hashed.topology.balancers[0].guess = scenario::guess_policy::token_hash;
  CHECK(expect(hashed).per_token->variance == 0);
  CHECK(expect(closed(1, 4, 20)).per_token->variance == 0);
}

TEST_CASE("a broken assumption is named") {
  auto s = closed(1, 4, 20);
  s.topology.balancers[0].guess = scenario::guess_policy::least_conn;
  CHECK(expect(s).broken.find("least_conn guesses are not uniform: they follow what is in flight") == 0);
  CHECK_FALSE(expect(s).conditioned);
}

}
