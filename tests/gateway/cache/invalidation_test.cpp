// Unsafe requests make stored answers untrue (RFC 9111 4.4).
#include "tests/gateway/cache/messages.hpp"

#include <catch2/catch.hpp>

using namespace tests::gateway_cache;

namespace {

/// Whether what is stored for `victim` is gone after `method` was answered so.
bool invalidates(char const* method, unsigned status, request const& victim = "GET /a", std::string_view lines = {}) {
  lab l;
  l.play(victim, answer(200, "Cache-Control: max-age=100"), at(0));
  REQUIRE(l.answers_alone(victim, at(1)));
  l.play(method, answer(status, lines), at(1));
  return !l.answers_alone(victim, at(2));
}

std::string referred(char const* reference, char const* key = "http://lab.example/dir/a?q") {
  return cache::referred_key(key, reference);
}

}

TEST_CASE("RFC 9111 4.4: a success of an unsafe method, or of one that nobody knows, invalidates its target") {
  for (char const* method : {"POST /a", "PUT /a", "DELETE /a", "PATCH /a", "FROBNICATE /a", "MKCOL /a"})
    for (unsigned const status : {200u, 201u, 204u, 299u, 301u, 303u, 399u}) {
      INFO(method << " " << status);
      CHECK(invalidates(method, status));
    }
}

TEST_CASE("RFC 9111 4.4: an error invalidates nothing") {
  for (unsigned const status : {400u, 403u, 404u, 412u, 500u, 503u}) {
    INFO(status);
    CHECK_FALSE(invalidates("POST /a", status));
    CHECK_FALSE(invalidates("POST /b", status, "GET /a", "Location: /a"));
  }
}

TEST_CASE("RFC 9111 4.4: safe methods invalidate nothing") {
  for (char const* method : {"OPTIONS /a", "PROPFIND /a", "REPORT /a", "SEARCH /a"}) {
    INFO(method);
    CHECK_FALSE(invalidates(method, 200));
  }
}

TEST_CASE("RFC 9111 4.4: another URI is not invalidated") {
  CHECK_FALSE(invalidates("POST /b", 200));
  CHECK_FALSE(invalidates("POST /a?x", 200));
}

TEST_CASE("RFC 9111 4.4: all variants are invalidated") {
  lab l;
  for (char const* language : {"de", "en"})
    l.play(request("GET /a", "Accept-Language: " + std::string(language)),
           answer(200, "Cache-Control: max-age=60\nVary: Accept-Language"), at(0));
  l.play("POST /a", answer(200), at(1));
  CHECK(l.core.answers().size() == 0);
}

TEST_CASE("RFC 9111 4.4: what Location and Content-Location name is invalidated if it is of the same origin") {
  for (char const* field : {"Location", "Content-Location"})
    for (char const* value :
         {"/a", "http://lab.example/a", "a", "./a", "//lab.example/a", "HTTP://LAB.example/a", "/a#part", "x/../a"}) {
      INFO(field << ": " << value);
      CHECK(invalidates("POST /b", 201, "GET /a", std::string(field) + ": " + value));
    }
}

TEST_CASE("RFC 9111 4.4: what Location and Content-Location name of another origin is not invalidated") {
  request const elsewhere("GET /a", "Host: other.example");
  for (char const* field : {"Location", "Content-Location"})
    for (char const* value : {"http://other.example/a", "//other.example/a"}) {
      INFO(field << ": " << value);
      CHECK_FALSE(invalidates("POST /b", 201, elsewhere, std::string(field) + ": " + value));
    }
  for (char const* value : {"https://lab.example/a", "http://lab.example:8080/a", "http://sub.lab.example/a",
                            "http://lab.example.evil/a", "http://lab.example@evil/a", "ftp://lab.example/a"}) {
    INFO(value);
    CHECK_FALSE(invalidates("POST /b", 201, "GET /a", "Location: " + std::string(value)));
  }
}

TEST_CASE("RFC 9111 4.4: a reference is resolved as RFC 3986 5 has it") {
  CHECK(referred("b") == "http://lab.example/dir/b");
  CHECK(referred("?r") == "http://lab.example/dir/a?r");
  CHECK(referred("../b") == "http://lab.example/b");
  CHECK(referred("/b?x=1#frag") == "http://lab.example/b?x=1");
  CHECK(referred("http://Lab.Example/B") == "http://lab.example/B");
  CHECK(referred("http://lab.example:81/b", "http://lab.example:81/a") == "http://lab.example:81/b");
  CHECK(referred("http://[2001:DB8::1]/b", "http://[2001:db8::1]/a") == "http://[2001:db8::1]/b");
}

