// What is somebody's unless it says otherwise: answers with Set-Cookie, guesses for who has a cookie or a key, and what
// fields that are not in the key may have made of an answer (RFC 9111 7.3, 4.2.2).
#include "tests/gateway/cache/messages.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace tests::gateway_cache;

namespace {

request const plain("GET /a");
std::string const modified = "Last-Modified: " + date_at(-1'000'000); // fresh by a guess, for a day

cache::cache_rules with(cache::cookie_rule rule) {
  cache::cache_rules rules;
  rules.set_cookie = rule;
  return rules;
}

/// Whether what one request got is what the next one gets.
bool shares(request const& first, answer const& from, request const& second, cache::cache_rules const& rules = {}) {
  lab l(rules);
  l.play(first, from, at(0));
  return l.ask(second, at(1)).is_answered();
}

}

TEST_CASE("RFC 9111 7.3: an answer with Set-Cookie is stored if it says so itself, by set_cookie") {
  using enum cache::cookie_rule;
  struct row {
    std::string fields;
    bool if_public, if_explicit;
  };
  std::vector<row> const rows{
      {"Cache-Control: public, max-age=60", true, true},
      {"Cache-Control: s-maxage=60, PUBLIC", true, true},
      {"Cache-Control: public\n" + modified, true, true},
      {"CDN-Cache-Control: public, max-age=60", true, true},
      {"Cache-Control: max-age=60", false, true},
      {"Cache-Control: s-maxage=60", false, true},
      {"Cache-Control: max-age=60, must-revalidate", false, true},
      {"Cache-Control: max-age=60, immutable", false, true},
      {"Expires: " + date_at(60), false, true},
      {"CDN-Cache-Control: max-age=60\nCache-Control: public", false, true},
      {"Cache-Control: public; x, max-age=60", false, true},
      {modified, false, false},
      {"ETag: \"1\"", false, false},
  };
  for (row const& r : rows) {
    INFO(r.fields);
    answer const one(200, r.fields + "\nSet-Cookie: id=1"), two(200, r.fields + "\nSet-Cookie: a=1\nset-cookie: b=2");
    for (answer const* from : {&one, &two}) {
      for (auto const& [rule, expected] :
           {std::pair{if_public, r.if_public}, {if_explicit, r.if_explicit}, {never, false}}) {
        lab l(with(rule), {"cdn-cache-control"});
        l.play(plain, *from, at(0));
        CHECK(l.ask(plain, at(1)).is_answered() == expected);
      }
    }
  }
}

TEST_CASE("RFC 9111 7.3: a cookie that is stored is served, one that is withheld keeps nothing from being stored") {
  lab l;
  l.play(plain, answer(200, "Cache-Control: public, max-age=60\nSet-Cookie: a=1\nSet-Cookie: b=2"), at(0));
  asked const second = l.ask(plain, at(1));
  REQUIRE(second.is_answered());
  CHECK(count_of(l.serve(second, at(1)).head, "Set-Cookie") == 2);
  for (char const* control : {"private=\"Set-Cookie\"", "no-cache=\"set-cookie\"", "private=\"X-A, Set-Cookie\""})
    for (auto const rule : {cache::cookie_rule::never, cache::cookie_rule::if_public}) {
      INFO(control);
      lab other(with(rule));
      other.play(plain, answer(200, "Cache-Control: max-age=60, " + std::string(control) + "\nSet-Cookie: a=1"), at(0));
      asked const again = other.ask(plain, at(1));
      REQUIRE(again.is_answered());
      CHECK(count_of(other.serve(again, at(1)).head, "Set-Cookie") == 0);
    }
}

TEST_CASE("RFC 9111 7.3: a 304 that sets a cookie is for who asked") {
  std::string const tagged = "ETag: \"1\"\nCache-Control: max-age=10";
  lab l;
  l.play(plain, answer(200, tagged), at(0));
  asked a = l.ask(plain, at(20));
  CHECK(l.take(a, answer(304, tagged + "\nSet-Cookie: id=1"), at(20)).field("Set-Cookie") == "id=1");
  CHECK(l.ask(plain, at(21)).goes_on());
}

