#include "tests/sim/judge/world.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <random>

/// Monte Carlo: the world's dice against the closed forms, through the whole analysis.
namespace sim::judge {

using records::result;

namespace {

struct setting {
  char const* name;
  std::uint32_t balancers, proxies, tokens, requests;
  double logged_in;
  bool map, address;
  double theory; // the closed form, worked out by hand
};

/// Tokens in cyclic order, each `requests` times.
world run(setting const& x, std::uint64_t seed) {
  world w(x.balancers, x.proxies, seed);
  w.s.population.characters = x.tokens;
  w.s.population.logged_in = x.logged_in;
  w.s.load.requests_per_character = x.requests;
  if (x.address) w.s.load.balancer_choice = scenario::balancer_choice::address;
  if (!x.map) w.without_maps();
  auto const logged_in = static_cast<std::uint32_t>(std::lround(x.logged_in * x.tokens));
  for (std::uint32_t c = 0; c != logged_in; ++c) w.log_in(c);
  std::mt19937_64 random(seed + 1);
  for (std::uint32_t k = 0; k != x.requests; ++k)
    for (std::uint32_t c = 0; c != x.tokens; ++c)
      w.request(c, static_cast<std::uint16_t>((x.address ? c : random()) % x.balancers));
  return w;
}

void require_agreement(records::ratio_metric const& m) {
  REQUIRE(m.theory);
  REQUIRE(m.standard_error);
  if (*m.standard_error == 0)
    CHECK(m.value == *m.theory);
  else
    CHECK(std::abs(m.value - *m.theory) / *m.standard_error < 4.5);
}

/// A request that is guessed at a proxy which does not have the character's session; its first is in slot `character`.
void miss(world& w, std::uint32_t character, std::uint16_t balancer, std::uint8_t phase) {
  world::options o;
  o.guess = static_cast<std::uint16_t>(((w.r.clients[character].incarnation >> 48) + 1) % 4);
  std::size_t const i = w.request(character, balancer, o);
  w.r.clients[i].phase = phase;
}

void miss_all(world& w, std::uint16_t balancer, std::uint8_t phase) {
  for (std::uint32_t c = 0; c != 200; ++c) miss(w, c, balancer, phase);
}

}

TEST_CASE("measured ratios agree with the closed forms, and every part with the conditioned form") {
  double const d4 = 4 * (1 - std::pow(0.75, 20)), d2 = 2 * (1 - std::pow(0.5, 5));
  setting const settings[] = {
      {"no map", 1, 4, 1'000, 20, 0, false, false, 0.7125},
      {"no map, four balancers", 4, 4, 1'000, 20, 0, false, false, 0.7125},
      {"a map at each of four", 4, 4, 1'000, 20, 0, true, false, (d4 - 1) * 0.75 / 20},
      {"a map at each of two, some logged in", 2, 4, 2'000, 5, 0.3, true, false, (d2 - 0.7) * 0.75 / 5},
      {"one map, new characters: never", 1, 4, 1'000, 10, 0, true, false, 0},
      {"affinity, half logged in", 4, 4, 2'000, 10, 0.5, true, true, 0.5 * 0.75 / 10}};
  for (setting const& x : settings) {
    INFO(x.name);
    world w = run(x, 17);
    result const r = w.analyse();
    records::ratio_metric const& whole = ratio(r.metrics, "redirect_ratio");
    INFO(whole.theory_note);
    require_agreement(whole);
    CHECK(*whole.theory == Approx(x.theory).margin(1e-12));
    for (records::named_metrics const& b : r.balancers) require_agreement(ratio(b.metrics, "redirect_ratio"));
    for (records::named_metrics const& p : r.phases) require_agreement(ratio(p.metrics, "redirect_ratio"));
    CHECK(broken(r).empty());
  }
}

TEST_CASE("the expected error is the spread that many runs show") {
  setting const x{"", 4, 4, 200, 20, 0, true, false, 0};
  double squares = 0;
  int const runs = 100;
  for (int k = 0; k != runs; ++k) {
    world w = run(x, 1'000 + static_cast<std::uint64_t>(k));
    result const r = w.analyse();
    auto const& m = ratio(r.metrics, "redirect_ratio");
    double const z = (m.value - *m.theory) / *m.standard_error;
    squares += z * z;
  }
  CHECK(squares / runs == Approx(1).margin(4.5 * std::sqrt(2.0 / runs)));
}

TEST_CASE("a Poisson number of requests per token is compared with the conditioned form") {
  world w(4, 4, 23);
  w.s.population.characters = 500;
  w.s.load.kind = scenario::load_kind::poisson;
  std::mt19937_64 random(9);
  for (int k = 0; k != 10'000; ++k)
    w.request(static_cast<std::uint32_t>(random() % 500), static_cast<std::uint16_t>(random() % 4));
  result const r = w.analyse();
  auto const& m = ratio(r.metrics, "redirect_ratio");
  CHECK(m.theory_note.starts_with("conditioned"));
  require_agreement(m);
}

TEST_CASE("a run that breaks an assumption is not compared, and the note says which") {
  world w(2, 4, 5);
  w.s.population.characters = 1'000;
  std::string wanted;
  SECTION("overlap") {
    w.request(1, 0);
    w.now_ns = w.r.clients[0].sent_ns + 10;
    w.request(1, 1);
    wanted = "overlapped";
  }
  SECTION("failures") {
    w.request(1, 0);
    w.r.clients[0].outcome = records::client_outcome::timeout;
    wanted = "failed";
  }
  SECTION("an event") {
    w.request(1, 0);
    w.s.events = {{scenario::nanoseconds(1), {}, "kill proxy[1]", scenario::kill_node{"proxy[1]"}}};
    wanted = "kill proxy[1]";
  }
  SECTION("round robin") {
    w.request(1, 0);
    w.s.topology.balancers[0].guess = scenario::guess_policy::round_robin;
    wanted = "round_robin";
  }
  SECTION("a tiny map") {
    w.request(1, 0);
    w.s.topology.balancers[0].token_map_bytes = 4'096;
    wanted = "smaller than the population";
  }
  result const r = w.analyse();
  CHECK_FALSE(ratio(r.metrics, "redirect_ratio").theory);
  CHECK(ratio(r.metrics, "redirect_ratio").theory_note.find(wanted) != std::string::npos);
}

TEST_CASE("a difference from theory that nothing explains is told, and one that something explains is not") {
  struct row {
    char const* name;
    std::uint32_t balancers;
    bool map;
    void (*plant)(world&);
    std::vector<std::string> begins; // of the lines
  };
  row const rows[] = {
      {"as theory has it",
       2,
       true,
       [](world& w) {
         for (std::uint32_t c = 0; c != 200; ++c) w.request(c, 1);
       },
       {}},
      {"all guesses of one balancer miss",
       2,
       true,
       [](world& w) { miss_all(w, 1, 0); },
       {"redirect_ratio: ", "redirect_ratio{phase:early}: ", "redirect_ratio{balancer:gateway[1]}: "}},
      {"all guesses of one phase miss",
       2,
       true,
       [](world& w) { miss_all(w, 1, 1); },
       {"redirect_ratio: ", "redirect_ratio{phase:late}: ", "redirect_ratio{balancer:gateway[1]}: "}},
      {"no guess misses",
       2,
       true,
       [](world& w) {
         for (std::uint32_t c = 0; c != 200; ++c) {
           world::options o;
           o.guess = static_cast<std::uint16_t>(w.r.clients[c].incarnation >> 48);
           w.request(c, 1, o);
         }
       },
       {"redirect_ratio: ", "redirect_ratio{phase:early}: ", "redirect_ratio{balancer:gateway[1]}: "}},
      {"all guesses miss without a map",
       1,
       false,
       [](world& w) { miss_all(w, 0, 0); },
       {"redirect_ratio: ", "redirect_ratio{phase:early}: ", "redirect_ratio{balancer:gateway[0]}: "}},
      {"a session that a redirect could not have, since all are new and there is one map",
       1,
       true,
       [](world& w) {
         w.r.logged_in.clear();
         auto& hop = w.r.hops.back();
         w.r.hops.insert(w.r.hops.end() - 1, hop);
         w.r.hops[w.r.hops.size() - 2].hop.outcome = journal::hop_outcome::redirected;
       },
       {"redirect_ratio: ", "redirect_ratio{phase:early}: ", "redirect_ratio{balancer:gateway[0]}: "}},
      {"the same as the first, but the sessions moved",
       2,
       true,
       [](world& w) {
         miss_all(w, 1, 0);
         w.move(1, 2);
       },
       {}},
      {"the same, and an event on the time line",
       2,
       true,
       [](world& w) {
         miss_all(w, 1, 0);
         w.s.events = {{scenario::nanoseconds(1), {}, "kill proxy[1]", scenario::kill_node{"proxy[1]"}}};
       },
       {}},
      {"the same, and one request failed",
       2,
       true,
       [](world& w) {
         miss_all(w, 1, 0);
         w.r.clients.back().outcome = records::client_outcome::timeout;
       },
       {}},
      {"the same, and a map lost what it knew",
       2,
       true,
       [](world& w) {
         miss_all(w, 1, 0);
         w.forget(0, 1);
         miss(w, 1, 0, 0);
       },
       {}}};
  for (row const& x : rows) {
    INFO(x.name);
    world w(x.balancers, 4, 3);
    w.s.population.characters = 200;
    w.s.load.kind = scenario::load_kind::poisson;
    w.s.phases = {{"early", scenario::nanoseconds(1), {}}, {"late", scenario::nanoseconds::max(), {}}};
    if (!x.map) w.without_maps();
    for (std::uint32_t c = 0; c != 200; ++c) w.request(c, 0);
    x.plant(w);
    result const r = w.analyse();
    INFO(ratio(r.metrics, "redirect_ratio").theory_note);
    std::vector<std::string> begins;
    for (std::string const& line : r.differences) begins.push_back(line.substr(0, line.find(": ") + 2));
    CHECK(begins == x.begins);
    for (std::string const& line : r.differences)
      CHECK(line.find("nothing in the run explains it") != std::string::npos);
  }
}

TEST_CASE("the same records give the same result, in any order of the proxies' records") {
  setting const x{"", 2, 4, 300, 6, 0.2, true, false, 0};
  world w = run(x, 3);
  result const a = w.analyse();
  std::reverse(w.r.hops.begin(), w.r.hops.end());
  result const b = w.analyse();
  CHECK(ratio(a.metrics, "redirect_ratio").numerator == ratio(b.metrics, "redirect_ratio").numerator);
  CHECK(counter(a.metrics, "redirects{reason:cold}") == counter(b.metrics, "redirects{reason:cold}"));
  CHECK(broken(b).empty());
}

TEST_CASE("slices of the time series add up to the run") {
  setting const x{"", 2, 4, 300, 6, 0.2, true, false, 0};
  world w = run(x, 3);
  result const r = w.analyse();
  std::uint64_t all = 0, parts = 0, redirects = 0;
  for (records::time_slice const& s : r.timeseries) {
    (s.balancer.empty() ? all : parts) += s.requests;
    if (s.balancer.empty()) redirects += s.redirects;
    CHECK(s.to_s > s.from_s);
  }
  CHECK(all == 1'800);
  CHECK(parts == 1'800);
  CHECK(double(redirects) == counter(r.metrics, "redirects"));
}

TEST_CASE("half a million requests are analysed", "[.slow]") {
  setting const x{"", 4, 4, 25'000, 20, 0, true, false, 0};
  world w = run(x, 1);
  auto const began = std::chrono::steady_clock::now();
  result const r = w.analyse();
  WARN("analysed in " << std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count() << " s");
  require_agreement(ratio(r.metrics, "redirect_ratio"));
}

}
