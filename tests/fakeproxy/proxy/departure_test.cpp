#include "fakeproxy/proxy/departure.hpp"

#include <catch2/catch.hpp>

#include <functional>
#include <utility>
#include <vector>

using namespace fakeproxy::proxy;
using fakeproxy::cluster::time_point;
using step = departure::step;

namespace {

departure::settings const quick{.quiet = 30, .longest = 200, .farewell = 10, .look = 5};

/// What it does other than stay, and when, if it begins at 100 and `busy` says when requests are in progress.
std::vector<std::pair<step, time_point>> course(std::function<bool(time_point)> const& busy) {
  departure d(quick);
  d.begin(100, busy(100));
  std::vector<std::pair<step, time_point>> done;
  while (done.empty() || done.back().first != step::end) {
    time_point const now = *d.next_deadline();
    step const next = d.on_deadline(now, busy(now));
    if (next != step::stay) done.emplace_back(next, now);
  }
  return done;
}

using steps = std::vector<std::pair<step, time_point>>;

}

TEST_CASE("a process that is asked to go does so once it was quiet for a while, and gives its last messages time") {
  CHECK(course([](time_point) { return false; }) == steps{{step::leave, 130}, {step::end, 140}});
}

// Live, each look is a little late; in simulated time, none is.
TEST_CASE("a process whose looks are late leaves at the same look as one whose looks are not") {
  auto const looks_before_it_leaves = [](time_point late) {
    departure d;
    d.begin(0, false);
    int looks = 1;
    while (d.on_deadline(*d.next_deadline() + late, false) == step::stay) ++looks;
    return looks;
  };
  CHECK(looks_before_it_leaves(0) == 6); // each 50 ms, until it was quiet for 300
  CHECK(looks_before_it_leaves(10'000) == 6);
  CHECK(looks_before_it_leaves(900'000) == 6);
}

TEST_CASE("a request in hand keeps a process from leaving, and the quiet begins anew after it") {
  CHECK(course([](time_point now) { return now < 117; }) == steps{{step::leave, 150}, {step::end, 160}});
  CHECK(course([](time_point now) { return now == 130; }) == steps{{step::leave, 165}, {step::end, 175}});
}

TEST_CASE("a process leaves in the end, whoever is still waiting") {
  CHECK(course([](time_point) { return true; }) == steps{{step::leave, 300}, {step::end, 310}});
}

TEST_CASE("a process that is not asked to go has nothing to look at") {
  departure const d;
  CHECK_FALSE(d.begun());
  CHECK_FALSE(d.has_left());
  CHECK_FALSE(d.next_deadline());
}

TEST_CASE("sessions are given back before the end") {
  departure d(quick);
  d.begin(0, false);
  CHECK(d.begun());
  for (time_point now = 0; d.next_deadline() && !d.has_left(); now = *d.next_deadline()) d.on_deadline(now, false);
  CHECK(d.on_deadline(*d.next_deadline(), true) == step::end);
}
