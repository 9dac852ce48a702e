// One host, many spellings.
#include "gateway/http/accel.hpp"
#include "gateway/http/address.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace gateway::http;

TEST_CASE("spellings of one address are one text") {
  struct row {
    char const* name;
    char const* spelt;
    char const* text;
  };
  auto const r = GENERATE(row{"IPv4", "10.0.0.1:8000", "10.0.0.1:8000"},
                          row{"a port with leading zeros", "10.0.0.1:08000", "10.0.0.1:8000"},
                          row{"many leading zeros", "10.0.0.1:0000000065535", "10.0.0.1:65535"},
                          row{"loopback", "[::1]:1", "[::1]:1"}, row{"all groups", "[0:0:0:0:0:0:0:1]:1", "[::1]:1"},
                          row{"groups of four digits", "[0000:0000:0000:0000:0000:0000:0000:0001]:1", "[::1]:1"},
                          row{"zeros before the gap", "[0::1]:1", "[::1]:1"},
                          row{"upper case", "[2001:DB8::A]:443", "[2001:db8::a]:443"},
                          row{"leading zeros in a group", "[2001:0db8::000a]:443", "[2001:db8::a]:443"},
                          row{"the gap at another run", "[2001:db8:0:0:1::1]:1", "[2001:db8::1:0:0:1]:1"},
                          row{"one group of zeros", "[2001:db8::1:1:1:1:1]:1", "[2001:db8:0:1:1:1:1:1]:1"},
                          row{"any", "[0:0::]:1", "[::]:1"}, row{"mapped", "[::ffff:10.0.0.1]:8000", "10.0.0.1:8000"},
                          row{"mapped, in hexadecimal", "[::FFFF:0a00:1]:8000", "10.0.0.1:8000"},
                          row{"mapped, all groups", "[0:0:0:0:0:ffff:10.0.0.1]:8000", "10.0.0.1:8000"},
                          row{"IPv4 at the end of IPv6", "[64:ff9b::10.0.0.1]:1", "[64:ff9b::a00:1]:1"},
                          row{"a name", "Proxy-1.Example:80", "proxy-1.example:80"},
                          row{"an absolute name", "proxy.example.:80", "proxy.example:80"},
                          row{"a name with an underscore", "a_b:80", "a_b:80"},
                          row{"a name with digits first", "1a.example:80", "1a.example:80"},
                          row{"localhost", "LOCALHOST:1", "localhost:1"});
  INFO(r.name);
  auto const parsed = parse_host_port(r.spelt);
  REQUIRE(parsed);
  CHECK(parsed->text() == r.text);
  CHECK(parse_host_port(parsed->text()) == parsed); // and that is a spelling of it
}

TEST_CASE("what resolvers disagree about is no host, nor what is no HOST:PORT") {
  std::string const text = GENERATE(
      as<std::string>{}, "127.1:80", "1:80", "0:80", "2130706433:80", "0x7f000001:80", "0x7f.1:80", "0177.0.0.1:80",
      "010.0.0.1:80", "10.0.0.01:80", "10.0.0.256:80", "10.0.0:80", "10.0.0.0.1:80", "10.0.0.1.:80", "a.1:80",
      "a.0x1:80", "example.0x:80", "..:80", ".:80", "a..:80", "[::1%lo]:80", "[fe80::1%25eth0]:80", "[v1.a]:80",
      "[127.0.0.1]:80", "[::1]80", "[::1]", "[::1]:", "::1:80", "[::g]:80", "[1::2::3]:80", "[::ffff:1.2.3]:80", "host",
      "host:", ":80", "host:0", "host:65536", "host:99999999999999999999", "host:+80", "host: 80", "ho st:80",
      "u@host:80", std::string("host\0:80", 8), std::string("127.0.0.1\0:80", 13), std::string(254, 'a') + ":80");
  INFO(text);
  CHECK_FALSE(parse_host_port(text));
}

