// The search for a value, with a quick model in place of runs.
#include "sim/load/stream.hpp"
#include "sim/studies/plan/limit.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <cmath>
#include <mutex>
#include <set>

using namespace sim;
using plan::ending;
using plan::fate;
using scenario::comparison;

namespace {

double unit(std::uint64_t key) { return static_cast<double>(load::mix(key) >> 11) * 0x1p-53; }

constexpr std::size_t places = 200;

/// Values 1 to 200 with two goals: a time that grows with the value, and a share. The noise is the replication's.
plan::problem problem(double slowest = 100.5, double largest_share = 1e9) {
  plan::problem p;
  p.goals = {{"latency_ms", "<", comparison::less, slowest}, {"redirect_ratio", "<", comparison::less, largest_share}};
  p.rule = {5, 0.95};
  return p;
}

plan::run_values run(std::size_t place, std::uint32_t replication, double noise) {
  double const factor = 1 + noise * (unit(replication + 1) - 0.5);
  auto const value = static_cast<double>(place + 1);
  return {{value * factor, value / 1000 * factor}, ""};
}

plan::evaluation quiet(double noise = 1e-4) {
  return [noise](std::size_t place, std::size_t, std::uint32_t replication) { return run(place, replication, noise); };
}

}

TEST_CASE("the largest value at which all goals hold is found, and which goal is missed beyond it") {
  auto const found = plan::find_limit(problem(), places, quiet());
  CHECK(found.how() == ending::inside);
  CHECK(found.answer == 99); // value 100 < 100.5
  CHECK(found.beyond == 100);
  CHECK(found.tried.at(100).goal == 0);
  CHECK(found.tried.at(99).how == fate::accepted);
  CHECK(found.reversals.empty());
  auto const other = plan::find_limit(problem(100.5, 0.0501), places, quiet());
  CHECK(other.answer == 49);
  CHECK(other.tried.at(50).goal == 1);
}

TEST_CASE("a value that stays undecided is not one at which the goals hold") {
  auto const found = plan::find_limit(problem(), places, quiet(0.02));
  REQUIRE(found.answer);
  CHECK(*found.answer < 99);
  CHECK(*found.answer > 94);
  plan::judgement const& beyond = found.tried.at(*found.beyond);
  CHECK(beyond.runs == 5);
  CHECK(beyond.why == "undecided after 5 replications");
  CHECK_FALSE(beyond.invalid);
}

TEST_CASE("goals that hold at the last value, and goals that hold nowhere, are told apart") {
  CHECK(plan::find_limit(problem(1000), places, quiet()).how() == ending::at_end);
  CHECK(plan::find_limit(problem(1000), places, quiet()).answer == places - 1);
  auto const nowhere = plan::find_limit(problem(0.5), places, quiet());
  CHECK(nowhere.how() == ending::nowhere);
  CHECK(nowhere.tried.at(0).goal == 0);
  CHECK(plan::find_limit(problem(), 1, quiet()).how() == ending::at_end);
}

TEST_CASE("a load that could not be issued is never taken for the limit") {
  auto const invalid_from = [](std::size_t first) {
    return [first](std::size_t place, std::size_t, std::uint32_t replication) {
      plan::run_values values = run(place, replication, 1e-4);
      if (place >= first) values.refusal = "invalid: too slow", values.invalid = true;
      return values;
    };
  };
  auto const beyond = plan::find_limit(problem(), places, invalid_from(150));
  CHECK(beyond.how() == ending::inside);
  CHECK(beyond.answer == 99);
  auto const below = plan::find_limit(problem(), places, invalid_from(60));
  CHECK(below.how() == ending::untold);
  CHECK(below.answer == 59); // it does hold there
  CHECK(below.tried.at(60).invalid);
  CHECK_FALSE(below.tried.at(60).goal);
  auto const first = plan::find_limit(problem(), places, invalid_from(0));
  CHECK(first.how() == ending::untold);
  CHECK_FALSE(first.answer);
  CHECK(first.order == std::vector<std::size_t>{0});
  auto const broken = [](std::size_t place, std::size_t, std::uint32_t) {
    plan::run_values values = run(place, 0, 0);
    if (place >= 60) values.refusal = "invariant intact is violated";
    return values;
  };
  CHECK(plan::find_limit(problem(), places, broken).how() == ending::inside); // that is the system's own
}

TEST_CASE("an invalid run is repeated until it is valid, a bounded number of times") {
  std::size_t runs = 0, needed = 3;
  auto const flaky = [&](std::size_t, std::size_t, std::uint32_t) {
    plan::run_values values{{1.0}, ""};
    if (++runs < needed) values.refusal = "invalid: late", values.invalid = true;
    return values;
  };
  auto const repeated = plan::repeated_if_invalid(flaky, 3);
  CHECK_FALSE(repeated(0, 0, 0).invalid);
  CHECK(runs == 3);
  runs = 0, needed = 4;
  auto const last = repeated(0, 0, 0);
  CHECK(last.invalid);
  CHECK(last.refusal == "in each of 3 runs: invalid: late");
  CHECK(runs == 3);
}

TEST_CASE("runs that are made ahead give the same findings, each with the arguments that were asked for") {
  std::mutex mutex;
  std::size_t at_once = 0, most = 0, twice = 0;
  std::set<std::tuple<std::size_t, std::uint32_t>> made;
  auto const counted = [&](std::size_t place, std::size_t, std::uint32_t replication) {
    {
      std::lock_guard const lock(mutex);
      most = std::max(most, ++at_once);
      twice += made.insert({place, replication}).second ? 0 : 1;
    }
    auto const values = run(place, replication, 0.02);
    std::lock_guard const lock(mutex);
    --at_once;
    return values;
  };
  plan::problem const p = problem();
  auto const one = plan::find_limit(p, places, quiet(0.02));
  for (unsigned const jobs : {1u, 2u, 3u, 16u}) {
    made.clear(), most = 0;
    auto const several = plan::find_limit(p, places, plan::run_ahead(counted, jobs, p.rule));
    CHECK(several.order == one.order);
    CHECK(several.answer == one.answer);
    for (auto const& [place, judged] : several.tried) CHECK(judged.runs == one.tried.at(place).runs);
    CHECK(most <= std::min(jobs, p.rule.replications));
    CHECK(twice == 0);
  }
}

TEST_CASE("a search that is stopped says so, and every value that was judged before") {
  int runs = 0;
  plan::limit_options options;
  options.stop = [&] { return runs >= 7; };
  std::vector<std::size_t> told;
  options.report = [&](plan::limit_progress const& now) { told.push_back(now.tried); };
  auto const found = plan::find_limit(
      problem(), places,
      [&](std::size_t place, std::size_t, std::uint32_t replication) {
        ++runs;
        return run(place, replication, 1e-4);
      },
      options);
  CHECK(found.interrupted);
  CHECK(runs == 7);
  CHECK(told == std::vector<std::size_t>{1, 2, 3}); // two replications each
  CHECK(found.order.size() == 3);
}
