#include "tests/sim/judge/world.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>

namespace sim::judge {

using records::client_outcome;
using records::result;
using records::token_kind;

namespace {

/// The proxy after the session's.
std::uint16_t wrong(world& w, std::size_t slot) {
  return static_cast<std::uint16_t>(((w.r.clients[slot].incarnation >> 48) + 1) % w.s.topology.proxies.count);
}

world::options guessing(std::uint16_t proxy) {
  world::options o;
  o.guess = proxy;
  return o;
}

double count(result const& r, std::string const& reason) {
  return counter(r.metrics, "redirects{reason:" + reason + "}");
}

/// Every redirect of the run has exactly one reason: `expected` is the only one that occurred, so many times.
void require_only(world& w, std::string const& expected, double times = 1) {
  result const r = w.analyse();
  double sum = 0;
  for (auto const& [name, metric] : r.metrics)
    if (name.starts_with("redirects{reason:")) {
      double const n = std::get<records::counter_metric>(metric).value;
      INFO(name);
      CHECK(n == (name == "redirects{reason:" + expected + "}" ? times : 0));
      sum += n;
    }
  CHECK(sum == counter(r.metrics, "redirects"));
}

}

TEST_CASE("a token that the balancer never knew is redirected cold") {
  world w(2, 4);
  std::size_t const i = w.request(1, 0);
  w.request(1, 1, guessing(wrong(w, i)));
  w.request(1, 1);
  require_only(w, "cold");
}

TEST_CASE("a second request while the first is in flight raced") {
  world w(2, 4);
  std::size_t const i = w.request(1, 0);
  auto o = guessing(wrong(w, i));
  o.lasts_ns = 1'000'000;
  std::size_t const slow = w.request(1, 1, o); // cold, and in flight for long
  std::size_t const later = [&] {
    w.now_ns = w.r.clients[slow].sent_ns + 7; // before the first proxy has even decided
    w.forget(1, 1);
    return w.request(1, 1, guessing(wrong(w, i)));
  }();
  REQUIRE(w.r.clients[later].sent_ns < w.r.clients[slow].done_ns);
  result const r = w.analyse();
  CHECK(count(r, "cold") == 1);
  CHECK(count(r, "raced") == 1);
  CHECK(counter(r.metrics, "redirects") == 2);
}

TEST_CASE("a guess that came before the map that balancers share knew has raced") {
  struct row {
    char const* name;
    bool shared;
    void (*play)(world&); // its last request is redirected
    char const* expected;
    bool conditions; // theory takes the guess into account
  };
  static auto const last = [](world& w, std::uint16_t balancer, std::int64_t after_ns = 0) {
    w.now_ns += after_ns;
    w.request(1, balancer, guessing(wrong(w, 0)));
  };
  constexpr std::int64_t ms = 1'000'000;
  row const rows[] = {{"at once", true, [](world& w) { last(w, 1); }, "raced", true},
                      {"within the patience for Redis", true, [](world& w) { last(w, 1, 2 * ms); }, "raced", true},
                      {"after it", true, [](world& w) { last(w, 1, 4 * ms); }, "cold", false},
                      {"at once, at balancers that share nothing", false, [](world& w) { last(w, 1); }, "cold", true},
                      {"after a long time in which it was asked for again at the first", true,
                       [](world& w) {
                         w.now_ns += 10 * ms;
                         w.request(1, 0);
                         last(w, 1);
                       },
                       "cold", false},
                      {"at a third, right after the second had learnt it from the map", true,
                       [](world& w) {
                         w.now_ns += 10 * ms;
                         w.request(1, 1, guessing(static_cast<std::uint16_t>(w.r.clients[0].incarnation >> 48)));
                         last(w, 2);
                       },
                       "cold", false},
                      {"another character's request was the earlier one", true,
                       [](world& w) {
                         w.log_in(2);
                         auto const owner = static_cast<std::uint16_t>(w.r.sols.back().incarnation >> 48);
                         w.request(2, 1, guessing(static_cast<std::uint16_t>((owner + 1) % 4)));
                       },
                       "cold", true},
                      {"the same balancer knew it, and has lost it", true,
                       [](world& w) {
                         w.forget(0, 1);
                         last(w, 0, ms);
                       },
                       "evicted", false},
                      {"while the first is in flight elsewhere", true,
                       [](world& w) {
                         w.r.clients[0].done_ns += 100;
                         last(w, 1);
                       },
                       "raced", false}};
  for (row const& x : rows) {
    INFO(x.name);
    world w(3, 4, 7);
    if (x.shared) w.s.topology.balancers[0].shared_map.emplace();
    w.request(1, 0);
    x.play(w);
    result const r = w.analyse();
    CHECK(count(r, x.expected) == 1);
    CHECK(counter(r.metrics, "redirects") == 1);
    records::ratio_metric const& m = ratio(r.metrics, "redirect_ratio");
    bool const expects_it = m.theory && *m.theory * static_cast<double>(m.denominator) == Approx(0.75);
    CHECK(expects_it == x.conditions);
    CHECK((m.theory_note.find("(raced)") != std::string::npos) == (x.conditions && std::string(x.expected) == "raced"));
  }
}

TEST_CASE("a map that names the former owner is redirected as moved") {
  for (bool journal : {true, false}) {
    INFO("with a journal: " << journal);
    world w(1, 4);
    if (!journal) w.become(scenario::balancer_kind::nginx);
    std::size_t const i = w.request(1, 0);
    w.move(1, wrong(w, i));
    w.request(1, 0);
    require_only(w, "moved");
    CHECK(ratio(w.analyse().metrics, "stale_hit_ratio").numerator == 1);
  }
}

TEST_CASE("a token that was known, with nothing to explain the loss, was evicted") {
  world w(1, 4);
  std::size_t const i = w.request(1, 0);
  w.forget(0, 1);
  w.request(1, 0, guessing(wrong(w, i)));
  require_only(w, "evicted");
}

TEST_CASE("a loss that overlap explains is not called an eviction") {
  world w(1, 4);
  w.log_in(1);
  std::uint16_t const owner = [&] { return static_cast<std::uint16_t>(w.r.sols[0].incarnation >> 48); }();
  auto const miss = static_cast<std::uint16_t>((owner + 1) % 4);
  auto o = guessing(miss);
  o.lasts_ns = 1'000'000;
  for (int k = 0; k != 5; ++k) { // all sent before any of them was answered in full
    w.request(1, 0, o);
    w.forget(0, 1);
    w.now_ns = w.r.clients.back().sent_ns + 60;
  }
  result const r = w.analyse();
  CHECK(count(r, "cold") == 1);
  CHECK(count(r, "raced") == 4);
  CHECK(count(r, "evicted") == 0);
}

TEST_CASE("an old slow answer that overwrites a newer entry is a stale hit, not an eviction") {
  world w(1, 4);
  w.become(scenario::balancer_kind::nginx);
  world::options slow;
  slow.lasts_ns = 1'000'000;
  std::size_t const old = w.request(1, 0, slow);
  auto const former = static_cast<std::uint16_t>(w.r.clients[old].incarnation >> 48);
  w.now_ns = w.r.clients[old].sent_ns + 100;
  w.move(1, wrong(w, old));
  w.request(1, 0);
  w.now_ns = w.r.clients[old].done_ns + 10;
  w.forget(0, 1);
  w.request(1, 0, guessing(former)); // the map says so again
  result const r = w.analyse();
  CHECK(count(r, "moved") == 2);
  CHECK(count(r, "evicted") == 0);
}

TEST_CASE("a token that was known before the balancer's restart is redirected as restarted") {
  world w(1, 4);
  std::size_t const i = w.request(1, 0);
  w.event(records::event_kind::restart, "gateway[0]");
  w.forget(0, 1);
  w.request(1, 0, guessing(wrong(w, i)));
  require_only(w, "restarted");
}

TEST_CASE("a token that is guessed after a restart which kept the map is not redirected because of the restart") {
  world w(1, 4);
  std::size_t const i = w.request(1, 0);
  w.event(records::event_kind::restart, "gateway[0]").map_kept = true;
  w.forget(0, 1);
  w.request(1, 0, guessing(wrong(w, i)));
  require_only(w, "evicted");
}

TEST_CASE("a token whose proxy died is redirected as forgotten") {
  world w(1, 4);
  std::size_t const i = w.request(1, 0);
  w.event(records::event_kind::kill, "proxy[" + std::to_string(w.r.clients[i].incarnation >> 48) + "]");
  w.forget(0, 1);
  w.request(1, 0, guessing(wrong(w, i)));
  require_only(w, "forgotten");
}

TEST_CASE("an answer that names no proxy makes the article's Lua forget") {
  world w(1, 4);
  w.become(scenario::balancer_kind::nginx);
  std::size_t const i = w.request(1, 0);
  std::size_t const broken_one = w.request(1, 0);
  w.last_hop(broken_one).outcome = journal::hop_outcome::unavailable;
  w.r.clients[broken_one].status = 503;
  w.forget(0, 1);
  w.request(1, 0, guessing(wrong(w, i)));
  require_only(w, "forgotten");
}

TEST_CASE("the second redirect of one request is chained") {
  world w(1, 4);
  w.log_in(1);
  std::size_t const i =
      w.request(1, 0, guessing(static_cast<std::uint16_t>(((w.r.sols[0].incarnation >> 48) + 1) % 4)));
  journal::proxy_hop again = w.last_hop(i);
  again.outcome = journal::hop_outcome::redirected;
  again.received_ns -= 2;
  w.r.hops.insert(w.r.hops.end() - 1, {again, 3});
  result const r = w.analyse();
  CHECK(count(r, "cold") == 1);
  CHECK(count(r, "chained") == 1);
  CHECK(counter(r.metrics, "redirects") == 2);
}

TEST_CASE("a redirect without a token, or without a map, says so") {
  world w(1, 4);
  w.log_in(1);
  auto const miss = static_cast<std::uint16_t>(((w.r.sols[0].incarnation >> 48) + 1) % 4);
  SECTION("no map") {
    w.without_maps();
    w.request(1, 0, guessing(miss));
    w.request(1, 0, guessing(miss));
    require_only(w, "no_map", 2);
  }
  SECTION("no token") {
    std::size_t const i = w.request(1, 0, guessing(miss));
    w.r.clients[i].kind = token_kind::none;
    require_only(w, "no_token");
  }
  SECTION("an external balancer hides it") {
    w.become(scenario::balancer_kind::external);
    w.request(1, 0, guessing(miss));
    require_only(w, "unknown");
  }
}

TEST_CASE("a request that never reached a balancer was not in flight there") {
  world w(1, 4);
  w.log_in(1);
  records::client_record lost; // could not connect, after a second's trying
  lost.request = 1;
  lost.intended_ns = w.now_ns;
  lost.done_ns = w.now_ns + 1'000'000'000;
  lost.character = 1;
  lost.balancer = 0;
  lost.outcome = client_outcome::connect_error;
  w.r.clients.push_back(lost);
  w.request(1, 0, guessing(static_cast<std::uint16_t>(((w.r.sols[0].incarnation >> 48) + 1) % 4)));
  require_only(w, "cold");
  CHECK(broken(w.analyse()).empty());
  CHECK(counter(w.analyse().metrics, "failed_requests") == 1);
}

TEST_CASE("ratios count redirects over the requests that needed a proxy, per phase and balancer") {
  world w(2, 4);
  w.s.phases = {{"one", scenario::nanoseconds(1), {}}, {"two", scenario::nanoseconds::max(), {}}};
  std::size_t const i = w.request(1, 0);
  w.request(1, 1, guessing(wrong(w, i)));
  world::options probe;
  probe.kind = token_kind::none;
  probe.probe = records::probe_kind::internal_location;
  w.request(1, 1, probe);                                                // a probe is no load
  w.r.clients[w.request(1, 1, probe)].probe = records::probe_kind::none; // answered by the balancer: not in the ratio
  w.request(1, 1);
  w.r.clients.back().phase = 1;
  result const r = w.analyse();
  CHECK(ratio(r.metrics, "redirect_ratio").numerator == 1);
  CHECK(ratio(r.metrics, "redirect_ratio").denominator == 3);
  CHECK(counter(r.metrics, "requests") == 4);
  CHECK(counter(r.metrics, "balancer_answers") == 1);
  CHECK(counter(r.metrics, "refused") == 1);
  CHECK(ratio(r.balancers[0].metrics, "redirect_ratio").numerator == 0);
  CHECK(ratio(r.balancers[1].metrics, "redirect_ratio").denominator == 2);
  CHECK(ratio(r.balancers[1].phases.at("one"), "redirect_ratio").value == 1);
  CHECK(ratio(r.balancers[1].phases.at("two"), "redirect_ratio").denominator == 1);
  CHECK(ratio(r.phases[0].metrics, "redirect_ratio").value == 0.5);
  CHECK(ratio(r.metrics, "map_hit_ratio").numerator == 1);
  CHECK(ratio(r.metrics, "map_hit_ratio").denominator == 3);
  CHECK(ratio(r.metrics, "guess_hit_ratio").numerator == 1);
  CHECK(counter(r.metrics, "sessions_created") == 1);
  CHECK(counter(r.balancers[0].metrics, "sessions_created") == 1);
}

TEST_CASE("a request fails without a whole answer below 500, and a junk token's 401 is right") {
  struct row {
    char const* name;
    client_outcome outcome;
    std::uint16_t status;
    token_kind kind;
    bool fails;
  };
  row const rows[] = {{"200", client_outcome::answered, 200, token_kind::own, false},
                      {"404", client_outcome::answered, 404, token_kind::own, false},
                      {"503", client_outcome::answered, 503, token_kind::own, true},
                      {"401 for a good token", client_outcome::answered, 401, token_kind::own, true},
                      {"401 for junk", client_outcome::answered, 401, token_kind::junk, false},
                      {"502 for junk", client_outcome::answered, 502, token_kind::junk, true},
                      {"reset", client_outcome::reset, 0, token_kind::own, true},
                      {"timeout", client_outcome::timeout, 0, token_kind::own, true},
                      {"never ended", client_outcome::pending, 0, token_kind::own, true}};
  for (row const& x : rows) {
    INFO(x.name);
    world w(1, 1);
    std::size_t const i = w.request(1, 0);
    w.r.clients[i].outcome = x.outcome;
    w.r.clients[i].status = x.status;
    w.r.clients[i].kind = x.kind;
    CHECK(counter(w.analyse().metrics, "failed_requests") == (x.fails ? 1 : 0));
  }
}

}
