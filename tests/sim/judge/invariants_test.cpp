#include "tests/sim/judge/world.hpp"

#include <catch2/catch.hpp>

#include <functional>
#include <string>

namespace sim::judge {

using records::event_kind;
using records::invariant_result;
using records::located_hop;
using records::probe_kind;
using records::result;

namespace {

using boost::beast::http::verb;
using journal::balancer_event_kind;

/// Two balancers, four proxies, everything that an invariant looks at.
world honest() {
  world w(2, 4, 7);
  for (std::uint32_t c = 0; c != 20; ++c) {
    if (c % 3 == 0) w.log_in(c);
    for (std::uint16_t k = 0; k != 6; ++k) w.request(c, k % 2);
    world::options post;
    post.method = verb::post;
    w.request(c, 0, post);
  }
  world::options probe;
  probe.kind = records::token_kind::none;
  probe.probe = probe_kind::internal_location;
  w.request(0, 0, probe);
  probe.probe = probe_kind::forged_fields;
  w.request(0, 1, probe);
  world::options junk;
  junk.kind = records::token_kind::junk;
  w.request(0, 1, junk);
  w.r.eve.push_back({.character = 3, .received = 17});
  return w;
}

/// Slot of the first request that was redirected.
std::size_t a_redirected(world& w) {
  for (auto const& h : w.r.hops)
    if (h.hop.outcome == journal::hop_outcome::redirected) return h.hop.request - 1;
  throw std::logic_error("nothing was redirected");
}

std::size_t a_post(world& w) {
  for (auto const& c : w.r.clients)
    if (c.method == static_cast<std::uint8_t>(verb::post)) return c.request - 1;
  throw std::logic_error("no POST");
}

struct planted {
  char const* name;
  char const* breaks;
  char const* kind;
  std::function<void(world&)> lie;
};

planted const bugs[] = {
    {"the old owner serves after a move", "one_session", "stale_epoch",
     [](world& w) {
       std::size_t const i = w.request(1, 0);
       auto const old = w.last_hop(i);
       w.move(1, static_cast<std::uint16_t>(((old.incarnation >> 48) + 1) % 4));
       w.request(1, 0);
       std::size_t const late = w.request(1, 0);
       w.last_hop(late).incarnation = w.r.clients[late].incarnation = old.incarnation;
       w.last_hop(late).epoch = w.r.clients[late].epoch = old.epoch;
     }},
    {"a proxy serves under an epoch of another", "right_place", "not_owner",
     [](world& w) {
       std::size_t const i = w.request(500, 0); // the only request under its epoch
       w.last_hop(i).incarnation = w.r.clients[i].incarnation = std::uint64_t{77} << 48;
     }},
    {"the client is answered by an incarnation that was never granted", "right_place", "answer_not_from_owner",
     [](world& w) { w.r.clients[3].epoch = 99; }},
    {"the proxy reads another target", "intact", "target",
     [](world& w) { w.r.clients[a_redirected(w)].findings = records::found_target; }},
    {"the redirected way turns POST into GET", "intact", "method",
     [](world& w) { w.last_hop(a_post(w)).method = static_cast<std::uint8_t>(verb::get); }},
    {"an answer is cut short", "intact", "answer_body",
     [](world& w) { w.r.clients[5].findings = records::found_answer_body; }},
    {"a POST is applied twice", "at_most_once", "applied_twice",
     [](world& w) {
       auto applied = w.r.sols.back();
       applied.kind = journal::sol_event_kind::applied;
       applied.request = a_post(w) + 1;
       w.r.sols.push_back(applied);
     }},
    {"a POST succeeds without being applied", "at_most_once", "not_applied",
     [](world& w) {
       std::erase_if(w.r.sols, [id = a_post(w) + 1](journal::sol_event const& e) { return e.request == id; });
     }},
    {"a POST is sent again after a proxy had it, and the sol drops the duplicate", "at_most_once", "sent_again",
     [](world& w) {
       std::size_t const i = a_post(w);
       auto earlier = w.last_hop(i);
       earlier.received_ns -= 2, earlier.outcome = journal::hop_outcome::aborted, earlier.epoch = 0;
       w.r.hops.push_back({earlier, 0});
       auto again = w.booked(i, balancer_event_kind::hop);
       again.hop = journal::hop_kind::retry, again.hit = 0, again.at_ns += 1;
       w.booked(i, balancer_event_kind::hop).result = journal::hop_result::failed;
       w.r.balancers[w.r.clients[i].balancer].events.push_back(again);
     }},
    {"a PATCH is sent again after bytes of it were accepted by a proxy that died", "at_most_once", "sent_again",
     [](world& w) {
       world::options patch;
       patch.method = verb::patch;
       std::size_t const i = w.request(3, 0, patch);
       w.r.sols.push_back({w.now_ns, i + 1, 0, 0, 3, 0, journal::sol_event_kind::applied, w.r.clients[i].method});
       auto again = w.booked(i, balancer_event_kind::hop);
       again.hop = journal::hop_kind::retry, again.hit = 0, again.at_ns += 1;
       w.booked(i, balancer_event_kind::hop).result = journal::hop_result::failed;
       w.r.balancers[0].events.push_back(again);
       w.event(event_kind::kill, "proxy[3]"); // the proxy's book is lost with it
     }},
    {"a sol is asked to apply a POST again, and no link was lost", "at_most_once", "duplicate",
     [](world& w) {
       auto again = w.r.sols.back();
       again.kind = journal::sol_event_kind::duplicate;
       again.request = a_post(w) + 1;
       w.r.sols.push_back(again);
     }},
    {"a notification is lost", "notifications", "lost",
     [](world& w) {
       w.r.eve.back().lost = 1;
       w.r.eve.back().faults.push_back({records::notification_fault::kind::lost, 1, world::start_ns, w.now_ns});
     }},
    {"a notification comes twice", "notifications", "doubled",
     [](world& w) {
       w.r.eve.back().faults.push_back({records::notification_fault::kind::doubled, 1, w.now_ns, w.now_ns});
     }},
    {"an answer is for another character", "nobody_elses", "foreign",
     [](world& w) { w.r.clients[4].findings = records::found_foreign; }},
    {"a junk token is served", "nobody_elses", "junk_served",
     [](world& w) {
       records::client_record& c = w.r.clients.back();
       c.status = 200;
       c.incarnation = 1;
       w.last_hop(c.request - 1).outcome = journal::hop_outcome::served;
       w.booked(c.request - 1, balancer_event_kind::request).status = 200;
     }},
    {"an internal header comes out", "closed_door", "leak",
     [](world& w) { w.r.clients[2].findings = records::found_leak; }},
    {"a probe gets through to the internal location", "closed_door", "internal_location",
     [](world& w) {
       records::client_record& c = w.r.clients[w.r.clients.size() - 3];
       REQUIRE(c.probe == probe_kind::internal_location);
       c.status = 200;
       w.booked(c.request - 1, balancer_event_kind::request).status = 200;
     }},
    {"a balancer books a hop that no proxy saw", "books", "unseen_hop",
     [](world& w) {
       auto e = w.booked(0, balancer_event_kind::hop);
       e.hop = journal::hop_kind::retry;
       w.r.balancers[0].events.push_back(e);
     }},
    {"a proxy sees a hop that no balancer booked", "books", "unbooked_hop",
     [](world& w) {
       auto h = w.r.hops.back();
       h.hop.outcome = journal::hop_outcome::unavailable;
       w.r.hops.push_back(h);
     }},
    {"a balancer books no request", "books", "not_received",
     [](world& w) {
       std::erase_if(w.r.balancers[0].events, [](journal::balancer_event const& e) {
         return e.request == 1 && e.kind == balancer_event_kind::request;
       });
     }},
    {"a redirect is received and not followed", "books", "redirects_followed",
     [](world& w) { w.booked(5, balancer_event_kind::hop).result = journal::hop_result::redirected; }},
    {"a proxy redirects and the balancer knows nothing of it", "books", "redirects_received",
     [](world& w) {
       std::size_t const i = a_redirected(w);
       for (auto& e : w.r.balancers[w.r.clients[i].balancer].events)
         if (e.request == i + 1 && e.result == journal::hop_result::redirected) {
           e.result = journal::hop_result::answered;
         } else if (e.request == i + 1 && e.hop == journal::hop_kind::redirect) {
           e.hop = journal::hop_kind::retry;
         }
     }},
    {"a balancer's map names a proxy that never had the token", "books", "untaught_hit",
     [](world& w) {
       world::options o;
       o.guess = 2;
       std::size_t const i = w.request(600, 0, o);
       w.booked(i, balancer_event_kind::hop).hit = 1;
     }},
    {"a balancer's map names a proxy that only another balancer was taught", "books", "untaught_hit",
     [](world& w) {
       world::options o;
       o.guess = 2;
       w.request(600, 0, o);
       w.booked(w.request(600, 1, o), balancer_event_kind::hop).hit = 1;
     }},
    {"the client gets another status than the balancer sent", "books", "status",
     [](world& w) { w.r.clients[6].status = 206; }},
    {"a proxy sees a request that nobody sent", "books", "unknown_hop",
     [](world& w) {
       w.r.hops.push_back({{}, 0}), w.r.hops.back().hop.request = 100'000;
     }},
};

}

TEST_CASE("an honest run breaks nothing and exercises every invariant") {
  world w = honest();
  result const r = w.analyse();
  CHECK(broken(r).empty());
  REQUIRE(r.invariants.size() == 8);
  for (invariant_result const& i : r.invariants) {
    INFO(i.name);
    CHECK(i.exercised);
    CHECK(i.violations == 0);
  }
  CHECK(r.verdict == records::verdict::passed);
  CHECK(r.exit_code == 0);
}

TEST_CASE("each planted bug breaks exactly its invariant, with an example that names the request") {
  for (planted const& bug : bugs) {
    INFO(bug.name);
    world w = honest();
    bug.lie(w);
    result const r = w.analyse();
    CHECK(broken(r) == bug.breaks);
    invariant_result const& i = invariant(r, bug.breaks);
    CHECK(i.violations >= 1);
    CHECK(i.by_kind.contains(bug.kind));
    REQUIRE_FALSE(i.examples.empty());
    CHECK(i.examples[0].find(i.name == "notifications" ? "character 3" : "request") != std::string::npos);
    CHECK(r.exit_code == records::exit_failed);
  }
}

TEST_CASE("an invariant that nothing exercised says so") {
  world w(1, 1);
  w.request(1, 0);
  result const r = w.analyse();
  CHECK_FALSE(invariant(r, "at_most_once").exercised);
  CHECK(invariant(r, "at_most_once").checked == 0);
}

TEST_CASE("violations that a balancer declares are counted apart, and must occur") {
  world w = honest();
  w.s.topology.balancers[0].expect_violations = {{"intact", scenario::comparison::greater, 0}};
  SECTION("they occur") {
    w.r.clients[5].findings = records::found_target;
    result const r = w.analyse();
    CHECK(broken(r).empty());
    CHECK(invariant(r, "intact").violations == 0);
    CHECK(invariant(r, "intact").expected_violations == 1);
    CHECK(invariant(r, "intact").by_kind.at("target") == 1);
  }
  SECTION("they do not occur") { CHECK(broken(w.analyse()) == "intact"); }
}

TEST_CASE("what arrived is part of an example") {
  world w = honest();
  w.r.clients[5].findings = records::found_target;
  w.r.observed[6] = "Lab-Target: /a b";
  std::string const example = invariant(w.analyse(), "intact").examples.at(0);
  CHECK(example.find("request 6 at ") != std::string::npos);
  CHECK(example.find("Lab-Target: /a b") != std::string::npos);
}

TEST_CASE("books balance when a proxy is killed in the middle of a request") {
  world w = honest();
  std::size_t const i = w.request(3, 0);
  auto& h = w.last_hop(i);
  h.outcome = journal::hop_outcome::received;
  h.answered_ns = 0;
  h.status = 0;
  for (auto& e : w.r.balancers[0].events)
    if (e.request == i + 1 && e.kind == balancer_event_kind::hop && e.result == journal::hop_result::answered)
      e.result = journal::hop_result::failed;
  auto& booked = w.booked(i, balancer_event_kind::request);
  booked.outcome = journal::request_result::failed;
  booked.status = w.r.clients[i].status = 502;
  w.r.clients[i].incarnation = w.r.clients[i].epoch = 0;
  SECTION("it saw the hop") { CHECK(broken(w.analyse()).empty()); }
  SECTION("it did not see the hop, and died") {
    std::erase_if(w.r.hops, [&](located_hop const& x) { return x.hop.request == i + 1 && x.hop.answered_ns == 0; });
    w.event(event_kind::kill, "proxy[1]");
    result const r = w.analyse();
    CHECK(broken(r).empty());
    CHECK(invariant(r, "books").note.find("1 hops sent to a node as it died") != std::string::npos);
  }
  SECTION("it did not see the hop, and nobody died") {
    std::erase_if(w.r.hops, [&](located_hop const& x) { return x.hop.request == i + 1 && x.hop.answered_ns == 0; });
    CHECK(broken(w.analyse()) == "books");
  }
}

TEST_CASE("books balance when a gateway is killed with requests in flight") {
  world w = honest();
  std::size_t const i = w.request(3, 1);
  w.booked(i, balancer_event_kind::request).outcome = journal::request_result::pending;
  w.booked(i, balancer_event_kind::request).status = 0;
  for (auto& e : w.r.balancers[1].events)
    if (e.request == i + 1 && e.kind == balancer_event_kind::hop && e.result == journal::hop_result::answered)
      e.result = journal::hop_result::pending;
  w.r.clients[i].outcome = records::client_outcome::reset;
  w.r.clients[i].status = 0;
  w.r.clients[i].incarnation = w.r.clients[i].epoch = 0;
  SECTION("it was killed") {
    w.event(event_kind::restart, "gateway[1]");
    CHECK(broken(w.analyse()).empty());
  }
  SECTION("it was not") { CHECK(broken(w.analyse()) == "books"); }
}

TEST_CASE("hops that were not delivered are listed") {
  world w = honest();
  std::size_t const i = w.request(3, 0);
  auto e = w.booked(i, balancer_event_kind::hop);
  e.at_ns -= 1;
  e.result = journal::hop_result::not_delivered;
  for (auto& other : w.r.balancers[0].events)
    if (other.request == i + 1 && other.hop == journal::hop_kind::first && other.kind == balancer_event_kind::hop)
      other.hop = journal::hop_kind::retry;
  w.r.balancers[0].events.push_back(e);
  result const r = w.analyse();
  CHECK(broken(r).empty());
  CHECK(invariant(r, "books").note.find("1 hops not delivered") != std::string::npos);
}

TEST_CASE("an answer through a black box is a proxy's own, whatever its status, and nobody else's") {
  for (journal::hop_outcome const outcome :
       {journal::hop_outcome::served, journal::hop_outcome::unavailable, journal::hop_outcome::unauthorized,
        journal::hop_outcome::malformed, journal::hop_outcome::received, journal::hop_outcome::redirected,
        journal::hop_outcome::aborted}) {
    world w = honest();
    w.become(scenario::balancer_kind::nginx);
    w.last_hop(9).outcome = outcome;
    bool const answers = outcome != journal::hop_outcome::received && outcome != journal::hop_outcome::redirected &&
                         outcome != journal::hop_outcome::aborted;
    INFO(static_cast<int>(outcome));
    CHECK((invariant(w.analyse(), "books").violations == 0) == answers);
    ++w.last_hop(9).incarnation;
    CHECK(invariant(w.analyse(), "books").violations == 1);
  }
}

TEST_CASE("a black box's books are checked as far as they can be, and the report says how far") {
  world w = honest();
  w.become(scenario::balancer_kind::nginx);
  CHECK(broken(w.analyse()).empty());
  CHECK(invariant(w.analyse(), "books").note.find("nginx[0], nginx[1]: black box") != std::string::npos);
  std::erase_if(w.r.hops, [](located_hop const& h) { return h.hop.request == 9; });
  CHECK(broken(w.analyse()) == "books");
}

}

