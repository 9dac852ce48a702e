// What clients ask of a cache (RFC 9111 5.2.1, 5.4).
#include "tests/gateway/cache/messages.hpp"

#include <catch2/catch.hpp>

using namespace tests::gateway_cache;
using kind = cache::decision::kind;

namespace {

/// Whether a request that says so is served what is `age` seconds old, of an answer that is fresh for 100.
bool served(std::string const& control, std::int64_t age, std::string const& more = {},
            cache::cache_rules const& rules = {}) {
  answer const from(200, "ETag: \"a\"\nCache-Control: max-age=100" + more);
  return reuses("GET /a", from, request("GET /a", "Cache-Control: " + control), age, rules);
}

cache::cache_rules deaf() {
  cache::cache_rules r;
  r.obey_clients = false;
  return r;
}

}

TEST_CASE("RFC 9111 5.2.1.1: max-age of a request bounds the age of what it gets") {
  CHECK(served("max-age=10", 10));
  CHECK_FALSE(served("max-age=10", 11));
  CHECK(served("max-age=0", 0));
  CHECK_FALSE(served("max-age=0", 1));
  CHECK(served("max-age=\"10\"", 10));
  CHECK_FALSE(served("MAX-AGE=10", 11));
}

TEST_CASE("RFC 9111 5.2.1.1: max-age of a request makes nothing fresh") { CHECK_FALSE(served("max-age=1000", 101)); }

TEST_CASE("RFC 9111 5.2.1.1: a request with max-age and without max-stale gets nothing stale") {
  CHECK_FALSE(served("max-age=1000", 101, ", stale-while-revalidate=50"));
}

