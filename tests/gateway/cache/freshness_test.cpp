// How long an answer is fresh, and how old it is (RFC 9111 4.2, 5.1, 5.3).
#include "tests/gateway/cache/messages.hpp"

#include <catch2/catch.hpp>

using namespace tests::gateway_cache;

namespace {

constexpr std::int64_t most = 2'147'483'648;

cache::freshness fresh(answer const& from, moment requested = at(0), moment came = at(0),
                       cache::heuristic const& guess = {}) {
  return cache::freshness_of(from.facts(came), guess, requested, came);
}

std::int64_t lifetime(std::string const& lines) { return fresh(answer(200, lines)).lifetime_s; }
std::int64_t first_age(std::string const& lines, moment requested = at(0), moment came = at(0)) {
  return fresh(answer(200, lines), requested, came).age_s(came);
}

}

TEST_CASE("RFC 9111 4.2: fresh is what is younger than its lifetime, not what is as old") {
  cache::freshness const f = fresh(answer(200, "Cache-Control: max-age=10"));
  CHECK(f.is_fresh(at(9, 999'999'999)));
  CHECK_FALSE(f.is_fresh(at(10)));
  CHECK_FALSE(f.is_fresh(at(10, 1)));
}

TEST_CASE("RFC 9111 5.2.2.10: s-maxage overrides max-age and Expires") {
  std::string const expires = "\nExpires: " + date_at(300);
  CHECK(lifetime("Cache-Control: max-age=10, s-maxage=20" + expires) == 20);
  CHECK(lifetime("Cache-Control: s-maxage=20, max-age=100") == 20);
  CHECK(lifetime("Cache-Control: max-age=10\nCache-Control: s-maxage=0" + expires) == 0);
}

TEST_CASE("RFC 9111 5.3: max-age overrides Expires") {
  CHECK(lifetime("Expires: " + date_at(300) + "\nCache-Control: max-age=10") == 10);
  CHECK(lifetime("Expires: 0\nCache-Control: max-age=10") == 10);
}

