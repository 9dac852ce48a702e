// Which of several answers a request gets (RFC 9111 4.1).
#include "tests/gateway/cache/messages.hpp"

#include <catch2/catch.hpp>

using namespace tests::gateway_cache;

namespace {

/// Whether two requests with these lines share an answer that varies on `vary`.
bool share(std::string_view vary, std::string_view a, std::string_view b) {
  answer const from(200, "Cache-Control: max-age=60\nVary: " + std::string(vary));
  return reuses(request("GET /a", a), from, request("GET /a", b));
}

}

TEST_CASE("RFC 9111 4.1: an answer that varies is for requests with the same value") {
  CHECK(share("Accept-Language", "Accept-Language: de", "Accept-Language: de"));
  CHECK_FALSE(share("Accept-Language", "Accept-Language: de", "Accept-Language: en"));
  CHECK(share("accept-LANGUAGE", "Accept-Language: de", "ACCEPT-language: de"));
  CHECK(share("X-A", "X-A: 1\nX-B: 1", "X-B: 2\nX-A: 1"));
  CHECK_FALSE(share("X-A", "X-A: a", "X-A: A"));
}

TEST_CASE("RFC 9111 4.1: a field that is absent matches only where it is absent") {
  for (char const* value : {"X-A: 1", "X-A:", "X-A: -", "X-A: \"\"", "X-A: ,"}) {
    INFO(value);
    CHECK_FALSE(share("X-A", "", value));
    CHECK_FALSE(share("X-A", value, ""));
  }
  for (char const* value : {"Accept:", "Accept: ,", "Accept: */*"}) {
    INFO(value);
    CHECK_FALSE(share("Accept", "", value));
  }
  CHECK(share("X-A", "", ""));
}

TEST_CASE("RFC 9111 4.1: all fields that Vary names have to match, in whatever lines it names them") {
  answer const two(200, "Cache-Control: max-age=60\nVary: X-A\nVary: X-B");
  request const both("GET /a", "X-A: 1\nX-B: 2");
  CHECK(reuses(both, two, request("GET /a", "X-A: 1\nX-B: 2")));
  CHECK_FALSE(reuses(both, two, request("GET /a", "X-A: 1\nX-B: 3")));
  CHECK_FALSE(reuses(both, two, request("GET /a", "X-A: 3\nX-B: 2")));
  CHECK_FALSE(reuses(both, two, request("GET /a", "X-A: 1")));
}

TEST_CASE("RFC 9111 4.1: a value is not taken for another field's, nor for a part of one") {
  CHECK_FALSE(share("X-A, X-B", "X-A: x", "X-B: x"));
  CHECK_FALSE(share("X-A, X-B", "X-A: 1\nX-B: 2", "X-A: 2\nX-B: 1"));
  CHECK_FALSE(share("X-A, X-B", "X-A: 12\nX-B: 3", "X-A: 1\nX-B: 23"));
  CHECK_FALSE(share("X-A, X-AX", "X-A: X=1", "X-AX: 1"));
  CHECK_FALSE(share("X-A", "X-A: 1", "X-A: 1\nX-A: 2"));
}

TEST_CASE("RFC 9111 4.1: answers that vary on different fields are told apart where the values are the same") {
  lab l;
  l.play(request("GET /a", "X-A: x"), answer(200, "Cache-Control: max-age=60\nVary: X-A", "by a"), at(0));
  CHECK_FALSE(l.answers_alone(request("GET /a", "X-B: x"), at(1)));
  l.play(request("GET /a", "X-B: x"), answer(200, "Cache-Control: max-age=60\nVary: X-B", "by b"), at(1));
  CHECK(l.play(request("GET /a", "X-B: x"), answer(500), at(2)).content == "by b");
  CHECK(l.play(request("GET /a", "X-A: x"), answer(500), at(2)).content == "by a");
}

TEST_CASE("RFC 9111 4.1: lines of one field are one list") {
  CHECK(share("X-A", "X-A: 1\nX-A: 2", "X-A: 1, 2"));
  CHECK_FALSE(share("X-A", "X-A: 1\nX-A: 2", "X-A: 2, 1"));
  CHECK(share("Accept-Encoding", "Accept-Encoding: gzip\nAccept-Encoding: br", "Accept-Encoding: gzip, br"));
}

TEST_CASE("RFC 9111 4.1: blanks around the commas of a list say nothing") {
  CHECK(share("Accept", "Accept: a/b,c/d", "Accept: a/b ,\t c/d"));
  CHECK(share("Accept-Language", "Accept-Language: de;q=0.5, en", "Accept-Language: de ; q=0.5,en"));
  CHECK_FALSE(share("X-A", "X-A: \"a, b\"", "X-A: \"a,b\""));
}

