// Who waits for whose fetch (RFC 9111 4: "collapse").
#include "tests/gateway/cache/messages.hpp"

#include <catch2/catch.hpp>

using namespace tests::gateway_cache;
using kind = cache::decision::kind;

namespace {

request const plain("GET /a");
answer const shared(200, "Cache-Control: max-age=10\nETag: \"a\"");
answer const personal(200, "Cache-Control: private");

}

TEST_CASE("of requests for what is not stored one leads, and the others wait for it") {
  lab l;
  asked const first = l.ask(plain, at(0));
  CHECK(first.kind() == kind::fetch);
  CHECK(first.decided.leads);
  for (int i = 0; i < 3; ++i) {
    asked const other = l.ask(plain, at(0));
    CHECK(other.kind() == kind::wait);
    CHECK_FALSE(other.decided.leads);
    CHECK(other.decided.variant == first.decided.variant);
  }
}

TEST_CASE("who waited is served what was fetched") {
  lab l;
  asked first = l.ask(plain, at(0));
  asked second = l.ask(plain, at(0));
  l.take(first, shared, at(1));
  REQUIRE(l.completions.size() == 1);
  CHECK(l.completions.front() == second.decided.variant);
  l.ask_again(second, at(1));
  REQUIRE(second.is_answered());
  CHECK(l.serve(second, at(1)).content == "content");
}

TEST_CASE("a fetch that nobody waited for completes quietly") {
  lab l;
  asked first = l.ask(plain, at(0));
  l.take(first, shared, at(1));
  CHECK(l.completions.empty());
  CHECK_FALSE(l.core.complete_fetch(first.decided.variant)); // and only once
}

TEST_CASE("if what came is for one client only, each of those who waited goes alone, and nobody waits for a while") {
  cache::cache_rules rules;
  rules.pass_for_ns = 10 * second_ns;
  lab l(rules);
  asked first = l.ask(plain, at(0));
  asked second = l.ask(plain, at(0));
  asked third = l.ask(plain, at(0));
  l.take(first, personal, at(1));
  for (asked* other : {&second, &third}) {
    l.ask_again(*other, at(1));
    CHECK(other->kind() == kind::fetch);
    CHECK_FALSE(other->decided.leads);
  }
  CHECK_FALSE(l.ask(plain, at(10)).decided.leads);
  CHECK(l.ask(plain, at(13)).decided.leads);
}

TEST_CASE("who is turned away is the only one, and others are waited for as before", "[collapse]") {
  for (unsigned const status : {401u, 403u, 429u}) {
    lab l;
    asked first = l.ask(plain, at(0)), second = l.ask(plain, at(0));
    REQUIRE(second.kind() == cache::decision::kind::wait);
    CHECK(l.take(first, answer(status, "Cache-Control: no-store"), at(1)).status == status);
    REQUIRE(l.how == std::vector{cache::fetch_outcome::unshared});
    CHECK(l.ask(plain, at(2)).decided.leads);
    CHECK(l.ask(plain, at(2)).kind() == cache::decision::kind::wait);
  }
}

TEST_CASE("what is passed is told apart by its resource") {
  lab l;
  l.play(plain, personal, at(0));
  CHECK(l.ask("GET /b", at(1)).decided.leads);
}

TEST_CASE("what was passed is stored as soon as an answer may be") {
  lab l;
  l.play(plain, personal, at(0));
  asked alone = l.ask(plain, at(1));
  REQUIRE_FALSE(alone.decided.leads);
  l.take(alone, shared, at(1));
  CHECK(l.answers_alone(plain, at(2)));
}

TEST_CASE("if a fetch fails, one of those who waited leads the next") {
  lab l;
  asked first = l.ask(plain, at(0));
  asked second = l.ask(plain, at(0));
  asked third = l.ask(plain, at(0));
  CHECK(l.fail(first, at(1)).status == 502);
  l.ask_again(second, at(1));
  l.ask_again(third, at(1));
  CHECK(second.decided.leads);
  CHECK(third.kind() == kind::wait);
}

