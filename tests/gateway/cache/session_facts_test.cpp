// What answers say of each token's session, and answers that vary on it.
#include "tests/gateway/cache/messages.hpp"

#include <catch2/catch.hpp>

using namespace tests::gateway_cache;
using kind = cache::decision::kind;

namespace {

std::vector<std::string> const names{"x-session-region", "x-session-plan"};
request const alice("GET /a", "Authorization: Bearer alice");
request const bob("GET /a", "Authorization: Bearer bob");

struct book {
  cache::variant_keys keys{http::digest_key{9}};
  cache::session_facts facts{names, 60 * second_ns, 1u << 16};

  cache::fact_values said(std::string_view lines) const {
    answer const from(200, lines);
    return facts.read(from.head, from.wire.data(), keys);
  }
  void learn(std::uint64_t token, std::string_view lines, moment asked) {
    facts.learn({token, token}, said(lines), asked);
  }
  bool knows(std::uint64_t token, std::string_view lines, moment now) {
    return facts.find({token, token}, now) == said(lines);
  }
};

/// A lab in which answers vary on facts.
lab of_regions() { return lab({}, {}, names); }

answer regional(std::string_view region, std::string content) {
  return answer(200,
                "Cache-Control: public, max-age=100\nVary: X-Session-Region\nX-Session-Region: " + std::string(region),
                std::move(content));
}

}

TEST_CASE("facts are read from an answer's fields in any letter case, 0 for what it does not state") {
  book b;
  CHECK(b.said("X-A: 1") == cache::fact_values{});
  CHECK(b.said("x-SESSION-region: EU")[0] == b.keys.fact("EU"));
  CHECK(b.said("X-Session-Region: EU")[1] == 0);
  CHECK(b.said("X-Session-Plan: a\nX-Session-Region: EU")[1] == b.keys.fact("a"));
  CHECK(b.said("X-Session-Region:")[0] != 0); // it says that there is none
  CHECK(b.said("X-Session-Region: EU") != b.said("X-Session-Region: eu"));
}

