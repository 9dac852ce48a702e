#include "gateway/routing/token_map.hpp"

#include <catch2/catch.hpp>

#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

/// Two tokens are one to the map only if their digests agree in every bit.
namespace {

/// As gateway::http::token_digest: 128 bits, of which a part is the hash.
struct digest {
  std::uint64_t high = 0, low = 0;
  bool operator==(digest const&) const = default;
};
struct digest_hash {
  std::size_t operator()(digest const& d) const noexcept { return d.low; }
};
using map = gateway::routing::token_map<digest, std::uint32_t, digest_hash>;

digest flipped(digest d, unsigned bit) {
  (bit < 64 ? d.high : d.low) ^= std::uint64_t{1} << bit % 64;
  return d;
}

}

TEST_CASE("tokens that differ in any one bit are two tokens") {
  std::mt19937_64 random(3);
  for (int round = 0; round != 20; ++round) {
    digest const known{random(), random()};
    for (unsigned bit = 0; bit != 128; ++bit) {
      INFO("bit " << bit);
      map m(4); // so small that they are probed one after the other
      m.learn(known, 7);
      CHECK(m.find(flipped(known, bit)) == nullptr);
      CHECK_FALSE(m.forget(flipped(known, bit)));
      m.learn(flipped(known, bit), 8);
      CHECK(m.size() == 2);
      REQUIRE(m.find(known) != nullptr);
      CHECK(*m.find(known) == 7);
      CHECK(*m.find(flipped(known, bit)) == 8);
    }
  }
}

TEST_CASE("tokens whose digests agree in all bits but those of one byte stay apart in a full map") {
  for (unsigned byte = 0; byte != 16; ++byte) {
    INFO("byte " << byte);
    map m(256);
    std::vector<digest> all;
    for (std::uint32_t value = 0; value != 256; ++value) {
      digest d{0x0123456789abcdefu, 0xfedcba9876543210u};
      unsigned char bytes[16];
      std::memcpy(bytes, &d, sizeof d);
      bytes[byte] = static_cast<unsigned char>(value);
      std::memcpy(&d, bytes, sizeof d);
      all.push_back(d);
      m.learn(d, value);
    }
    REQUIRE(m.size() == 256);
    for (std::uint32_t value = 0; value != 256; ++value) {
      REQUIRE(m.peek(all[value]) != nullptr);
      CHECK(*m.peek(all[value]) == value);
    }
  }
}