namespace sim::judge {
namespace {

/// Before character 600 sends its first request that needs a proxy, balancer `by` refreshes an answer with the token of
/// `whose` at proxy[2]. Then balancer 1's map names proxy[2].
struct refresh {
  char const* name;
  std::uint64_t violations;
  std::uint16_t by = 1;
  std::uint32_t whose = 600;
  bool shared = false, late = false;
  journal::hop_kind kind = journal::hop_kind::own;
};

refresh const refreshes[] = {
    {.name = "its own refresh", .violations = 0},
    {.name = "another balancer's refresh", .violations = 1, .by = 0},
    {.name = "a refresh of one that shares its map", .violations = 0, .by = 0, .shared = true},
    {.name = "a refresh for another character", .violations = 1, .whose = 601},
    {.name = "a refresh that came later", .violations = 1, .late = true},
    {.name = "no refresh, but a hop whose id was unreadable", .violations = 1, .kind = journal::hop_kind::first},
};

}

TEST_CASE("a refresh of a cache teaches the map, and nothing else without a request does") {
  for (refresh const& c : refreshes) {
    INFO(c.name);
    world w = honest();
    if (c.shared) w.s.topology.balancers[0].shared_map.emplace();
    w.log_in(600);
    world::options o;
    o.guess = 2;
    std::size_t const i = w.request(600, 1, o);
    journal::balancer_event const& hop = w.booked(i, balancer_event_kind::hop);
    std::int64_t const when = hop.at_ns + (c.late ? 1 : -1);
    journal::balancer_event booked{};
    booked.at_ns = when, booked.kind = balancer_event_kind::hop, booked.hop = c.kind;
    booked.result = journal::hop_result::answered;
    booked.upstream_address = w.r.proxies[2].address, booked.upstream_port = w.r.proxies[2].port;
    w.booked(i, balancer_event_kind::hop).hit = 1;
    w.r.balancers[c.by].events.push_back(booked);
    journal::proxy_hop seen{};
    seen.received_ns = seen.answered_ns = when, seen.character = c.whose, seen.status = 200;
    seen.outcome = journal::hop_outcome::served;
    w.r.hops.push_back({seen, 2});
    invariant_result const books = invariant(w.analyse(), "books");
    auto const untaught = books.by_kind.find("untaught_hit");
    CHECK((untaught == books.by_kind.end() ? 0 : untaught->second) == c.violations);
  }
}

}
