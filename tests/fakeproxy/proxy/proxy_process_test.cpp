// The life of requests in a proxy process, with a sol that answers when it is told to.
#include "fakeproxy/cluster/sol.hpp"
#include "fakeproxy/proxy/proxy_process.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <utility>
#include <vector>

using namespace fakeproxy::cluster;
using fakeproxy::proxy::proxy_process;
using fakeproxy::proxy::request_state;
using caller = proxy_process::caller;
using journal::hop_outcome;
using next = proxy_process::next;
using told = std::vector<std::pair<ticket, next>>;

namespace {

constexpr duration service_time = 30, patience = 500;

proxy_process::settings settings_of(duration redirect_time, std::uint32_t servers) {
  proxy_process::settings s;
  s.node = {.index = 0, .sols = 1, .where = {0x7f000001, 80, 81}, .lease = 1'000'000};
  s.servers.count = servers;
  s.redirect_time = redirect_time;
  s.patience = patience;
  return s;
}

struct lab {
  randomness::time_sampler service{randomness::constant_time{std::chrono::nanoseconds(service_time)}};
  proxy_process process;
  sol shard{registry::settings{.sol = 0, .lease = 1'000'000}};
  sol_actions answers;
  incarnation const other = make_incarnation(1, 1'000'000);
  time_point time = 1000;
  std::map<ticket, request_state> requests;
  std::vector<message> sent;
  std::vector<incarnation> connecting;
  told went_on;

  explicit lab(duration redirect_time = 0, std::uint32_t servers = 0)
    : process(settings_of(redirect_time, servers), service, 1000) {
    process.node().on_connected(0, time, process.actions());
    process.perform(*this);
    sol_answers();
    REQUIRE(process.node().ready(time));
    message hello{.op = operation::announce, .subject = other};
    hello.where = {0x7f000001, 90, 91};
    shard.on_message(2, hello, time, answers);
    answers.clear();
  }

  // the driver
  time_point now() const { return time; }
  void send(std::uint32_t, message const& m) { sent.push_back(m); }
  void tell(eve_event const&) {}
  request_state& request_of(ticket who) { return requests[who]; }
  void go_on(ticket who, next what) { went_on.emplace_back(who, what); }
  bool is_here(incarnation) const { return false; }
  void connect(incarnation owner, endpoint const&) { connecting.push_back(owner); }
  void logged_in(node_actions::login const&) {}

  void sol_answers() {
    while (!sent.empty()) {
      for (message const& m : std::exchange(sent, {})) shard.on_message(1, m, time, answers);
      for (auto const& o : answers.send)
        if (o.link == 1) process.node().on_message(0, o.what, time, process.actions());
      answers.clear();
      process.perform(*this);
    }
  }
  /// The other proxy has the character's session.
  void owned_elsewhere(std::uint32_t character) {
    shard.on_message(2, {.op = operation::claim, .character = character_id{character}, .subject = other}, time,
                     answers);
    answers.clear();
  }
  next ask(ticket who, std::uint32_t character, bool needs_sol = false) {
    request_state& r = requests[who];
    r.number = who;
    r.character = character_id{character};
    r.needs_sol = needs_sol;
    next const what = process.on_request(r, caller::known, who, time);
    if (what == next::wait) process.perform(*this);
    return what;
  }
  /// So that the character has its session here.
  void ask_and_answer(ticket who, std::uint32_t character) {
    ask(who, character);
    sol_answers();
    went_on.clear();
    process.on_answered(requests[who]);
  }
  std::optional<time_point> serve(ticket who) {
    return process.enter_service(requests[who], who, time, [] { return 0; });
  }
  next served(ticket who) { return process.on_serviced(requests[who], who, time); }
  void pass(time_point to) {
    time = to;
    process.on_deadline(time, *this);
    process.perform(*this);
  }
};

}

TEST_CASE("the first request of a character waits for the cluster, the next one does not") {
  lab l;
  CHECK(l.ask(1, 7) == next::wait);
  l.sol_answers();
  CHECK(l.went_on == told{{1, next::serve_whole}});
  CHECK(raw(l.requests[1].epoch) == 1);
  CHECK(l.requests[1].incarnation == l.process.node().id());
  CHECK(l.ask(2, 7) == next::serve_whole);
  CHECK(l.serve(2) == l.time + service_time);
  CHECK(l.served(2) == next::answer);
  CHECK(l.requests[2].outcome == hop_outcome::served);
}

