#include "sim/scenario/access_log/client.hpp"
#include "sim/scenario/access_log/line.hpp"

#include <catch2/catch.hpp>

using namespace sim::access_log;

namespace {

constexpr char const* when = "[17/May/2015:10:05:03 +0000]";
constexpr std::int64_t then = 1431857103; // seconds

std::string with(std::string const& before, std::string const& after = R"("GET /x HTTP/1.1" 200 5)") {
  return before + " " + when + " " + after;
}

skip why_skipped(std::string const& line) {
  auto const parsed = parse_line(line);
  return std::holds_alternative<skip>(parsed) ? std::get<skip>(parsed) : throw std::logic_error("was read: " + line);
}

}

TEST_CASE("lines of many servers say who asked for what") {
  struct row {
    char const* name;
    std::string line, client, method = "GET", target = "/x";
  };
  row const table[] = {
      {"common", with("10.0.0.1 - -"), "10.0.0.1"},
      {"combined", with("10.0.0.1 - -", R"("GET /x HTTP/1.1" 200 5 "http://a/\"b\"" "Agent [x] \"y\"")"), "10.0.0.1"},
      {"a user", with("10.0.0.1 - alice"), "10.0.0.1"},
      {"a user with blanks", with("10.0.0.1 - alice in wonderland"), "10.0.0.1"},
      {"a user like a date", with("10.0.0.1 - a [01/Jan"), "10.0.0.1"},
      {"a user in brackets", with("10.0.0.1 - [x]"), "10.0.0.1"},
      {"an ident", with("10.0.0.1 ident alice smith"), "10.0.0.1"},
      {"IPv6", with("2001:DB8:0::1 - -"), "2001:db8::1"},
      {"IPv4 in IPv6", with("::ffff:10.0.0.1 - -"), "10.0.0.1"},
      {"a client's port", with("10.0.0.1:50123 - -"), "10.0.0.1"},
      {"a client's port, IPv6", with("[2001:db8::1]:50123 - -"), "2001:db8::1"},
      {"a client's name", with("crawler.example.org - -"), "crawler.example.org"},
      {"a virtual host with port", with("www.example:443 10.0.0.1 - -"), "10.0.0.1"},
      {"without port", with("www.example 10.0.0.1 - -"), "10.0.0.1"},
      {"and IPv6", with("www.example:80 2001:db8::1 - -"), "2001:db8::1"},
      {"and a user with blanks", with("www.example:80 10.0.0.1 - alice in wonderland"), "10.0.0.1"},
      {"and a client's name", with("www.example:80 crawler.example.org - -"), "crawler.example.org"},
      {"both as names, without port", with("www.example crawler.example.org - -"), "crawler.example.org"},
      {"an address as virtual host", with("192.0.2.7:443 10.0.0.1 - -"), "10.0.0.1"},
      {"no virtual host", with("- 10.0.0.1 - -"), "10.0.0.1"},
      {"X-Forwarded-For", with("10.0.0.1, 192.0.2.7 - -"), "10.0.0.1"},
      {"nginx behind a Unix socket", with("unix: - -"), "unix:"},
      {"HTTP/2", with("10.0.0.1 - -", R"("GET /x HTTP/2.0" 200 5)"), "10.0.0.1"},
      {"escapes", with("10.0.0.1 - -", R"("POST /a%20b?q=\"x\"&y=\x7e HTTP/1.1" 200 5)"), "10.0.0.1", "POST",
       R"(/a%20b?q="x"&y=~)"},
      {"tabs between", "10.0.0.1 - - " + std::string(when) + R"( "GET /x HTTP/1.1")" + "\t200\t5", "10.0.0.1"},
      {"nothing after the request", with("10.0.0.1 - -", R"("GET /x HTTP/1.1")"), "10.0.0.1"},
      {"our own",
       R"({"time":"2015-05-17T10:05:03.000Z","client":"10.0.0.1","method":"GET","target":"/x","status":200})",
       "10.0.0.1"},
      {"nginx, JSON",
       R"({"time_iso8601":"2015-05-17T10:05:03+00:00","remote_addr":"10.0.0.1","host":"www.example",)"
       R"("request":"GET /x HTTP/1.1","uri":"/decoded","request_method":"GET"})",
       "10.0.0.1"},
      {"nginx, JSON, msec", R"({"msec":"1431857103.000","remote_addr":"2001:DB8::1","request":"GET /x HTTP/1.1"})",
       "2001:db8::1"},
      {"Caddy", R"({"ts":1431857103,"request":{"remote_ip":"10.0.0.1","method":"GET","uri":"/x"}})", "10.0.0.1"},
      {"Traefik",
       R"({"ClientHost":"10.0.0.1","RequestMethod":"GET","RequestPath":"/x","StartUTC":"2015-05-17T10:05:03Z"})",
       "10.0.0.1"},
      {"JSON, milliseconds", R"({"timestamp":1431857103000,"ip":"10.0.0.1, 192.0.2.7","method":"GET","url":"/x"})",
       "10.0.0.1"},
      {"JSON after blanks", R"(  {"time":"17/May/2015:10:05:03 +0000","client":"a","method":"GET","path":"/x"})", "a"},
  };
  for (row const& r : table) {
    INFO(r.name << ": " << r.line);
    auto const parsed = parse_line(r.line);
    REQUIRE(std::holds_alternative<request>(parsed));
    auto const& found = std::get<request>(parsed);
    CHECK(found.client == r.client);
    CHECK(found.method == r.method);
    CHECK(found.target == r.target);
    CHECK(found.time_ns == then * 1'000'000'000);
  }
}

TEST_CASE("a line that is skipped says why") {
  struct row {
    char const* name;
    std::string line;
    skip why;
  };
  auto const asked = [](std::string const& request) { return with("10.0.0.1 - -", "\"" + request + "\" 400 0"); };
  row const table[] = {
      {"nothing", "", skip::blank},
      {"blanks", " \t ", skip::blank},
      {"a word", "garbage", skip::other_form},
      {"an error log", "2015/05/17 10:05:03 [error] 123#0: *1 open() failed", skip::no_date},
      {"W3C", "2015-05-17 10:05:03 10.0.0.1 GET /x 200", skip::other_form},
      {"its head", "#Fields: date time c-ip cs-method cs-uri-stem", skip::other_form},
      {"no client", with("- - -"), skip::no_client},
      {"no client behind a virtual host", with("www.example:443 - - -"), skip::no_client},
      {"two words only", with("10.0.0.1 -"), skip::other_form},
      {"no request in quotes", with("10.0.0.1 - -", "GET /x HTTP/1.1 200 5"), skip::other_form},
      {"cut in the request", with("10.0.0.1 - -", "\"GET /x HT"), skip::other_form},
      {"cut in an escape", with("10.0.0.1 - -", "\"GET /x\\"), skip::other_form},
      {"cut in a hexadecimal escape", with("10.0.0.1 - -", "\"GET /x\\x1"), skip::other_form},
      {"a date cut short", "10.0.0.1 - - [17/May/2015:10", skip::other_form},
      {"an empty date", "10.0.0.1 - - [] \"GET / HTTP/1.1\" 200 5", skip::no_date},
      {"another date", "10.0.0.1 - - [17.05.2015 10:05:03] \"GET / HTTP/1.1\" 200 5", skip::no_date},
      {"a wild year", "10.0.0.1 - - [01/Mar/1500:12:00:00 +0000] \"GET /x HTTP/1.1\" 200 5", skip::strange_date},
      {"no answer was asked for", asked("-"), skip::no_request},
      {"an empty request", asked(""), skip::no_request},
      {"TLS", asked(R"(\x16\x03\x01\x02\x00\x01)"), skip::not_http},
      {"an unknown method", asked("FETCH / HTTP/1.1"), skip::not_http},
      {"a tunnel", asked("CONNECT a:443 HTTP/1.1"), skip::not_http},
      {"in small letters", asked("get / HTTP/1.1"), skip::not_http},
      {"a method alone", asked("GET"), skip::not_http},
      {"HTTP/0.9", asked("GET /"), skip::old_http},
      {"of another scheme", asked("GET ftp://a/ HTTP/1.1"), skip::strange_target},
      {"of no host", asked("GET http:///a HTTP/1.1"), skip::strange_target},
      {"of the server", asked("OPTIONS * HTTP/1.1"), skip::asterisk},
      {"a blank in it", asked("GET /a b HTTP/1.1"), skip::strange_target},
      {"a line feed in it", asked(R"(GET /a\nb HTTP/1.1)"), skip::strange_target},
      {"a fragment", asked("GET /#f HTTP/1.1"), skip::strange_target},
      {"too long when it is encoded", asked("GET /" + std::string(4000, '\xfc') + " HTTP/1.1"), skip::strange_target},
      {"a NUL in it", asked(R"(GET /\x00 HTTP/1.1)"), skip::strange_target},
      {"too long a target", asked("GET /" + std::string(8000, 'a') + " HTTP/1.1"), skip::strange_target},
      {"NUL bytes", std::string(20, '\0') + with("10.0.0.1 - -"), skip::not_text},
      {"longer than lines may be", with("10.0.0.1 - -") + std::string(longest_line, 'a'), skip::too_long},
      {"JSON that is none", R"({"time": )", skip::other_form},
      {"JSON of something else", R"({"level":"info"})", skip::no_date},
      {"JSON without a client", R"({"time":"2015-05-17T10:05:03Z","host":"www","method":"GET","path":"/"})",
       skip::no_client},
      {"JSON without a request", R"({"time":"2015-05-17T10:05:03Z","client":"a"})", skip::other_form},
      {"JSON with an empty one", R"({"time":"2015-05-17T10:05:03Z","client":"a","request":""})", skip::no_request},
      {"JSON with a wild date", R"({"time":"0001-01-01T00:00:00Z","client":"a","method":"GET","path":"/"})",
       skip::strange_date},
      {"JSON with a wild number", R"({"ts":9223372036854775807,"client":"a","method":"GET","path":"/"})",
       skip::strange_date},
      {"JSON with a negative number", R"({"ts":-1,"client":"a","method":"GET","path":"/"})", skip::strange_date},
  };
  for (row const& r : table) {
    INFO(r.name << ": " << r.line.substr(0, 200));
    CHECK(words(why_skipped(r.line)) == words(r.why));
  }
}

TEST_CASE("an address has one spelling, and a name its own") {
  for (auto const& [given, wanted] : {std::pair("10.0.0.1", "10.0.0.1"),
                                      {"[::1]", "::1"},
                                      {"[::1]:80", "::1"},
                                      {"2001:0db8:0:0:0:0:0:1", "2001:db8::1"},
                                      {"fe80::1%eth0", "fe80::1%eth0"},
                                      {"a.example:80", "a.example:80"},
                                      {"[", "["},
                                      {":", ":"},
                                      {"1:2", "1:2"}})
    CHECK(canonical(given) == wanted);
}
