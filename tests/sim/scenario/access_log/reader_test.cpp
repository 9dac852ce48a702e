#include "sim/scenario/access_log/reader.hpp"

#include <catch2/catch.hpp>

#include <sstream>

using namespace sim::access_log;

namespace {

constexpr char const* good = "a - - [17/May/2015:10:00:02 +0000] \"GET /x HTTP/1.1\" 200 1";

}

TEST_CASE("every line of a log is a request or is counted, whatever ends it") {
  std::string const g = good;
  struct row {
    char const* name;
    std::string log;
    std::uint64_t lines, requests, skipped;
  };
  row const table[] = {
      {"nothing", "", 0, 0, 0},
      {"no line end at the end", g, 1, 1, 0},
      {"CRLF", g + "\r\n" + g + "\r\n", 2, 2, 0},
      {"a byte order mark", "\xef\xbb\xbf" + g + "\n", 1, 1, 0},
      {"a mark and nothing", "\xef\xbb\xbf\n", 1, 0, 1},
      {"empty lines", g + "\n\n\r\n" + g + "\n\n", 5, 2, 3},
      {"a line cut short", g + "\n" + g.substr(0, 40), 2, 1, 1},
      {"a very long line", std::string(1 << 20, 'x') + "\n" + g, 2, 1, 1},
      {"NUL bytes", std::string(100, '\0') + "\n" + g + "\n", 2, 1, 1},
      {"a mix of forms",
       g + "\n" + R"({"time":"2015-05-17T10:00:02Z","client":"a","method":"GET","target":"/"})" + "\n", 2, 2, 0},
  };
  for (row const& r : table) {
    INFO(r.name);
    std::istringstream in(r.log);
    std::uint64_t taken = 0;
    account const a = read(in, {}, [&](request&&, std::uint64_t) { return ++taken != 0; });
    CHECK(a.lines == r.lines);
    CHECK(a.requests == r.requests);
    CHECK(taken == r.requests);
    CHECK(a.all_skipped() == r.skipped);
    CHECK(a.lines == a.requests + a.all_skipped());
  }
}

TEST_CASE("what was skipped is said by reason, with the first line that was not understood") {
  std::istringstream in(std::string(good) + "\n\na - - [17/May/2015:10:00:02 +0000] \"-\" 408 0\ngar\x1b[bage\nx\n");
  account const a = read(in, {}, [](request&&, std::uint64_t) { return true; });
  CHECK(a.text() == "4 lines skipped: 2 of another form, 1 blank, 1 without a request; first line 4: gar?[bage");
  CHECK(a.not_understood() == 2);
  std::istringstream one("\n");
  CHECK(read(one, {}, [](request&&, std::uint64_t) { return true; }).text() == "1 line skipped: 1 blank");
}

TEST_CASE("a log that is packed, or in another encoding, is told from text") {
  using namespace std::string_literals;
  for (auto const& [begin, said] : {std::pair("\x28\xb5\x2f\xfd"s, "zstd"),
                                    {"BZh91AY"s, "bzip2"},
                                    {"\xfd"
                                     "7zXZ\0"s,
                                     "xz"},
                                    {"PK\x03\x04"s, "zip"},
                                    {"\xff\xfe"
                                     "1\0"s,
                                     "UTF-16"}}) {
    std::istringstream in(begin);
    CHECK_THAT(not_a_log(in), Catch::Contains(said));
  }
  for (std::string const& begin : {""s, std::string(good), "P"s, "\xef\xbb\xbf"s + good}) {
    std::istringstream in(begin);
    CHECK(not_a_log(in).empty());
    CHECK(in.tellg() == 0);
  }
}
