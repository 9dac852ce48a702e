#include "base/memory/zeroed_array.hpp"
#include "tests/base/memory/resident.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

using memory::zeroed_array;

namespace {

bool is_zero(zeroed_array<std::uint32_t> const& a) {
  return std::all_of(a.begin(), a.end(), [](std::uint32_t value) { return value == 0; });
}

}

// Before the others: a heap in large pages cannot be undone.
TEST_CASE("a value of an array below the size of a large page uses no large page, whatever its neighbours are") {
  zeroed_array<std::uint32_t> const above(3'000'000); // in the usual order of addresses
  zeroed_array<std::uint32_t> small(140'000), middling(300'000);
  zeroed_array<std::uint32_t> const below(3'000'000);
  std::size_t const before = tests::resident_bytes("/proc/self");
  for (auto* const array : {&small, &middling}) (*array)[array->size() / 2] = 1;
  CHECK(tests::resident_bytes("/proc/self") - before < std::size_t{1} << 20); // a large page is 2 MB
}

// Small ones come from the heap, those of a MB or more from the system.
TEST_CASE("an array is zero at first, whatever its size and whatever its memory held before") {
  bool const in_large_pages = GENERATE(false, true); // in this order: it cannot be undone
  if (in_large_pages) memory::keep_heap_in_large_pages();
  for (std::size_t const size : {0u, 1u, 1000u, 40'000u, 262'143u, 262'144u, 262'145u, 3'000'000u}) {
    INFO(size << " values, heap in large pages: " << in_large_pages);
    for (int again = 0; again < 3; ++again) {
      zeroed_array<std::uint32_t> a(size);
      REQUIRE(a.size() == size);
      REQUIRE(is_zero(a));
      for (std::size_t i = 0; i < size; ++i) a[i] = static_cast<std::uint32_t>(i) + 1;
      zeroed_array<std::uint32_t> b = std::move(a);
      REQUIRE(b.size() == size);
      REQUIRE((size == 0 || b[size - 1] == size));
    }
  }
}

TEST_CASE("a large array grows where it stands, up to what was said; a small one does not") {
  zeroed_array<std::uint32_t> small(1000, 4000);
  CHECK_FALSE(small.grow(1001));
  CHECK(small.size() == 1000);

  constexpr std::size_t size = 3'000'000, most = 4 * size; // 12 MB
  zeroed_array<std::uint32_t> a(size, most);
  std::uint32_t const* const where = a.data();
  for (std::size_t now = size; now <= most; now += size / 2 + 1) {
    REQUIRE((now == size || a.grow(now)));
    REQUIRE(a.size() == now);
    REQUIRE(a.data() == where);
    REQUIRE(is_zero(a));
  }
  std::fill(a.data(), a.data() + a.size(), 7u);
  CHECK(a.grow(most));
  CHECK(std::count(a.begin(), a.end(), 0u) == static_cast<std::ptrdiff_t>(most - (size + 5 * (size / 2 + 1))));
  CHECK_FALSE(a.grow(most + 1));
  zeroed_array<std::uint32_t> b = std::move(a);
  CHECK(b.data() == where);
  CHECK(b.size() == most);
  CHECK_FALSE(a.grow(1)); // NOLINT(bugprone-use-after-move): it is empty
}

TEST_CASE("a heap in large pages may be asked for again, and gives and takes blocks of all sizes") {
  memory::keep_heap_in_large_pages();
  memory::keep_heap_in_large_pages();
  std::vector<std::vector<char>> blocks;
  for (std::size_t bytes = 1; bytes < (std::size_t{1} << 26); bytes *= 3) blocks.emplace_back(bytes, 'x');
  for (auto const& block : blocks) CHECK(std::count(block.begin(), block.end(), 'x') == static_cast<int>(block.size()));
}