TEST_CASE("RFC 9111 4.4: a reference to another origin, or that cannot be read, names nothing") {
  for (char const* reference :
       {"https://lab.example/b", "http://lab.example:81/b", "http://example/b", "http://lab.example.org/b", "//evil/b",
        "http:///b", "mailto:a@b", "http://[::1/b", "/b c", "/b%zz", "\x01", "http://user@lab.example/b"}) {
    INFO(reference);
    CHECK(referred(reference).empty());
  }
  CHECK(referred("/b", "http://lab.example:81/a") == "http://lab.example:81/b");
  CHECK(referred("http://lab.example/b", "http://lab.example:81/a").empty());
}

TEST_CASE("RFC 9110 4.2.3: the port that a scheme has anyway makes no other origin") {
  CHECK(referred("http://lab.example:80/b") == "http://lab.example/b");
}

TEST_CASE("RFC 9110 4.2.3: an empty path is /") { CHECK(referred("http://lab.example") == "http://lab.example/"); }

TEST_CASE("RFC 9111 4.4: an answer that was asked for before the change, and comes after it, is not stored") {
  lab l;
  asked slow = l.ask("GET /a", at(0));
  l.play("POST /a", answer(200), at(1));
  CHECK(l.take(slow, answer(200, "Cache-Control: max-age=100", "old"), at(2)).content == "old");
  CHECK_FALSE(l.answers_alone("GET /a", at(3)));
  l.play("GET /a", answer(200, "Cache-Control: max-age=100", "new"), at(3));
  CHECK(l.play("GET /a", answer(500), at(4)).content == "new");
}

TEST_CASE("RFC 9111 4.4: a validation that was asked for before the change brings nothing back") {
  lab l;
  l.play("GET /a", answer(200, "Cache-Control: max-age=10\nETag: \"a\""), at(0));
  asked slow = l.ask("GET /a", at(20));
  REQUIRE(slow.kind() == cache::decision::kind::validate);
  l.play("PUT /a", answer(204, {}, ""), at(21));
  CHECK(l.take(slow, answer(304, "ETag: \"a\""), at(22)).stored); // who asked before gets it
  CHECK_FALSE(l.answers_alone("GET /a", at(23)));
}

TEST_CASE("an answer that was asked for earlier than what is stored does not replace it") {
  lab l;
  asked slow = l.ask("GET /a", at(0));
  asked fast = l.ask("GET /a", at(1), false);
  l.take(fast, answer(200, "Cache-Control: max-age=100", "newer"), at(2));
  l.take(slow, answer(200, "Cache-Control: max-age=100", "older"), at(3));
  CHECK(l.play("GET /a", answer(500), at(4)).content == "newer");
}

TEST_CASE("what is forgotten by its key is not stored by whoever is fetching it") {
  lab l;
  asked a = l.ask("GET /a", at(0));
  l.play("GET /b", answer(200, "Cache-Control: max-age=100"), at(0));
  CHECK(l.core.forget_if([](std::string_view key) { return key.ends_with("/b"); }, at(1)) == 1);
  l.take(a, answer(200, "Cache-Control: max-age=100"), at(2)); // nobody knows whether it was meant too
  CHECK(l.core.answers().size() == 0);
  l.play("GET /a", answer(200, "Cache-Control: max-age=100"), at(3));
  CHECK(l.answers_alone("GET /a", at(4)));
}

TEST_CASE("a key is scheme, host in lower case, and the target as it is") {
  std::string key;
  cache::append_key(key, "https", "Lab.EXAMPLE:8443", "/A%2fb?Q#");
  CHECK(key == "https://lab.example:8443/A%2fb?Q#");
  CHECK(cache::origin_of(key) == "https://lab.example:8443");
  CHECK(cache::origin_of("http://h") == "http://h");
  CHECK(cache::origin_of("http://h?x") == "http://h");
  CHECK(cache::origin_of("http://h*") == "http://h");
}
