#include "base/config/words.hpp"

#include <catch2/catch.hpp>

#include <cstdint>

namespace {

enum class colour : std::uint8_t { red, dark_blue };

constexpr std::string_view name_of(colour value) {
  switch (value) {
  case colour::red:
    return "red";
  case colour::dark_blue:
    return "dark_blue";
  }
  return {};
}

}

TEST_CASE("words and values of an enumeration lead to each other") {
  CHECK(config::count_of<colour>() == 2);
  CHECK(config::value_of<colour>("red") == colour::red);
  CHECK(config::value_of<colour>("dark_blue") == colour::dark_blue);
  CHECK(config::listed_words<colour>() == "red, dark_blue");
  CHECK(config::listed_words<colour>(" | ") == "red | dark_blue");
}

TEST_CASE("a word that no value has is no value, not the first one") {
  CHECK_FALSE(config::value_of<colour>("green"));
  CHECK_FALSE(config::value_of<colour>(""));
}