TEST_CASE("who may not wait goes alone while another leads") {
  lab l;
  asked const first = l.ask(plain, at(0));
  asked const other = l.ask(plain, at(0), false);
  CHECK(other.kind() == kind::fetch);
  CHECK_FALSE(other.decided.leads);
}

TEST_CASE(
    "a conditional or ranged request, a HEAD and one with no-store neither lead nor wait for what is not stored") {
  for (request const& other :
       {request("GET /a", "If-None-Match: \"x\""), request("GET /a", "If-Modified-Since: " + date_at(0)),
        request("GET /a", "If-Match: \"x\""), request("GET /a", "If-Unmodified-Since: " + date_at(0)),
        request("GET /a", "Range: bytes=0-1"), request("HEAD /a"), request("GET /a", "Cache-Control: no-store"),
        request("POST /a"), request("OPTIONS /a"), request("GET /a", "Content-Length: 1", true)}) {
    INFO(other.text->wire);
    lab l;
    asked const alone = l.ask(other, at(0));
    CHECK(alone.kind() == kind::fetch);
    CHECK_FALSE(alone.decided.leads);
    CHECK(alone.upstream_head == other.text->forwarded);
    CHECK(l.ask(plain, at(0)).decided.leads);
    CHECK(l.ask(other, at(0)).kind() == kind::fetch);
  }
}

TEST_CASE("only-if-cached does not wait for an answer that is on its way") {
  lab l;
  asked const first = l.ask(plain, at(0));
  CHECK(l.ask(request("GET /a", "Cache-Control: only-if-cached"), at(0)).kind() == kind::unavailable);
}

TEST_CASE(
    "of requests for what is stale one validates it, and the others wait, with a condition or a range or without") {
  lab l;
  l.play(plain, shared, at(0));
  asked first = l.ask(request("GET /a", "If-None-Match: \"x\"\nRange: bytes=0-1"), at(20));
  REQUIRE(first.kind() == kind::validate);
  CHECK(first.decided.leads);
  asked second = l.ask(plain, at(20));
  asked third = l.ask(request("GET /a", "Range: bytes=0-1"), at(20));
  CHECK(second.kind() == kind::wait);
  CHECK(third.kind() == kind::wait);
  CHECK(l.take(first, answer(304, "ETag: \"a\""), at(21)).status == 206);
  l.ask_again(second, at(21));
  l.ask_again(third, at(21));
  REQUIRE(second.is_answered());
  REQUIRE(third.is_answered());
  CHECK(l.serve(second, at(21)).status == 200);
  CHECK(l.serve(third, at(21)).content == "co");
}

TEST_CASE("who leads a fetch for others too asks for the whole, without its own condition or range") {
  lab l;
  l.play(plain, answer(200, "Cache-Control: max-age=10"), at(0)); // nothing to validate it with
  asked const first = l.ask(request("GET /a", "If-None-Match: \"x\"\nRange: bytes=0-1"), at(20));
  REQUIRE(first.kind() == kind::fetch);
  REQUIRE(first.decided.leads);
  CHECK_FALSE(field_of(first.upstream_head, "If-None-Match"));
  CHECK_FALSE(field_of(first.upstream_head, "Range"));
}

TEST_CASE("two variants of one resource are fetched at once, as soon as it is known what they vary on") {
  lab l;
  request const german("GET /a", "Accept-Language: de");
  request const english("GET /a", "Accept-Language: en");
  asked first = l.ask(german, at(0));
  asked second = l.ask(english, at(0));
  CHECK(second.kind() == kind::wait); // nobody knows yet
  answer const varying(200, "Cache-Control: max-age=10\nVary: Accept-Language");
  l.take(first, varying, at(1));
  l.ask_again(second, at(1));
  CHECK(second.kind() == kind::fetch); // it was not for this one
  CHECK(second.decided.leads);
  asked const third = l.ask(request("GET /a", "Accept-Language: fr"), at(1));
  CHECK(third.kind() == kind::fetch);
  CHECK(third.decided.leads);
  CHECK_FALSE(third.decided.variant == second.decided.variant);
  CHECK(l.ask(english, at(1)).kind() == kind::wait);
  CHECK(l.ask(english, at(1)).decided.variant == second.decided.variant);
}

