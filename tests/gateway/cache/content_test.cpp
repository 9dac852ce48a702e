#include "gateway/cache/content.hpp"

#include <catch2/catch.hpp>

#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

using gateway::cache::growing_content;

namespace {

std::string rest_of(growing_content const& c, std::size_t offset) {
  std::string out;
  for (std::string_view part = c.after(offset); !part.empty(); part = c.after(offset + out.size())) out.append(part);
  return out;
}

}

TEST_CASE("content of the length that was expected is one block, which is shared and not copied") {
  growing_content c(1'000);
  c.append(std::string(400, 'a'));
  c.append(std::string(600, 'b'));
  CHECK(c.size() == 1'000);
  CHECK(c.after(0).size() == 1'000);
  CHECK(c.whole()->data() == c.after(0).data());
}

TEST_CASE("content that falls far short of what was expected keeps no room for it") {
  growing_content c(10'000);
  c.append("short");
  CHECK(*c.whole() == "short");
  CHECK(c.whole()->capacity() < 1'000);
}

TEST_CASE("content in pieces of all sizes is there in its order, from every offset, and never moves") {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 random(seed);
    growing_content c(random() % 500);
    std::string all;
    std::vector<std::string_view> given_out;
    while (all.size() < 5'000) {
      std::string const piece(random() % 700, static_cast<char>('a' + random() % 26));
      c.append(piece);
      all += piece;
      REQUIRE(c.size() == all.size());
      REQUIRE(c.capacity() >= c.size());
      given_out.push_back(c.after(0));
      std::size_t const offset = random() % (all.size() + 1);
      REQUIRE(rest_of(c, offset) == all.substr(offset));
    }
    REQUIRE(c.after(all.size()).empty());
    REQUIRE(*c.whole() == all);
    for (std::string_view const early : given_out) REQUIRE(all.starts_with(early));
  }
}

TEST_CASE("content counts in the byte counter as it grows, and until it is gone") {
  auto const used = std::make_shared<gateway::cache::byte_counter>();
  {
    growing_content c(1'000, used);
    std::size_t const first = used->bytes.load();
    CHECK(first >= 1'000);
    CHECK(c.next_block(1'000) == 0);
    CHECK(c.next_block(1'001) > 0);
    c.append(std::string(3'000, 'x'));
    CHECK(used->bytes.load() >= c.capacity());
    CHECK(c.capacity() >= 3'000);
  }
  CHECK(used->bytes.load() == 0);
}