TEST_CASE("RFC 9111 4.1: a quote that is not closed hides nothing of a value") {
  CHECK_FALSE(share("X-A", "X-A: \"a\\", "X-A: \"b\\"));
  CHECK_FALSE(share("X-A", "X-A: \"a, b", "X-A: \"a, c"));
}

TEST_CASE("RFC 9110 12.5.4: Accept-Language is compared without letter case, and by what is preferred") {
  CHECK(share("Accept-Language", "Accept-Language: de-CH, en;q=0.5", "Accept-Language: en;Q=0.5, DE-ch"));
  CHECK(share("Accept-Language", "Accept-Language: en;q=0.5, de;q=0.8", "Accept-Language: de;q=0.8, en;q=0.5"));
  CHECK_FALSE(share("Accept-Language", "Accept-Language: de, en;q=0.5", "Accept-Language: en, de;q=0.5"));
  CHECK_FALSE(share("Accept-Language", "Accept-Language: de;q=0.8", "Accept-Language: de;q=0.9"));
  CHECK_FALSE(share("Accept-Language", "Accept-Language: de", "Accept-Language: de, en;q=0.1"));
  CHECK_FALSE(share("Accept-Language", "Accept-Language: de", "Accept-Language: de;q=0"));
}

TEST_CASE("RFC 9110 12.5.3: Accept-Encoding is compared the same way") {
  CHECK(share("Accept-Encoding", "Accept-Encoding: gzip, BR", "Accept-Encoding: GZIP,br"));
  CHECK_FALSE(share("Accept-Encoding", "Accept-Encoding: gzip", "Accept-Encoding: gzip;q=0"));
  CHECK_FALSE(share("Accept-Encoding", "Accept-Encoding: gzip", "Accept-Encoding: br"));
}

TEST_CASE("RFC 9111 4.1: parameters of a media type may tell letter case apart (RFC 9110 8.3.1)") {
  CHECK_FALSE(share("Accept", "Accept: application/json;profile=A", "Accept: application/json;profile=a"));
}

TEST_CASE("RFC 9111 4.1: a blank within a word is not one that may be left out") {
  CHECK_FALSE(share("Accept-Language", "Accept-Language: d e", "Accept-Language: de"));
}

// Fields that nobody knows are taken for lists (RFC 9110 5.6.1), as lines of one name are: blanks around commas and
// empty elements tell nothing apart.
TEST_CASE("RFC 9111 4.1: fields of unknown syntax are normalised as lists") {
  CHECK(share("X-A", "X-A: ,1", "X-A: 1"));
  CHECK(share("X-Name", "X-Name: Smith, John", "X-Name: Smith,John"));
  CHECK_FALSE(share("X-Name", "X-Name: Smith, John", "X-Name: SmithJohn"));
}

TEST_CASE("RFC 9111 4.1: whoever has letter case to tell apart keeps it") {
  CHECK_FALSE(share("Cookie", "Cookie: a=B", "Cookie: a=b"));
  CHECK_FALSE(share("Authorization", "Authorization: Bearer A", "Authorization: Bearer a"));
  CHECK_FALSE(share("Cookie", "Cookie: a=1; b=2", "Cookie: b=2; a=1"));
}

TEST_CASE("RFC 9111 4.1: Vary with a * fits no request") {
  CHECK_FALSE(share("*", "", ""));
  CHECK_FALSE(share("X-A, *", "X-A: 1", "X-A: 1"));
  CHECK_FALSE(reuses(answer(200, "Cache-Control: max-age=60\nVary: X-A\nVary: *")));
}

TEST_CASE("RFC 9111 4.1: an empty Vary names nothing") { CHECK(share(" , ", "X-A: 1", "X-A: 2")); }

TEST_CASE("RFC 9111 4.1: each variant is stored beside the others, and served to its own") {
  lab l;
  for (char const* language : {"de", "en", "fr"})
    l.play(request("GET /a", "Accept-Language: " + std::string(language)),
           answer(200, "Cache-Control: max-age=60\nVary: Accept-Language", language), at(0));
  CHECK(l.core.answers().size() == 3);
  for (char const* language : {"fr", "de", "en"})
    CHECK(l.play(request("GET /a", "Accept-Language: " + std::string(language)), answer(500), at(1)).content ==
          language);
}