TEST_CASE("a request without a token is served without a session, one with a token that is none of ours is not") {
  lab l;
  request_state& r = l.requests[1];
  CHECK(l.process.on_request(r, caller::anonymous, 1, l.time) == next::serve_whole);
  CHECK(l.served(1) == next::answer);
  CHECK(r.outcome == hop_outcome::served);
  CHECK(r.epoch == session_epoch::none);
  CHECK(l.process.on_request(r, caller::unknown, 1, l.time) == next::answer);
  CHECK(r.outcome == hop_outcome::unauthorized);
}

TEST_CASE("a request of a session elsewhere is redirected once its owner was found to be reachable") {
  lab l;
  l.owned_elsewhere(7);
  CHECK(l.ask(1, 7) == next::wait);
  l.sol_answers();
  CHECK(l.connecting == std::vector<incarnation>{l.other});
  CHECK(l.went_on.empty());
  CHECK_FALSE(l.process.on_peer(l.process.peers().on_connected(l.other), l.other, l.time));
  l.process.perform(l);
  CHECK(l.went_on == told{{1, next::answer}});
  CHECK(l.requests[1].outcome == hop_outcome::redirected);
  CHECK(l.requests[1].owner == l.other);
  CHECK(l.requests[1].where.http_port == 90);
  CHECK_FALSE(l.process.next_deadline(l.time));
}

TEST_CASE("a redirect costs a server its time, and is none of the session's requests") {
  lab l(5, 1);
  l.owned_elsewhere(7);
  l.ask(1, 7);
  l.sol_answers();
  l.process.on_peer(l.process.peers().on_connected(l.other), l.other, l.time);
  l.process.perform(l);
  CHECK(l.went_on == told{{1, next::serve}});
  CHECK(l.serve(1) == l.time + 5);
  CHECK(l.served(1) == next::answer);
  CHECK(l.requests[1].outcome == hop_outcome::redirected);
  CHECK(l.requests[1].epoch == session_epoch::none);
}

TEST_CASE("who waits for the cluster longer than its patience is answered 503 then, and not before") {
  lab l;
  l.ask(1, 7);
  time_point const until = l.time + patience;
  CHECK(l.process.next_deadline(l.time) == until);
  l.time += 100;
  l.ask(2, 8);
  l.pass(until - 1);
  CHECK(l.went_on.empty());
  l.pass(until);
  CHECK(l.went_on == told{{1, next::answer}});
  CHECK(l.requests[1].outcome == hop_outcome::unavailable);
  CHECK(l.process.next_deadline(l.time) == until + 100);
  l.sol_answers(); // too late for the first one
  CHECK(l.went_on == told{{1, next::answer}, {2, next::serve_whole}});
  CHECK_FALSE(l.process.next_deadline(l.time));
}

TEST_CASE("what changes the character goes on to its sol after its service") {
  lab l;
  l.ask_and_answer(1, 7);
  CHECK(l.ask(2, 7, true) == next::serve_whole);
  CHECK(l.served(2) == next::wait);
  CHECK(l.process.next_deadline(l.time) == l.time + patience);
  l.process.perform(l);
  l.sol_answers();
  CHECK(l.went_on == told{{2, next::answer}});
  CHECK(l.requests[2].outcome == hop_outcome::served);
  CHECK(l.shard.counts().applied == 1);
  CHECK_FALSE(l.process.next_deadline(l.time));
}

TEST_CASE("what a sol took with it when it went, and does not know by its number, is not tried again") {
  lab l;
  l.ask_and_answer(1, 7);
  l.ask(2, 7, true);
  l.requests[2].number = 0;
  l.served(2);
  l.process.node().on_disconnected(0, l.process.actions());
  l.process.perform(l);
  CHECK(l.went_on == told{{2, next::answer}});
  CHECK(l.requests[2].outcome == hop_outcome::unavailable);
}

