// What may be stored, and of it which fields (RFC 9111 3).
#include "tests/gateway/cache/messages.hpp"

#include <catch2/catch.hpp>

using namespace tests::gateway_cache;

namespace {

request const plain("GET /a");
request const of_alice("GET /a", "Authorization: Bearer alice");
request const of_bob("GET /a", "Authorization: Bearer bob");

/// How many answers are held after one exchange.
std::size_t stored_after(request const& asked, answer const& from) {
  lab l;
  l.play(asked, from, at(0));
  return l.core.answers().size();
}

/// The head that a second client gets.
std::string served_head(answer const& from) {
  lab l;
  l.play(plain, from, at(0));
  asked const second = l.ask(plain, at(1));
  REQUIRE(second.is_answered());
  return l.serve(second, at(1)).head;
}

}

TEST_CASE("RFC 9111 3: an answer to GET with a stated lifetime is stored and reused") {
  CHECK(reuses(answer(200, "Cache-Control: max-age=10")));
}

TEST_CASE("RFC 9111 3: answers to methods that are not understood are not stored") {
  for (char const* method :
       {"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND", "REPORT", "SEARCH", "FROBNICATE"}) {
    INFO(method);
    CHECK(stored_after(request(std::string(method) + " /a"), answer(200, "Cache-Control: max-age=10")) == 0);
  }
}

TEST_CASE("RFC 9111 3: an answer to HEAD is not stored as if it were one to GET") {
  CHECK(stored_after("HEAD /a", answer(200, "Cache-Control: max-age=10")) == 0);
}

TEST_CASE("RFC 9111 4: an answer to GET may answer HEAD, without its content but with its length") {
  lab l;
  l.play(plain, answer(200, "Cache-Control: max-age=10"), at(0));
  asked const head = l.ask("HEAD /a", at(1));
  REQUIRE(head.is_answered());
  reply const got = l.serve(head, at(1));
  CHECK(got.content.empty());
  CHECK(got.field("Content-Length") == "7");
}

TEST_CASE("RFC 9111 3: partial content, a 304 and what asks for credentials are not stored") {
  for (unsigned const status : {206u, 304u, 401u, 407u}) {
    INFO(status);
    CHECK(stored_after(plain, answer(status, "Cache-Control: public, max-age=60\nETag: \"a\"")) == 0);
  }
}

TEST_CASE("RFC 9111 3: a final status that nobody knows is stored if the answer says for how long") {
  for (unsigned const status : {201u, 299u, 302u, 307u, 403u, 404u, 418u, 499u, 500u, 503u, 599u}) {
    INFO(status);
    CHECK(reuses(answer(status, "Cache-Control: max-age=60")));
  }
}