TEST_CASE("RFC 9111 5.2.1.2: max-stale lets a client have what is stale, for as long as it says") {
  CHECK(served("max-stale=10", 110));
  CHECK_FALSE(served("max-stale=10", 111));
  CHECK(served("max-stale", 100'000));
  CHECK(served("max-age=5, max-stale=10", 110));
}

TEST_CASE("RFC 9111 5.2.1.3: min-fresh asks for what stays fresh for so long") {
  CHECK(served("min-fresh=10", 90));
  CHECK_FALSE(served("min-fresh=10", 91));
  CHECK_FALSE(served("min-fresh=101", 0));
}

TEST_CASE("RFC 9111 5.2.1.3: a request with min-fresh gets nothing stale") {
  CHECK_FALSE(served("min-fresh=10", 101, ", stale-while-revalidate=50"));
}

TEST_CASE("RFC 9111 5.2.1.4: no-cache asks for a validation") {
  CHECK_FALSE(served("no-cache", 1));
  CHECK_FALSE(served("No-Cache", 1));
  CHECK_FALSE(served("no-cache, max-stale", 200));
  lab l;
  l.play("GET /a", answer(200, "Cache-Control: max-age=100\nETag: \"a\""), at(0));
  asked a = l.ask(request("GET /a", "Cache-Control: no-cache"), at(1));
  REQUIRE(a.kind() == kind::validate);
  CHECK(l.take(a, answer(304, "ETag: \"a\""), at(1)).status == 200);
}

TEST_CASE("RFC 9111 5.2.1.4: no-cache is not answered while what is stored is validated for others") {
  CHECK_FALSE(served("no-cache", 101, ", stale-while-revalidate=50"));
}

TEST_CASE(
    "RFC 9111 5.2.1.5: no-store of a request does not forbid it what is stored, and validates nothing for others") {
  CHECK(served("no-store", 1));
  lab l;
  l.play("GET /a", answer(200, "Cache-Control: max-age=10\nETag: \"a\""), at(0));
  asked a = l.ask(request("GET /a", "Cache-Control: no-store"), at(20));
  CHECK(a.kind() == kind::fetch);
  CHECK_FALSE(a.decided.leads);
  l.take(a, answer(200, "Cache-Control: max-age=10\nETag: \"b\"", "new"), at(20));
  CHECK_FALSE(l.answers_alone("GET /a", at(21)));
}

TEST_CASE("RFC 9111 5.2.1.7: only-if-cached is answered from the store, or with 504") {
  CHECK(served("only-if-cached", 1));
  lab l;
  asked const none = l.ask(request("GET /a", "Cache-Control: only-if-cached"), at(0));
  CHECK(none.kind() == kind::unavailable);
  CHECK(l.serve(none, at(0)).status == 504);
  l.play("GET /a", answer(200, "Cache-Control: max-age=10\nETag: \"a\""), at(0));
  for (char const* control : {"only-if-cached", "only-if-cached, no-cache", "max-age=0, only-if-cached"}) {
    INFO(control);
    CHECK(l.ask(request("GET /a", "Cache-Control: " + std::string(control)), at(20)).kind() == kind::unavailable);
  }
  CHECK(l.ask(request("GET /a", "Cache-Control: only-if-cached, max-stale"), at(20)).is_answered());
  CHECK_FALSE(l.ask("GET /a", at(20)).kind() == kind::wait); // it led nothing
}

TEST_CASE("RFC 9111 5.2.1: a number of a request that cannot be read asks for nothing") {
  CHECK(served("max-age=x", 50));
  CHECK(served("max-age", 50));
  CHECK(served("min-fresh=-1", 99));
  CHECK_FALSE(served("max-stale=x", 101));
}

TEST_CASE("RFC 9111 5.2.1: directives of a request are read from all lines, and not from within quotes") {
  CHECK_FALSE(served("max-age=1000\nCache-Control: no-cache", 1));
  CHECK(served("ext=\"no-cache, max-age=0\"", 1));
}

TEST_CASE("RFC 9111 5.2.1: whoever is told not to obey clients serves them what is fresh") {
  for (char const* control : {"no-cache", "max-age=0", "min-fresh=1000"}) {
    INFO(control);
    CHECK(served(control, 50, {}, deaf()));
  }
  CHECK_FALSE(served("max-stale", 101, {}, deaf()));
}

TEST_CASE("RFC 9111 5.2.1.5: no-store of a request is obeyed by whoever is told not to obey clients too") {
  CHECK_FALSE(reuses(request("GET /a", "Cache-Control: no-store"), answer(200, "Cache-Control: max-age=10"), "GET /a",
                     1, deaf()));
}

TEST_CASE("RFC 9111 5.4: Pragma: no-cache counts where there is no Cache-Control") {
  answer const from(200, "Cache-Control: max-age=100");
  CHECK_FALSE(reuses("GET /a", from, request("GET /a", "Pragma: no-cache")));
  CHECK_FALSE(reuses("GET /a", from, request("GET /a", "Pragma: x, No-Cache")));
  CHECK(reuses("GET /a", from, request("GET /a", "Pragma: no-cache\nCache-Control: max-age=50")));
  CHECK(reuses("GET /a", from, request("GET /a", "Cache-Control: x\nPragma: no-cache")));
  CHECK(reuses("GET /a", from, request("GET /a", "Pragma: no-store")));
}

TEST_CASE("RFC 9111 5.4: Pragma of an answer means nothing") {
  CHECK(reuses(answer(200, "Cache-Control: max-age=100\nPragma: no-cache")));
}

TEST_CASE("RFC 9111 4: unsafe and unknown methods are written through, whatever is stored") {
  for (char const* method : {"POST /a", "PUT /a", "DELETE /a", "PATCH /a", "FROBNICATE /a", "OPTIONS /a"}) {
    INFO(method);
    lab l;
    l.play("GET /a", answer(200, "Cache-Control: max-age=100"), at(0));
    asked const a = l.ask(method, at(1));
    CHECK(a.kind() == kind::fetch);
    CHECK_FALSE(a.decided.leads);
    CHECK_FALSE(a.decided.stored);
    CHECK(a.upstream_head == a.what.text->forwarded);
  }
}
