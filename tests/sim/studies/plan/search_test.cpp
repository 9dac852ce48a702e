// The search for the cheapest topology, with a quick model in place of the simulation.
#include "sim/load/stream.hpp"
#include "sim/studies/plan/search.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <cmath>
#include <mutex>
#include <set>
#include <stdexcept>
#include <tuple>

using namespace sim;
using plan::fate;
using scenario::comparison;

namespace {

double unit(std::uint64_t key) { return static_cast<double>(load::mix(key) >> 11) * 0x1p-53; }

/// A tier of b balancers with one of three maps and p proxies, as formulas with noise: more of each is never worse on
/// average, which no decision of the search may rely on.
struct model {
  std::uint64_t seed;
  std::vector<int> balancers{1, 2, 4, 8}, proxies;
  double demand, spread, noise, map_price;

  explicit model(std::uint64_t number)
    : seed(load::mix(number))
    , demand(1 + 12 * unit(seed + 1))
    , spread(0.2 + 0.6 * unit(seed + 2))
    , noise(0.002 + 0.05 * unit(seed + 3))
    , map_price(unit(seed + 4)) {
    for (int p = 2; p <= 20; ++p) proxies.push_back(p);
  }

  std::size_t size() const { return balancers.size() * 3 * proxies.size(); }
  int b(std::size_t c) const { return balancers[c / (3 * proxies.size())]; }
  int map(std::size_t c) const { return static_cast<int>(c / proxies.size() % 3); }
  int p(std::size_t c) const { return proxies[c % proxies.size()]; }
  double price(std::size_t c) const {
    return std::nearbyint(1000 * (3 * b(c) + 10 * p(c) + map_price * map(c) * b(c)));
  }

  plan::run_values run(std::size_t c, std::size_t circumstance, std::uint32_t replication) const {
    double const left = p(c) - (circumstance == 1 ? 1 : 0);
    double const busy = demand / left;
    double const redirects = spread * b(c) / 20.0 / (1 + 2 * map(c));
    double const p99 = 10 / std::max(0.05, 1 - busy) + 10 * redirects;
    auto const noisy = [&](double x, std::uint64_t which) {
      std::uint64_t const key = load::mix(load::mix(seed + c) + 64 * replication + 8 * circumstance + which);
      return x * (1 + noise * (unit(key) + unit(key + 1) - 1));
    };
    return {{noisy(busy, 1), noisy(redirects, 2), noisy(p99, 3)}, ""};
  }

  plan::problem problem() const {
    plan::problem p;
    for (std::size_t c = 0; c < size(); ++c) p.prices.push_back(price(c));
    p.goals = {{"utilisation", "<", comparison::less, 0.5 + 0.3 * unit(seed + 5)},
               {"redirect_ratio", "<", comparison::less, 0.01 + 0.1 * unit(seed + 6)},
               {"latency_ms", "<", comparison::less, 15 + 40 * unit(seed + 7)}};
    p.circumstances = 2;
    p.rule = {5, 0.95};
    p.objects = [this, bound = p.goals[0].bound](std::size_t c) -> std::optional<plan::objection> {
      if (demand / this->p(c) * (1 - noise) < bound) return std::nullopt; // not even the luckiest run
      return plan::objection{0, demand / this->p(c), "theory"};
    };
    return p;
  }
};

/// The cheapest by looking at all: a second piece of code for the same question.
std::optional<std::size_t> looked_at_all(model const& m, plan::problem const& p) {
  std::optional<std::size_t> best;
  for (std::size_t c = 0; c < m.size(); ++c) {
    bool good = true;
    for (std::size_t circumstance = 0; good && circumstance < p.circumstances; ++circumstance) {
      std::vector<std::vector<std::optional<double>>> values(p.goals.size());
      bool decided = false;
      for (std::uint32_t r = 0; good && !decided && r < p.rule.replications; ++r) {
        auto const run = m.run(c, circumstance, r);
        decided = true;
        for (std::size_t g = 0; g < p.goals.size(); ++g) {
          values[g].push_back(run.values[g]);
          auto const how = plan::estimate_of(p.goals[g], values[g], p.rule).how;
          good = good && how != plan::standing::missed;
          decided = decided && how == plan::standing::met;
        }
      }
      good = good && decided;
    }
    if (good && (!best || m.price(c) < m.price(*best))) best = c;
  }
  return best;
}

plan::evaluation evaluation_of(model const& m) {
  return [&m](std::size_t c, std::size_t circumstance, std::uint32_t r) { return m.run(c, circumstance, r); };
}

/// A problem of one goal `x < bound` whose candidates have these values, all without noise.
plan::problem simple(std::vector<double> prices, double bound = 1) {
  plan::problem p;
  p.prices = std::move(prices);
  p.goals = {{"x", "<1", comparison::less, bound}};
  return p;
}

plan::evaluation constant(std::vector<double> values) {
  return [values](std::size_t c, std::size_t, std::uint32_t) { return plan::run_values{{values[c]}, ""}; };
}

}

