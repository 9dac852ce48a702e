#include "fakeproxy/cluster/token.hpp"

#include <catch2/catch.hpp>

#include <set>

using namespace fakeproxy::cluster;

namespace {
token_key const key{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
}

TEST_CASE("a token says whose it is, at every length") {
  for (std::uint32_t const character : {0u, 1u, 77u, 0xfffffffeu}) {
    for (std::size_t const length : {0u, 21u, 22u, 23u, 40u, 200u, 1000u}) {
      std::string const token = make_token(key, character, 3, length);
      CHECK(token.size() == std::max(length, min_token_length));
      CHECK(token.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") ==
            std::string::npos);
      CHECK(parse_token(key, token) == token_content{character, 3});
      CHECK(make_token(key, character, 3, length) == token);
    }
  }
}

TEST_CASE("tokens of a character's rotations, and of different characters, all differ") {
  std::set<std::string> seen;
  for (std::uint32_t character = 0; character < 50; ++character)
    for (std::uint32_t rotation = 0; rotation < 20; ++rotation) seen.insert(make_token(key, character, rotation, 40));
  CHECK(seen.size() == 1000);
}

TEST_CASE("a token changed at any byte, cut, extended, or of another key is nobody's") {
  std::string const token = make_token(key, 42, 0, 40);
  for (std::size_t i = 0; i < token.size(); ++i) {
    for (char const c : std::string("AB_-9 ~\x80")) {
      if (c == token[i]) continue;
      std::string changed = token;
      changed[i] = c;
      INFO("byte " << i << " as " << static_cast<int>(c));
      CHECK_FALSE(parse_token(key, changed));
    }
    CHECK_FALSE(parse_token(key, std::string_view(token).substr(0, i)));
  }
  CHECK_FALSE(parse_token(key, token + "A"));
  token_key other = key;
  other[5] ^= 1;
  CHECK_FALSE(parse_token(other, token));
}

TEST_CASE("a key is 32 hexadecimal digits and nothing else") {
  CHECK(parse_token_key("000102030405060708090a0b0c0d0e0F") == key);
  CHECK_FALSE(parse_token_key("000102030405060708090a0b0c0d0e0"));
  CHECK_FALSE(parse_token_key("000102030405060708090a0b0c0d0e0g"));
  CHECK_FALSE(parse_token_key(""));
}
