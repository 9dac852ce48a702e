#include "sim/scenario/access_log/form.hpp"
#include "sim/scenario/access_log/har.hpp"

#include <catch2/catch.hpp>

#include <sstream>
#include <stdexcept>

using namespace sim::access_log;
using Catch::Contains;

namespace {

constexpr char const* combined =
    R"($remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent")";

form nginx(std::string const& format, std::string const& identity = "") {
  form how;
  how.kind = text_kind::nginx;
  how.format = nginx_format(format);
  if (!identity.empty()) how.identity = identity_rule(identity);
  return how;
}

form of(text_kind kind, std::string const& identity = "") {
  form how;
  how.kind = kind;
  if (!identity.empty()) how.identity = identity_rule(identity);
  return how;
}

/// "CLIENT METHOD TARGET", or why there is none.
std::string read_as(std::string const& line, form const& how) {
  auto const parsed = parse_line(line, how);
  if (auto const* why = std::get_if<skip>(&parsed)) return "skipped: " + std::string(words(*why));
  auto const& r = std::get<request>(parsed);
  return r.client + " " + r.method + " " + r.target;
}

std::string refusal(std::string const& format) {
  try {
    nginx_format const made(format);
  } catch (std::invalid_argument const& error) {
    return error.what();
  }
  return "good";
}

std::string const date = "[17/May/2015:10:05:03 +0000]";

}

TEST_CASE("lines are read by nginx's log_format") {
  struct row {
    char const* name;
    std::string format, identity, line, read;
  };
  row const table[] = {
      {"combined", combined, "", "10.0.0.1 - a b " + date + R"( "GET /x HTTP/1.1" 200 5 "-" "agent")",
       "10.0.0.1 GET /x"},
      {"escapes", combined, "", "10.0.0.1 - - " + date + R"( "GET /\xC3\xBC?a=\x22 HTTP/1.1" 200 5 "-" "\x22")",
       "10.0.0.1 GET /%C3%BC?a=\""},
      {"a quote behind a backslash", "[$time_local] \"$http_user_agent\" \"$request\"", "",
       date + R"( "a \" b" "GET /x HTTP/1.1")", "skipped: without a client"},
      {"a virtual host, IPv6 and a cookie",
       "$host:$server_port $remote_addr [$time_local] \"$request\" \"$cookie_session\"", "$cookie_session",
       "a.example:443 2001:DB8::1 " + date + R"( "GET /x HTTP/1.1" "s1")", "s1 GET /x"},
      {"no cookie: the address", "$remote_addr [$time_local] \"$request\" \"$cookie_session\"", "$cookie_session",
       "::ffff:10.0.0.1 " + date + R"( "GET /x HTTP/1.1" "-")", "10.0.0.1 GET /x"},
      {"neither", "$remote_addr [$time_local] \"$request\" $cookie_s", "$cookie_s",
       "- " + date + R"( "GET /x HTTP/1.1" -)", "skipped: without a client"},
      {"no address in the format", "[$time_local] \"$request\" $cookie_s", "$cookie_s",
       date + R"( "GET /x HTTP/1.1" s)", "s GET /x"},
      {"a cookie of the whole field", "[$time_local] \"$request\" \"$http_cookie\"", "$cookie_s",
       date + R"( "GET /x HTTP/1.1" "as=1; s=2; t=3")", "2 GET /x"},
      {"an argument", "[$time_local] \"$request\"", "key $arg_key", date + R"( "GET /x?a=1&key=7&b HTTP/1.1")",
       "key 7 GET /x?a=1&key=7&b"},
      {"two fields", "$remote_addr [$time_local] \"$request\" \"$http_user_agent\"", "$remote_addr $http_user_agent",
       "10.0.0.1 " + date + R"( "GET /x HTTP/1.1" "me")", "10.0.0.1 me GET /x"},
      {"forwarders", "\"$http_x_forwarded_for\" [$time_local] \"$request\"", "$http_x_forwarded_for",
       "\"10.0.0.9, 10.0.0.1\" " + date + R"( "GET /x HTTP/1.1")", "10.0.0.9 GET /x"},
      {"upstreams, which are lists with blanks",
       "$remote_addr $upstream_addr $upstream_response_time $msec \"$request\"", "",
       "10.0.0.1 10.1.0.1:80, 10.1.0.2:80 : 10.1.0.3:80 0.1, 0.2 : 0.3 1431857103.123 \"GET /x HTTP/1.1\"",
       "10.0.0.1 GET /x"},
      {"method and URI", "${remote_addr}|$time_iso8601|$request_method|$request_uri|$status", "",
       "10.0.0.1|2015-05-17T10:05:03+00:00|POST|/x?y|200", "10.0.0.1 POST /x?y"},
      {"decoded URI and arguments", "$remote_addr|$time_iso8601|$request_method|$uri|$args", "",
       "10.0.0.1|2015-05-17T10:05:03+00:00|GET|/x|a=1", "10.0.0.1 GET /x?a=1"},
      {"a format that is JSON", R"({"t":"$time_iso8601","a":"$remote_addr","r":"$request"})", "",
       R"({"t":"2015-05-17T10:05:03+00:00","a":"10.0.0.1","r":"GET /\"\u00fc HTTP/1.1"})", "10.0.0.1 GET /\"%C3%BC"},
      {"another form", combined, "", "garbage", "skipped: of another form"},
      {"cut short", combined, "", "10.0.0.1 - - " + date + R"( "GET /x HT)", "skipped: of another form"},
      {"no date in it", combined, "", R"(10.0.0.1 - - [-] "GET /x HTTP/1.1" 200 5 "-" "-")", "skipped: without a date"},
      {"blank", combined, "", " ", "skipped: blank"},
      {"said nothing", combined, "", "10.0.0.1 - - " + date + R"( "" 400 0 "-" "-")", "skipped: without a request"},
  };
  for (row const& r : table) {
    INFO(r.name);
    CHECK(read_as(r.line, nginx(r.format, r.identity)) == r.read);
  }
}

