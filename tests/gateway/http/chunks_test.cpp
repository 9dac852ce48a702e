// The chunked coding (RFC 9112 7.1), byte by byte: what is in it, what is refused, and at which byte that is certain.
#include "gateway/http/chunks.hpp"

#include <boost/beast/http/error.hpp>
#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace gateway::http;
using namespace std::string_literals;
using error = boost::beast::http::error;

namespace {

constexpr std::size_t trailer_limit = 1024;

struct seen {
  std::string content;
  error_code ec;
  std::size_t used = 0;
  bool done = false;
};

/// The bytes in parts of so many; the last of it is `used`.
seen read_in_parts(std::string const& body, std::size_t part) {
  seen out;
  chunk_decoder decoder(trailer_limit);
  while (out.used < body.size() && !decoder.done() && !out.ec) {
    std::size_t const end = std::min(body.size(), out.used - out.used % part + part);
    body_step const step = decoder.decode(body.data() + out.used, end - out.used, out.ec);
    out.content += step.data;
    out.used += step.consumed;
    if (step.consumed == 0) break;
  }
  out.done = decoder.done();
  return out;
}

std::string const rest = "\r\na\r\n0\r\n\r\n"; // after a size of 1

}

TEST_CASE("chunked bodies of RFC 9112 7.1 are read, wherever they are split") {
  struct row {
    char const* name;
    std::string body;
    std::string content = "a";
  };
  auto const r = GENERATE(
      row{"one chunk", "1" + rest}, row{"none", "0\r\n\r\n", ""}, row{"several zeros at the end", "000\r\n\r\n", ""},
      row{"two", "3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n", "abc0123456789"},
      row{"leading zeros", "0000000001" + rest},
      row{"as many digits as there may be", std::string(63, '0') + "1" + rest},
      row{"CR and LF in the content", "4\r\n\r\n\r\n\r\n0\r\n\r\n", "\r\n\r\n"}, row{"an extension", "1;a" + rest},
      row{"with a value", "1;a=b" + rest}, row{"with blanks around all of it", "1 \t; a\t= b ;c" + rest},
      row{"in quotes", "1;a=\"b;c,d=\"" + rest}, row{"nothing in quotes", "1;a=\"\"" + rest},
      row{"an escaped quote", "1;a=\"\\\"\"" + rest}, row{"an escaped backslash", "1;a=\"\\\\\"" + rest},
      row{"a tab, a blank and what is not ASCII in quotes", "1;a=\"\t \xe9\\\xe9\"" + rest},
      row{"several", "1;a=\"b\";c;d=e;f=\"g\"" + rest}, row{"at the last chunk", "1\r\na\r\n0;a=\"b\"\r\n\r\n"},
      row{"trailers", "1\r\na\r\n0\r\nA: b\r\nX-Checksum:\r\nB:\tc \r\n\r\n"},
      row{"as large trailers as there may be", "1\r\na\r\n0\r\nA: " + std::string(trailer_limit - 7, 'b') + "\r\n\r\n"},
      row{"as long extensions as there may be",
          "1;" + std::string(chunk_decoder::most_extension_bytes - 1, 'a') + rest});
  INFO(r.name);
  for (std::size_t const part : {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{7}, r.body.size() + 9}) {
    INFO("in parts of " << part);
    seen const got = read_in_parts(r.body + "GET /", part);
    CHECK(got.ec.message() == error_code().message());
    CHECK(got.content == r.content);
    CHECK(got.done);
    CHECK(got.used == r.body.size());
  }
  for (std::size_t split = 1; split < r.body.size(); ++split) {
    chunk_decoder decoder(trailer_limit);
    error_code ec;
    std::string content;
    std::size_t at = 0;
    for (std::size_t const end : {split, r.body.size()})
      while (at < end && !decoder.done()) {
        body_step const step = decoder.decode(r.body.data() + at, end - at, ec);
        REQUIRE(!ec);
        content += step.data;
        at += step.consumed;
      }
    INFO("split at " << split);
    REQUIRE(content == r.content);
    REQUIRE(decoder.done());
  }
}