TEST_CASE("on 20 random problems the answer is the one of an exhaustive search, and fewer runs find it") {
  std::size_t answered = 0, none = 0;
  std::set<std::size_t> different;
  for (std::uint64_t number = 1; number <= 20; ++number) {
    INFO("problem " << number);
    model const m(number);
    plan::problem const p = m.problem();
    std::atomic<std::size_t> runs{0}, all_runs{0};
    auto const counted = [&](std::atomic<std::size_t>& count) -> plan::evaluation {
      return [&](std::size_t c, std::size_t circumstance, std::uint32_t r) {
        ++count;
        return m.run(c, circumstance, r);
      };
    };
    auto const quick = plan::search(p, counted(runs));
    auto const whole = plan::search(p, counted(all_runs), {1, true, [] { return false; }});
    CHECK(quick.answer == whole.answer);
    CHECK(quick.answer == looked_at_all(m, p));
    CHECK(runs < all_runs);
    quick.answer ? ++answered : ++none;
    if (quick.answer) different.insert(*quick.answer);
  }
  CHECK(answered >= 12); // the problems are worth asking
  CHECK(different.size() >= 8);
}

TEST_CASE("the answer and all that is said of cheaper candidates does not depend on the number of jobs") {
  for (std::uint64_t number = 1; number <= 6; ++number) {
    model const m(number);
    plan::problem const p = m.problem();
    auto const one = plan::search(p, evaluation_of(m), {1, false, [] { return false; }});
    for (unsigned jobs : {2u, 4u, 7u}) {
      auto const many = plan::search(p, evaluation_of(m), {jobs, false, [] { return false; }});
      INFO("problem " << number << ", " << jobs << " jobs");
      CHECK(many.answer == one.answer);
      for (std::size_t c = 0; c < m.size(); ++c) {
        CHECK(many.candidates[c].how == one.candidates[c].how);
        CHECK(many.candidates[c].runs == one.candidates[c].runs);
        CHECK(many.candidates[c].goal == one.candidates[c].goal);
        CHECK(many.candidates[c].why == one.candidates[c].why);
      }
    }
  }
}

TEST_CASE("of several topologies with one price the first that meets the goals is taken") {
  auto const found = plan::search(simple({5, 4, 4, 4}), constant({0.1, 2, 0.5, 0.1}));
  CHECK(found.answer == std::optional<std::size_t>(2));
  CHECK(found.candidates[1].how == fate::refused);
  CHECK(found.candidates[0].how == fate::not_needed);
}

TEST_CASE("nothing is run that costs more than the answer, or that cannot do") {
  plan::problem p = simple({1, 2, 3, 4});
  p.objects = [](std::size_t c) -> std::optional<plan::objection> {
    if (c == 0) return plan::objection{0, 9, "theory expects 9"};
    return std::nullopt;
  };
  std::set<std::size_t> run;
  auto const found = plan::search(p, [&](std::size_t c, std::size_t, std::uint32_t) {
    run.insert(c);
    return plan::run_values{{c == 1 ? 2.0 : 0.5}, ""};
  });
  CHECK(run == std::set<std::size_t>{1, 2});
  CHECK(found.answer == std::optional<std::size_t>(2));
  CHECK(found.candidates[0].how == fate::ruled_out);
  CHECK(found.candidates[0].why == "theory expects 9");
}