TEST_CASE("a log_format whose lines could not be read back is refused, with what is allowed") {
  CHECK(refusal(combined) == "good");
  CHECK_THAT(refusal("$remote_addr \"$request\""), Contains("found no date") && Contains("$msec"));
  CHECK_THAT(refusal("$remote_addr $msec"), Contains("found no request") && Contains("$request_method"));
  CHECK_THAT(refusal("$remote_addr$msec \"$request\""), Contains("$remote_addr and $msec with nothing between"));
  CHECK_THAT(refusal("$ $msec"), Contains("without a variable's name"));
  CHECK_THAT(refusal("${msec $request"), Contains("without a variable's name"));
  CHECK_THROWS_AS(identity_rule("session"), std::invalid_argument);
  CHECK_THROWS_AS(identity_rule("a$"), std::invalid_argument);
}

TEST_CASE("in lines of JSON the identity is any key, or a cookie") {
  std::string const rest = R"("time":"2015-05-17T10:05:03Z","client":"10.0.0.1","method":"GET","target":"/x"})";
  CHECK(read_as(R"({"user":"u","session":7,)" + rest, of(text_kind::json, "$user-$session")) == "u-7 GET /x");
  CHECK(read_as("{" + rest, of(text_kind::json, "$user")) == "10.0.0.1 GET /x");
  CHECK(read_as(R"({"http_cookie":"a=1; s=2",)" + rest, of(text_kind::json, "$cookie_s")) == "2 GET /x");
  CHECK(
      read_as(
          R"({"request":{"headers":{"Cookie":["a=1; s=3"]},"remote_ip":"10.0.0.1","method":"GET","uri":"/x"},"ts":1})",
          of(text_kind::json, "$cookie_s")) == "3 GET /x");
  CHECK(read_as("10.0.0.1 - - " + date + R"( "GET /x HTTP/1.1" 200 5)", of(text_kind::json)) ==
        "skipped: of another form");
}

TEST_CASE("crest-gateway's own lines keep the bytes of targets") {
  auto const line = [](char const* target) {
    return R"({"time":"2015-05-17T10:05:03.000Z","client":"10.0.0.1","method":"GET","target":")" + std::string(target) +
           R"(","status":200,"hops":1,"redirects":0})";
  };
  CHECK(read_as(line(R"(/\u00c3\u00bc\u00ff)"), {}) ==
        "10.0.0.1 GET /%C3%BC%FF"); // the gateway's spelling of ü and 0xff
  CHECK(read_as(R"({"time":"2015-05-17T10:05:03Z","client":"10.0.0.1","method":"GET","target":"/\u00fc"})", {}) ==
        "10.0.0.1 GET /%C3%BC");
}