TEST_CASE("what RFC 9112 7.1 does not have is refused at the byte that shows it") {
  struct row {
    char const* name;
    std::string before; // nothing wrong so far …
    std::string bad;    // … but from its first byte on
    error ec;
  };
  auto const r = GENERATE(
      row{"no size", "", "\r\n", error::bad_chunk}, row{"a sign", "", "+1", error::bad_chunk},
      row{"a minus", "", "-1", error::bad_chunk}, row{"a blank before it", "", " 1", error::bad_chunk},
      row{"0x", "0", "x1", error::bad_chunk}, row{"another character", "1", "g", error::bad_chunk},
      row{"an underscore", "1", "_0", error::bad_chunk}, row{"17 digits", std::string(16, 'f'), "f", error::bad_chunk},
      row{"2^64", "1" + std::string(15, '0'), "0", error::bad_chunk},
      row{"zeros without end", std::string(chunk_decoder::most_size_digits, '0'), "0", error::bad_chunk},
      row{"a bare LF behind it", "1", "\n", error::bad_chunk}, row{"a bare CR behind it", "1\r", "a", error::bad_chunk},
      row{"a blank behind it", "1 ", "\r", error::bad_chunk_extension},
      row{"NUL behind it", "1", "\0"s, error::bad_chunk}, row{"longer than its size", "1\r\na", "b", error::bad_chunk},
      row{"content that ends with LF", "1\r\na", "\n", error::bad_chunk},
      row{"content that ends with CR", "1\r\na\r", "0", error::bad_chunk},
      row{"an extension without a name", "1;", "=", error::bad_chunk_extension},
      row{"nothing behind a semicolon", "1;", "\r", error::bad_chunk_extension},
      row{"two semicolons", "1;", ";", error::bad_chunk_extension},
      row{"nothing behind =", "1;a=", "\r", error::bad_chunk_extension},
      row{"a semicolon behind =", "1;a=", ";", error::bad_chunk_extension},
      row{"two =", "1;a=b", "=", error::bad_chunk_extension}, row{"a comma", "1;a", ",b", error::bad_chunk_extension},
      row{"a blank at the end", "1;a ", "\r", error::bad_chunk_extension},
      row{"a blank after quotes at the end", "1;a=\"b\" ", "\r", error::bad_chunk_extension},
      row{"a character after quotes", "1;a=\"b\"", "c", error::bad_chunk_extension},
      row{"a quote in a token", "1;a=b", "\"", error::bad_chunk_extension},
      row{"a bare LF in a name", "1;a", "\n", error::bad_chunk_extension},
      row{"LF in quotes", "5;a=\"", "\n\"", error::bad_chunk_extension},
      row{"CR in quotes", "5;a=\"", "\r\"", error::bad_chunk_extension},
      row{"CR LF in quotes that are not closed", "5;a=\"b", "\r\n", error::bad_chunk_extension},
      row{"NUL in quotes", "5;a=\"", "\0\""s, error::bad_chunk_extension},
      row{"DEL in quotes", "5;a=\"", "\x7f", error::bad_chunk_extension},
      row{"ESC in quotes", "5;a=\"b", "\x1b", error::bad_chunk_extension},
      row{"an escaped LF", "5;a=\"\\", "\n", error::bad_chunk_extension},
      row{"an escaped CR", "5;a=\"\\", "\r", error::bad_chunk_extension},
      row{"LF in quotes of the last chunk", "0;a=\"", "\n", error::bad_chunk_extension},
      row{"a long extension", "1;" + std::string(chunk_decoder::most_extension_bytes - 1, 'a'), "a",
          error::bad_chunk_extension},
      row{"a long value in quotes", "1;a=\"" + std::string(chunk_decoder::most_extension_bytes - 4, 'a'), "a",
          error::bad_chunk_extension},
      row{"blanks without end", "1" + std::string(chunk_decoder::most_extension_bytes, ' '), " ",
          error::bad_chunk_extension},
      row{"a trailer without a name", "0\r\n", ":", error::bad_field},
      row{"a trailer without a colon", "0\r\nA", "\r", error::bad_field},
      row{"a blank before the colon", "0\r\nA", " :", error::bad_field},
      row{"a folded trailer", "0\r\nA: b\r\n", " c", error::bad_field},
      row{"LF at a trailer's end", "0\r\nA: b", "\n", error::bad_field},
      row{"a bare CR in a trailer", "0\r\nA: b\r", "c", error::bad_field},
      row{"NUL in a trailer", "0\r\nA: b", "\0"s, error::bad_field},
      row{"a bare LF as the last line", "0\r\n", "\n", error::bad_field},
      row{"a bare CR as the last line", "0\r\n\r", "G", error::bad_field},
      row{"a trailer that frames", "0\r\ncontent-LENGTH", ": 5", error::bad_field},
      row{"one that codes", "0\r\nA: b\r\nTransfer-Encoding", ":", error::bad_field},
      row{"large trailers", "0\r\nA: " + std::string(trailer_limit - 3, 'b'), "b", error::header_limit},
      row{"many trailers",
          "0\r\n" +
              [] {
                std::string all;
                while (all.size() < trailer_limit) all += "ab:\r\n";
                return all.substr(0, trailer_limit);
              }(),
          "a", error::header_limit});
  INFO(r.name);
  for (std::size_t const part : {std::size_t{1}, std::size_t{5}, r.before.size() + 99}) {
    INFO("in parts of " << part);
    CHECK_FALSE(read_in_parts(r.before, part).ec);
    seen const got = read_in_parts(r.before + r.bad, part);
    CHECK(got.ec == r.ec);
    CHECK(got.used == r.before.size());
  }
}

TEST_CASE("names that begin like those of framing are trailers like others") {
  for (char const* name : {"Content-Lengths", "Content-Lengt", "Transfer-Encoding-", "X-Content-Length", "Trailer"}) {
    INFO(name);
    seen const got = read_in_parts("0\r\n" + std::string(name) + ": x\r\n\r\n", 1);
    CHECK(got.done);
  }
}

TEST_CASE("lines that carry next to nothing are taken as long as the content makes up for them") {
  std::string const heavy = "1;" + std::string(2'000, 'a') + "\r\nx\r\n";
  std::string all;
  for (int i = 0; i < 8; ++i) all += heavy;
  CHECK_FALSE(read_in_parts(all, 100).ec);
  for (int i = 0; i < 8; ++i) all += heavy;
  CHECK(read_in_parts(all, 100).ec == error::bad_chunk_extension);
  std::string light;
  for (int i = 0; i < 50'000; ++i) light += "1;a=b\r\nx\r\n";
  CHECK_FALSE(read_in_parts(light, 999).ec);
  std::string paid;
  for (int i = 0; i < 50; ++i) paid += "800;" + std::string(2'000, 'a') + "\r\n" + std::string(0x800, 'x') + "\r\n";
  CHECK_FALSE(read_in_parts(paid, 999).ec);
}