TEST_CASE("an address that says no port has the default one") {
  CHECK(parse_authority("a.example", 80)->text() == "a.example:80");
  CHECK(parse_authority("a.example:", 80)->text() == "a.example:80");
  CHECK(parse_authority("[0::1]", 443)->text() == "[::1]:443");
  CHECK(parse_authority("10.0.0.1:81", 80)->text() == "10.0.0.1:81");
  CHECK_FALSE(parse_authority("a.example", 0));
  CHECK_FALSE(parse_authority("127.1", 80));
  CHECK_FALSE(parse_authority("", 80));
}

TEST_CASE("X-Backend names a proxy in the forms that are clear") {
  struct row {
    char const* name;
    char const* said;
    char const* proxy;
  };
  auto const r = GENERATE(
      row{"as in wire.md", "http://10.0.0.1:8000", "10.0.0.1:8000"},
      row{"a final slash", "http://10.0.0.1:8000/", "10.0.0.1:8000"},
      row{"upper case", "HTTP://Proxy:8000/", "proxy:8000"}, row{"https", "https://10.0.0.1:8000", "10.0.0.1:8000"},
      row{"no scheme", "10.0.0.1:8000", "10.0.0.1:8000"}, row{"no port", "http://10.0.0.1", "10.0.0.1:80"},
      row{"no port of https", "HTTPS://10.0.0.1/", "10.0.0.1:443"}, row{"an empty port", "http://proxy:/", "proxy:80"},
      row{"a path", "http://10.0.0.1:8000/characters/7?x#y", "10.0.0.1:8000"},
      row{"a query without a path", "http://10.0.0.1:8000?x", "10.0.0.1:8000"},
      row{"IPv6 without a port", "http://[0:0::1]", "[::1]:80"},
      row{"IPv6 and no scheme", "[2001:DB8::1]:80/", "[2001:db8::1]:80"},
      row{"mapped", "http://[::ffff:10.0.0.1]:8000", "10.0.0.1:8000"});
  INFO(r.name);
  auto const parsed = parse_backend(r.said);
  REQUIRE(parsed);
  CHECK(parsed->text() == r.proxy);
}

TEST_CASE("X-Backend that is not clear names nobody") {
  char const* const said =
      GENERATE("", "http://", "proxy", "10.0.0.1", "http://u@proxy:80", "http://u:p@proxy:80/", "ftp://proxy:80",
               "http:proxy:80", "http://a:1, http://b:2", "a:1,b:2", "\"http://a:1\"", "<http://a:1>", "http://a:1 b",
               "http://127.1:80", "http://[::1%lo]:80", "http://a:b", "http://a:99999", "-", "null", "//proxy:80",
               "http:///proxy:80");
  INFO(said);
  CHECK_FALSE(parse_backend(said));
}

TEST_CASE("an element of X-Forwarded-For is read as proxies write it") {
  using kind = forwarded_element::kind;
  struct row {
    char const* said;
    kind what;
    char const* address;
  };
  auto const r = GENERATE(
      row{"192.0.2.7", kind::address, "192.0.2.7"}, row{" 192.0.2.7\t", kind::address, "192.0.2.7"},
      row{"192.0.2.7:4711", kind::address, "192.0.2.7"}, row{"\"192.0.2.7:4711\"", kind::address, "192.0.2.7"},
      row{"192.0.2.7:_port", kind::address, "192.0.2.7"}, row{"[2001:db8::1]:443", kind::address, "2001:db8::1"},
      row{"[2001:DB8:0::1]", kind::address, "2001:db8::1"}, row{"\"[2001:db8::1]\"", kind::address, "2001:db8::1"},
      row{"2001:db8::1", kind::address, "2001:db8::1"}, row{"fe80::1%eth0", kind::address, "fe80::1"},
      row{"[fe80::1%25eth0]:1", kind::address, "fe80::1"}, row{"::ffff:192.0.2.7", kind::address, "192.0.2.7"},
      row{"::ffff:192.0.2.7:4711", kind::address, "192.0.2.7"}, row{"[::ffff:c000:207]:1", kind::address, "192.0.2.7"},
      row{"", kind::nothing, ""}, row{"  ", kind::nothing, ""}, row{"\"\"", kind::nothing, ""},
      row{"unknown", kind::hidden, ""}, row{"Unknown:80", kind::hidden, ""}, row{"_hidden", kind::hidden, ""},
      row{"\"_gazonk:_a\"", kind::hidden, ""}, row{"proxy.example", kind::unclear, ""},
      row{"192.0.2.7.", kind::unclear, ""}, row{"192.0.2.300", kind::unclear, ""},
      row{"192.0.2.7:99999", kind::unclear, ""}, row{"192.0.2.7:", kind::unclear, ""},
      row{"[2001:db8::1", kind::unclear, ""}, row{"[192.0.2.7]", kind::unclear, ""}, row{"[::1]x", kind::unclear, ""},
      row{"127.1", kind::unclear, ""}, row{"_", kind::unclear, ""}, row{"for=192.0.2.7", kind::unclear, ""},
      row{"192.0.2.7 192.0.2.8", kind::unclear, ""}, row{"\"192.0.2.7", kind::unclear, ""});
  INFO(r.said);
  forwarded_element const got = parse_forwarded(r.said);
  CHECK(got.what == r.what);
  CHECK(got.address == r.address);
}