TEST_CASE("a HAR file is a log of its entries") {
  std::string const entry = R"({"startedDateTime":"2015-05-17T10:05:03.250Z","request":{"method":"GET",
      "url":"https://a.example/x?y#z","cookies":[{"name":"s","value":"1"}],"headers":[{"name":"X-Key","value":"k"}]},
      "response":{"content":{"text":"x"}}})";
  std::string const file =
      R"({"log":{"version":"1.2","entries":[)" + entry + R"(,{"startedDateTime":"2015-05-17T10:05:04Z",
      "request":{"method":"CONNECT","url":"a:443"}},{"startedDateTime":"yesterday","request":{}},3]}})";
  auto const clients = [&](std::string const& identity) {
    std::istringstream in(file);
    std::string all;
    account const a = read(in, of(text_kind::har, identity), [&all](request&& r, std::uint64_t n) {
      all += r.client + " " + r.method + " " + r.target + " " + std::to_string(n) + ";";
      return true;
    });
    CHECK(a.lines == 4);
    CHECK(a.all_skipped() == 3);
    CHECK(a.absolute == 0);
    return all;
  };
  CHECK(clients("") == "har GET /x?y 1;");
  CHECK(clients("$cookie_s") == "1 GET /x?y 1;");
  CHECK(clients("$http_x_key") == "k GET /x?y 1;");
  for (char const* bad : {"", "{", "[]", R"({"log":{}})", "garbage"}) {
    std::istringstream in(bad);
    CHECK_THROWS_AS(read(in, of(text_kind::har), [](request&&, std::uint64_t) { return true; }), std::invalid_argument);
  }
}

TEST_CASE("targets that cannot be sent as they are become what servers take them for, and are counted") {
  struct row {
    char const* name;
    std::string target, sent;
  };
  row const table[] = {
      {"a proxy's request", "http://a.example:80/x?y", "/x?y"},
      {"without a path", "HTTPS://a.example", "/"},
      {"with a query only", "http://a.example?q", "/?q"},
      {"raw UTF-8", "/ü", "/%C3%BC"},
      {"another encoding", "/\xfc", "/%FC"},
      {"encoded already", "/%C3%BC", "/%C3%BC"},
      {"both", "http://ü/ü", "/%C3%BC"},
  };
  std::string log;
  for (row const& r : table) {
    INFO(r.name);
    std::string const line = "a - - " + date + " \"GET " + r.target + " HTTP/1.1\" 200 5";
    CHECK(read_as(line, {}) == "a GET " + r.sent);
    log += line + "\n";
  }
  std::istringstream in(log);
  account const a = read(in, {}, [](request&&, std::uint64_t) { return true; });
  CHECK(a.changes() == std::vector<std::string>{"4 absolute targets replaced by their paths",
                                                "3 targets have bytes outside ASCII, which are percent-encoded"});
}

TEST_CASE("no line costs more than its bytes") {
  // Each is 64 KiB; with a cost that grew with the square of that, a thousand of them would take minutes.
  std::string const begins[] = {" [", "[",  "\"",  "\\",  " ", "{", "[17/May/2015:10:05:03 +0000",
                                "- ", ", ", " : ", "a=;", "$"};
  form const forms[] = {{},
                        nginx(combined, "$http_user_agent"),
                        nginx("$msec $remote_addr \"$request\" $http_cookie", "$cookie_a$arg_b"),
                        of(text_kind::json, "$a.b")};
  for (std::string const& begin : begins) {
    std::string line;
    while (line.size() + begin.size() <= longest_line) line += begin;
    std::string const targeted = "1 a \"GET /?" + line.substr(0, 7000) + " HTTP/1.1\" " + line.substr(0, 50000);
    for (form const& how : forms)
      for (int i = 0; i != 50; ++i) {
        parse_line(line, how);
        parse_line(line + "]", how);
        parse_line(targeted, how);
      }
  }
}