TEST_CASE("who waits for its sol longer than its patience is answered 503, whatever the sol says then") {
  lab l;
  l.ask_and_answer(1, 7);
  l.ask(2, 7, true);
  l.served(2);
  l.process.perform(l);
  l.pass(l.time + patience);
  CHECK(l.went_on == told{{2, next::answer}});
  CHECK(l.requests[2].outcome == hop_outcome::unavailable);
  l.sol_answers();
  CHECK(l.went_on.size() == 1);
}

TEST_CASE("a session that moved before the sol was asked is looked for again, and the service is not done twice") {
  lab l;
  l.ask_and_answer(1, 7);
  l.ask(2, 7, true);
  l.served(2);
  l.process.perform(l);
  l.sent.clear();
  message stale{.op = operation::apply, .status = status::stale, .correlation = l.requests[2].call};
  stale.character = character_id{7};
  stale.epoch = l.requests[2].epoch;
  l.process.node().on_message(0, stale, l.time, l.process.actions());
  l.process.perform(l);
  CHECK(l.requests[2].is == request_state::stage::deciding);
  l.sol_answers(); // it is granted here again, and applied
  CHECK(l.went_on == told{{2, next::wait}, {2, next::wait}, {2, next::answer}});
  CHECK(l.requests[2].outcome == hop_outcome::served);
  CHECK(l.shard.counts().applied == 1);
}

TEST_CASE("a session that is to move goes when the last request that uses it is answered") {
  lab l;
  l.ask_and_answer(1, 7);
  l.ask(2, 7);
  l.shard.move(character_id{7}, 1, 5, l.time, l.answers);
  for (auto const& o : l.answers.send) l.process.node().on_message(0, o.what, l.time, l.process.actions());
  l.answers.clear();
  l.process.perform(l);
  CHECK(l.sent.empty());
  l.process.on_answered(l.requests[2]);
  l.process.perform(l);
  REQUIRE(l.sent.size() == 1);
  CHECK(l.sent[0].op == operation::drained);
}

TEST_CASE("requests that share the servers are told when they are done") {
  proxy_process::settings s = settings_of(0, 1);
  s.servers.sharing = true;
  lab l;
  proxy_process shared(s, l.service, l.time);
  for (ticket who : {ticket{1}, ticket{2}}) {
    shared.on_request(l.requests[who], caller::anonymous, who, l.time);
    CHECK_FALSE(shared.enter_service(l.requests[who], who, l.time, [] { return 0; }));
  }
  time_point const end = l.time + 2 * service_time;
  CHECK(shared.next_deadline(l.time) == end);
  shared.on_deadline(end - 1, l);
  CHECK(l.went_on.empty());
  shared.on_deadline(end, l);
  CHECK(l.went_on == told{{1, next::answer}, {2, next::answer}});
}

TEST_CASE("a connection that was answered its last time lingers for as long as patience lasts, unless it goes") {
  lab l;
  l.process.linger(l.requests[1], 1, l.time);
  l.process.linger(l.requests[2], 2, l.time);
  l.process.drop(l.requests[2]);
  l.pass(l.time + patience);
  CHECK(l.went_on == told{{1, next::close}});
  CHECK_FALSE(l.process.next_deadline(l.time));
}

TEST_CASE("whoever stops waiting, the others' patience ends in the order in which they came") {
  fakeproxy::proxy::patience waits(10);
  std::vector<fakeproxy::proxy::patience::place> places;
  for (ticket who = 0; who < 6; ++who) places.push_back(waits.wait(who, static_cast<time_point>(who)));
  for (std::size_t i : {0u, 3u, 5u}) waits.stop(places[i]);
  places[0] = waits.wait(7, 6);
  std::vector<std::pair<ticket, time_point>> ended;
  for (std::size_t i : {1u, 2u, 4u, 0u}) {
    ended.emplace_back(waits.oldest(), *waits.next_deadline());
    waits.stop(places[i]);
  }
  CHECK(ended == std::vector<std::pair<ticket, time_point>>{{1, 11}, {2, 12}, {4, 14}, {7, 16}});
  CHECK_FALSE(waits.next_deadline());
}