namespace {

/// Stored for all, without a cookie; what it states keeps it fresh for a minute.
struct confirmation {
  char const* stored;
  char const* says; // the 304, or the answer to HEAD; beside ETag and Set-Cookie
  cache::cookie_rule rule;
  bool for_all; // what it says, cookie and all
};
std::vector<confirmation> const confirmations{
    {"Cache-Control: public, max-age=60", "", cache::cookie_rule::if_public, false},
    {"Cache-Control: public, max-age=60", "X-A: 1", cache::cookie_rule::if_public, false},
    {"Cache-Control: public, max-age=60", "Cache-Control: max-age=60", cache::cookie_rule::if_public, false},
    {"Cache-Control: public, max-age=60", "Cache-Control: s-maxage=60", cache::cookie_rule::if_public, false},
    {"Cache-Control: public, max-age=60", "", cache::cookie_rule::never, false},
    {"Cache-Control: public, max-age=60", "Cache-Control: public, max-age=60", cache::cookie_rule::never, false},
    {"Cache-Control: max-age=60", "", cache::cookie_rule::if_explicit, false},
    {"CDN-Cache-Control: public, max-age=60", "", cache::cookie_rule::if_public, false},
    {"CDN-Cache-Control: public, max-age=60", "Cache-Control: max-age=60", cache::cookie_rule::if_public, false},
    {"Cache-Control: public, max-age=60", "Cache-Control: public, max-age=60", cache::cookie_rule::if_public, true},
    {"Cache-Control: max-age=60", "Cache-Control: public, max-age=60", cache::cookie_rule::if_public, true},
    {"Cache-Control: max-age=60", "Cache-Control: max-age=60", cache::cookie_rule::if_explicit, true},
    {"CDN-Cache-Control: max-age=60", "CDN-Cache-Control: public, max-age=60", cache::cookie_rule::if_public, true},
};

/// What somebody else gets afterwards, out of the store.
void check_next(lab& l, bool for_all, std::int64_t when) {
  asked const next = l.ask(plain, at(when));
  REQUIRE(next.is_answered());
  CHECK(l.serve(next, at(when)).field("Set-Cookie").value_or("none") == (for_all ? "id=alice" : "none"));
}

}

TEST_CASE("RFC 9111 7.3: a cookie that a 304 brings comes to others only if the 304 itself says so") {
  for (confirmation const& c : confirmations)
    for (char const* hers : {"Cookie: id=alice\nCache-Control: no-cache", "Cache-Control: max-age=0",
                             "Authorization: Bearer alice\nPragma: no-cache"}) {
      INFO(c.stored << " / " << c.says << " / " << hers);
      bool const to_a_token = std::string(hers).starts_with("Auth");
      if (to_a_token && c.rule == cache::cookie_rule::if_explicit) continue; // shares by other directives (3.5)
      lab l(with(c.rule), {"cdn-cache-control"});
      l.play(plain, answer(200, std::string("ETag: \"a\"\n") + c.stored), at(0));
      asked a = l.ask(request("GET /a", hers), at(1));
      REQUIRE(a.kind() == cache::decision::kind::validate);
      reply const got = l.take(a, answer(304, "ETag: \"a\"\nSet-Cookie: id=alice\n" + std::string(c.says)), at(1));
      CHECK(got.status == 200);
      CHECK(got.field("Set-Cookie") == "id=alice"); // which is hers
      check_next(l, c.for_all, 2);
    }
}

TEST_CASE("RFC 9111 7.3: a 304 with a cookie that forbids storing ends what is stored") {
  for (char const* says : {"private", "no-store", "private, max-age=60", "max-age=60, no-store"}) {
    INFO(says);
    lab l;
    l.play(plain, answer(200, "ETag: \"a\"\nCache-Control: public, max-age=60"), at(0));
    asked a = l.ask(request("GET /a", "Cache-Control: no-cache"), at(1));
    l.take(a, answer(304, "ETag: \"a\"\nSet-Cookie: id=alice\nCache-Control: " + std::string(says)), at(1));
    CHECK(l.ask(plain, at(2)).goes_on());
  }
}

TEST_CASE("RFC 9111 7.3: a cookie that an answer to HEAD brings comes to others only if that itself says so") {
  for (confirmation const& c : confirmations) {
    INFO(c.stored << " / " << c.says);
    lab l(with(c.rule), {"cdn-cache-control"});
    l.play(plain, answer(200, std::string("ETag: \"a\"\n") + c.stored), at(0));
    asked a = l.ask(request("HEAD /a", "Cookie: id=alice\nCache-Control: no-cache"), at(1));
    REQUIRE(a.goes_on());
    l.take(a, answer(200, "ETag: \"a\"\nSet-Cookie: id=alice\n" + std::string(c.says), ""), at(1));
    check_next(l, c.for_all, 2);
  }
}

