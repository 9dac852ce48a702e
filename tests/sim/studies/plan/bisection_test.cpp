// The search for the last place at which something holds, on planted answers.
#include "sim/load/stream.hpp"
#include "sim/studies/plan/bisection.hpp"

#include <catch2/catch.hpp>

#include <bit>
#include <functional>
#include <set>

using namespace sim;
using plan::bisection;
using plan::told;

namespace {

using truth = std::function<told(std::size_t)>;

told as(bool holds) { return holds ? told::holds : told::fails; }

/// Asks until the machine is done; no place twice, and never more often than it says.
std::vector<std::size_t> asked(bisection& machine, truth const& what, bool foreseen = true) {
  std::vector<std::size_t> places;
  std::size_t left = machine.left();
  while (auto const place = machine.next()) {
    REQUIRE(std::find(places.begin(), places.end(), *place) == places.end());
    places.push_back(*place);
    machine.tell(what(*place));
    if (foreseen) REQUIRE(machine.left() < left);
    left = machine.left();
  }
  CHECK(machine.left() == 0);
  return places;
}

}

TEST_CASE("where it holds up to a place, that place is found, in as few questions as halving needs") {
  for (std::size_t places = 1; places <= 130; ++places) {
    for (std::size_t limit = 0; limit <= places; ++limit) { // places that hold
      for (std::size_t const probes : {std::size_t{0}, std::size_t{4}}) {
        INFO(places << " places, of which " << limit << " hold, " << probes << " probes");
        bisection machine(places, probes);
        auto const order = asked(machine, [&](std::size_t place) { return as(place < limit); });
        REQUIRE(machine.last() == (limit == 0 ? std::nullopt : std::optional(limit - 1)));
        REQUIRE(machine.beyond() == (limit == places ? std::nullopt : std::optional(limit)));
        REQUIRE(machine.reversals().empty());
        REQUIRE(order.size() <= std::min<std::size_t>(places, 1 + std::bit_width(places) + probes));
        REQUIRE(order.front() == 0);
      }
    }
  }
}

TEST_CASE("a place that fails below one that holds is seen by a probe") {
  auto const dip = [](std::size_t place) { return as(place < 80 && (place < 20 || place >= 30)); };
  bisection blind(100, 0);
  asked(blind, dip);
  CHECK(blind.last() == 79);
  CHECK(blind.reversals().empty()); // halving never meets it
  bisection machine(100, 4);
  asked(machine, dip);
  CHECK(machine.last() == 79);
  CHECK(machine.beyond() == 80);
  CHECK(machine.reversals() == std::vector<std::size_t>{25}); // the middle of the widest gap, 0 to 50
}

TEST_CASE("where the first place fails, a few others are looked at") {
  bisection machine(100, 4);
  asked(
      machine, [](std::size_t place) { return as(place >= 40 && place <= 60); }, false);
  CHECK(machine.last() == 60);
  CHECK(machine.beyond() == 61);
  CHECK(machine.reversals().front() == 0);
  bisection nowhere(100, 4);
  CHECK(asked(nowhere, [](std::size_t) { return told::fails; }) == std::vector<std::size_t>{0, 50, 25, 75, 12});
  CHECK_FALSE(nowhere.last());
  CHECK(nowhere.beyond() == 0);
  bisection quick(100, 0);
  CHECK(asked(quick, [](std::size_t) { return told::fails; }) == std::vector<std::size_t>{0});
}

TEST_CASE("with noisy answers the search ends between a place that holds and one that does not") {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    INFO("seed " << seed);
    std::set<std::size_t> held;
    auto const noisy = [&](std::size_t place) {
      auto const draw = static_cast<double>(load::mix(load::mix(seed) + place) >> 11) * 0x1p-53;
      bool const holds = place == 0 || static_cast<double>(place) + 30 * (draw - 0.5) < 120;
      if (holds) held.insert(place);
      return as(holds);
    };
    bisection machine(250, 4);
    auto const order = asked(machine, noisy, false);
    REQUIRE(machine.last() == *held.rbegin());
    REQUIRE(machine.beyond() == *machine.last() + 1);
    for (std::size_t const place : machine.reversals()) REQUIRE(place < *machine.last());
    REQUIRE(order.size() <= 40);
  }
}

TEST_CASE("what cannot be told ends what is searched, and is no failure") {
  SECTION("at the first place: the search is over") {
    bisection machine(100, 4);
    CHECK(asked(machine, [](std::size_t) { return told::unknown; }) == std::vector<std::size_t>{0});
    CHECK_FALSE(machine.last());
    CHECK(machine.beyond() == 0);
  }
  SECTION("beyond a limit: the limit is found") {
    bisection machine(100, 0);
    asked(machine, [](std::size_t place) { return place >= 40 ? told::unknown : as(place < 30); });
    CHECK(machine.last() == 29);
    CHECK(machine.beyond() == 30);
  }
  SECTION("before it: the search ends there") {
    bisection machine(100, 4);
    asked(machine, [](std::size_t place) { return place >= 20 ? told::unknown : told::holds; });
    CHECK(machine.last() == 19);
    CHECK(machine.beyond() == 20);
    CHECK(machine.reversals().empty());
  }
}