TEST_CASE("what an answer states of a session is known until its time is over") {
  book b;
  b.learn(1, "X-Session-Region: EU", at(0));
  CHECK(b.knows(1, "X-Session-Region: EU", at(0)));
  CHECK(b.knows(1, "X-Session-Region: EU", at(59)));
  CHECK(b.knows(1, "", at(60)));
  CHECK(b.knows(1, "", at(10'000)));
  CHECK(b.knows(2, "", at(0)));
}

TEST_CASE("an answer to a request that was sent earlier does not overwrite what a later one's taught") {
  book b;
  b.learn(1, "X-Session-Region: EU", at(10));
  b.learn(1, "X-Session-Region: US", at(9)); // was long on its way
  CHECK(b.knows(1, "X-Session-Region: EU", at(20)));
  b.learn(1, "X-Session-Region: ASIA", at(11));
  CHECK(b.knows(1, "X-Session-Region: ASIA", at(20)));
  CHECK(b.knows(1, "X-Session-Region: ASIA", at(70)));
  CHECK(b.knows(1, "", at(71)));
}

TEST_CASE("an answer without any fact teaches nothing, one with some replaces all") {
  book b;
  b.learn(1, "X-Session-Region: EU\nX-Session-Plan: a", at(0));
  b.learn(1, "X-A: 1", at(1));
  CHECK(b.knows(1, "X-Session-Region: EU\nX-Session-Plan: a", at(2)));
  b.learn(1, "X-Session-Region: US", at(3));
  CHECK(b.knows(1, "X-Session-Region: US", at(4)));
}

TEST_CASE("facts are bounded, the least recently used go first") {
  cache::variant_keys const keys{http::digest_key{9}};
  cache::session_facts facts(names, 60 * second_ns, 4'096);
  cache::fact_values const some{1, 2, 0, 0};
  for (std::uint64_t i = 1; i <= 1'000; ++i) facts.learn({i, i << 40}, some, at(0));
  CHECK(facts.size() < 1'000);
  CHECK(facts.find({1'000, std::uint64_t{1'000} << 40}, at(1)) == some);
  CHECK(facts.find({1, std::uint64_t{1} << 40}, at(1)) == cache::fact_values{});
}

TEST_CASE("what was said of a session weeks ago does not hold again when a counter has gone round") {
  book b;
  b.learn(1, "X-Session-Region: EU", at(0));
  std::int64_t const round_s = (std::int64_t{1} << 32) / 1'000; // 49.7 days in milliseconds
  CHECK(b.knows(1, "", at(round_s + 10)));
}

TEST_CASE("what is said of a session that was quiet for weeks is learnt") {
  book b;
  b.learn(1, "X-Session-Region: EU", at(0));
  std::int64_t const month_s = 30 * 86'400;
  b.learn(1, "X-Session-Region: US", at(month_s));
  CHECK(b.knows(1, "X-Session-Region: US", at(month_s + 1)));
}

TEST_CASE("an answer that varies on a fact is for sessions of which the same was said") {
  lab l = of_regions();
  l.play(alice, regional("EU", "europe"), at(0));
  CHECK(l.play(alice, answer(500), at(1)).content == "europe");
  request const other_of_bob("GET /b", "Authorization: Bearer bob");
  l.play(other_of_bob, answer(200, "X-Session-Region: EU"), at(1)); // now bob's region is known
  CHECK(l.play(bob, answer(500), at(2)).content == "europe");
  request const carol("GET /a", "Authorization: Bearer carol");
  l.play(request("GET /b", "Authorization: Bearer carol"), answer(200, "X-Session-Region: US"), at(2));
  CHECK_FALSE(l.answers_alone(carol, at(3)));
}

TEST_CASE("of whom nothing is known gets no answer that varies on it, and neither waits for one nor leads") {
  lab l = of_regions();
  l.play(alice, regional("EU", "europe"), at(0));
  for (request const& unknown : {bob, request("GET /a")}) {
    asked const a = l.ask(unknown, at(1));
    CHECK(a.kind() == kind::fetch);
    CHECK_FALSE(a.decided.leads);
  }
}

TEST_CASE("facts are taken from answers only: a request that claims one changes nothing") {
  lab l = of_regions();
  l.play(alice, regional("EU", "europe"), at(0));
  CHECK_FALSE(l.answers_alone(request("GET /a", "Authorization: Bearer eve\nX-Session-Region: EU"), at(1)));
  CHECK_FALSE(l.answers_alone(request("GET /a", "X-Session-Region: EU"), at(1)));
}

TEST_CASE("an answer that varies on a fact that it does not state is no variant, whatever was known before") {
  lab l = of_regions();
  l.play(request("GET /b", "Authorization: Bearer alice"), answer(200, "X-Session-Region: EU"), at(0));
  l.play(alice, answer(200, "Cache-Control: public, max-age=100\nVary: X-Session-Region"), at(1));
  CHECK(l.core.answers().size() == 0);
  CHECK_FALSE(l.answers_alone(alice, at(2)));
}

TEST_CASE("an answer is stored for the fact that it states, though the session had another before") {
  lab l = of_regions();
  l.play(request("GET /b", "Authorization: Bearer alice"), answer(200, "X-Session-Region: US"), at(0));
  l.play(alice, regional("EU", "europe"), at(1)); // she moved
  l.play(request("GET /b", "Authorization: Bearer bob"), answer(200, "X-Session-Region: US"), at(1));
  CHECK_FALSE(l.answers_alone(bob, at(2)));
  CHECK(l.play(alice, answer(500), at(2)).content == "europe");
}

TEST_CASE("a fact in several lines is all of these") {
  book b;
  cache::fact_values const two = b.said("X-Session-Region: EU\nX-Session-Region: US");
  CHECK(two[0] != 0);
  CHECK(two != b.said("X-Session-Region: EU"));
  CHECK(two != b.said("X-Session-Region: US"));
  CHECK(two != b.said("X-Session-Region: US\nX-Session-Region: EU"));
  CHECK(two == b.said("X-Session-Region: EU\nX-Session-Region: US"));
}

TEST_CASE("a 304 that states another fact is about another session's answer: the whole is asked for") {
  lab l = of_regions();
  answer const from(200, "Cache-Control: public, max-age=10\nETag: \"a\"\nVary: X-Session-Region\nX-Session-Region: EU",
                    "europe");
  l.play(alice, from, at(0));
  asked a = l.ask(alice, at(20));
  REQUIRE(a.kind() == kind::validate);
  REQUIRE(l.take(a, answer(304, "ETag: \"a\"\nX-Session-Region: US"), at(20)).again);
  reply const got = l.take(a, answer(200, "ETag: \"a\"\nX-Session-Region: US", "america"), at(21));
  CHECK(got.content == "america");
}

TEST_CASE("a session of which something else is said by now gets nothing stale of what it was before") {
  lab l = of_regions();
  l.play(alice, answer(200, "Cache-Control: public, max-age=10\nVary: X-Session-Region\nX-Session-Region: EU"), at(0));
  asked a = l.ask(alice, at(20));
  REQUIRE(a.decided.stored);
  l.play(request("GET /b", "Authorization: Bearer alice"), answer(200, "X-Session-Region: US"), at(21));
  CHECK(l.fail(a, at(22)).status == 502);
}

TEST_CASE("an answer that varies on what is between balancers and proxies, and is no fact here, is for nobody else") {
  lab l = of_regions();
  answer const from(200, "Cache-Control: public, max-age=100\nVary: X-Session-Unknown");
  l.play(alice, from, at(0));
  CHECK(l.core.answers().size() == 0);
  CHECK(cache::outward_vary(from.facts(at(0)), names) == "*");
}

TEST_CASE("facts and their names do not go out: Vary names Authorization in their place") {
  lab l = of_regions();
  l.play(alice, answer(200, "Cache-Control: public, max-age=100\nVary: X-Session-Region, Accept\nX-Session-Region: EU"),
         at(0));
  reply const got = l.play(alice, answer(500), at(1));
  REQUIRE(got.stored);
  CHECK(got.field("Vary") == "Authorization, accept");
  CHECK_FALSE(got.field("X-Session-Region"));
}

TEST_CASE("Vary goes out as it is where it names no fact") {
  answer const from(200, "Vary: Accept, Authorization");
  CHECK(cache::outward_vary(from.facts(at(0)), names).empty());
  answer const both(200, "Vary: authorization, X-Session-Plan, accept");
  CHECK(cache::outward_vary(both.facts(at(0)), names) == "Authorization, accept");
}

TEST_CASE("a name within Vary is a fact only if the configuration names it") {
  cache::vary_spec const spec =
      cache::make_vary_spec({"x-b", "x-session-plan", "x-a", "x-b", "x-session-region"}, names);
  CHECK(spec.fields == std::vector<std::string>{"x-a", "x-b"});
  CHECK(spec.facts == std::vector<std::uint8_t>{0, 1});
  CHECK(cache::make_vary_spec({"x-session-plan"}, {}).fields == std::vector<std::string>{"x-session-plan"});
}

TEST_CASE("two facts are told apart though their values are the same") {
  cache::variant_keys const keys{http::digest_key{9}};
  http::token_digest const resource = keys.resource("http://h/a");
  cache::vary_spec const region = cache::make_vary_spec({names[0]}, names);
  cache::vary_spec const plan = cache::make_vary_spec({names[1]}, names);
  CHECK(keys.variant(resource, region, "", {7, 7}) != keys.variant(resource, plan, "", {7, 7}));
  CHECK(keys.variant(resource, region, "", {7, 7}) == keys.variant(resource, region, "", {7, 8}));
  CHECK_FALSE(keys.variant(resource, region, "", {0, 7}));
}
