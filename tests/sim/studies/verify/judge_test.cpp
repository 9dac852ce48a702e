#include "sim/studies/verify/judge.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <random>
#include <string>
#include <vector>

/// What is called agreement, what a difference, and what is left open.
namespace sim::verify {
namespace {

sample of(std::vector<double> values) {
  sample s;
  s.values = std::move(values);
  return s;
}

/// So many values with this mean and exactly this standard deviation; `runs` is even.
sample spread_around(double mean, double deviation, unsigned runs) {
  double const off = deviation * std::sqrt((runs - 1.0) / runs);
  sample s;
  for (unsigned i = 0; i != runs; ++i) s.values.push_back(mean + (i % 2 ? off : -off));
  return s;
}

char const* name_of(judgement j) {
  return j == judgement::agrees ? "agrees" : j == judgement::differs ? "differs" : "undecided";
}

}

TEST_CASE("a difference is judged by what the runs can tell") {
  struct row {
    char const* name;
    sample live, simulated;
    std::optional<double> known; // theory's error of a run
    char const* verdict;
    char const* note; // begins so
  };
  row const rows[] = {
      {"two runs with a spread of 1, and 4.9 standard errors apart",
       of({10 - 4.9 * std::sqrt(1.5)}),
       spread_around(10, 1, 2),
       {},
       "undecided",
       "more than 3 standard errors"},
      {"the same of a hundred runs", of({10 - 4.9 * std::sqrt(1.01)}), spread_around(10, 1, 100), {}, "differs", ""},
      {"the same where theory knows the error", of({10 - 4.9 * std::sqrt(1.5)}), spread_around(10, 1, 2), 1.0,
       "differs", ""},
      {"ten runs, 4.0 standard errors: t allows 4.09",
       of({100 + 4.0 * std::sqrt(1.1)}),
       spread_around(100, 1, 10),
       {},
       "undecided",
       "more than 3 standard errors"},
      {"ten runs, 4.2 standard errors", of({100 + 4.2 * std::sqrt(1.1)}), spread_around(100, 1, 10), {}, "differs", ""},
      {"ten runs, 2.9 standard errors", of({100 + 2.9 * std::sqrt(1.1)}), spread_around(100, 1, 10), {}, "agrees", ""},
      {"known, 2.99 standard errors", of({10 + 2.99 * std::sqrt(1.5)}), of({10, 10}), 1.0, "agrees", ""},
      {"known, 3.01 standard errors", of({10 - 3.01 * std::sqrt(1.5)}), of({10, 10}), 1.0, "differs", ""},
      {"two runs of huge spread, near each other",
       of({51}),
       spread_around(50, 70, 2),
       {},
       "undecided",
       "a difference as large as the figure itself"},
      {"ten runs of huge spread",
       of({51}),
       spread_around(50, 70, 10),
       {},
       "undecided",
       "a difference as large as the figure itself"},
      {"a hundred runs of huge spread on either side",
       spread_around(51, 70, 100),
       spread_around(50, 70, 100),
       {},
       "agrees",
       ""},
      {"two runs of a tiny spread", of({50.001}), spread_around(50, 0.001, 2), {}, "agrees", ""},
      {"no spread, and the same", of({7}), of({7, 7, 7}), {}, "agrees", ""},
      {"no spread in two runs, and not the same", of({8}), of({7, 7}), {}, "undecided", "2 runs that are all alike"},
      {"no spread in ten runs, and not the same", of({8}), spread_around(7, 0, 10), {}, "differs", ""},
      {"no spread where theory knows that there is none", of({8}), of({7, 7}), 0.0, "differs", ""},
      {"nothing on either side", of({0}), of({0, 0}), {}, "agrees", ""},
      {"one run each, not the same", of({8}), of({7}), {}, "undecided", "no standard error is known"},
      {"one run each, the same", of({7}), of({7}), {}, "agrees", ""},
      {"live runs spread, the only simulated one does not", spread_around(107, 1, 10), of({100}), {}, "differs", ""},
      {"live runs spread more than simulated ones",
       spread_around(103, 3, 4),
       spread_around(100, 0.01, 10),
       {},
       "agrees",
       ""},
      {"both spread, many runs", spread_around(103, 3, 100), spread_around(100, 3, 100), {}, "differs", ""}};
  for (row const& x : rows) {
    INFO(x.name);
    std::optional<run_error> known;
    if (x.known) known = run_error{*x.known, std::nullopt};
    comparison const c = against_simulation(x.live, x.simulated, known);
    CHECK(std::string(name_of(c.verdict)) == x.verdict);
    CHECK(c.note.find(x.note) == 0);
    CHECK(c.agrees() == (std::string(x.verdict) == "agrees"));
    CHECK((c.verdict == judgement::undecided) == !c.note.empty());
  }
}

TEST_CASE("what agrees is never further off than 4 standard errors, whatever the number of runs") {
  std::mt19937_64 random(5);
  std::normal_distribution<double> normal;
  for (unsigned runs = 2; runs != 40; ++runs)
    for (int i = 0; i != 50; ++i) {
      sample simulated, live = of({100 + 6 * normal(random)});
      for (unsigned k = 0; k != runs; ++k) simulated.values.push_back(100 + normal(random));
      auto const error = error_of_run(nullptr, {&simulated});
      for (comparison const& c : {against_simulation(live, simulated, error), against_theory(simulated, 101, 0, error)})
        if (c.agrees() && c.standard_errors) CHECK(std::abs(*c.standard_errors) <= 4);
    }
}

TEST_CASE("so many runs as are advised do decide a difference that stays") {
  for (double const apart : {4.0, 10.0, 100.0}) { // in deviations of a run
    sample const few = spread_around(1'000, 1, 2);
    comparison const c = against_simulation(of({1'000 + apart}), few, error_of_run(nullptr, {&few}));
    INFO(apart << ": " << c.note);
    REQUIRE(c.verdict == judgement::undecided);
    auto const at = c.note.find("about ");
    REQUIRE(at != std::string::npos);
    auto const runs = static_cast<unsigned>(std::stoul(c.note.substr(at + 6)));
    CHECK(runs >= 2);
    CHECK(runs <= 20);
    unsigned const even = runs + runs % 2;
    CHECK(against_simulation(spread_around(1'000 + apart, 1, even), spread_around(1'000, 1, even), {}).verdict ==
          judgement::differs);
  }
}

TEST_CASE("theory's thousandth forgives no more than 4 standard errors, its approximation does") {
  struct row {
    char const* name;
    double off, error, relative; // of 1; error: of the mean
    char const* verdict;
  };
  row const rows[] = {{"within 3", 0.0009, 0.0004, 0, "agrees"},
                      {"beyond 3, within a thousandth", 0.0009, 0.00025, 0, "agrees"},
                      {"beyond 4, within a thousandth", 0.0009, 0.0002, 0, "differs"},
                      {"beyond 3, beyond a thousandth", 0.0011, 0.0003, 0, "differs"},
                      {"beyond 4, within what the formula may be off", 0.015, 0.0002, 0.02, "agrees"},
                      {"beyond what the formula may be off", 0.021, 0.0002, 0.02, "differs"},
                      {"exact theory, and off by the last of a million", 1e-6, 0, 0, "differs"},
                      {"exact theory, and off by rounding", 1e-13, 0, 0, "agrees"}};
  for (row const& x : rows) {
    INFO(x.name);
    comparison const c = against_theory(of({1 + x.off}), 1, x.relative, run_error{x.error, std::nullopt});
    CHECK(std::string(name_of(c.verdict)) == x.verdict);
  }
}

TEST_CASE("a difference as large as the smallest that would be seen is seen about 95 times in 100") {
  std::mt19937_64 random(9);
  std::normal_distribution<double> normal;
  struct row {
    char const* name;
    unsigned simulated, live;
    bool known;
  };
  for (row const x : {row{"known", 10, 1, true}, row{"known, many", 100, 100, true},
                      row{"estimated from 100", 100, 100, false}, row{"estimated from 20", 20, 20, false}}) {
    INFO(x.name);
    double const error = std::sqrt(1.0 / x.simulated + 1.0 / x.live);
    std::optional<run_error> known;
    if (x.known) known = run_error{1, std::nullopt};
    int seen = 0, small_seen = 0, most = 2'000;
    for (int i = 0; i != most; ++i) {
      auto const draw = [&](unsigned runs, double middle) {
        sample s;
        for (unsigned k = 0; k != runs; ++k) s.values.push_back(middle + normal(random));
        return s;
      };
      sample const simulated = draw(x.simulated, 100);
      auto const power = against_simulation(draw(x.live, 100), simulated, known).smallest_seen;
      REQUIRE(power);
      if (x.known) CHECK(*power == Approx((3 + 1.6448536) * error));
      seen += against_simulation(draw(x.live, 100 + *power), simulated, known).verdict == judgement::differs;
      small_seen += against_simulation(draw(x.live, 100 + *power / 4), simulated, known).verdict == judgement::differs;
    }
    CHECK(seen > most * 91 / 100); // the error of an estimated error costs a little
    CHECK(seen < most * 99 / 100);
    CHECK(small_seen < most / 5);
  }
  CHECK(against_theory(of({2, 2}), 2, 0, run_error{0, std::nullopt}).smallest_seen == Approx(2e-9));
  CHECK_FALSE(against_theory(of({2}), 2, 0, {}).smallest_seen);
}

}
