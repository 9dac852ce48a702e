#include "gateway/http/digest.hpp"
#include "gateway/http/shared_value.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace gateway::http;

TEST_CASE("a shared value is read back as it was written") {
  for (auto const& epoch :
       {std::optional<std::uint64_t>{}, std::optional<std::uint64_t>{0}, std::optional<std::uint64_t>{0x8000'0000},
        std::optional<std::uint64_t>{1764307000000000000}, std::optional<std::uint64_t>{~std::uint64_t{0}}})
    for (char const* backend : {"10.0.0.1:8000", "[::1]:1", "proxy-1.example:65535"}) {
      auto const read = parse_shared_value(shared_value_text(backend, epoch));
      REQUIRE(read);
      CHECK(read->backend.text() == backend);
      CHECK(read->epoch == epoch);
    }
}

TEST_CASE("what no balancer wrote is no shared value") {
  std::string const text =
      GENERATE(as<std::string>{}, "", " ", "-", "10.0.0.1", "10.0.0.1:0", "10.0.0.1:70000", "10.0.0.1:80 ",
               "10.0.0.1:80  1", "10.0.0.1:80 -1", "10.0.0.1:80 1 ", "10.0.0.1:80 1 2", "10.0.0.1:80 x",
               "10.0.0.1:80 18446744073709551616", "10.0.0.1:80 007", "10.0.0.1:80 00", "127.1:80 1",
               "http://10.0.0.1:80", "10.0.0.1:80\n", std::string(400, 'a') + ":80", std::string("10.0.0.1:80\0", 12));
  INFO(text);
  CHECK_FALSE(parse_shared_value(text));
}

TEST_CASE("a key of the shared map is 64 hexadecimal digits") {
  std::string const good = "000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F";
  auto const key = parse_shared_map_key(good);
  REQUIRE(key);
  CHECK((*key)[0] == 0);
  CHECK((*key)[31] == 0x1f);
  for (std::string const& bad : {std::string(), good.substr(1), good.substr(2), good + "00", good + "0",
                                 good.substr(0, 63) + "g", " " + good.substr(1), good.substr(0, 63) + " "})
    CHECK_FALSE(parse_shared_map_key(bad));
}

TEST_CASE("a token's shared name depends on the key and on every bit of the token, and holds neither") {
  shared_map_key key{}, other{};
  other[31] = 1;
  std::string const name = shared_name(key, "Bearer a");
  CHECK(name.size() == 32);
  CHECK(name.find_first_not_of("0123456789abcdef") == std::string::npos);
  CHECK(name == shared_name(key, "Bearer a"));
  CHECK(name != shared_name(other, "Bearer a"));
  CHECK(name != shared_name(key, "Bearer b"));
  CHECK(name != shared_name(key, "Bearer a="));
  CHECK(name == shared_name(key, "bearer  a"));
  CHECK(shared_name(key, "") != name);
}
