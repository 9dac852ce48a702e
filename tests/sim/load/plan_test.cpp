#include "base/config/document.hpp"
#include "sim/load/plan.hpp"

#include <catch2/catch.hpp>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <unistd.h>

using namespace sim::load;
using namespace std::chrono_literals;
using sim::scenario::load_kind;
using sim::scenario::scenario;

namespace {

scenario open_scenario(load_kind kind, double rate, std::chrono::nanoseconds duration) {
  scenario s;
  s.seed = 7;
  s.topology.balancers.resize(1);
  s.population.characters = 100;
  s.load.kind = kind;
  s.load.rate_rps = rate;
  s.load.duration = duration;
  s.load.mix = {{}};
  s.load.targets = {"/"};
  return s;
}

scenario closed_scenario(std::uint32_t characters, std::uint32_t requests) {
  scenario s = open_scenario(load_kind::closed, 0, 0ns);
  s.population.characters = characters;
  s.load.requests_per_character = requests;
  return s;
}

std::vector<std::int64_t> all_times(scenario const& s) {
  arrivals a(s.load, s.seed);
  std::vector<std::int64_t> times;
  std::vector<planned_request> drawn(drawn_at_once);
  while (std::size_t const n = a.draw(drawn))
    for (std::size_t i = 0; i != n; ++i) times.push_back(drawn[i].at_ns);
  return times;
}

std::vector<planned_request> all_requests(plan const& p, slice part = {}) {
  request_source source(p, part);
  std::vector<planned_request> requests;
  while (auto const r = source.next()) requests.push_back(*r);
  return requests;
}

/// One character after another, without time.
std::vector<planned_request> all_closed(plan const& p, slice part = {}) {
  closed_plan source(p, part);
  std::vector<planned_request> requests;
  while (auto who = source.start_next_character(0, 0)) {
    while (auto const r = source.next(*who, 0)) requests.push_back(*r);
  }
  return requests;
}

}

TEST_CASE("streams of different names or seeds differ, and equal ones are equal") {
  auto first = [](std::uint64_t seed, char const* name) { return stream(seed, name)(); };
  CHECK(first(1, "who") == first(1, "who"));
  std::set<std::uint64_t> draws;
  for (char const* name : {"who", "what", "where", "a", "b", ""}) {
    for (std::uint64_t seed : {0u, 1u, 2u}) draws.insert(first(seed, name));
  }
  CHECK(draws.size() == 18);
}