TEST_CASE("an epoch is an unsigned number of 64 bits, or nothing") {
  CHECK(parse_epoch("0") == 0u);
  CHECK(parse_epoch("007") == 7u);
  CHECK(parse_epoch("1764307000000000000") == 1764307000000000000u);
  CHECK(parse_epoch("18446744073709551615") == ~std::uint64_t{0});
  for (char const* bad : {"", " ", "-1", "+1", "1 ", " 1", "1,2", "1, 1", "0x10", "1e3", "1.0", "18446744073709551616",
                          "99999999999999999999999", "now", "\"1\""}) {
    INFO(bad);
    CHECK_FALSE(parse_epoch(bad));
  }
}

TEST_CASE("an authority is a host and perhaps a port (RFC 3986 3.2.2, RFC 9110 7.2)") {
  for (char const* good : {"a",
                           "a.example",
                           "a.example.",
                           "A-1_b.example:8080",
                           "a:",
                           "a:0",
                           "a:65535",
                           "a:00080",
                           "127.0.0.1",
                           "127.1:80",
                           "999.999.999.999",
                           "[::1]",
                           "[::1]:80",
                           "[2001:db8::1]:",
                           "[::ffff:10.0.0.1]",
                           "[v1.a:b]",
                           "[vF.~]:1",
                           "xn--nxasmq6b",
                           "%c3%a9.example",
                           "a%2Db",
                           "a~b",
                           "a!$&'()*+;=b"}) {
    INFO(good);
    CHECK(is_authority(good));
  }
  for (char const* bad : {"",
                          ":",
                          ":80",
                          "a:8x",
                          "a:x",
                          "a: 80",
                          "a:80 ",
                          "a:+80",
                          "a:-1",
                          "a:1:2",
                          "a::",
                          "a:65536",
                          "a:99999999999",
                          "::1",
                          "[::1",
                          "::1]",
                          "[]",
                          "[]:80",
                          "[::1]x",
                          "[::1]evil.test",
                          "[::1]:8x",
                          "[::1]]",
                          "[[::1]]",
                          "[evil.test]",
                          "[127.0.0.1]",
                          "[::1%25eth0]",
                          "[fe80::1%eth0]",
                          "[v.a]",
                          "[v1.]",
                          "[v1a]",
                          "[vg.a]",
                          "[::12345]",
                          "[1::2::3]",
                          "a[::1]",
                          "a,evil.test",
                          "a,",
                          ",a",
                          "a, b",
                          "a b",
                          "a\tb",
                          "a/b",
                          "a?b",
                          "a#b",
                          "a\\b",
                          "u@a",
                          "u:p@a",
                          "a%",
                          "a%4",
                          "a%zz",
                          "a%00b",
                          "a%2fb",
                          "a%40b",
                          "a%20b",
                          "a%0d%0ab",
                          "a%2Cb",
                          "a%5B",
                          "a%3a80",
                          "a\"b",
                          "a<b",
                          "a|b",
                          "a^b",
                          "a`b",
                          "a{b}",
                          "\xc3\xa9"}) {
    INFO(bad);
    CHECK_FALSE(is_authority(bad));
  }
}
