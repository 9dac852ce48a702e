#include "sim/engines/virtual/calendar.hpp"
#include "sim/load/stream.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <set>
#include <utility>

using namespace sim;

namespace {

/// What a calendar must be like: by time, then by the order of addition.
using reference = std::map<std::pair<std::int64_t, std::uint64_t>, std::uint32_t>;

/// Pushes and pops at random for a while; delays are of very different lengths, and many times are equal.
void compare(std::uint64_t seed, std::int64_t unit_ns, int steps) {
  INFO("seed " << seed << ", unit " << unit_ns);
  load::small_stream draws(seed);
  virtual_time::calendar<std::uint32_t> queue;
  reference expected;
  std::int64_t now = 0;
  std::uint64_t sequence = 0;
  for (int i = 0; i != steps; ++i) {
    bool const push = expected.empty() || load::uniform_below(draws, 100) < (i < steps / 2 ? 55u : 45u);
    if (push) {
      std::int64_t const far = load::uniform_below(draws, 20) == 0 ? 1'000'000 : 1;
      std::int64_t const at = now + load::uniform_below(draws, 50) * unit_ns * far;
      auto const what = static_cast<std::uint32_t>(sequence);
      queue.push(at, what);
      expected.emplace(std::pair(at, sequence++), what);
    } else {
      auto const first = expected.begin();
      virtual_time::calendar<std::uint32_t>::event popped{};
      REQUIRE_FALSE(queue.pop_before(first->first.first, popped));
      REQUIRE(queue.pop_before(first->first.first + 1, popped));
      REQUIRE(popped.at_ns == first->first.first);
      REQUIRE(popped.what == first->second);
      now = popped.at_ns;
      expected.erase(first);
    }
    REQUIRE(queue.size() == expected.size());
  }
}

}

TEST_CASE("a calendar gives events by time, and those of one time in the order in which they were added") {
  for (std::uint64_t seed = 1; seed <= 6; ++seed)
    for (std::int64_t const unit : {1, 100, 10'000, 3'000'000}) compare(seed, unit, 20'000);
}

TEST_CASE("a calendar keeps its order while it fits its span to the rate of events") {
  compare(77, 1, 400'000);       // many to a bucket
  compare(78, 900'000, 400'000); // most buckets empty
}

// Each bucket holds one event, and so does its neighbour: when the span doubles, some of these come onto the page.
TEST_CASE("a calendar keeps its order when the span grows over neighbouring buckets") {
  virtual_time::calendar<std::uint32_t> queue;
  constexpr std::int64_t spacing = 1 << 14;
  std::uint32_t next = 0;
  for (; next != 100; ++next) queue.push((next + 1) * spacing, next);
  for (std::uint32_t expected = 0; expected != 200'000; ++expected, ++next) {
    auto const popped = queue.pop();
    if (popped.what != expected || popped.at_ns != (expected + 1) * spacing) FAIL("event " << expected);
    queue.push((std::int64_t{next} + 1) * spacing, next);
  }
  CHECK(queue.size() == 100);
}

TEST_CASE("looking ahead shows each event two pages before its own and one before, and changes nothing") {
  virtual_time::calendar<std::uint32_t> queue;
  load::small_stream draws(3);
  std::uint32_t pushed = 0;
  for (; pushed != 5000; ++pushed) queue.push(load::uniform_below(draws, 60'000'000), pushed);
  std::set<std::uint32_t> next, after_next; // what was said to be
  std::size_t foreseen = 0;
  std::uint64_t turned = 0;
  for (std::int64_t now = 0; !queue.empty();) {
    auto const popped = queue.pop();
    REQUIRE(popped.at_ns >= now);
    now = popped.at_ns;
    foreseen += next.contains(popped.what) && after_next.contains(popped.what);
    if (queue.turned() == turned) continue;
    turned = queue.turned();
    queue.look_ahead([&](std::uint32_t what) { next.insert(what); },
                     [&](std::uint32_t what) {
                       REQUIRE(!next.contains(what)); // not before its time
                       after_next.insert(what);
                     });
  }
  CHECK(foreseen > pushed - 20); // all but those of the first two pages
  CHECK(foreseen < pushed);
}
