#include "gateway/exchange/map_image.hpp"

#include <boost/endian/conversion.hpp>
#include <catch2/catch.hpp>

#include <chrono>
#include <cstring>
#include <limits>

using namespace gateway::exchange;
using gateway::http::digest_key;
using gateway::http::map_key;
using gateway::http::token_digest;
using gateway::routing::upstream_id;

namespace {

constexpr digest_key some_key{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
std::vector<std::string> const two{"127.0.0.1:8000", "proxy.example:8001"};

kept_token token(std::uint64_t number, std::uint32_t upstream, std::optional<std::uint64_t> epoch) {
  return {map_key(token_digest{number * 0x9e3779b97f4a7c15u, ~number}), upstream_id{upstream}, epoch};
}

std::vector<kept_token> const some_tokens{token(1, 0, {}), token(2, 1, 0),
                                          token(3, 1, std::numeric_limits<std::uint64_t>::max()), token(4, 0, 77)};

std::string image_of(std::vector<kept_token> const& tokens, std::vector<std::string> const& upstreams = two) {
  map_image_writer writer(some_key, upstreams, tokens.size());
  for (kept_token const& one : tokens) writer.add(one);
  return writer.finish();
}

std::optional<image_fault> fault_of(std::string_view bytes) {
  auto const read = map_image::read(bytes);
  auto const* fault = std::get_if<image_fault>(&read);
  return fault ? std::optional(*fault) : std::nullopt;
}

/// The image with bytes written over it, and a checksum that is right all the same.
template<class Number>
std::string forged(std::string bytes, std::size_t at, Number value) {
  boost::endian::native_to_little_inplace(value);
  REQUIRE(at + sizeof value <= bytes.size() - 16);
  std::memcpy(bytes.data() + at, &value, sizeof value);
  digest_key key;
  std::memcpy(key.data(), bytes.data() + 24, key.size());
  token_digest const sum = gateway::http::digest_bytes(key, std::string_view(bytes).substr(0, bytes.size() - 16));
  std::uint64_t const words[] = {boost::endian::native_to_little(sum.high), boost::endian::native_to_little(sum.low)};
  std::memcpy(bytes.data() + bytes.size() - 16, words, 16);
  return bytes;
}

}

TEST_CASE("what was written into an image is read from it, in its order") {
  for (std::vector<kept_token> const& tokens : {some_tokens, std::vector<kept_token>{}}) {
    std::string const bytes = image_of(tokens);
    CHECK(bytes.starts_with(image_mark));
    auto const read = map_image::read(bytes);
    auto const* image = std::get_if<map_image>(&read);
    REQUIRE(image);
    CHECK(image->key() == some_key);
    CHECK(std::vector<std::string>(image->upstreams().begin(), image->upstreams().end()) == two);
    REQUIRE(image->size() == tokens.size());
    for (std::size_t i = 0; i != tokens.size(); ++i) {
      CHECK((*image)[i].key == tokens[i].key);
      CHECK((*image)[i].upstream == tokens[i].upstream);
      CHECK((*image)[i].epoch == tokens[i].epoch);
    }
    CHECK(bytes.size() <= most_image_bytes(tokens.size()));
  }
  CHECK_FALSE(fault_of(image_of({}, {})));
}

TEST_CASE("the format stays as it is: these bytes were written by version 1") {
  map_image_writer writer(some_key, {"a:1"}, 1);
  kept_token one;
  one.key.words = {0x04030201, 0x08070605, 0x0c0b0a09};
  one.upstream = upstream_id{0};
  one.epoch = 258;
  writer.add(one);
  std::string const bytes = writer.finish();
  std::string const expected("CRESTmap\x01\0\0\0\x01\0\0\0\x01\0\0\0\0\0\0\0"
                             "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10"
                             "\x03\0a:1"
                             "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\0\0\0\x80\x02\x01\0\0\0\0\0\0",
                             69);
  CHECK(bytes.substr(0, bytes.size() - 16) == expected);
}

TEST_CASE("an image with any one byte changed is refused") {
  std::string const bytes = image_of(some_tokens);
  for (std::size_t at = 0; at != bytes.size(); ++at)
    for (int const by : {1, 0x80, 0xff}) {
      std::string changed = bytes;
      changed[at] = static_cast<char>(changed[at] ^ by);
      INFO("byte " << at << " by " << by);
      auto const fault = fault_of(changed);
      REQUIRE(fault);
      CHECK(*fault == (at < 8 ? image_fault::foreign : at < 12 ? image_fault::other_version : image_fault::damaged));
    }
}

TEST_CASE("an image that was cut off anywhere, or goes on, is refused") {
  std::string const bytes = image_of(some_tokens);
  for (std::size_t length = 0; length != bytes.size(); ++length) {
    INFO("length " << length);
    CHECK(fault_of(std::string_view(bytes).substr(0, length)) ==
          (length < 8 ? image_fault::foreign : image_fault::damaged));
  }
  CHECK(fault_of(bytes + "x") == image_fault::damaged);
  CHECK(fault_of(bytes + bytes) == image_fault::damaged);
}

TEST_CASE("sizes and places that do not fit are refused, even under a checksum that is right") {
  std::string const bytes = image_of(some_tokens);
  REQUIRE_FALSE(fault_of(forged(bytes, 12, std::uint32_t{2}))); // as it was
  std::size_t const names = 40, entries = names + 2 + two[0].size() + 2 + two[1].size();
  struct row {
    char const* name;
    std::string bytes;
  };
  row const rows[] = {
      {"more upstreams than there is room for", forged(bytes, 12, std::uint32_t{0xffffffff})},
      {"more upstreams than there are", forged(bytes, 12, std::uint32_t{5})},
      {"fewer upstreams", forged(bytes, 12, std::uint32_t{1})},
      {"no upstreams", forged(bytes, 12, std::uint32_t{0})},
      {"more entries than there are", forged(bytes, 16, std::uint64_t{5})},
      {"so many entries that their bytes wrap", forged(bytes, 16, (std::uint64_t{1} << 61) + 4)},
      {"fewer entries", forged(bytes, 16, std::uint64_t{3})},
      {"a name that is longer than the rest", forged(bytes, names, std::uint16_t{0xffff})},
      {"a name that takes a part of the next", forged(bytes, names, std::uint16_t{20})},
      {"an entry of an upstream that is not there", forged(bytes, entries + 12, std::uint32_t{2})},
      {"the same with an epoch", forged(bytes, entries + 12, std::uint32_t{0xffffffff})},
  };
  for (row const& r : rows) {
    INFO(r.name);
    CHECK(fault_of(r.bytes) == image_fault::damaged);
  }
}

TEST_CASE("the largest image of any number of entries has a size") {
  CHECK(most_image_bytes(1) - most_image_bytes(0) == map_image::entry_bytes);
  CHECK(most_image_bytes(std::numeric_limits<std::size_t>::max()) == std::numeric_limits<std::size_t>::max());
}