TEST_CASE("RFC 9111 4: of two answers that fit, the one that came later is taken where both have the same Date") {
  lab l;
  request const both("GET /a", "X-A: 1\nX-B: 1");
  l.play(both, answer(200, "Cache-Control: max-age=60\nVary: X-A", "first"), at(0));
  l.play(request("GET /a", "X-A: 2\nX-B: 1"), answer(200, "Cache-Control: max-age=60\nVary: X-B", "second"), at(0, 1));
  CHECK(l.play(both, answer(500), at(1)).content == "second");
}

TEST_CASE("RFC 9111 4: of two answers that fit, the one with the later Date is taken, whichever came later") {
  lab l;
  request const both("GET /a", "X-A: 1\nX-B: 1");
  std::string const fresh = "Cache-Control: max-age=600\nDate: ";
  l.play(both, answer(200, fresh + date_at(-5) + "\nVary: X-A", "of 5 s ago"), at(0));
  l.play(request("GET /a", "X-A: 2\nX-B: 1"), answer(200, fresh + date_at(-90) + "\nVary: X-B", "of 90 s ago"), at(1));
  CHECK(l.play(both, answer(500), at(2)).content == "of 5 s ago");
}

TEST_CASE("RFC 9111 4.1: an answer with Vary goes before one of the same URI that leaves it out") {
  lab l;
  request const german("GET /a", "Accept-Language: de");
  l.play(german, answer(200, "Cache-Control: max-age=60\nVary: Accept-Language", "deutsch"), at(0));
  l.play("GET /a", answer(200, "Cache-Control: max-age=60", "default"), at(1));
  CHECK(l.play(german, answer(500), at(2)).content == "deutsch");
}

TEST_CASE("RFC 9111 4.1: but not when it is stale, and the other is fresh") {
  lab l;
  request const german("GET /a", "Accept-Language: de");
  l.play(german, answer(200, "Cache-Control: max-age=1, stale-while-revalidate=600\nVary: Accept-Language", "old"),
         at(0));
  asked again = l.ask(german, at(2)); // served stale, and asked for
  REQUIRE(again.decided.refresh);
  l.refresh(again, at(2));
  l.take(again, answer(200, "Cache-Control: max-age=3600", "new"), at(2)); // the origin does not vary any more
  asked const next = l.ask(german, at(3));
  CHECK(next.is_answered());
  CHECK_FALSE(next.decided.refresh);
  CHECK(l.serve(next, at(3)).content == "new");
}

TEST_CASE("RFC 9111 4.1: the request is compared as the upstream got it") {
  lab l; // Connection took X-A out on its way: the answer was made without
  answer const from(200, "Cache-Control: max-age=60\nVary: X-A");
  l.play(request("GET /a", "X-A: 1\nConnection: X-A"), from, at(0));
  CHECK(l.answers_alone("GET /a", at(1)));
  CHECK_FALSE(l.answers_alone(request("GET /a", "X-A: 1"), at(1)));
}

TEST_CASE("RFC 9111 3.5, 4.1: an answer that varies on Authorization and may be shared is each token's own") {
  answer const from(200, "Cache-Control: s-maxage=60\nVary: Authorization");
  request const alice("GET /a", "Authorization: Bearer alice");
  CHECK(reuses(alice, from, alice));
  CHECK_FALSE(reuses(alice, from, request("GET /a", "Authorization: Bearer bob")));
  CHECK_FALSE(reuses(alice, from, "GET /a"));
}

TEST_CASE("RFC 9110 11.4: an answer that varies on Authorization is a token's own, however it is spelt") {
  answer const from(200, "Cache-Control: public, max-age=60\nVary: Authorization");
  request const first("GET /a", "Authorization: Bearer t");
  for (char const* same : {"bearer t", "BEARER t", "Bearer  t", "Bearer\tt", "bEARER \t t"}) {
    INFO(same);
    CHECK(reuses(first, from, request("GET /a", "Authorization: " + std::string(same))));
  }
  for (char const* other : {"Bearer T", "Basic t", "Bearert", "t", "Bearer t,", "Bearer ,t"}) {
    INFO(other);
    CHECK_FALSE(reuses(first, from, request("GET /a", "Authorization: " + std::string(other))));
  }
}

TEST_CASE("RFC 9110 12.4.2: a weight that is no number is none, and says nothing of the order") {
  CHECK(cache::normalised("accept-language", "b;q=0.5, c;q=nan, a;q=inf, d;q=-1, e;q=") ==
        "c;q=nan,a;q=inf,d;q=-1,e;q=,b;q=0.5");
}