TEST_CASE("a clear case takes two replications, a close one as many as it needs, and what stays open is refused") {
  plan::problem p = simple({1});
  p.rule = {6, 0.95};
  auto const runs_with = [&](double mean, double swing) {
    auto const found = plan::search(p, [&](std::size_t, std::size_t, std::uint32_t r) {
      return plan::run_values{{mean + (r % 2 == 0 ? swing : -swing)}, ""};
    });
    return std::pair(found.candidates[0].runs, found.candidates[0].how);
  };
  CHECK(runs_with(0.5, 0.0001) == std::pair(2u, fate::accepted));
  CHECK(runs_with(1.5, 0.0001) == std::pair(2u, fate::refused));
  auto const close = runs_with(0.9, 0.02);
  CHECK(close.first > 2);
  CHECK(close.second == fate::accepted);
  CHECK(runs_with(0.99, 0.2) == std::pair(6u, fate::refused));
}

TEST_CASE("a goal that is met only by chance is hardly ever accepted") {
  plan::problem p = simple({1});
  p.rule = {5, 0.95};
  std::size_t accepted = 0;
  for (std::uint64_t trial = 0; trial < 2000; ++trial) { // the truth lies on the bound
    auto const found = plan::search(p, [&](std::size_t, std::size_t, std::uint32_t r) {
      std::uint64_t const key = load::mix(load::mix(trial) + 100 * r);
      double sum = 0;
      for (std::uint64_t i = 0; i < 12; ++i) sum += unit(key + i);
      return plan::run_values{{1 + 0.1 * (sum - 6)}, ""};
    });
    accepted += found.answer.has_value();
  }
  CHECK(accepted <= 130); // 5 % and three standard deviations
  CHECK(accepted > 0);
}

TEST_CASE("a topology must meet its goals after the losses as well, and the loss is named") {
  plan::problem p = simple({1, 2});
  p.circumstances = 2;
  auto const found = plan::search(p, [](std::size_t c, std::size_t circumstance, std::uint32_t) {
    return plan::run_values{{c == 0 && circumstance == 1 ? 3.0 : 0.5}, ""};
  });
  CHECK(found.answer == std::optional<std::size_t>(1));
  CHECK(found.candidates[0].circumstance == 1);
  CHECK(found.candidates[0].goal == std::optional<std::size_t>(0));
}

TEST_CASE("no samples, a run that says nothing, and one bad value of an exact goal all refuse") {
  auto const fate_with = [](plan::problem const& p, plan::run_values const& values) {
    auto const found = plan::search(p, [&](std::size_t, std::size_t, std::uint32_t) { return values; });
    return found.candidates[0];
  };
  CHECK(fate_with(simple({1}), {{std::nullopt}, ""}).why == "no samples");
  CHECK(fate_with(simple({1}), {{0.5}, "invalid: the load was not issued in full"}).why ==
        "invalid: the load was not issued in full");
  plan::problem exact = simple({1}, 0);
  exact.goals[0].compare = comparison::equal;
  CHECK(fate_with(exact, {{0.0}, ""}).how == fate::accepted);
  CHECK(fate_with(exact, {{1.0}, ""}).how == fate::refused);
}

TEST_CASE("of several goals that are missed at once the one missed by most is named") {
  plan::problem p = simple({1});
  p.goals = {{"a", "<1", comparison::less, 1}, {"b", "<10", comparison::less, 10}, {"c", ">5", comparison::greater, 5}};
  auto const found = plan::search(p, [](std::size_t, std::size_t, std::uint32_t) {
    return plan::run_values{{1.5, 30, 4}, ""};
  });
  CHECK(found.candidates[0].goal == std::optional<std::size_t>(1));
}

TEST_CASE("one replication is taken as it is") {
  plan::problem p = simple({1, 2});
  p.rule.replications = 1;
  auto const found = plan::search(p, constant({1.001, 0.999}));
  CHECK(found.answer == std::optional<std::size_t>(1));
  CHECK(found.candidates[0].runs == 1);
}

TEST_CASE("a stopped search has no answer, and an error of a candidate that matters is thrown") {
  auto const found = plan::search(simple({1, 2}), constant({0.5, 0.5}), {2, false, [] { return true; }});
  CHECK(found.interrupted);
  CHECK_FALSE(found.answer);
  auto const failing = [](std::size_t c, std::size_t, std::uint32_t) -> plan::run_values {
    if (c == 0) throw std::runtime_error("broken");
    return {{0.5}, ""};
  };
  CHECK_THROWS_WITH(plan::search(simple({1, 2}), failing), "broken");
}