TEST_CASE("a constant rate is exact to the nanosecond at every request") {
  auto const times = all_times(open_scenario(load_kind::constant_rate, 300, 10s));
  REQUIRE(times.size() == 3000);
  CHECK(times[0] == 0);
  CHECK(times[1] == 3'333'333);
  CHECK(times[2999] == 9'996'666'667);
}

TEST_CASE("a ramp issues the integral of its rate, stage by stage") {
  scenario s = open_scenario(load_kind::ramping_rate, 0, 30s);
  s.load.stages = {{100, 10s}, {100, 10s}, {0, 10s}}; // 500 + 1000 + 500
  auto const times = all_times(s);
  REQUIRE(times.size() == 2000);
  auto const before = [&](std::int64_t t) {
    return std::count_if(times.begin(), times.end(), [&](auto x) { return x < t; });
  };
  CHECK(before(5'000'000'000) == 125); // 100/10 t²/2
  CHECK(before(10'000'000'000) == 500);
  CHECK(before(15'000'000'000) == 1000);
  CHECK(before(20'000'000'000) == 1500);
  CHECK(before(25'000'000'000) == 1875);
  CHECK(std::is_sorted(times.begin(), times.end()));
}

TEST_CASE("Poisson arrivals have the rate and the variance of a Poisson process") {
  auto const times = all_times(open_scenario(load_kind::poisson, 1000, 100s));
  CHECK(std::abs(static_cast<double>(times.size()) - 100'000) < 4.5 * std::sqrt(100'000.0));
  double sum = 0, squares = 0;
  for (std::size_t i = 1; i < times.size(); ++i) {
    double const gap = static_cast<double>(times[i] - times[i - 1]) / 1e6;
    sum += gap;
    squares += gap * gap;
  }
  double const n = static_cast<double>(times.size() - 1), mean = sum / n;
  CHECK(squares / n - mean * mean == Approx(1).margin(0.05)); // exponential: variance is the mean squared
}

TEST_CASE("Zipf ranks have the probabilities of the law, also at exponent 1") {
  for (double const exponent : {0.5, 0.9, 1.0, 1.3, 3.0}) {
    INFO(exponent);
    constexpr std::uint32_t n = 50, draws = 200'000;
    zipf_ranks const ranks(n, exponent);
    auto generator = stream(3, "test");
    std::vector<double> counts(n + 1);
    for (std::uint32_t i = 0; i < draws; ++i) {
      std::uint32_t const k = ranks(generator);
      REQUIRE((k >= 1 && k <= n));
      counts[k] += 1;
    }
    double total = 0, chi_square = 0;
    for (std::uint32_t k = 1; k <= n; ++k) total += std::pow(k, -exponent);
    for (std::uint32_t k = 1; k <= n; ++k) {
      double const expected = draws * std::pow(k, -exponent) / total;
      chi_square += (counts[k] - expected) * (counts[k] - expected) / expected;
    }
    CHECK(chi_square < 49 + 4.5 * std::sqrt(2 * 49.0)); // 49 degrees of freedom
  }
  auto generator = stream(3, "test");
  CHECK(zipf_ranks(1, 1)(generator) == 1);
}

TEST_CASE("popular characters are not the first ones") {
  popularity const p(1000, 2.0, 5);
  auto generator = stream(5, "who");
  std::map<std::uint32_t, int> counts;
  std::vector<planned_request> drawn(10'000);
  p.draw(generator, drawn);
  for (planned_request const& request : drawn) ++counts[request.character];
  auto const top =
      std::max_element(counts.begin(), counts.end(), [](auto const& a, auto const& b) { return a.second < b.second; });
  CHECK(top->second > 5000); // 1 / ζ(2) = 0.61
  CHECK(top->first > 10);
}

TEST_CASE("slices of an open load make up the whole load") {
  scenario const s = open_scenario(load_kind::poisson, 500, 2s);
  plan const p = make_plan(s);
  auto const whole = all_requests(p);
  auto const even = all_requests(p, {0, 2}), odd = all_requests(p, {1, 2});
  REQUIRE(even.size() + odd.size() == whole.size());
  for (std::size_t i = 0; i < whole.size(); ++i) {
    planned_request const& part = i % 2 == 0 ? even[i / 2] : odd[i / 2];
    CHECK(part.at_ns == whole[i].at_ns);
    CHECK(part.character == whole[i].character);
    CHECK(part.balancer_draw == whole[i].balancer_draw);
  }
}

TEST_CASE("another mix disturbs neither arrival times nor characters") {
  scenario const plain = open_scenario(load_kind::poisson, 500, 2s);
  scenario mixed = plain;
  mixed.load.mix = {{"GET", 3, 0, false, {}}, {"POST", 1, 100, false, {"/a", "/b"}}, {"PUT", 0, 0, false, {}}};
  mixed.population.junk_share = 0.2;
  plan const a = make_plan(plain), b = make_plan(mixed);
  auto const before = all_requests(a), after = all_requests(b);
  REQUIRE(before.size() == after.size());
  for (std::size_t i = 0; i < before.size(); ++i) {
    CHECK(before[i].at_ns == after[i].at_ns);
    CHECK(before[i].character == after[i].character);
    CHECK(before[i].balancer_draw == after[i].balancer_draw);
  }
}

TEST_CASE("methods follow their weights, and targets are used in turn") {
  scenario s = open_scenario(load_kind::constant_rate, 10'000, 4s);
  s.load.mix = {{"GET", 3, 0, false, {}}, {"POST", 1, 100, false, {"/a", "/b", "/"}}, {"PUT", 0, 0, false, {}}};
  plan const p = make_plan(s);
  CHECK(p.targets == std::vector<std::string>{"/", "/a", "/b"});
  std::map<int, int> methods;
  std::vector<std::uint32_t> posts;
  for (planned_request const& r : all_requests(p)) {
    ++methods[r.method];
    if (r.method == 1 && posts.size() < 4) posts.push_back(r.target);
    if (r.method == 0) CHECK(r.target == 0);
  }
  CHECK(std::abs(methods[1] - 10'000) < 4.5 * std::sqrt(40'000 * 0.25 * 0.75));
  CHECK(methods.count(2) == 0);
  CHECK(posts == std::vector<std::uint32_t>{1, 2, 0, 1});
}

TEST_CASE("junk, missing and rotated tokens have their shares") {
  scenario s = open_scenario(load_kind::constant_rate, 10'000, 4s);
  s.population.junk_share = 0.1;
  s.population.no_token_share = 0.2;
  s.population.token_rotation_rps = 50;
  plan const p = make_plan(s);
  std::map<token_kind, int> kinds;
  std::set<std::uint32_t> junk;
  std::map<std::uint32_t, std::uint32_t> rotation;
  for (planned_request const& r : all_requests(p)) {
    ++kinds[r.kind];
    if (r.kind == token_kind::junk) junk.insert(r.rotation);
    if (r.kind != token_kind::own) continue;
    CHECK(r.rotation >= rotation[r.character]); // never an old token again
    rotation[r.character] = r.rotation;
  }
  CHECK(std::abs(kinds[token_kind::junk] - 4000) < 4.5 * std::sqrt(40'000 * 0.09));
  CHECK(std::abs(kinds[token_kind::none] - 8000) < 4.5 * std::sqrt(40'000 * 0.16));
  CHECK(junk.size() > 3990);
  std::uint32_t changes = 0;
  for (auto const& [character, n] : rotation) changes += n;
  CHECK(std::abs(static_cast<double>(changes) - 200) < 4.5 * std::sqrt(200.0) + 5);
}

TEST_CASE("each character of a closed load sends exactly its requests, in an order that is not by number") {
  scenario const s = closed_scenario(500, 4);
  plan const p = make_plan(s);
  CHECK(p.total_requests() == 2000u);
  CHECK_FALSE(p.paced());
  auto const requests = all_closed(p);
  REQUIRE(requests.size() == 2000);
  std::map<std::uint32_t, int> counts;
  for (planned_request const& r : requests) ++counts[r.character];
  CHECK(counts.size() == 500);
  for (auto const& [character, count] : counts) CHECK(count == 4);
  CHECK_FALSE(std::is_sorted(requests.begin(), requests.end(),
                             [](auto const& a, auto const& b) { return a.character < b.character; }));
}

TEST_CASE("a character's requests do not depend on how characters interleave or on slices") {
  scenario s = closed_scenario(50, 6);
  s.load.mix = {{"GET", 1, 0, false, {}}, {"POST", 1, 10, false, {}}};
  s.load.targets = {"/a", "/b", "/c"};
  s.population.junk_share = 0.1;
  plan const p = make_plan(s);
  std::map<std::uint32_t, std::vector<std::uint64_t>> alone, together;
  for (std::uint32_t i : {0u, 1u, 2u}) {
    for (auto const& r : all_closed(p, {i, 3})) alone[r.character].push_back(r.balancer_draw ^ r.method ^ r.target);
  }
  closed_plan source(p);
  std::vector<active_character> active;
  while (auto who = source.start_next_character(static_cast<std::uint32_t>(active.size()), 0)) active.push_back(*who);
  for (int round = 0; round < 6; ++round) {
    for (auto& who : active) {
      auto const r = source.next(who, round * 1000);
      REQUIRE(r);
      together[r->character].push_back(r->balancer_draw ^ r->method ^ r->target);
    }
  }
  CHECK(alone == together);
  CHECK(source.given() == 300);
  CHECK_FALSE(source.next(active[0], 0));
}

TEST_CASE("a closed load with a duration starts nothing after it") {
  scenario s = closed_scenario(10, 10);
  s.load.duration = 1s;
  plan const p = make_plan(s);
  closed_plan source(p);
  auto who = source.start_next_character(0, 0);
  REQUIRE(who);
  CHECK(source.next(*who, 999'999'999));
  CHECK_FALSE(source.next(*who, 1'000'000'000));
  CHECK_FALSE(source.start_next_character(0, 1'000'000'000));
  CHECK_FALSE(p.total_requests());
}

TEST_CASE("balancers are chosen evenly, and affinity keeps its balancer until one is added") {
  using choice = sim::scenario::balancer_choice;
  auto draws = stream(1, "test");
  for (choice const c : {choice::uniform, choice::round_robin, choice::per_connection, choice::address}) {
    balancer_chooser chooser(c);
    std::vector<double> counts(5);
    for (std::uint32_t i = 0; i < 50'000; ++i) {
      planned_request r;
      r.character = r.connection = i;
      r.balancer_draw = draws();
      counts[chooser.choose(r, 5)] += 1;
    }
    for (double const n : counts) CHECK(std::abs(n - 10'000) < 4.5 * std::sqrt(8000.0));
  }
  balancer_chooser address(choice::address);
  int moved = 0;
  for (std::uint32_t i = 0; i < 10'000; ++i) {
    planned_request r;
    r.character = i;
    std::uint16_t const before = address.choose(r, 4), after = address.choose(r, 5);
    if (before != after) {
      ++moved;
      CHECK(after == 4);
    }
  }
  CHECK(std::abs(moved - 2000) < 4.5 * std::sqrt(1600.0));
}

TEST_CASE("a trace is replayed at its speed, with characters by address and bodies by method") {
  auto const file = std::filesystem::temp_directory_path() / ("crest-plan-" + std::to_string(::getpid()) + ".log");
  std::ofstream(file) << "a - - [17/May/2015:10:00:00 +0000] \"GET /x HTTP/1.1\" 200 1\n"
                         "b - - [17/May/2015:10:00:04 +0000] \"POST /y HTTP/1.1\" 200 1\n"
                         "nonsense\n"
                         "a - - [17/May/2015:10:00:08 +0000] \"PURGE /x HTTP/1.1\" 200 1\n";
  scenario s = open_scenario(load_kind::trace, 0, 0ns);
  s.load.file = file;
  s.load.speed = 4;
  s.load.mix = {{"POST", 1, 77, false, {}}};
  plan const p = make_plan(s);
  auto const requests = all_requests(p);
  REQUIRE(requests.size() == 3);
  CHECK(requests[1].at_ns == 1'000'000'000);
  CHECK(requests[2].at_ns == 2'000'000'000);
  CHECK(requests[0].character == requests[2].character);
  CHECK(requests[0].character != requests[1].character);
  CHECK(p.methods[requests[1].method].body_bytes == 77);
  CHECK(p.methods[requests[2].method].method == "PURGE");
  CHECK(p.targets[requests[2].target] == "/x");
  CHECK(p.total_requests() == 3u);
  CHECK(p.paced());
  REQUIRE(p.notes.size() == 1);
  CHECK_THAT(p.notes[0], Catch::Contains("trace: 1 line skipped: 1 of another form; first line 3: nonsense"));

  s.load.speed = 0;
  plan const quick = make_plan(s);
  CHECK_FALSE(quick.paced());
  CHECK(all_requests(quick).back().at_ns == 0);

  std::ofstream(file) << "nonsense\n";
  CHECK_THROWS_AS(make_plan(s), config::bad_input);
  std::filesystem::remove(file);
}

namespace {

/// A trace's scenario, and its log.
struct traced {
  explicit traced(std::string const& log)
    : what(open_scenario(load_kind::trace, 0, 0ns)) {
    what.load.file = std::filesystem::temp_directory_path() / ("crest-traced-" + std::to_string(::getpid()) + ".log");
    std::ofstream(what.load.file, std::ios::binary) << log;
  }
  ~traced() { std::filesystem::remove(what.load.file); }
  traced(traced const&) = delete;
  traced& operator=(traced const&) = delete;

  scenario what;
};

std::string at(char const* date) { return std::string("a - - [") + date + " +0000] \"GET /x HTTP/1.1\" 200 1\n"; }

}

TEST_CASE("a pause that would be waited for is refused or shortened, and said") {
  std::string const pauses = at("01/Jan/2026:00:00:00") + at("01/Jan/2026:01:00:00") + at("01/Jan/2026:04:00:00");
  struct row {
    char const* name;
    std::string log;
    std::function<void(sim::scenario::load&)> change;
    std::string refused; // empty: it is replayed
    std::vector<std::int64_t> seconds;
    std::string note;
  };
  auto const as_it_is = [](auto&) {};
  auto const shorten = [](auto& l) { l.longer_gaps = sim::scenario::gap_choice::shorten; };
  row const table[] = {
      {"an hour", at("01/Jan/2026:00:00:00") + at("01/Jan/2026:01:00:00"), as_it_is, "", {0, 3600}, ""},
      {"three hours", pauses, as_it_is, ":3: found a pause of 3 h before this request, after that of line 2", {}, ""},
      {"a clock that was not set",
       at("01/Jan/1970:00:00:01") + at("01/Mar/2026:12:00:00"),
       as_it_is,
       ":2: found a pause of 56.2 years before this request, after that of line 1",
       {},
       ""},
      {"not in order",
       at("01/Mar/2026:12:00:00") + at("01/Jan/1970:00:00:01"),
       as_it_is,
       ":1: found a pause of 56.2 years",
       {},
       ""},
      {"allowed", pauses, [](auto& l) { l.max_gap = 3h; }, "", {0, 3600, 14400}, ""},
      {"shorter by speed", pauses, [](auto& l) { l.speed = 3600; }, "", {0, 1, 4}, ""},
      {"longer by speed",
       at("01/Jan/2026:00:00:00") + at("01/Jan/2026:00:10:00"),
       [](auto& l) { l.speed = 0.1; },
       "found a pause of 1.67 h",
       {},
       ""},
      {"a speed that nobody waits for",
       at("01/Jan/2026:00:00:00") + at("01/Jan/2026:00:00:01"),
       [](auto& l) { l.speed = 1e-12; },
       "years",
       {},
       ""},
      {"shortened", pauses, shorten, "", {0, 3600, 7200}, "1 pause longer than 1 h shortened to it, by 2 h in all"},
      {"shortened to seconds",
       pauses,
       [&](auto& l) {
         shorten(l);
         l.max_gap = 2s;
       },
       "",
       {0, 2, 4},
       "2 pauses longer than 2 s shortened to it"},
      {"56 years shortened",
       at("01/Jan/1970:00:00:00") + at("01/Mar/2026:12:00:00") + at("01/Mar/2026:12:00:01"),
       shorten,
       "",
       {0, 3600, 3601},
       "by 56.2 years in all"},
      {"after the end", pauses, [](auto& l) { l.duration = 2h; }, "", {0, 3600}, ""},
      {"as fast as possible", pauses, [](auto& l) { l.speed = 0; }, "", {0, 0, 0}, ""},
  };
  for (row const& r : table) {
    INFO(r.name);
    traced t(r.log);
    t.what.load.speed = 1;
    r.change(t.what.load);
    if (!r.refused.empty()) {
      CHECK_THROWS_AS(make_plan(t.what), config::bad_input);
      CHECK_THROWS_WITH(make_plan(t.what), Catch::Contains(r.refused) && Catch::Contains("max_gap"));
      continue;
    }
    plan const p = make_plan(t.what);
    std::vector<std::int64_t> seconds;
    for (planned_request const& request : all_requests(p)) seconds.push_back(request.at_ns / 1'000'000'000);
    CHECK(seconds == r.seconds);
    CHECK(p.notes.size() == (r.note.empty() ? 0 : 1));
    if (!r.note.empty()) CHECK_THAT(p.notes.at(0), Catch::Contains(r.note));
  }
}

TEST_CASE("a log that is another's is bad input, with its first line") {
  std::string const good = at("01/Jan/2026:00:00:00");
  struct row {
    char const* name;
    std::string log, says; // empty: it is replayed
  };
  row const table[] = {
      {"an empty log", "", "of 0 lines"},
      {"blank lines", "\n\n", "2 lines, 2 lines skipped: 2 blank"},
      {"an error log", "2026/01/01 00:00:00 [error] oops\n", ".log:1: found no line that can be replayed"},
      {"mostly another form", good + "x\ny\n",
       ".log:2: found another form: of 3 lines, 2 lines skipped: 2 of another form"},
      {"only requests that say nothing", "a - - [01/Jan/2026:00:00:00 +0000] \"-\" 408 0\n",
       "found no line that can be replayed: of 1 lines, 1 line skipped: 1 without a request"},
      {"gzip that is none", "\x1f\x8b\x08 rest", "found a gzip file that is damaged"},
      {"zstd", "\x28\xb5\x2f\xfd rest", "compressed with zstd"},
      {"half of it strange", good + "x\n", ""},
      {"scanned by TLS",
       good + std::string("a - - [01/Jan/2026:00:00:00 +0000] \"\\x16\\x03\" 400 0\n") +
           "a - - [01/Jan/2026:00:00:00 +0000] \"\\x16\\x03\" 400 0\n",
       ""},
  };
  for (row const& r : table) {
    INFO(r.name);
    traced t(r.log);
    if (r.says.empty()) {
      CHECK_FALSE(make_plan(t.what).notes.empty());
    } else {
      CHECK_THROWS_WITH(make_plan(t.what), Catch::Contains(r.says));
    }
  }
}

TEST_CASE("a log whose requests all come from one address says so") {
  std::string log;
  for (int i = 0; i < 12; ++i) log += at("01/Jan/2026:00:00:00");
  traced t(log);
  CHECK_THAT(make_plan(t.what).notes.at(0), Catch::Contains("all 12 requests are of one client"));
}
