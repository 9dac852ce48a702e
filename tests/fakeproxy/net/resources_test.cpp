// What proxies answer for configured resources.
#include "base/journal/journal.hpp"
#include "cluster_process.hpp"
#include "fakeproxy/net/sockets.hpp"
#include "fakeproxy/resources/resources.hpp"

#include <catch2/catch.hpp>

using namespace fakeproxy;
using namespace fakeproxy::net::testing;
using nlohmann::json;

namespace {

resources::corporations const moving{.count = 3, .change_every = 5 * cluster::millisecond, .changing = 1};

json cluster_with_resources(scratch const& s) {
  json nodes = json::array({{{"role", "sol"}, {"index", 0}, {"listen", "127.0.0.1:0"}}});
  for (int i = 0; i < 2; ++i) nodes.push_back({{"role", "proxy"}, {"index", i}, {"listen", "127.0.0.1:0"}});
  json const resources = {
      {{"path", "/market"},
       {"cache_control", "public, s-maxage=30"},
       {"vary", "Accept-Language, X-Session-Corporation"},
       {"validators", "both"},
       {"bytes", 2048}},
      {{"path", "/dated"}, {"validators", "last_modified"}},
      {{"path", "/plain"}, {"cache_control", "no-store"}},
      {{"path", "/ticking"}, {"validators", "etag"}, {"changes_every_ms", 1}, {"cache_control", "max-age=0"}},
      {{"path", "/mine"}, {"cache_control", "private"}, {"vary", "Authorization"}, {"audience", "character"}},
      {{"path", "/corporations"},
       {"cache_control", "public, max-age=1"},
       {"vary", "X-Session-Corporation"},
       {"validators", "etag"},
       {"audience", "corporation"}}};
  return {
      {"token_key", key_text},
      {"admin", "127.0.0.1:0"},
      {"journal_directory", (s.path() / "journals").string()},
      {"sols", {"127.0.0.1:0"}},
      {"nodes", nodes},
      {"proxy", {{"resources", resources}, {"corporations", {{"count", 3}, {"change_every_ms", 5}, {"changing", 1}}}}}};
}

/// Two proxies that serve resources; character 7 has its session at proxy[0].
struct fixture {
  scratch files;
  child process{cluster_with_resources(files), files.path()};
  std::string owner = process.address("proxy[0]", "http");
  std::string other = process.address("proxy[1]", "http");
  fixture() { REQUIRE(get(owner, "/", bearer(7)).status == 200); }

  journal::proxy_hop last_hop() const {
    return journal::read<journal::proxy_hop>(files.path() / "journals" / "proxy[0].journal", "proxy_hop").back();
  }
};

bool is_recent(answer const& a) {
  auto const date = resources::parse_http_date(a["date"]);
  std::int64_t const now = net::wall_seconds(net::now());
  return date && *date <= now + 1 && *date > now - 60;
}

std::string marked_line(answer const& a) { return "Lab-Resource: " + a["lab-resource"] + "\n"; }

}

TEST_CASE_METHOD(fixture, "a resource is answered with its caching fields, and its body says what it is") {
  auto const a = get(owner, "/market/x?y", bearer(7) + "Accept-Language: de\r\nLab-Request: 41\r\n");
  CHECK(a.status == 200);
  CHECK(a["cache-control"] == "public, s-maxage=30");
  CHECK(a["vary"] == "Accept-Language, X-Session-Corporation");
  CHECK(is_recent(a));
  auto const mark = resources::parse_mark(a["lab-resource"]);
  REQUIRE(mark);
  CHECK(mark->version == 0);
  CHECK(mark->audience == resources::audience::everyone);
  std::vector<resources::request_field> const fields{{"Accept-Language", "de"}};
  CHECK(mark->variant == resources::variant_of("Accept-Language", fields));
  CHECK(a["etag"] == resources::etag_of("/market/x?y", *mark));
  auto const modified = resources::parse_http_date(a["last-modified"]);
  REQUIRE(modified);
  CHECK(*modified <= *resources::parse_http_date(a["date"]));
  std::string body;
  resources::append_resource_body(body, "/market/x?y", *mark, 2048);
  CHECK(a.body == body);
  CHECK(a.body.starts_with(marked_line(a)));
  CHECK(a["lab-character"] == "7");
  CHECK(last_hop().request == 41);
  CHECK(last_hop().status == 200);
}