TEST_CASE("RFC 9111 4.2.1: the lifetime that Expires says is counted from Date") {
  CHECK(lifetime("Expires: " + date_at(300) + "\nDate: " + date_at(100)) == 200);
  CHECK(lifetime("Expires: " + date_at(300) + "\nDate: " + date_at(-1'000)) == 1'300);
  CHECK(lifetime("Expires: " + date_at(300)) == 300); // without one: from when it came
  CHECK(lifetime("Expires: " + date_at(300) + "\nDate: soon") == 300);
  CHECK(lifetime("Expires: " + date_at(-1) + "\nDate: " + date_at(0)) <= 0);
}

TEST_CASE("RFC 9111 4.2.1: Expires in each form of a date") {
  std::string const date = "\nDate: Tue, 26 Nov 2024 12:00:00 GMT";
  CHECK(lifetime("Expires: Tue, 26 Nov 2024 12:01:00 GMT" + date) == 60);
  CHECK(lifetime("Expires: Tuesday, 26-Nov-24 12:01:00 GMT" + date) == 60);
  CHECK(lifetime("Expires: Tue Nov 26 12:01:00 2024" + date) == 60);
}

TEST_CASE("RFC 9111 5.3: an Expires that is no date means long ago, so that nothing is guessed") {
  for (char const* text : {"0", "-1", "never", "Tue, 26 Nov 2024 13:00:00 CET", "2024-11-26", "\"\"", ""}) {
    INFO(text);
    answer const from(200, "Expires: " + std::string(text) + "\nLast-Modified: " + date_at(-1'000'000));
    CHECK(fresh(from).lifetime_s <= 0);
    CHECK_FALSE(reuses(from));
  }
}

TEST_CASE("RFC 9111 4.2.1: of a lifetime that is there twice the first counts, or it is stale") {
  auto const is_first_or_stale = [](std::int64_t got, std::int64_t first) { return got == first || got == 0; };
  CHECK(is_first_or_stale(lifetime("Cache-Control: max-age=10, max-age=20"), 10));
  CHECK(is_first_or_stale(lifetime("Cache-Control: max-age=20, max-age=10"), 20));
  CHECK(is_first_or_stale(lifetime("Cache-Control: s-maxage=20\nCache-Control: s-maxage=10"), 20));
  CHECK(is_first_or_stale(lifetime("Expires: " + date_at(100) + "\nExpires: " + date_at(200)), 100));
  CHECK(lifetime("Cache-Control: max-age=x, max-age=20") == 0);
}

TEST_CASE("RFC 9111 4.2.1: a lifetime that is no number means stale") {
  for (char const* text : {"max-age", "max-age=", "max-age=-1", "max-age=1.5", "max-age=10s", "max-age=0x10",
                           "max-age=+10", "max-age='10'", "max-age=1 0", "max-age= 10", "max-age =10", "max-age=\"10",
                           "max-age=\"10\"x", "max-age=ten", "s-maxage=ten, max-age=10"}) {
    INFO(text);
    answer const from(200, "Cache-Control: " + std::string(text) + "\nLast-Modified: " + date_at(-1'000'000));
    CHECK(fresh(from).lifetime_s == 0);
    CHECK_FALSE(reuses(from));
  }
}

TEST_CASE("RFC 9111 1.2.2: a number that is too large is 2^31") {
  for (char const* text : {"2147483648", "2147483649", "9223372036854775807", "9223372036854775808",
                           "18446744073709551616", "99999999999999999999999999999999999999999"}) {
    INFO(text);
    CHECK(lifetime("Cache-Control: max-age=" + std::string(text)) == most);
    CHECK(first_age("Age: " + std::string(text)) == most);
  }
  CHECK(lifetime("Cache-Control: max-age=2147483647") == most - 1);
  CHECK(lifetime("Cache-Control: max-age=0000000000000000000000010") == 10);
}

TEST_CASE("RFC 9111 1.2.2: what is as old as can be said stays countable") {
  cache::freshness const f = fresh(answer(200, "Cache-Control: max-age=9999999999\nAge: 9999999999"));
  CHECK_FALSE(f.is_fresh(at(0)));
  CHECK(f.age_s(at(most)) >= most);
}

TEST_CASE("RFC 9111 5.2: directives are taken as tokens and in quotes, in any letter case") {
  CHECK(lifetime("Cache-Control: max-age=\"10\"") == 10);
  CHECK(lifetime("Cache-Control: MAX-AGE=10") == 10);
  CHECK(lifetime("cache-control: S-MaxAge=\"20\"") == 20);
  CHECK(lifetime("Cache-Control: ,, max-age=10 ,") == 10);
  CHECK(lifetime("Cache-Control: max-age=\"\\10\"") == 10);
}

TEST_CASE("RFC 9111 5.2: a comma within quotes separates no directives") {
  CHECK(lifetime("Cache-Control: ext=\"a, max-age=10, b\", max-age=20") == 20);
  CHECK(lifetime("Cache-Control: ext=\"\\\", max-age=10\", max-age=20") == 20);
  CHECK(reuses(answer(200, "Cache-Control: ext=\"no-store, private\", max-age=20")));
}

TEST_CASE("RFC 9111 5.2.3: directives that are not known are ignored") {
  CHECK(lifetime("Cache-Control: xmax-age=5, max-agex=6, x-s-maxage=7, max-age=8, community=\"UCI\"") == 8);
}

TEST_CASE("RFC 9111 4.2.2: a guess is a part of the time since the last change, counted from Date, within a limit") {
  std::string const modified = "Last-Modified: " + date_at(-1'000);
  CHECK(lifetime(modified) == 100);
  CHECK(lifetime(modified + "\nDate: " + date_at(-500)) == 50);
  CHECK(lifetime("Last-Modified: " + date_at(-100'000'000)) == 86'400);
  CHECK(fresh(answer(200, modified), at(0), at(0), {.fraction = 0.5, .at_most_s = 300}).lifetime_s == 300);
  CHECK(fresh(answer(200, modified), at(0), at(0), {.fraction = 0, .at_most_s = 300}).lifetime_s == 0);
}

TEST_CASE("RFC 9111 4.2.2: nothing is guessed without a time of the last change, or from one in the future") {
  CHECK(lifetime("ETag: \"a\"") == 0);
  CHECK(lifetime("Last-Modified: " + date_at(500)) == 0);
  CHECK(lifetime("Last-Modified: recently") == 0);
}

TEST_CASE("RFC 9111 4.2.2: nothing is guessed where a lifetime is stated") {
  std::string const modified = "\nLast-Modified: " + date_at(-1'000'000);
  CHECK(lifetime("Cache-Control: max-age=1" + modified) == 1);
  CHECK(lifetime("Cache-Control: s-maxage=0" + modified) == 0);
  CHECK(lifetime("Expires: " + date_at(-1) + modified) <= 0);
}

TEST_CASE("RFC 9111 4.2.2: nothing is guessed for a status that may not, unless the answer is public") {
  std::string const modified = "Last-Modified: " + date_at(-1'000);
  CHECK(fresh(answer(302, modified)).lifetime_s == 0);
  CHECK(fresh(answer(503, modified)).lifetime_s == 0);
  CHECK(fresh(answer(302, modified + "\nCache-Control: public")).lifetime_s == 100);
}

TEST_CASE("RFC 9111 4.2.3: an answer is as old as its Age says, and the time that it took to come") {
  CHECK(first_age("Age: 7") == 7);
  CHECK(first_age("Age: 7", at(0), at(3)) == 10);
  CHECK(first_age("", at(0), at(3)) == 3);
}

TEST_CASE("RFC 9111 4.2.3: an answer is at least as old as its Date") {
  CHECK(first_age("Date: " + date_at(-20)) == 20);
  CHECK(first_age("Age: 7\nDate: " + date_at(-20), at(0), at(0)) == 20);
  CHECK(first_age("Age: 19\nDate: " + date_at(-20), at(0), at(3)) == 23); // 20 before its request was sent
}

TEST_CASE("RFC 9111 4.2.3: a Date in the future makes nothing younger") {
  CHECK(first_age("Date: " + date_at(1'000)) == 0);
  CHECK(first_age("Age: 7\nDate: " + date_at(1'000)) == 7);
}

TEST_CASE("RFC 9111 4.2.3: an answer ages while it is here, whatever the wall clock shows") {
  cache::freshness const f = fresh(answer(200, "Cache-Control: max-age=100\nAge: 7"));
  moment set_back = at(50);
  set_back.wall_s -= 86'400;
  CHECK(f.age_s(set_back) == 57);
  CHECK(f.is_fresh(at(92)));
  set_back = at(93);
  set_back.wall_s -= 86'400;
  CHECK_FALSE(f.is_fresh(set_back));
}

TEST_CASE("RFC 9111 5.1: of several values of Age the first counts, and one that is no number does not") {
  CHECK(first_age("Age: 7, 100") == 7);
  CHECK(first_age("Age: 7\nAge: 100") == 7);
  CHECK(first_age("Age: 0, 100") == 0);
  for (char const* text : {"-7", "7.0", "7s", "\"7\"", "seven", "", "+7", "0x7", "7 8", "-7, 100"}) {
    INFO(text);
    CHECK(first_age("Age: " + std::string(text)) == 0);
  }
  CHECK(first_age("Age: x\nAge: 100") == 0);
}

TEST_CASE("RFC 9111 4: what is served has one Age, and it is the current one") {
  lab l;
  l.play("GET /a", answer(200, "Cache-Control: max-age=100\nAge: 30\nAge: 1"), at(0));
  asked const later = l.ask("GET /a", at(12, 999'999'999));
  REQUIRE(later.is_answered());
  reply const got = l.serve(later, at(12, 999'999'999));
  CHECK(got.field("Age") == "42");
}

TEST_CASE("RFC 9111 4: Age tells of the way here too") {
  lab l;
  asked first = l.ask("GET /a", at(0));
  l.take(first, answer(200, "Cache-Control: max-age=100\nAge: 30"), at(5));
  CHECK(l.play("GET /a", answer(500), at(6)).field("Age") == "36");
}

TEST_CASE("a year passes, second by second for a while and then in days: fresh to the last, stale from then on") {
  constexpr std::int64_t year = 365 * 86'400;
  lab l;
  l.play("GET /a", answer(200, "Cache-Control: max-age=31536000\nETag: \"a\"\nDate: " + date_at(0)), at(0));
  for (std::int64_t s = 0; s < 100; ++s) REQUIRE(l.answers_alone("GET /a", at(s)));
  for (std::int64_t day = 1; day < 365; ++day) {
    asked const a = l.ask("GET /a", at(day * 86'400));
    REQUIRE(a.is_answered());
    REQUIRE(l.serve(a, at(day * 86'400)).field("Age") == std::to_string(day * 86'400));
  }
  CHECK(l.answers_alone("GET /a", at(year - 1, 999'999'999)));
  asked stale = l.ask("GET /a", at(year));
  CHECK(stale.kind() == cache::decision::kind::validate);
  l.take(stale, answer(304, "ETag: \"a\"\nDate: " + date_at(year)), at(year));
  CHECK(l.answers_alone("GET /a", at(2 * year - 1)));
  CHECK_FALSE(l.answers_alone("GET /a", at(2 * year)));
}
