#include "sim/judge/counters.hpp"
#include "tests/sim/judge/world.hpp"

#include <catch2/catch.hpp>

#include <string>

/// A balancer's own counters against its journal: what honest balancers would say, and then one counter that lies.
namespace sim::judge {
namespace {

using journal::balancer_event_kind;
using journal::hop_kind;
using journal::hop_result;

/// Counts as the gateway does, event by event.
std::map<std::string, std::uint64_t> counted(records::balancer_records const& b, std::int64_t since_ns) {
  std::map<std::string, std::uint64_t> c;
  for (char const* name : {"requests_total", "guesses_total", "guess_hits_total", "map_hits_total", "stale_hits_total",
                           "redirects_total", "retries_total", "failed_total", "refused_total", "client_gone_total",
                           "internal_probes_total", "redirects_refused_limit_total", "redirects_refused_unknown_total",
                           "request_duration_seconds_count", "learnt_total", "evicted_total", "token_map_entries"})
    c[name] = 0;
  for (journal::balancer_event const& e : b.events) {
    if (e.at_ns < since_ns) continue;
    if (e.kind == balancer_event_kind::request) {
      bool const refused = e.outcome == journal::request_result::refused;
      ++c[refused ? "refused_total" : "requests_total"];
      ++c["request_duration_seconds_count"];
      c["failed_total"] += e.outcome == journal::request_result::failed;
      c["internal_probes_total"] += refused && e.status == 404;
      continue;
    }
    std::string const label = "{upstream=\"127.0.0.1:" + std::to_string(e.upstream_port) + "\"}";
    ++c["upstream_hops_total" + label];
    bool const redirected = e.result == hop_result::redirected;
    c["upstream_redirects_total" + label] += redirected;
    c["upstream_failures_total" + label] += e.result == hop_result::failed;
    c["redirects_total"] += redirected;
    c["retries_total"] += e.hop == hop_kind::retry;
    c["map_hits_total"] += e.hit;
    c["stale_hits_total"] += e.hit && redirected;
    bool const guess = e.hop == hop_kind::first && !e.hit;
    c["guesses_total"] += guess;
    c["guess_hits_total"] += guess && !redirected;
    c["learnt_total"] += !e.hit && !redirected;
  }
  return c;
}

world busy() {
  world w(2, 4, 11);
  for (std::uint32_t i = 0; i != 400; ++i) {
    if (i % 50 == 20) w.move(i % 20, static_cast<std::uint16_t>(i / 50 % 4));
    w.request(i % 20, static_cast<std::uint16_t>(i % 2));
  }
  world::options probe;
  probe.kind = records::token_kind::none;
  probe.probe = records::probe_kind::internal_location;
  w.request(0, 0, probe);
  return w;
}

void read_counters(world& w) {
  for (records::balancer_records& b : w.r.balancers) {
    b.counters = counted(b, b.counting_since_ns);
    b.counters_read_ns = w.now_ns;
  }
}

}

TEST_CASE("counters that agree with the journal break nothing, and are said to be unread where they are") {
  world w = busy();
  CHECK(invariant(w.analyse(), "books").note.find("gateway[0], gateway[1]: its own counters") != std::string::npos);
  std::uint64_t const unread = invariant(w.analyse(), "books").checked;
  read_counters(w);
  records::result const r = w.analyse();
  CHECK(broken(r).empty());
  CHECK(invariant(r, "books").note.find("counters") == std::string::npos);
  CHECK(invariant(r, "books").checked >= unread + 2 * 15);
}

TEST_CASE("every counter that is compared is found out when it is one too high or too low") {
  world honest = busy();
  read_counters(honest);
  std::size_t tried = 0;
  for (auto const& [name, value] : honest.r.balancers[0].counters) {
    std::string const bare = name.substr(0, name.find('{'));
    bool const bound_only = bare == "learnt_total" || bare == "evicted_total" || bare == "token_map_entries";
    CHECK(is_compared(bare));
    for (int const wrong : {1, -1}) {
      if (bound_only || (wrong < 0 && value == 0)) continue;
      INFO(name << " is wrong by " << wrong);
      world w = honest;
      w.r.balancers[0].counters[name] += static_cast<std::uint64_t>(wrong);
      records::result const r = w.analyse();
      CHECK(broken(r) == "books");
      CHECK(invariant(r, "books").by_kind.at("counter") == 1);
      CHECK(invariant(r, "books").examples.at(0).find("gateway[0] says ") != std::string::npos);
      ++tried;
    }
  }
  CHECK(tried > 20);
}

TEST_CASE("the map cannot have forgotten, or hold, more than it learnt") {
  for (char const* const name : {"evicted_total", "token_map_entries"}) {
    INFO(name);
    world w = busy();
    read_counters(w);
    w.r.balancers[1].counters[name] = w.r.balancers[1].counters["learnt_total"] + 1;
    CHECK(broken(w.analyse()) == "books");
  }
  world w = busy();
  read_counters(w);
  w.r.balancers[1].counters["learnt_total"] = 100'000;
  CHECK(broken(w.analyse()) == "books");
}

TEST_CASE("a hop whose answer could not be passed on has failed for the journal, whichever way the gateway counts it") {
  struct counted_as {
    char const* name;
    std::uint64_t failures, bad_answers;
    bool agrees;
  };
  for (counted_as const& c : {counted_as{"both failed", 2, 0, true},
                              {"one of each", 1, 1, true},
                              {"both bad answers", 0, 2, true},
                              {"one counted twice", 2, 1, false},
                              {"one not counted", 1, 0, false},
                              {"none counted", 0, 0, false}}) {
    INFO(c.name);
    world w = busy();
    std::string label;
    for (int k = 0; k != 2; ++k) {
      std::size_t const i = w.request(0, 0);
      journal::balancer_event& hop = w.booked(i, balancer_event_kind::hop);
      REQUIRE(hop.hit == 1);
      hop.result = hop_result::failed;
      w.booked(i, balancer_event_kind::request).outcome = journal::request_result::failed;
      label = "{upstream=\"127.0.0.1:" + std::to_string(hop.upstream_port) + "\"}";
    }
    read_counters(w);
    auto& counters = w.r.balancers[0].counters;
    counters["upstream_failures_total" + label] = c.failures;
    counters["upstream_bad_answers_total" + label] = c.bad_answers;
    auto const kinds = invariant(w.analyse(), "books").by_kind; // of a result that is gone
    CHECK(kinds.contains("counter") != c.agrees);
  }
}

TEST_CASE("a balancer that was restarted has counted its last life only") {
  world w = busy();
  w.event(records::event_kind::restart, "gateway[1]");
  w.r.balancers[1].counting_since_ns = w.now_ns;
  for (std::uint32_t i = 0; i != 50; ++i) {
    w.forget(1, i % 20);
    w.request(i % 20, 1);
  }
  read_counters(w);
  CHECK(broken(w.analyse()).empty());
  w.r.balancers[1].counting_since_ns = 0;
  CHECK(broken(w.analyse()) == "books");
}

TEST_CASE("a map holds no more than it learnt and was given by the life before") {
  world w = busy();
  read_counters(w);
  auto& counters = w.r.balancers[0].counters;
  std::uint64_t const learnt = counters["learnt_total"];
  counters["restored_total"] = 5;
  counters["token_map_entries"] = learnt + 5;
  CHECK(broken(w.analyse()).empty());
  counters["token_map_entries"] = learnt + 6;
  CHECK(broken(w.analyse()) == "books");
}

TEST_CASE("a request that its client gave up may be in one book only, others may not") {
  world w = busy();
  std::size_t const i = w.request(3, 0);
  read_counters(w);
  w.r.clients[i].outcome = records::client_outcome::timeout;
  w.r.clients[i].status = 0;
  w.r.clients[i].incarnation = w.r.clients[i].epoch = 0;
  --w.r.balancers[0].counters["requests_total"];
  CHECK(broken(w.analyse()).empty());
  w.r.balancers[0].counters["requests_total"] -= 9;
  CHECK(broken(w.analyse()) == "books");
}

TEST_CASE("a broken counter in a thousand requests is seen") {
  world w(1, 4, 5);
  for (std::uint32_t i = 0; i != 3000; ++i) w.request(i % 300, 0);
  read_counters(w);
  CHECK(broken(w.analyse()).empty());
  w.r.balancers[0].counters["map_hits_total"] += w.r.balancers[0].counters["map_hits_total"] / 1000;
  CHECK(broken(w.analyse()) == "books");
}

}