TEST_CASE("RFC 9111 7.3: a cookie that a refresh in the background brings comes to nobody") {
  lab l;
  l.play(plain, answer(200, "ETag: \"a\"\nCache-Control: public, max-age=10, stale-while-revalidate=60"), at(0));
  asked a = l.ask(request("GET /a", "Cookie: id=alice"), at(20));
  REQUIRE(a.decided.refresh);
  l.refresh(a, at(20));
  l.take(a, answer(304, "ETag: \"a\"\nSet-Cookie: id=alice"), at(20));
  check_next(l, false, 21);
}

TEST_CASE("RFC 9111 7.3: a cookie that is withheld does not keep a 304 from being for all") {
  for (auto const& [stored, says] : {std::pair{", private=\"Set-Cookie\"", ""}, {"", ", no-cache=\"set-cookie\""}}) {
    INFO(stored << " / " << says);
    std::string const control = "ETag: \"a\"\nCache-Control: max-age=10";
    lab l;
    l.play(plain, answer(200, control + stored), at(0));
    asked a = l.ask(plain, at(20));
    l.take(a, answer(304, control + says + "\nX-A: new\nSet-Cookie: id=alice"), at(20));
    check_next(l, false, 21);
    CHECK(l.serve(l.ask(plain, at(21)), at(21)).field("X-A") == "new");
  }
}

