#include "sim/judge/request_traces.hpp"
#include "tests/sim/judge/world.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <functional>

namespace sim::judge {

using records::request_trace;
using records::trace_step;

namespace {

/// What `look` sees of a run's details.
void with_detail(world const& w, std::function<void(detail const&)> const& look) {
  bool looked = false;
  static_cast<void>(analyse(w.s, w.r, [&](findings const& f) {
    REQUIRE(f.each != nullptr);
    look(*f.each);
    looked = true;
  }));
  REQUIRE(looked);
}

request_trace trace_of(world const& w, std::size_t slot) {
  request_trace t;
  with_detail(w, [&](detail const& d) { t = traces_of(d, {static_cast<std::uint32_t>(slot)}).at(0); });
  return t;
}

/// "clients due, clients sends, gateway[0] received, …"
std::string way_of(request_trace const& t) {
  std::string text;
  for (trace_step const& s : t.steps) text += (text.empty() ? "" : ", ") + s.node + " " + s.what;
  return text;
}

std::string fact(records::trace_facts const& facts, std::string const& what) {
  for (auto const& [name, value] : facts)
    if (name == what) return value;
  return "none";
}

std::vector<trace_step> steps_at(request_trace const& t, std::string const& node, std::string const& what) {
  std::vector<trace_step> found;
  std::copy_if(t.steps.begin(), t.steps.end(), std::back_inserter(found),
               [&](trace_step const& s) { return s.node == node && s.what == what; });
  return found;
}

/// Redirected from another proxy to the owner; its slot.
std::size_t redirected(world& w) {
  std::size_t const first = w.request(1, 0);
  auto const owner = static_cast<std::uint16_t>(w.r.clients[first].incarnation >> 48);
  world::options o;
  o.guess = static_cast<std::uint16_t>((owner + 1) % 4);
  return w.request(1, 1, o);
}

}

TEST_CASE("a redirected request's way names each node, each hop's outcome and the redirect's reason") {
  world w(2, 4);
  std::size_t const slot = redirected(w);
  request_trace const t = trace_of(w, slot);
  auto const owner = std::to_string(w.r.clients[slot].incarnation >> 48);
  std::string const other = "proxy[" + std::to_string((std::stoi(owner) + 1) % 4) + "]";
  std::string const right = "proxy[" + owner + "]";
  CHECK(t.request == w.r.clients[slot].request);
  CHECK(t.character == 1u);
  CHECK(t.balancer == "gateway[1]");
  CHECK(t.outcome == "answered");
  CHECK(t.failed.empty());
  CHECK(t.redirects == std::vector<std::string>{"cold"});
  CHECK(t.latency_ns == w.r.clients[slot].done_ns - w.r.clients[slot].intended_ns);
  INFO(way_of(t));
  auto const hops = steps_at(t, "gateway[1]", "hop");
  REQUIRE(hops.size() == 2);
  CHECK(fact(hops[0].facts, "kind") == "first");
  CHECK(fact(hops[0].facts, "chosen_by") == "guess");
  CHECK(fact(hops[0].facts, "result") == "redirected");
  CHECK(fact(hops[1].facts, "kind") == "redirect");
  CHECK(fact(hops[1].facts, "chosen_by") == "none");
  CHECK(fact(hops[1].facts, "result") == "answered");
  auto const wrong = steps_at(t, other, "receives"), served = steps_at(t, right, "receives");
  REQUIRE(wrong.size() == 1);
  CHECK(wrong[0].then == "redirected");
  CHECK(fact(wrong[0].outcome, "to") == right);
  CHECK(fact(wrong[0].outcome, "reason") == "cold");
  REQUIRE(served.size() == 1);
  CHECK(served[0].then == "served");
  CHECK(served[0].until_ns >= served[0].at_ns);
  CHECK(std::is_sorted(t.steps.begin(), t.steps.end(),
                       [](trace_step const& a, trace_step const& b) { return a.at_ns < b.at_ns; }));
  CHECK(t.steps.front().what == "due");
}

TEST_CASE("the target is the one that was sent, with the character's number") {
  world w(1, 4);
  std::size_t const slot = w.request(23, 0);
  w.r.targets.at(w.r.clients[slot].target) = "/characters/{character}/";
  CHECK(trace_of(w, slot).target == "/characters/23/");
}

TEST_CASE("a map's choice is told from a guess, and a session that was granted meanwhile is on the way") {
  world w(1, 4);
  std::size_t const first = w.request(1, 0), second = w.request(1, 0);
  request_trace const creating = trace_of(w, first), known = trace_of(w, second);
  INFO(way_of(creating));
  CHECK(steps_at(creating, "sol[0]", "granted").size() == 1);
  CHECK(steps_at(known, "sol[0]", "granted").empty());
  CHECK(fact(steps_at(known, "gateway[0]", "hop").at(0).facts, "chosen_by") == "map");
}

TEST_CASE("what no book says is said, not invented") {
  world w(1, 4);
  std::size_t const slot = w.request(1, 0);
  w.become(scenario::balancer_kind::nginx);
  request_trace const black_box = trace_of(w, slot);
  CHECK(black_box.not_recorded.at(0).find("keeps no journal") != std::string::npos);
  w.r.clients[slot].done_ns = 0;
  w.r.clients[slot].outcome = records::client_outcome::pending;
  request_trace const pending = trace_of(w, slot);
  CHECK_FALSE(pending.latency_ns);
  CHECK_FALSE(steps_at(pending, "clients", "sends").at(0).until_ns);
  CHECK(pending.not_recorded.at(0).find("how it ended") != std::string::npos);
}

TEST_CASE("of many requests the failed, the slowest and others from the whole run are kept") {
  world w(1, 2);
  for (std::uint32_t i = 0; i != 300; ++i) {
    world::options o;
    if (i == 150) o.lasts_ns = 1'000'000'000;
    w.request(i % 50, 0, o);
  }
  for (std::size_t const failed : {10u, 20u}) w.r.clients[failed].outcome = records::client_outcome::timeout;
  with_detail(w, [&](detail const& d) {
    auto const kept = worth_keeping(d, 30);
    CHECK(kept.size() == 30);
    CHECK(std::is_sorted(kept.begin(), kept.end()));
    CHECK(std::adjacent_find(kept.begin(), kept.end()) == kept.end());
    for (std::uint32_t const slot : {10u, 20u, 150u}) CHECK(std::count(kept.begin(), kept.end(), slot) == 1);
    CHECK(kept.front() < 30);
    CHECK(kept.back() > 250);
    CHECK(worth_keeping(d, 300).size() == 300);
    CHECK(worth_keeping(d, 1000).size() == 300);
    CHECK(worth_keeping(d, 1).size() == 1);
    CHECK(worth_keeping(d, 0).empty());
  });
}

}
