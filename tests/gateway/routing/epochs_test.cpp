// Which of two answers is the younger one, by whatever proxies count.
#include "tests/gateway/routing/bench.hpp"

#include <catch2/catch.hpp>

#include <limits>

using namespace tests::gateway_routing;

namespace {

/// The upstream that the map has the token at, or no_upstream.
upstream_id known(bench& b) {
  auto const* const found = b.r.known(key{1});
  return found ? found->upstream : no_upstream;
}

void answer(bench& b, std::uint32_t backend, std::optional<std::uint64_t> epoch) {
  router::route_type route;
  b.start(route, 1);
  b.r.on_answer(route, answer_facts{.backend = upstream_id{backend}, .epoch = epoch});
}

}

TEST_CASE("of two epochs the larger number is the younger one, whatever counts them and however far they are apart") {
  constexpr std::uint64_t largest = std::numeric_limits<std::uint64_t>::max();
  struct row {
    char const* name;
    std::uint64_t older, younger;
  };
  auto const r = GENERATE(
      row{"a counter", 1, 2}, row{"a counter from 0", 0, 1}, row{"past 31 bits", (1u << 31) - 1, 1u << 31},
      row{"past 32 bits", (std::uint64_t{1} << 32) - 1, std::uint64_t{1} << 32},
      row{"half of 31 bits apart", 5, 5 + (1u << 30)}, row{"half of 32 bits apart", 5, 5 + (std::uint64_t{1} << 31)},
      row{"equal in their lower 32 bits", 7, (std::uint64_t{1} << 32) + 7}, row{"from nothing to all", 0, largest},
      row{"at the end", largest - 1, largest}, row{"past half of all", (largest >> 1), (largest >> 1) + 1},
      row{"minutes, a year", 29'405'116, 29'930'716}, row{"seconds, a day", 1'764'307'000, 1'764'393'400},
      row{"milliseconds, 25 days", 1'764'307'000'000, 1'766'467'000'000},
      row{"microseconds, an hour", 1'764'307'000'000'000, 1'764'310'600'000'000},
      row{"nanoseconds, 3 s", 1'764'307'000'000'000'000, 1'764'307'003'000'000'000},
      row{"nanoseconds, one", 1'764'307'000'000'000'000, 1'764'307'000'000'000'001},
      row{"of NTP, 1 s", 0xeb1234560000'0000u, 0xeb1234570000'0000u},
      row{"ticks of 100 ns", 638'999'038'000'000'000, 638'999'038'000'000'001});
  INFO(r.name);
  bench b(3);
  answer(b, 0, r.older);
  answer(b, 1, r.younger);
  CHECK(known(b) == upstream_id{1});
  answer(b, 0, r.older); // late
  CHECK(known(b) == upstream_id{1});
  answer(b, 2, r.younger); // as young: the later one counts
  CHECK(known(b) == upstream_id{2});
}

TEST_CASE("with an epoch the request's beginning does not count, without one it does, and the two are not compared") {
  bench b(3);
  router::route_type early, late;
  b.start(early, 1);
  b.now += 10 * ms;
  b.start(late, 1);
  bool const tells = GENERATE(true, false);
  auto const epoch = [&](std::uint64_t n) { return tells ? std::optional(n) : std::nullopt; };
  b.r.on_answer(late, answer_facts{.backend = upstream_id{0}, .epoch = epoch(7)});
  b.r.on_answer(early, answer_facts{.backend = upstream_id{1}, .epoch = epoch(8)});
  CHECK(known(b) == upstream_id{tells ? 1u : 0u});
  answer(b, 2, tells ? std::nullopt : std::optional<std::uint64_t>(0)); // who learns to tell epochs, or forgets how
  CHECK(known(b) == upstream_id{2});
}

TEST_CASE("an entry with a stamp of 32 bits compares times as one of 64 bits does, for as long as answers take") {
  auto const steps = GENERATE(time_ns{0}, 1 * ms, 999 * ms, 3'600'000 * ms, 86'399'999 * ms);
  time_ns const from = GENERATE(time_ns{0}, 17 * ms, (time_ns{1} << 32) * ms - 5 * ms, (time_ns{3} << 31) * ms);
  INFO(from << " + " << steps);
  auto const compare = [&](auto kind) {
    using entry = decltype(kind);
    entry const old = entry::make(upstream_id{1}, from, std::nullopt);
    entry const fresh = entry::make(upstream_id{2}, from + steps, std::nullopt);
    return std::array{old.older_than(fresh), fresh.older_than(old), fresh.is_as_good(old)};
  };
  CHECK(compare(learnt_backend{}) == compare(compact_backend{}));
  CHECK(compare(learnt_backend{}) == std::array{steps != 0, false, true});
}

TEST_CASE("an entry with a stamp of 32 bits compares the epochs that fit, and takes the others for none") {
  auto const of = [](std::uint64_t epoch) { return compact_backend::make(upstream_id{1}, 5 * ms, epoch); };
  CHECK(of(7).older_than(of(8)));
  CHECK_FALSE(of(8).older_than(of(7)));
  CHECK(of(0xffffffff).is_epoch());
  CHECK_FALSE(of(0x100000000).is_epoch());
  CHECK_FALSE(of(0x100000000).older_than(of(1)));
}

TEST_CASE("an entry is as small as it was, and holds the largest of all") {
  learnt_backend made = learnt_backend::make(upstream_id{learnt_backend::most_upstreams - 1}, 0,
                                             std::numeric_limits<std::uint64_t>::max());
  made.set_shared_in(~0u);
  CHECK(index_of(made.upstream) == learnt_backend::most_upstreams - 1);
  CHECK(made.is_epoch());
  CHECK(made.when() == std::numeric_limits<std::uint64_t>::max());
  CHECK(made.shared_in == learnt_backend::period_mask);
  struct three_words { // http::map_key
    std::uint32_t words[3];
    bool operator==(three_words const&) const = default;
  };
  struct hash {
    std::size_t operator()(three_words const& k) const { return k.words[0] | std::uint64_t{k.words[1]} << 32; }
  };
  using live = token_map<three_words, learnt_backend, hash>;
  CHECK(live::capacity_for(10u << 20) == 271'181);
}
