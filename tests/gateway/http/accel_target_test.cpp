// What an X-Accel-Redirect names behind HOST:PORT.
#include "gateway/http/accel.hpp"
#include "gateway/http/accel_target.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace gateway::http;

namespace {

std::string const at = "/internal_redirect/10.0.0.1:8000";

struct row {
  char const* name;
  std::string named, target;
  bool same; // whatever the query, where none is named
};

}

TEST_CASE("an X-Accel location names a target, or none") {
  CHECK(named_target(at).empty());
  CHECK(named_target(at + "/") == "/");
  CHECK(named_target(at + "/a/b?c=/d") == "/a/b?c=/d");
  CHECK(named_target(at + "?x") == "?x");
  CHECK(named_target(at + "*") == "*");
  CHECK(parse_accel_redirect(at + "*")->text() == "10.0.0.1:8000");
  CHECK(named_target("/internal_redirect/[::1]:80//a") == "//a");
}

TEST_CASE("a target is the request's in whatever way it is spelt") {
  std::vector<row> const rows{
      {"byte for byte", "/a%2Fb?q=%20", "/a%2Fb?q=%20", true},
      {"none", "", "/a?b", true},
      {"a path without the query", "/a", "/a?b", true},
      {"a query without the path", "?b", "/a?b", true},
      {"an unreserved character decoded", "/~a", "/%7Ea", true},
      {"one encoded", "/%7ea", "/~a", true},
      {"digits in another case", "/%c3%a9", "/%C3%A9", true},
      {"bytes beyond ASCII, decoded", "/\xc3\xa9", "/%C3%A9", true},
      {"a blank, decoded", "/a b", "/a%20b", true},
      {"a colon, encoded", "/a%3Ab", "/a:b", true},
      {"an at sign, decoded", "/a@b", "/a%40b", true},
      {"in the query", "/a?b=%7Ec", "/a?b=~c", true},
      {"an empty query", "/a?", "/a", true},
      {"a percent sign that encodes nothing", "/50%25", "/50%", true},
      {"*", "*", "*", true},
      {"another path", "/other", "/a", false},
      {"a longer one", "/a/b", "/a", false},
      {"a shorter one", "/", "/a", false},
      {"letter case", "/A", "/a", false},
      {"a slash that was encoded", "/a/b", "/a%2Fb", false},
      {"a backslash that was encoded", "/a\\b", "/a%5Cb", false},
      {"a question mark that was encoded", "/a?b", "/a%3Fb", false},
      {"encoded twice", "/a%2520b", "/a%20b", false},
      {"a plus sign that was encoded", "/a?b=+", "/a?b=%2B", false},
      {"another query", "/a?c", "/a?b", false},
      {"a query where there is none", "/a?b", "/a", false},
      {"an empty query where there is one", "/a?", "/a?b", false},
      {"a doubled slash", "//a", "/a", false},
      {"a final slash", "/a/", "/a", false},
      {"a fragment", "/a#b", "/a", false},
      {"* for a path", "*", "/", false},
      {"a path for *", "/", "*", false},
  };
  for (row const& r : rows) {
    INFO(r.name << ": " << r.named << " for " << r.target);
    CHECK(names_target(r.named, r.target, true) == r.same);
  }
  CHECK_FALSE(names_target("/a", "/a?b", false));
  CHECK(names_target("/a", "/a", false));
  CHECK(names_target("", "/a?b", false));
}

TEST_CASE("a target that is followed is one that may be sent") {
  CHECK(followed_target("/other?x", "/a?b") == "/other?x");
  CHECK(followed_target("/other", "/a?b") == "/other");
  CHECK(followed_target("?x", "/a?b") == "/a?x");
  CHECK(followed_target("?x", "*") == "/?x");
  CHECK(followed_target("/", "*") == "/");
  CHECK(followed_target("/a b\xc3\xa9", "/") == "/a%20b%C3%A9");
  CHECK(followed_target("//a%2F", "/") == "//a%2F");
  CHECK(followed_target("*", "*") == "*");
  for (char const* bad : {"*", "/a#b", "/a/../b", "/%2e%2e/b", "/internal_redirect/10.0.0.1:80/", "/a/..;/b", "*x",
                          "/.%2E/x", "/%69nternal_redirect/x"}) {
    INFO(bad);
    CHECK_FALSE(followed_target(bad, "/a"));
  }
}

TEST_CASE("a head gets another target, and nothing else changes") {
  std::string const head = "GET /a?b HTTP/1.1\r\nHost: /a?b\r\n\r\n";
  CHECK(target_of(head) == "/a?b");
  CHECK(with_target(head, "/longer?than=that") == "GET /longer?than=that HTTP/1.1\r\nHost: /a?b\r\n\r\n");
  CHECK(with_target(head, "*") == "GET * HTTP/1.1\r\nHost: /a?b\r\n\r\n");
}
