// What becomes of an entry of the map that balancers share. That Redis decides alike: tests/gateway/net.
#include "gateway/exchange/shared_entry.hpp"

#include <catch2/catch.hpp>

#include <limits>

using gateway::exchange::is_lost;
using gateway::exchange::tell;
using gateway::exchange::told;
using entry = gateway::exchange::shared_entry<int>;

TEST_CASE("the last word counts, but no older epoch overwrites a younger one") {
  constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  struct row {
    char const* name;
    std::optional<entry> old;
    entry fresh;
    told what;
  };
  for (row const& r : {row{"nothing is there", {}, {1}, told::replace}, row{"no epochs", entry{2}, {1}, told::replace},
                       row{"the same again without epochs, for its TTL", entry{1}, {1}, told::replace},
                       row{"a younger epoch", entry{2, 5}, {1, 6}, told::replace},
                       row{"the same epoch", entry{2, 5}, {1, 5}, told::replace},
                       row{"an older epoch", entry{2, 5}, {1, 4}, told::keep},
                       row{"an older epoch of the same backend", entry{1, 5}, {1, 4}, told::keep},
                       row{"the largest of all", entry{2, most}, {1, most - 1}, told::keep},
                       row{"epoch 0 is one", entry{2, 1}, {1, 0}, told::keep},
                       row{"who tells no epoch takes none away", entry{1, 5}, {1}, told::renew},
                       row{"who tells no epoch of another is believed", entry{2, 5}, {1}, told::replace},
                       row{"who begins to tell epochs is believed", entry{2}, {1, 1}, told::replace}}) {
    INFO(r.name);
    CHECK(tell(r.old ? &*r.old : nullptr, r.fresh) == r.what);
  }
}

TEST_CASE("an entry goes if it says what was found to be wrong, whatever its epoch") {
  entry const with{1, 5}, without{1};
  CHECK(is_lost(&with, 1));
  CHECK(is_lost(&without, 1));
  CHECK_FALSE(is_lost(&with, 2));
  CHECK_FALSE(is_lost<int>(nullptr, 1));
}