TEST_CASE_METHOD(fixture, "what is not configured is not said, and other paths are as ever but for the date") {
  auto const plain = get(owner, "/plain");
  CHECK(plain["cache-control"] == "no-store");
  for (char const* absent : {"vary", "etag", "last-modified"}) CHECK(plain[absent].empty());
  CHECK(plain.body.size() == 256);
  auto const elsewhere = get(owner, "/plains", bearer(7));
  for (char const* absent : {"cache-control", "vary", "etag", "last-modified", "lab-resource"})
    CHECK(elsewhere[absent].empty());
  CHECK(elsewhere.body.starts_with("{\"request\":0"));
  CHECK(is_recent(elsewhere));
  auto const posted = post(owner, "/plain", bearer(7), "x");
  CHECK(posted.status == 201);
  CHECK(posted["lab-resource"].empty());
}

TEST_CASE_METHOD(fixture, "HEAD has the head of GET, and the connection goes on after it and after 304") {
  client c(owner);
  auto const whole = c.ask("GET /market HTTP/1.1\r\nHost: x\r\n\r\n");
  auto const head = c.ask("HEAD /market HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(head.status == 200);
  for (char const* name : {"etag", "last-modified", "cache-control", "vary", "lab-resource", "content-length"})
    CHECK(head[name] == whole[name]);
  for (std::string const method : {"GET", "HEAD"}) {
    auto const unchanged =
        c.ask(method + " /market HTTP/1.1\r\nHost: x\r\nIf-None-Match: \"x\", W/" + whole["etag"] + "\r\n\r\n");
    CHECK(unchanged.status == 304);
    for (char const* name : {"etag", "last-modified", "cache-control", "vary", "lab-resource"})
      CHECK(unchanged[name] == whole[name]);
    CHECK(unchanged["content-length"].empty());
    CHECK(is_recent(unchanged));
  }
  CHECK(c.ask("GET /market HTTP/1.1\r\nHost: x\r\n\r\n").body == whole.body);
}

TEST_CASE_METHOD(fixture, "conditions are met by the proxy's own validators, of whichever proxy") {
  auto const whole = get(owner, "/market", bearer(7));
  std::string const tag = "If-None-Match: " + whole["etag"] + "\r\n";
  std::string const date = "If-Modified-Since: " + whole["last-modified"] + "\r\n";
  CHECK(get(owner, "/market", bearer(7) + tag).status == 304);
  CHECK(last_hop().status == 304);
  CHECK(get(other, "/market", tag).status == 304); // without a session, from another proxy
  CHECK(get(other, "/market", date).status == 304);
  CHECK(get(owner, "/market", date + "If-None-Match: \"x\"\r\n").status == 200);
  CHECK(get(owner, "/market/", tag).status == 200); // another target
  CHECK(get(owner, "/market", tag + "Accept-Language: de\r\n").status == 200);
  auto const dated = get(owner, "/dated");
  CHECK(dated["etag"].empty());
  CHECK(get(owner, "/dated", "If-Modified-Since: " + dated["last-modified"] + "\r\n").status == 304);
  CHECK(get(owner, "/dated", "If-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT\r\n").status == 200);
  CHECK(get(owner, "/plain", date).status == 200);
}

TEST_CASE_METHOD(fixture, "versions follow the machine's clock, and the tag of an old one gets the new one") {
  constexpr cluster::duration lasts = cluster::millisecond;
  client c(owner);
  std::string const request = "GET /ticking HTTP/1.1\r\nHost: x\r\n";
  cluster::time_point const before = net::now();
  auto const first = c.ask(request + "\r\n");
  cluster::time_point const after = net::now();
  auto const version = resources::parse_mark(first["lab-resource"])->version;
  CHECK(version >= static_cast<std::uint64_t>(before / lasts));
  CHECK(version <= static_cast<std::uint64_t>(after / lasts));
  answer next;
  for (int tries = 0; tries < 10000 && next.status != 200; ++tries)
    next = c.ask(request + "If-None-Match: " + first["etag"] + "\r\n\r\n");
  CHECK(next.status == 200);
  CHECK(resources::parse_mark(next["lab-resource"])->version > version);
  CHECK(next["etag"] != first["etag"]);
}

TEST_CASE_METHOD(fixture, "a character's resource is for who has a token, and differs by character") {
  auto const seven = get(owner, "/mine", bearer(7));
  auto const nine = get(owner, "/mine", bearer(9));
  CHECK(seven.status == 200);
  CHECK(resources::parse_mark(seven["lab-resource"])->audience == resources::audience::character);
  CHECK(resources::parse_mark(seven["lab-resource"])->id == 7);
  CHECK(resources::parse_mark(nine["lab-resource"])->id == 9);
  CHECK(seven.body != nine.body);
  auto const nobody = get(owner, "/mine");
  CHECK(nobody.status == 403);
  CHECK(nobody["cache-control"] == "private");
  CHECK(nobody["vary"] == "Authorization");
  CHECK(nobody["x-session-corporation"].empty());
  CHECK(nobody["content-length"] == "0");
  CHECK(get(owner, "/mine", "Authorization: Bearer junk\r\n").status == 401);
  auto const elsewhere = get(other, "/mine", bearer(7));
  CHECK(redirect_of(elsewhere).first == owner);
  CHECK(elsewhere["cache-control"].empty());
}

TEST_CASE_METHOD(fixture,
                 "a corporation's resource is for its members at the time, and session facts say which it is") {
  client c(owner);
  int admitted = 0, refused = 0, unchanged = 0;
  auto const who = static_cast<cluster::character_id>(7);
  for (int i = 0; i < 3000 && (admitted < 10 || refused < 10 || unchanged < 10); ++i) {
    cluster::time_point const before = net::now();
    auto const a = c.ask("GET /corporations/2/assets HTTP/1.1\r\nHost: x\r\n" + bearer(7) +
                         (i % 2 == 0 ? "If-None-Match: *\r\n\r\n" : "\r\n"));
    cluster::time_point const after = net::now();
    auto const fact = static_cast<std::uint32_t>(std::stoul(a["x-session-corporation"]));
    CHECK(resources::was_in_corporation(moving, who, fact, before, after));
    CHECK((a.status == 403) == (fact != 2));
    CHECK(a["cache-control"] == "public, max-age=1");
    CHECK(a["vary"] == "X-Session-Corporation");
    CHECK(a["x-backend"] == "http://" + owner);
    CHECK(is_recent(a));
    admitted += a.status == 200;
    refused += a.status == 403;
    unchanged += a.status == 304;
    if (a.status == 403) {
      CHECK(a["etag"].empty());
      CHECK(a["lab-resource"].empty());
    } else {
      CHECK(a["lab-resource"] == "version=0; audience=corporation:2; variant=0");
    }
  }
  CHECK((admitted >= 10 && refused >= 10 && unchanged >= 10));
  CHECK(get(owner, "/corporations/2/assets").status == 403);
  CHECK(get(owner, "/corporations/", bearer(7)).status == 403);
  CHECK(get(owner, "/corporations/4", bearer(7)).status == 403);
}

TEST_CASE_METHOD(fixture, "session facts are on every answer for a session that the proxy holds, and on no other") {
  for (auto const& a : {get(owner, "/", bearer(7)), post(owner, "/x", bearer(7), "x"), get(owner, "/plain", bearer(7)),
                        get(owner, "/market", bearer(7) + "If-None-Match: *\r\n")})
    CHECK_FALSE(a["x-session-corporation"].empty());
  for (auto const& a : {get(owner, "/"), get(other, "/", bearer(7)), get(owner, "/", "Authorization: Bearer x\r\n")})
    CHECK(a["x-session-corporation"].empty());
}
