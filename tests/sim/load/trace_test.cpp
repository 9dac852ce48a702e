#include "sim/load/trace.hpp"

#include <catch2/catch.hpp>

#include <sstream>

using namespace sim::load;

TEST_CASE("a trace numbers clients and targets, sorts by time and counts what it cannot read") {
  std::istringstream log("b - - [17/May/2015:10:00:02 +0000] \"GET /x HTTP/1.1\" 200 1\r\n"
                         "garbage\n\n"
                         "a - - [17/May/2015:12:00:01 +0200] \"POST /y HTTP/1.1\" 200 1\n"
                         "b - - [17/May/2015:10:00:02 +0000] \"GET /y HTTP/1.1\" 200 1\n");
  trace const t = read_trace(log, 0);
  REQUIRE(t.entries.size() == 3);
  CHECK(t.log.text() == "2 lines skipped: 1 of another form, 1 blank; first line 2: garbage");
  CHECK(t.entries[0].line == 4);
  CHECK(t.identities == 2);
  CHECK(t.methods == std::vector<std::string>{"GET", "POST"});
  CHECK(t.targets == std::vector<std::string>{"/x", "/y"});
  CHECK(t.entries[0].identity == 1);
  CHECK(t.entries[0].at_ns == 0);
  CHECK(t.entries[1].at_ns == 1'000'000'000);
  CHECK(t.entries[2].at_ns == 1'500'000'000); // two in this second: spread within it
  CHECK(t.entries[2].target == 1);
}

TEST_CASE("a trace ends after the requests that were asked for") {
  std::string const line = "a - - [17/May/2015:10:00:02 +0000] \"GET /x HTTP/1.1\" 200 1\n";
  std::istringstream log(line + line + line);
  CHECK(read_trace(log, 2).entries.size() == 2);
}

TEST_CASE("times with parts of seconds stay as they are") {
  std::istringstream log(
      "{\"time\":\"2015-05-17T10:00:02.900Z\",\"client\":\"a\",\"method\":\"GET\",\"target\":\"/\"}\n"
      "{\"time\":\"2015-05-17T10:00:02.250Z\",\"client\":\"a\",\"method\":\"GET\",\"target\":\"/\"}\n"
      "{\"time\":\"2015-05-17T10:00:03.000Z\",\"client\":\"a\",\"method\":\"GET\",\"target\":\"/\"}\n");
  trace const t = read_trace(log, 0);
  REQUIRE(t.entries.size() == 3);
  CHECK(t.entries[0].at_ns == 250'000'000);
  CHECK(t.entries[1].at_ns == 900'000'000);
  CHECK(t.entries[2].at_ns == 1'000'000'000);
}
