#include "sim/studies/plan/run_book.hpp"
#include "tests/base/os/scratch.hpp"
#include "tests/sim/studies/plan/planned.hpp"

#include <catch2/catch.hpp>

#include <fstream>

using namespace sim;
using files_test::scratch;

TEST_CASE("a run that is in the book is the same to the last bit, and made once") {
  scratch const dir;
  plan::run_values const values{{0.1 + 0.2, std::nullopt, 1e-300}, "invariant \"x\" is\nviolated"};
  {
    plan::run_book book(dir.path / "runs.jsonl");
    CHECK_FALSE(book.find("a"));
    book.keep("a", values);
    CHECK(book.find("a")->values == values.values);
    CHECK(book.found() == 0); // of an earlier plan
    CHECK(book.problem().empty());
  }
  plan::run_book again(dir.path / "runs.jsonl");
  REQUIRE(again.find("a"));
  CHECK(again.find("a")->values == values.values);
  CHECK(again.find("a")->refusal == values.refusal);
  CHECK(again.found() == 1);
}

TEST_CASE("a book that was cut anywhere loses no more than its last line, and goes on") {
  scratch const dir;
  {
    plan::run_book book(dir.path / "whole");
    book.keep("a", {{1.5}, ""});
    book.keep("b", {{2.5}, ""});
  }
  std::string const whole = files_test::text_of(dir.path / "whole");
  std::size_t const first = whole.find('\n') + 1;
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    INFO(size);
    std::ofstream(dir.path / "cut", std::ios::binary) << whole.substr(0, size);
    {
      plan::run_book book(dir.path / "cut");
      CHECK(book.find("a").has_value() == (size + 1 >= first)); // its line feed is not needed
      CHECK(book.find("b").has_value() == (size + 1 >= whole.size()));
      book.keep("c", {{3.5}, ""});
    }
    plan::run_book again(dir.path / "cut");
    CHECK(again.find("c")->values == std::vector<std::optional<double>>{3.5});
    CHECK(again.find("a").has_value() == (size + 1 >= first));
  }
}

TEST_CASE("what determines a run is in its name, and nothing else") {
  scratch const dir;
  plan_test::scratch_file const file(plan_test::planned(""));
  plan::definition const d = plan::define(file.path(), {});
  plan::run_book book(dir.path / "runs.jsonl");
  std::size_t runs = 0;
  auto const made = [&](plan::definition const& of, std::size_t candidate, std::uint32_t replication) {
    std::size_t const before = runs;
    plan::remembered(
        of,
        [&](std::size_t, std::size_t, std::uint32_t) {
          ++runs;
          return plan::run_values{{0.5}, ""};
        },
        book)(candidate, 0, replication);
    return runs - before;
  };
  CHECK(made(d, 0, 0) == 1);
  CHECK(made(d, 0, 0) == 0);
  CHECK(made(d, 1, 0) == 1);
  CHECK(made(d, 0, 1) == 1);
  plan::definition const dearer = plan::define(file.path(), {"plan.confidence=90%", "description=other"});
  CHECK(made(dearer, 0, 0) == 0);
  plan::definition const seeded = plan::define(file.path(), {"seed=77"});
  CHECK(made(seeded, 0, 0) == 1);
}

TEST_CASE("what is measured is no simulated run, and an invalid one is made again") {
  scratch const dir;
  plan_test::scratch_file const file(plan_test::planned(
      R"("goals": {"redirect_ratio": ["<0.2"]}, "find": {"load.rate_rps": {"from": 100, "to": 200, "within": 100}})"));
  plan::run_book book(dir.path / "runs.jsonl");
  plan::run_values next{{0.5}, ""};
  std::size_t runs = 0;
  auto const ask = [&](plan::definition const& d) {
    return plan::remembered(
        d, [&](std::size_t, std::size_t, std::uint32_t) { return ++runs, next; }, book)(0, 0, 0);
  };
  plan::definition const simulated = plan::define(file.path(), {}), measured = plan::define(file.path(), {}, "live");
  next.refusal = "invalid: late", next.invalid = true;
  ask(simulated), ask(simulated);
  CHECK(runs == 1); // it would be the same again
  CHECK(ask(simulated).invalid);
  ask(measured), ask(measured);
  CHECK(runs == 3);
  next = {{0.25}, ""};
  CHECK(ask(measured).values.front() == 0.25);
  ask(measured);
  CHECK(runs == 4);
  plan::run_book again(dir.path / "runs.jsonl");
  CHECK(plan::remembered(
            simulated, [&](std::size_t, std::size_t, std::uint32_t) { return next; }, again)(0, 0, 0)
            .invalid);
}

TEST_CASE("a book that cannot be written says so, and works all the same") {
  plan::run_book book("/proc/no/such");
  book.keep("a", {{1.0}, ""});
  CHECK_THAT(book.problem(), Catch::Contains("cannot write /proc/no/such"));
  CHECK(book.find("a"));
}