TEST_CASE("RFC 9111 3: a status without a stated lifetime is stored if it is heuristically cacheable (RFC 9110 15.1)") {
  std::string const lines = "Last-Modified: " + date_at(-100'000);
  for (unsigned const status : {200u, 203u, 204u, 300u, 301u, 308u, 404u, 405u, 410u, 414u, 501u}) {
    INFO(status);
    CHECK(reuses(answer(status, lines)));
  }
  for (unsigned const status : {201u, 202u, 205u, 302u, 303u, 307u, 400u, 403u, 409u, 500u, 502u, 503u}) {
    INFO(status);
    CHECK_FALSE(reuses(answer(status, lines)));
  }
}

TEST_CASE("RFC 9111 3: any of public, Expires, max-age and s-maxage makes a status storable") {
  for (std::string const& says :
       {"Cache-Control: public\nLast-Modified: " + date_at(-1'000'000), "Expires: " + date_at(100),
        std::string("Cache-Control: max-age=100"), std::string("Cache-Control: s-maxage=100")}) {
    INFO(says);
    CHECK(reuses(answer(302, says)));
  }
}

TEST_CASE("RFC 9111 3: must-understand lets only answers be stored whose status is understood") {
  CHECK(reuses(answer(200, "Cache-Control: must-understand, max-age=60")));
  CHECK_FALSE(reuses(answer(599, "Cache-Control: must-understand, max-age=60")));
}

TEST_CASE(
    "RFC 9111 5.2.2.3: no-store beside must-understand is ignored where the status is understood, and only there") {
  CHECK(reuses(answer(200, "Cache-Control: must-understand, no-store, max-age=60")));
  CHECK_FALSE(reuses(answer(599, "Cache-Control: must-understand, no-store, max-age=60")));
}

TEST_CASE("RFC 9111 5.2.2.5: what says no-store is not stored, whatever else it says") {
  for (char const* says : {"no-store", "No-Store, max-age=60", "max-age=60, NO-STORE", "public, s-maxage=9, no-store",
                           "no-store=\"a\", max-age=60", "max-age=60,,no-store"}) {
    INFO(says);
    CHECK(stored_after(plain, answer(200, "Cache-Control: " + std::string(says))) == 0);
  }
  CHECK(stored_after(plain, answer(200, "Cache-Control: max-age=60\nCache-Control: no-store")) == 0);
}

TEST_CASE("RFC 9111 5.2.1.5: the answer to a request that says no-store is not stored") {
  CHECK(stored_after(request("GET /a", "Cache-Control: no-store"), answer(200, "Cache-Control: max-age=60")) == 0);
}

TEST_CASE("RFC 9111 5.2.1.5: no part of the answer to a request with no-store is stored, that of a HEAD neither") {
  lab l;
  l.play(plain, answer(200, "Cache-Control: max-age=10\nX-Version: 1"), at(0));
  l.play(request("HEAD /a", "Cache-Control: no-store"), answer(200, "Cache-Control: max-age=100\nX-Version: 2"),
         at(20));
  asked const later = l.ask(plain, at(21));
  CHECK_FALSE(later.is_answered());
}

TEST_CASE("RFC 9111 5.2.2.7: a shared cache does not store what is private") {
  for (char const* says : {"private", "Private, max-age=60", "max-age=60, private", "public, private, s-maxage=60",
                           "private=\"Set-Cookie, max-age=60"}) {
    INFO(says);
    CHECK(stored_after(plain, answer(200, "Cache-Control: " + std::string(says))) == 0);
  }
}

TEST_CASE("RFC 9111 5.2.2.7: private with names of fields keeps these from others, and the rest is shared") {
  for (char const* names :
       {"\"Set-Cookie\"", "\"set-cookie\"", "Set-Cookie", "\"X-Other, Set-Cookie\"", "\" Set-Cookie ,X-Other\""}) {
    INFO(names);
    std::string const head = served_head(answer(200, "Cache-Control: max-age=60, private=" + std::string(names) +
                                                         "\nSet-Cookie: id=alice\nX-Kept: yes"));
    CHECK_FALSE(field_of(head, "Set-Cookie"));
    CHECK(field_of(head, "X-Kept") == "yes");
  }
}

TEST_CASE("RFC 9111 5.2.2.7: with private in both forms, the one without names counts") {
  CHECK(stored_after(plain, answer(200, "Cache-Control: max-age=60, private=\"X-A\", private")) == 0);
  CHECK(stored_after(plain, answer(200, "Cache-Control: private, max-age=60, private=\"X-A\"")) == 0);
}

TEST_CASE("RFC 9111 5.2.2.7: private whose argument names no field is not the form that names some") {
  CHECK(stored_after(plain, answer(200, "Cache-Control: max-age=60, private=\"\"")) == 0);
}

TEST_CASE("RFC 9111 5.2.2.4: no-cache with names of fields keeps these from being reused, and the rest is") {
  std::string const head =
      served_head(answer(200, "Cache-Control: max-age=60, no-cache=\"X-Fresh\"\nX-Fresh: 1\nX-Kept: yes"));
  CHECK_FALSE(field_of(head, "X-Fresh"));
  CHECK(field_of(head, "X-Kept") == "yes");
}

TEST_CASE("RFC 9111 3.5: an answer to a request with Authorization is not used for others") {
  for (char const* says :
       {"max-age=60", "max-age=60, proxy-revalidate", "max-age=60, immutable", "max-age=60, stale-while-revalidate=9",
        "max-age=60, no-cache", "max-age=60, x=\"public\""}) {
    INFO(says);
    answer const from(200, "ETag: \"a\"\nCache-Control: " + std::string(says));
    CHECK_FALSE(reuses(of_alice, from, of_bob));
    CHECK_FALSE(reuses(of_alice, from, plain));
    CHECK_FALSE(reuses(of_alice, from, of_alice));
  }
  CHECK_FALSE(reuses(of_alice, answer(200, "Expires: " + date_at(60)), of_bob));
  CHECK_FALSE(reuses(of_alice, answer(200, "Last-Modified: " + date_at(-1'000'000)), of_bob));
}

TEST_CASE("RFC 9111 3.5: public, must-revalidate and s-maxage let the answer to Authorization be shared") {
  for (char const* says :
       {"public, max-age=60", "must-revalidate, max-age=60", "s-maxage=60", "s-maxage=60, max-age=0"}) {
    INFO(says);
    CHECK(reuses(of_alice, answer(200, "Cache-Control: " + std::string(says)), of_bob));
  }
}

TEST_CASE("RFC 9111 3.5: an empty Authorization is one") {
  CHECK_FALSE(reuses(request("GET /a", "Authorization:"), answer(200, "Cache-Control: max-age=60"), plain));
}

TEST_CASE("RFC 9111 3.5: what was answered to nobody in particular is there for those with Authorization too") {
  CHECK(reuses(plain, answer(200, "Cache-Control: max-age=60"), of_bob));
}

TEST_CASE("RFC 9111 3.1: unknown fields are stored and served, each line of them") {
  std::string const head = served_head(answer(200, "Cache-Control: max-age=60\nX-New: 1\nx-new: 2\nLink: </b>"));
  CHECK(field_of(head, "X-New") == "1, 2");
  CHECK(field_of(head, "Link") == "</b>");
}

TEST_CASE("RFC 9111 3.1: hop-by-hop fields, and those that Connection names, are not stored") {
  std::string const head =
      served_head(answer(200, "Cache-Control: max-age=60\nConnection: X-Hop, keep-alive\nConnection: x-second\n"
                              "X-Hop: 1\nX-Second: 2\nKeep-Alive: timeout=5\nProxy-Connection: close\nTE: trailers\n"
                              "Trailer: X-T\nUpgrade: websocket\nX-End: to-end"));
  for (char const* name : {"Connection", "X-Hop", "X-Second", "Keep-Alive", "Proxy-Connection", "TE", "Trailer",
                           "Upgrade", "Transfer-Encoding"}) {
    INFO(name);
    CHECK(count_of(head, name) == 0);
  }
  CHECK(field_of(head, "X-End") == "to-end");
}

TEST_CASE("RFC 9111 3.1: Proxy-Authenticate, Proxy-Authentication-Info and Proxy-Authorization are not stored") {
  std::string const head =
      served_head(answer(200, "Cache-Control: max-age=60\nProxy-Authenticate: Basic\n"
                              "Proxy-Authentication-Info: nextnonce=\"n\"\nProxy-Authorization: Basic eA=="));
  CHECK(count_of(head, "Proxy-Authenticate") == 0);
  CHECK(count_of(head, "Proxy-Authentication-Info") == 0);
  CHECK(count_of(head, "Proxy-Authorization") == 0);
}

TEST_CASE("fields between balancer and proxies are not stored") {
  std::string const head =
      served_head(answer(200, "Cache-Control: max-age=60\nX-Accel-Redirect: /x\nX-Backend: http://b:1\n"
                              "X-Session-State: s\nx_session_state: t\nX-Backends: mine"));
  CHECK(count_of(head, "X-Accel-Redirect") == 0);
  CHECK(count_of(head, "X-Backend") == 0);
  CHECK(count_of(head, "X-Session-State") == 0);
  CHECK(count_of(head, "x_session_state") == 0);
  CHECK(count_of(head, "X-Backends") == 1);
}

TEST_CASE("RFC 9110 6.6.1: an answer that came without Date is served with the time at which it came") {
  CHECK(field_of(served_head(answer(200, "Cache-Control: max-age=60")), "Date") == date_at(0));
}

TEST_CASE("RFC 9110 6.6.1: an answer is served with the Date that it came with") {
  CHECK(field_of(served_head(answer(200, "Cache-Control: max-age=60\nDate: " + date_at(-5))), "Date") == date_at(-5));
}

TEST_CASE("RFC 9110 6.6.1: an invalid Date is replaced, not followed by a second one") {
  std::string const head = served_head(answer(200, "Cache-Control: max-age=60\nDate: yesterday"));
  CHECK(count_of(head, "Date") == 1);
}

// No sentence of RFC 9111 says it, but what a condition or a range made of the answer is none to those who had none.
TEST_CASE("RFC 9110 15.5.17: a 416 is not stored for requests without the range") {
  CHECK_FALSE(reuses(request("GET /a", "Range: bytes=900-"), answer(416, "Cache-Control: max-age=60"), plain));
}

TEST_CASE("RFC 9110 15.5.13: a 412 is not stored for requests without the condition") {
  CHECK_FALSE(reuses(request("GET /a", "If-Match: \"b\""), answer(412, "Cache-Control: max-age=60"), plain));
}

TEST_CASE(
    "what a field may have made of the answer that servers take for another target than the key's is not stored") {
  for (char const* field : {"X-Forwarded-Prefix: /x", "X-Original-URL: /x", "X-Rewrite-URL: /x", "Forwarded: host=evil",
                            "X-HTTP-Method-Override: POST", "X_Forwarded_Host: evil"}) {
    INFO(field);
    request const odd("GET /a", field);
    CHECK(stored_after(odd, answer(200, "Cache-Control: max-age=60")) == 0);
    CHECK(reuses(plain, answer(200, "Cache-Control: max-age=60"), odd)); // which stays what it is
  }
  CHECK(stored_after(request("GET /a", "X-Forwarded-Host: evil"), answer(200, "Cache-Control: max-age=60")) == 1);
}

TEST_CASE("RFC 9111 5.2: of a directive that cannot be read what forbids counts, and what permits does not") {
  CHECK(stored_after(plain, answer(200, "Cache-Control: private; max-age=60")) == 0);
  CHECK(stored_after(plain, answer(200, "Cache-Control: max-age=60, no-store;")) == 0);
  CHECK_FALSE(reuses(of_alice, answer(200, "Cache-Control: max-age=60, public; x"), of_bob));
}

TEST_CASE("another status than 200 that answers a condition or a range is for who had it") {
  for (char const* lines : {"Range: bytes=0-1", "If-None-Match: \"x\"", "If-Match: \"x\""}) {
    INFO(lines);
    CHECK(stored_after(request("GET /a", lines), answer(404, "Cache-Control: max-age=60")) == 0);
    CHECK(stored_after(request("GET /a", lines), answer(200, "Cache-Control: max-age=60")) == 1);
  }
}

TEST_CASE("RFC 9111 4: answers of one URI do not answer another") {
  for (char const* other : {"GET /b", "GET /a?", "GET /a?x=1", "GET /A", "GET /a/"}) {
    INFO(other);
    CHECK_FALSE(reuses(plain, answer(200, "Cache-Control: max-age=60"), other));
  }
  CHECK_FALSE(reuses(plain, answer(200, "Cache-Control: max-age=60"), request("GET /a", "Host: other.example")));
  CHECK(reuses(plain, answer(200, "Cache-Control: max-age=60"), request("GET /a", "Host: LAB.Example")));
}

TEST_CASE("RFC 9110 9.3.1: a GET with content is neither answered from the store nor stored under its URI") {
  lab l;
  l.play(plain, answer(200, "Cache-Control: max-age=60"), at(0));
  CHECK(l.ask(request("GET /a", "Content-Length: 3", true), at(1)).goes_on());
}

TEST_CASE("what would never be reused takes no room") {
  CHECK(stored_after(plain, answer(200, "Cache-Control: max-age=0")) == 0);
  CHECK(stored_after(plain, answer(200, "Cache-Control: max-age=0\nETag: \"a\"")) == 1);
}
