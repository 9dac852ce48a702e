// Proxies and a sol joined by queues. A seed decides how messages interleave, which are lost, and who restarts; the
// invariants must hold in any case.
#include "fakeproxy/cluster/node.hpp"
#include "fakeproxy/cluster/sol.hpp"

#include <catch2/catch.hpp>

#include <deque>
#include <map>
#include <memory>
#include <set>

using namespace fakeproxy::cluster;
using journal::sol_event_kind;

namespace {

constexpr duration lease = 1000 * millisecond;

/// A cluster of one sol. Messages wait in order on each connection until the test delivers them.
struct world {
  struct side {
    std::unique_ptr<proxy_node> node;
    std::deque<message> to_sol, to_proxy;
    link_id link = 0;
    bool alive = true;
    std::vector<std::tuple<ticket, character_id, session_epoch>> serving;
    std::map<ticket, character_id> asking;
  };
  std::mt19937_64 random;
  std::vector<side> proxies;
  std::unique_ptr<sol> shard = std::make_unique<sol>(registry::settings{.sol = 0, .lease = lease});
  std::vector<journal::sol_event> journal;
  time_point clock = 1'000'000;
  ticket next_ticket = 1;
  link_id next_link = 1;
  std::map<character_id, session_epoch> granted; // the newest grants, from the journal
  std::map<std::pair<character_id, session_epoch>, incarnation> owners;
  std::map<std::uint64_t, int> applied;
  std::uint64_t served = 0, redirected = 0, unavailable = 0;

  world(std::uint64_t seed, std::size_t count)
    : random(seed)
    , proxies(count) {
    for (std::size_t i = 0; i < count; ++i) start(i);
  }

  std::uint64_t draw(std::uint64_t bound) { return random() % bound; }

  void start(std::size_t i) {
    side& p = proxies[i];
    clock += 1000;
    p = side{};
    p.node = std::make_unique<proxy_node>(proxy_node::settings{.index = static_cast<std::uint16_t>(i),
                                                               .sols = 1,
                                                               .where = {1, static_cast<std::uint16_t>(i + 1), 1},
                                                               .lease = lease},
                                          clock);
    connect(i);
  }

  void connect(std::size_t i) {
    side& p = proxies[i];
    p.link = next_link++;
    node_actions out;
    p.node->on_connected(0, clock, out);
    perform(i, out);
  }

  void disconnect(std::size_t i) {
    side& p = proxies[i];
    p.to_sol.clear();
    p.to_proxy.clear();
    sol_actions out;
    shard->on_disconnected(p.link, clock, out);
    p.link = 0;
    perform(out);
    if (!p.alive) return;
    node_actions node_out;
    p.node->on_disconnected(0, node_out);
    perform(i, node_out);
  }

  void kill(std::size_t i) {
    proxies[i].alive = false;
    proxies[i].serving.clear();
    proxies[i].asking.clear();
    if (proxies[i].link != 0) disconnect(i);
  }

  void restart_sol() {
    for (std::size_t i = 0; i < proxies.size(); ++i) {
      if (proxies[i].link != 0) disconnect(i);
    }
    shard = std::make_unique<sol>(registry::settings{.sol = 0, .lease = lease});
    shard->replay(journal, clock);
  }

  void perform(sol_actions& out) {
    for (auto const& event : out.events) take_down(event);
    for (auto const& o : out.send) {
      for (side& p : proxies) {
        if (p.link == o.link && p.link != 0) p.to_proxy.push_back(o.what);
      }
    }
  }

  void take_down(journal::sol_event const& event) {
    journal.push_back(event);
    auto const character = static_cast<character_id>(event.character);
    if (event.kind == sol_event_kind::granted) {
      auto const epoch = static_cast<session_epoch>(event.epoch);
      CHECK(epoch > granted[character]); // epochs only grow, each has one owner
      CHECK(owners.emplace(std::pair{character, epoch}, static_cast<incarnation>(event.incarnation)).second);
      granted[character] = epoch;
    }
    if (event.kind == sol_event_kind::applied) CHECK(++applied[event.request] == 1);
  }

  void perform(std::size_t i, node_actions& out) {
    side& p = proxies[i];
    while (!(out.send.empty() && out.resume.empty() && out.probes.empty() && out.applied.empty())) {
      for (std::size_t n = 0; n < out.send.size(); ++n) {
        if (p.link != 0) p.to_sol.push_back(out.send[n].what);
      }
      out.send.clear();
      for (std::size_t n = 0; n < out.resume.size(); ++n) decided(i, out.resume[n].who, out.resume[n].how);
      out.resume.clear();
      out.applied.clear();
      for (std::size_t n = 0; n < out.probes.size(); ++n) {
        incarnation const owner = out.probes[n].owner;
        side const& other = proxies[proxy_index_of(owner)];
        p.node->on_probed(owner, other.alive && other.node->id() == owner, clock, out);
      }
      out.probes.clear();
    }
  }

  void decided(std::size_t i, ticket who, decision const& how) {
    side& p = proxies[i];
    auto const at = p.asking.find(who);
    REQUIRE(at != p.asking.end());
    character_id const character = at->second;
    p.asking.erase(at);
    if (how.what == decision::kind::serve) {
      // The right place: this epoch was granted to this incarnation, and no newer one was.
      CHECK(owners.at({character, how.epoch}) == p.node->id());
      CHECK(granted[character] == how.epoch);
      p.serving.emplace_back(who, character, how.epoch);
      ++served;
    }
    if (how.what == decision::kind::redirect) {
      CHECK(how.owner != p.node->id());
      ++redirected;
    }
    if (how.what == decision::kind::unavailable) ++unavailable;
  }