TEST_CASE("two resources are fetched at once") {
  lab l;
  CHECK(l.ask("GET /a", at(0)).decided.leads);
  CHECK(l.ask("GET /b", at(0)).decided.leads);
}

TEST_CASE("while what is stale is served, one request has it validated, and a fetch that fails lets the next try") {
  lab l;
  l.play(plain, answer(200, "Cache-Control: max-age=10, stale-while-revalidate=50\nETag: \"a\""), at(0));
  asked first = l.ask(plain, at(20));
  REQUIRE(first.is_answered());
  CHECK(first.decided.leads);
  CHECK_FALSE(l.ask(plain, at(20)).decided.leads);
  l.refresh(first, at(20));
  l.fail(first, at(21));
  CHECK(l.ask(plain, at(21)).decided.refresh);
}

TEST_CASE("who brings home nothing that could be stored has nothing validated while it is served what is stale") {
  for (request const& other :
       {request("HEAD /a"), request("GET /a", "Cache-Control: no-store"), request("GET /a", "X-Original-URL: /b")}) {
    INFO(other.text->wire);
    lab l;
    l.play(plain, answer(200, "Cache-Control: max-age=10, stale-while-revalidate=50\nETag: \"a\""), at(0));
    asked const a = l.ask(other, at(20));
    CHECK(a.is_answered());
    CHECK_FALSE(a.decided.leads);
    CHECK(l.ask(plain, at(20)).decided.refresh); // another one has
  }
}

TEST_CASE("who asks when the answer is too old to be served waits for the refresh that is under way") {
  lab l;
  l.play(plain, answer(200, "Cache-Control: max-age=10, stale-while-revalidate=5\nETag: \"a\""), at(0));
  asked first = l.ask(plain, at(12));
  REQUIRE(first.decided.refresh);
  l.refresh(first, at(12));
  asked second = l.ask(plain, at(16));
  CHECK(second.kind() == kind::wait);
  l.take(first, answer(304, "ETag: \"a\""), at(16));
  l.ask_again(second, at(16));
  CHECK(second.is_answered());
}

TEST_CASE("a server error in place of a fetch that others wait for sends each of them on his own way") {
  lab l;
  asked first = l.ask(plain, at(0));
  asked second = l.ask(plain, at(0));
  l.take(first, answer(503), at(1));
  CHECK(l.completions.size() == 1);
  l.ask_again(second, at(1));
  CHECK(second.goes_on());
}

TEST_CASE("a leader's answer that does not fit into the store sends each of those who waited on his own way") {
  cache::cache_rules rules;
  rules.bytes = 4'096;
  lab l(rules);
  asked first = l.ask(plain, at(0));
  asked second = l.ask(plain, at(0));
  l.take(first, answer(200, "Cache-Control: max-age=10", std::string(10'000, 'x')), at(1));
  CHECK(l.completions.size() == 1);
  l.ask_again(second, at(1));
  CHECK(second.goes_on());
}

TEST_CASE("rules of a reload count from then on, but for the bytes") {
  lab l;
  cache::cache_rules rules;
  rules.bytes = 1;
  rules.obey_clients = false;
  l.core.set_rules(rules);
  CHECK(l.core.rules().bytes == cache::cache_rules{}.bytes);
  l.play(plain, shared, at(0));
  CHECK(l.answers_alone(request("GET /a", "Cache-Control: no-cache"), at(1)));
}
