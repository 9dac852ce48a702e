// Where a request comes from, by what proxies say.
#include "gateway/net/address_ranges.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace gateway::net;
using boost::asio::ip::make_address;

namespace {

trusted_proxies trusting(std::initializer_list<char const*> ranges) {
  trusted_proxies out;
  for (char const* range : ranges) out.add(*address_range::parse(range));
  return out;
}

}

TEST_CASE("ranges hold what their bits say, IPv4 and IPv6 apart") {
  CHECK(address_range::parse("10.1.2.3/8")->contains(make_address("10.200.0.1")));
  CHECK_FALSE(address_range::parse("10.0.0.0/8")->contains(make_address("11.0.0.1")));
  CHECK(address_range::parse("0.0.0.0/0")->contains(make_address("1.2.3.4")));
  CHECK_FALSE(address_range::parse("0.0.0.0/0")->contains(make_address("::1")));
  CHECK(address_range::parse("192.0.2.1")->contains(make_address("192.0.2.1")));
  CHECK_FALSE(address_range::parse("192.0.2.1")->contains(make_address("192.0.2.2")));
  CHECK(address_range::parse("fd00::/8")->contains(make_address("fd12::1")));
  CHECK(address_range::parse("::1")->contains(make_address("::1")));
  CHECK(unmapped(make_address("::ffff:10.0.0.1")) == make_address("10.0.0.1"));
  for (char const* bad : {"", "10.0.0.0/33", "10.0.0/8", "fd00::/129", "here", "10.0.0.1/", "10.0.0.1/x"})
    CHECK_FALSE(address_range::parse(bad));
}

TEST_CASE("the client is the last in X-Forwarded-For that is no trusted proxy") {
  trusted_proxies const proxies = trusting({"10.0.0.0/8", "fd00::/8"});
  auto const client = [&](char const* said) {
    auto const found = proxies.client(said).address;
    return found ? found->to_string() : std::string("none");
  };
  CHECK(client("192.0.2.7") == "192.0.2.7");
  CHECK(client("6.6.6.6, 192.0.2.7 ,\t10.0.0.2") == "192.0.2.7"); // the client may have made up what is before it
  CHECK(client("10.0.0.3, 10.0.0.2") == "10.0.0.3");              // all are proxies: the first of them
  CHECK(client("192.0.2.7, unknown, 10.0.0.2") == "10.0.0.2");    // nothing beyond it is known
  CHECK(client("2001:db8::1, fd00::5") == "2001:db8::1");
  CHECK(client("::ffff:192.0.2.7") == "192.0.2.7");
  CHECK(client("") == "none");
  CHECK(client("nonsense") == "none");
}

TEST_CASE("limits count an IPv4 address, and the network of an IPv6 one") {
  CHECK(limit_key(make_address("10.0.0.1")) != limit_key(make_address("10.0.0.2")));
  CHECK(limit_key(make_address("2001:db8::1")) == limit_key(make_address("2001:db8::2")));
  CHECK(limit_key(make_address("2001:db8::1")) != limit_key(make_address("2001:db8:0:1::1")));
}

TEST_CASE("a network of IPv4-mapped addresses is one of IPv4, and a mapped address is in it") {
  CHECK(address_range::parse("::ffff:10.0.0.0/104")->contains(make_address("10.1.2.3")));
  CHECK(address_range::parse("::ffff:a00:1")->contains(make_address("10.0.0.1")));
  CHECK_FALSE(address_range::parse("::ffff:10.0.0.0/104")->contains(make_address("11.0.0.1")));
  CHECK(address_range::parse("10.0.0.0/8")->contains(make_address("::ffff:10.0.0.1")));
  CHECK_FALSE(address_range::parse("::/0")->contains(make_address("::ffff:10.0.0.1")));
  CHECK(address_range::parse("FD00:0::/8")->contains(make_address("fd12::1")));
  for (char const* bad : {"fe80::1%lo", "fe80::%lo/64", "010.0.0.0/8", "127.1", "[::1]"})
    CHECK_FALSE(address_range::parse(bad));
}

TEST_CASE("the client is found among elements with ports, brackets and nothing, up to one that is not understood") {
  trusted_proxies const proxies = trusting({"10.0.0.0/8", "fd00::/8"});
  struct row {
    char const* said;
    char const* client;
    char const* unclear;
  };
  auto const r =
      GENERATE(row{"192.0.2.7:4711", "192.0.2.7", ""}, row{"[2001:db8::1]:443, 10.0.0.2:80", "2001:db8::1", ""},
               row{"192.0.2.7, , ,10.0.0.2,", "192.0.2.7", ""}, row{"\"192.0.2.7\" , [fd00::1]", "192.0.2.7", ""},
               row{"192.0.2.7, ::ffff:10.0.0.2", "192.0.2.7", ""}, row{"192.0.2.7, _a, 10.0.0.2", "10.0.0.2", ""},
               row{"192.0.2.7, 10.0.0.300, 10.0.0.2", "10.0.0.2", " 10.0.0.300"},
               row{"host.example", "none", "host.example"}, row{"nonsense, 192.0.2.7", "192.0.2.7", ""});
  INFO(r.said);
  auto const found = proxies.client(r.said);
  CHECK((found.address ? found.address->to_string() : "none") == r.client);
  CHECK(found.unclear == r.unclear);
}

TEST_CASE("nobody follows a chain of proxies that is longer than any") {
  trusted_proxies const proxies = trusting({"10.0.0.0/8"});
  std::string chain = "192.0.2.7";
  for (int i = 0; i != gateway::net::most_proxies - 1; ++i) chain += ", 10.0.0.1";
  CHECK(proxies.client(chain).address->to_string() == "192.0.2.7");
  chain += ", 10.0.0.2";
  auto const found = proxies.client(chain);
  CHECK(found.address->to_string() == "10.0.0.1");
  CHECK(found.unclear == "192.0.2.7");
}