  // One random step.

  void ask(std::size_t i, character_id character) {
    side& p = proxies[i];
    ticket const who = next_ticket++;
    p.asking[who] = character;
    node_actions out;
    decision const how = p.node->on_request(character, who, clock, out);
    if (how.what != decision::kind::wait) decided(i, who, how);
    perform(i, out);
  }

  void finish(std::size_t i) {
    side& p = proxies[i];
    if (p.serving.empty()) return;
    auto const [who, character, epoch] = p.serving.back();
    p.serving.pop_back();
    node_actions out;
    p.node->on_finished(character, epoch, out);
    perform(i, out);
  }

  void apply(std::size_t i, std::uint64_t request) {
    side& p = proxies[i];
    if (p.serving.empty()) return;
    auto const [who, character, epoch] = p.serving.front();
    node_actions out;
    p.node->apply(character, epoch, who, request, 3, out);
    perform(i, out);
  }

  void deliver(std::size_t i) {
    side& p = proxies[i];
    if (p.link == 0) return;
    bool const up = p.to_proxy.empty() || (!p.to_sol.empty() && draw(2) == 0);
    if (up && !p.to_sol.empty()) {
      message const m = p.to_sol.front();
      p.to_sol.pop_front();
      sol_actions out;
      shard->on_message(p.link, m, clock, out);
      perform(out);
    } else if (!p.to_proxy.empty()) {
      message const m = p.to_proxy.front();
      p.to_proxy.pop_front();
      node_actions out;
      p.node->on_message(0, m, clock, out);
      perform(i, out);
    }
  }

  void tick(duration by) {
    clock += by;
    sol_actions out;
    shard->on_tick(clock, out);
    perform(out);
    for (std::size_t i = 0; i < proxies.size(); ++i) {
      if (!proxies[i].alive) continue;
      node_actions node_out;
      proxies[i].node->on_tick(clock, node_out);
      perform(i, node_out);
    }
  }

  void step(std::uint64_t characters) {
    std::size_t const i = draw(proxies.size());
    side& p = proxies[i];
    auto const character = static_cast<character_id>(draw(characters));
    std::uint64_t const what = draw(1000);
    clock += static_cast<duration>(draw(1000)) + 1;
    if (what < 550) return deliver(i);
    if (what < 700) return p.alive ? ask(i, character) : void();
    if (what < 830) return finish(i);
    if (what < 890) return apply(i, draw(200) + 1);
    if (what < 950) {
      sol_actions out;
      shard->move_at_random(character, random(), next_ticket++, clock, out);
      return perform(out);
    }
    if (what < 985) return tick(static_cast<duration>(draw(60)) * millisecond);
    if (what < 990) return p.link != 0 ? disconnect(i) : void();
    if (what < 996) {
      if (!p.alive) return start(i);
      return p.link == 0 ? connect(i) : void();
    }
    if (what < 998) return p.alive ? kill(i) : void();
    if (what == 998) return tick(lease);
    restart_sol();
  }

  /// Everything is back and every message delivered: nothing may be left waiting.
  void settle() {
    for (std::size_t i = 0; i < proxies.size(); ++i) {
      if (!proxies[i].alive) {
        start(i);
      } else if (proxies[i].link == 0) {
        connect(i);
      }
    }
    for (int round = 0; round < 60; ++round) {
      for (std::size_t i = 0; i < proxies.size(); ++i) {
        while (!proxies[i].serving.empty()) finish(i);
        while (!proxies[i].to_sol.empty() || !proxies[i].to_proxy.empty()) deliver(i);
      }
      tick(50 * millisecond);
    }
  }
};

}

TEST_CASE("a claim race of any number of proxies has exactly one winner, in every order of the messages") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    INFO("seed " << seed << " (of the world in this test)");
    std::size_t const count = 2 + seed % 15;
    world w(seed, count);
    w.settle();
    character_id const pilot{3};
    for (std::size_t i = 0; i < count; ++i) w.ask(i, pilot);
    for (int n = 0; n < 4000; ++n) w.deliver(w.draw(count));
    CHECK(w.served == 1);
    CHECK(w.redirected == count - 1);
    CHECK(w.unavailable == 0);
    CHECK(raw(w.granted[pilot]) == 1);
  }
}

TEST_CASE("whatever is lost, killed, moved or restarted, no session has two owners and no request is applied twice") {
  std::uint64_t served = 0, redirected = 0, moves = 0, fenced = 0, duplicates = 0;
  for (std::uint64_t seed = 1; seed <= 120; ++seed) {
    INFO("seed " << seed << " (of the world in this test)");
    world w(seed, 2 + seed % 5);
    for (int n = 0; n < 3000; ++n) w.step(6);
    w.settle();
    for (auto const& p : w.proxies) CHECK(p.asking.empty());
    served += w.served;
    redirected += w.redirected;
    for (auto const& event : w.journal) {
      moves += event.kind == sol_event_kind::move_done;
      fenced += event.kind == sol_event_kind::fenced;
      duplicates += event.kind == sol_event_kind::duplicate;
    }
  }
  // The steps must have reached these cases, or nothing was tested.
  CHECK(served > 10000);
  CHECK(redirected > 5000);
  CHECK(moves > 1000);
  CHECK(fenced > 100);
  CHECK(duplicates > 300);
}