TEST_CASE("RFC 9111 4.2.2: what was guessed is not served to who says who he is, when the upstream fails either") {
  cache::cache_rules rules;
  rules.stale_if_error_s = rules.stale_if_unreachable_s = 1'000'000;
  for (char const* field : {"Cookie: id=alice", "X-Api-Key: 1", "DPoP: x", "X-Auth-Token: 1", "X-Sid: 1", "Cookie2: 1",
                            "X-User-Id: 1\nCache-Control: no-cache"})
    for (std::int64_t const when : {1, 90'000}) { // fresh, stale
      INFO(field << " at " << when);
      lab l(rules);
      l.play(plain, answer(200, modified + "\nETag: \"a\""), at(0));
      asked failing = l.ask(request("GET /a", field), at(when));
      REQUIRE(failing.goes_on());
      CHECK(l.take(failing, answer(503), at(when)).status == 503);
      asked silent = l.ask(request("GET /a", field), at(when));
      CHECK(l.fail(silent, at(when)).status == 502);
      asked other = l.ask(request("GET /a", "Cache-Control: no-cache"), at(when));
      CHECK(l.fail(other, at(when)).status == 200);
    }
  lab l(rules); // what is stated is for all
  l.play(plain, answer(200, "Cache-Control: max-age=60"), at(0));
  asked a = l.ask(request("GET /a", "Cookie: id=alice"), at(90));
  CHECK(l.take(a, answer(503), at(90)).status == 200);
}

TEST_CASE("RFC 9111 4.2.2: a lifetime that nobody stated is none for who says who he is") {
  answer const guessed(200, modified), stated(200, "Cache-Control: max-age=60"),
      open(200, "Cache-Control: public\n" + modified);
  for (char const* field : {"Cookie: id=1",
                            "cookie: a=1; b=2",
                            "X-Api-Key: 1",
                            "X-Auth-Token: 1",
                            "Private-Token: 1",
                            "X-Goog-Api-Key: 1",
                            "apikey: 1",
                            "X-Amz-Security-Token: 1",
                            "Ocp-Apim-Subscription-Key: 1",
                            "X-Csrf-Token: 1",
                            "X-User-Session: 1",
                            "Proxy-Auth: 1",
                            "X-Jwt: x\nCookie: a",
                            "Cookie2: $Version=1",
                            "DPoP: x",
                            "Cf-Access-Jwt-Assertion: x",
                            "X-Amzn-Oidc-Data: x",
                            "X-Sid: 1",
                            "X-User-Id: 1",
                            "X-MS-Client-Principal: x"}) {
    INFO(field);
    request const somebody("GET /a", field);
    CHECK_FALSE(shares(somebody, guessed, plain));
    CHECK_FALSE(shares(plain, guessed, somebody));
    CHECK_FALSE(shares(somebody, guessed, somebody));
    for (answer const* from : {&stated, &open}) {
      CHECK(shares(somebody, *from, plain));
      CHECK(shares(plain, *from, somebody));
    }
  }
  for (char const* field :
       {"Accept: */*", "X-Requested-With: x", "X-Tokens: 1", "Keyboard: 1", "Sec-Fetch-Site: none"}) {
    INFO(field);
    CHECK(shares(request("GET /a", field), guessed, plain));
    CHECK(shares(plain, guessed, request("GET /a", field)));
  }
}

TEST_CASE("RFC 9111 4.2.2: what was chosen by the cookie may be guessed of for the same cookie") {
  answer const chosen(200, modified + "\nVary: Cookie");
  CHECK(shares(request("GET /a", "Cookie: a"), chosen, request("GET /a", "Cookie: a")));
  CHECK_FALSE(shares(request("GET /a", "Cookie: a"), chosen, request("GET /a", "Cookie: b")));
  CHECK_FALSE(
      shares(request("GET /a", "Cookie: a\nX-Api-Key: 1"), chosen, request("GET /a", "Cookie: a\nX-Api-Key: 2")));
}

TEST_CASE("RFC 9111 4.2.2: what is confirmed to somebody stays what it is for all others") {
  lab l;
  l.play(plain, answer(200, modified + "\nETag: \"1\"\nX-User: nobody"), at(0));
  asked a = l.ask(request("GET /a", "Cookie: id=alice"), at(1));
  REQUIRE(a.kind() == cache::decision::kind::validate);
  reply const hers = l.take(a, answer(304, "ETag: \"1\"\nX-User: alice"), at(1));
  CHECK(hers.status == 200);
  CHECK(hers.field("X-User") == "alice");
  asked const next = l.ask(plain, at(2));
  REQUIRE(next.is_answered());
  CHECK(l.serve(next, at(2)).field("X-User") == "nobody");
}

TEST_CASE("what a field may have made of an answer that is not in the key is not stored, unless it is to be ignored") {
  answer const from(200, "Cache-Control: public, max-age=60");
  for (char const* field : {"X-Host: evil",
                            "X-Forwarded-Uri: /x",
                            "X-Original-URI: /x",
                            "X-Forwarded-SSL: on",
                            "Front-End-Https: on",
                            "X-Forwarded-Server: e",
                            "X-Forwarded-Path: /x",
                            "X-Original-Host: e",
                            "X-Rewrite-Url: /x",
                            "X-Url-Scheme: e",
                            "X-HTTP-Method: PUT",
                            "X-Method-Override: PUT",
                            "X-Forwarded-Scheme: x",
                            "X-Proxy-Host: e",
                            "CF-Visitor: x",
                            "True-Client-IP: 127.0.0.1",
                            "X-Client-IP: 1",
                            "X-Real-IP: 1",
                            "X-Remote-User: root",
                            "X-Forwarded-User: root",
                            "X-Script-Name: /x",
                            "X-Invoke-Path: /x",
                            "X.Forwarded.Host: e",
                            "Forwarded: host=e",
                            "FORWARDED-HOST: e",
                            "WL-Proxy-SSL: true",
                            "Client-Cert: :x:",
                            "X-Override-URL: /x",
                            "Url: /x",
                            "Uri: /x",
                            "Path: /x",
                            "Protocol: x",
                            "HTTPS: on",
                            "X-Vhost: e",
                            "X-Nextjs-Data: 1"}) {
    INFO(field);
    request const odd("GET /a", field);
    CHECK_FALSE(shares(odd, from, plain));
    CHECK(shares(plain, from, odd)); // which stays what it is
  }
  request const two("GET /a", "X-Real-IP: 1\nForwarded: for=1");
  std::vector<std::string> const real{"x-real-ip"}, both{"x-real-ip", "forwarded"};
  CHECK(cache::read_request(two.text->head, two.text->wire.data(), two.text->summary).has_unkeyed_fields);
  CHECK(cache::read_request(two.text->head, two.text->wire.data(), two.text->summary, real).has_unkeyed_fields);
  CHECK_FALSE(cache::read_request(two.text->head, two.text->wire.data(), two.text->summary, both).has_unkeyed_fields);
}
