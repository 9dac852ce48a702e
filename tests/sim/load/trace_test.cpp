#include "sim/load/trace.hpp"

#include <catch2/catch.hpp>

#include <sstream>

using namespace sim::load;

TEST_CASE("a combined log line is read with its time zone and escapes") {
  auto const l = parse_log_line(
      R"(83.149.9.216 - - [17/May/2015:10:05:03 +0200] "GET /a%20b?q=\"x\"&y=1 HTTP/1.1" 200 203023 "http://ref/" "Agent")");
  REQUIRE(l);
  CHECK(l->address == "83.149.9.216");
  CHECK(l->time_s == 1431849903); // 08:05:03 UTC
  CHECK(l->method == "GET");
  CHECK(l->target == R"(/a%20b?q="x"&y=1)");
  CHECK(parse_log_line(R"(::1 ident a user [29/Feb/2024:23:59:59 -0030] "HEAD / HTTP/1.0" 304 -)")->time_s ==
        1709252999);
}

TEST_CASE("lines that cannot be sent again as they were are not read") {
  char const* const prefix = "1.2.3.4 - - [17/May/2015:10:05:03 +0000] ";
  for (char const* request :
       {R"("GET /" 200 1)", R"("-" 408 0)", R"("GET http://a/ HTTP/1.1" 200 1)", R"("\x16\x03\x01" 400 0)",
        R"("FETCH / HTTP/1.1" 200 1)", R"("GET /a b HTTP/1.1" 200 1)", R"("GET /\x00 HTTP/1.1" 200 1)",
        R"("GET / HTTP/1.1)", R"("GET /\)", R"("GET /\x1)", R"("GET /#f HTTP/1.1" 200 1)", "GET / HTTP/1.1", ""}) {
    INFO(request);
    CHECK_FALSE(parse_log_line(std::string(prefix) + request));
  }
  for (char const* line : {"", " ", "1.2.3.4", "1.2.3.4 - - [] \"GET / HTTP/1.1\"",
                           R"(a - - [32/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 1 1)",
                           R"(a - - [30/Feb/2015:10:05:03 +0000] "GET / HTTP/1.1" 1 1)",
                           R"(a - - [17/Mai/2015:10:05:03 +0000] "GET / HTTP/1.1" 1 1)",
                           R"(a - - [17/May/2015:24:05:03 +0000] "GET / HTTP/1.1" 1 1)",
                           R"(a - - [17/May/2015:10:05:03] "GET / HTTP/1.1" 1 1)",
                           R"(a - - [17/May/2015:10:05:03 +00] "GET / HTTP/1.1" 1 1)", R"(a - - [1)"}) {
    INFO(line);
    CHECK_FALSE(parse_log_line(line));
  }
}

TEST_CASE("a trace numbers clients and targets, sorts by time and counts what it cannot read") {
  std::istringstream log("b - - [17/May/2015:10:00:02 +0000] \"GET /x HTTP/1.1\" 200 1\r\n"
                         "garbage\n\n"
                         "a - - [17/May/2015:12:00:01 +0200] \"POST /y HTTP/1.1\" 200 1\n"
                         "b - - [17/May/2015:10:00:02 +0000] \"GET /y HTTP/1.1\" 200 1\n");
  trace const t = read_trace(log, 0);
  REQUIRE(t.entries.size() == 3);
  CHECK(t.bad_lines == 1);
  CHECK(t.first_bad == "line 2: garbage");
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
