#pragma once

#include "base/memory/prefetch.hpp"
#include "fakeproxy/cluster/idle_checks.hpp"
#include "fakeproxy/cluster/peer_table.hpp"
#include "fakeproxy/cluster/rpc.hpp"
#include "fakeproxy/cluster/session_table.hpp"
#include "fakeproxy/cluster/types.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace fakeproxy::cluster {

/// The shell's name for a request or an EVE client that waits for something.
using ticket = std::uint64_t;

/// What becomes of a request.
struct decision {
  enum class kind : std::uint8_t { serve, redirect, wait, unavailable };
  kind what = kind::wait;
  session_epoch epoch = session_epoch::none; // serve
  incarnation owner = incarnation::none;     // redirect
  endpoint where{};                          // redirect: the owner's addresses
};

/// What an EVE client is to be told.
struct eve_event {
  enum class kind : std::uint8_t { welcome, elsewhere, refused, answer, notification, moved, goodbye };
  ticket client = 0;
  kind what = kind::refused;
  std::uint64_t number = 0; // welcome: epoch; answer: id; notification: number
  time_point sent_ns = 0;   // notification
  endpoint where{};         // elsewhere, moved
  char const* reason = "";  // refused; the client's login is over
};

/// The actions that a proxy node asks for, in order within each list. Reused: the shell clears it.
struct node_actions {
  struct outgoing {
    std::uint32_t sol = 0;
    message what;
  };
  struct resumption {
    ticket who;
    decision how;
  };
  struct application {
    ticket who;
    cluster::status
        status; // ok, duplicate; stale: decide again; unknown: the sol went away, and asking again could double
  };
  struct probe {
    incarnation owner;
    endpoint where{};
  };
  struct login {
    ticket who;
    bool granted;
  };
  /// Lists, as bits.
  enum list : std::uint8_t { sends = 1, resumes = 2, applies = 4, asks = 8, admits = 16, tells = 32 };
  std::uint8_t any = 0; // those to which something was added since the shell last cleared their bit

  std::vector<outgoing> send;
  std::vector<resumption> resume;
  std::vector<application> applied;
  std::vector<probe> probes; // find out whether it can be reached; tell `on_probed`
  std::vector<login> logins;
  std::vector<eve_event> eve;

  // All is added by these.
  /// A message for a sol, to be filled in.
  message& to_sol(std::uint32_t sol) {
    any |= sends;
    outgoing& added = send.emplace_back();
    added.sol = sol;
    return added.what;
  }
  void add(resumption const& r) { add_to(resume, resumes, r); }
  void add(application const& a) { add_to(applied, applies, a); }
  void add(probe const& p) { add_to(probes, asks, p); }
  void add(login const& l) { add_to(logins, admits, l); }
  void add(eve_event const& e) { add_to(eve, tells, e); }

private:
  template<class Action>
  void add_to(std::vector<Action>& to, list which, Action const& what) {
    any |= which;
    to.push_back(what);
  }
};

/// One proxy: which sessions it holds, and what becomes of each request.
///
/// A session may be served only while its sol is connected, has acknowledged this incarnation, and the lease, counted
/// from when its renewal was sent, has not run out: what the sol grants to others it grants later than that.
/// Not thread-safe; never calls back.
class proxy_node {
public:
  struct settings {
    std::uint16_t index = 0;
    std::uint32_t sols = 1;
    endpoint where{};
    duration lease = 3000 * millisecond;
    duration idle = 600'000 * millisecond; // a session with neither EVE client nor request for this long is given up
  };
  proxy_node(settings s, time_point start);

  incarnation id() const { return id_; }

  // Connections to the sols.
  void on_connected(std::uint32_t sol, time_point now, node_actions& out);
  void on_disconnected(std::uint32_t sol, node_actions& out);
  void on_message(std::uint32_t sol, message const& m, time_point now, node_actions& out) {
    if (m.op != operation::claim) return on_other_message(sol, m, now, out);
    on_claimed(m, now, out);
  }
  /// Renews leases, asks again where the registry was busy, gives up idle sessions. Call every 50 ms or so.
  void on_tick(time_point now, node_actions& out);
  /// Whether all sols know this incarnation.
  bool ready(time_point now) const;

  // Requests. One that is served is in flight until `on_finished`; one that waits is resumed, or given up by the shell.
  [[gnu::always_inline]] decision on_request(character_id character, ticket who, time_point now, node_actions& out) {
    session* const s = sessions_.find(character);
    if (!s || !may_serve(character, *s, now))
      return wait_for(character, s != nullptr, {who, purpose::request}, now, out);
    s->begin_request();
    s->last_used = coarse(now);
    return {decision::kind::serve, s->number()};
  }
  [[gnu::always_inline]] void on_finished(character_id character, session_epoch epoch, node_actions& out) {
    session* const s = sessions_.find(character);
    if (!s || s->number() != epoch) return;
    s->end_request();
    if (s->is() == session::state::draining && !s->in_flight()) drain_done(character, *s, out);
  }
  void give_up(character_id character, ticket who);

  /// Forwards a request in flight to the character's sol; reported in `applied`. Returns the argument for `abandon`.
  std::uint32_t apply(character_id character, session_epoch epoch, ticket who, std::uint64_t request,
                      std::uint8_t method, node_actions& out);
  void abandon(std::uint32_t correlation);

  /// Reports whether the shell could reach an owner.
  void on_probed(incarnation owner, bool reachable, time_point now, node_actions& out);

  // EVE clients.
  void on_login(ticket client, character_id character, time_point now, node_actions& out);
  void on_game_request(ticket client, std::uint64_t id, node_actions& out);
  void on_logout(ticket client, node_actions& out);
  void on_client_gone(ticket client, node_actions& out);
  /// Takes a session as if an EVE client had logged in; reported in `logins`.
  void on_pin(character_id character, ticket who, time_point now, node_actions& out);

  /// Gives all sessions back; the node must not be used for requests any more.
  void leave(node_actions& out);

  /// See session_table.
  void prefetch(character_id character) const { sessions_.prefetch(character); }
  /// The same for all that a request that is about to arrive will need.
  void prefetch_request(character_id character) const {
    sessions_.prefetch(character);
    pending_.prefetch(character);
    memory::prefetch(&links_[sol_of(character)]);
  }
  /// The same for what the message is about.
  void prefetch(message const& m) const {
    pending_.prefetch(m.character);
    if (m.status == status::owned) peers_.prefetch(m.subject);
  }
  std::size_t session_count() const { return sessions_.size(); }
  std::size_t client_count() const { return clients_.size(); }
  struct counters {
    std::uint64_t claims = 0, granted = 0, lost = 0, drained = 0, unreachable = 0, incarnations = 1;
  };
  counters const& counts() const { return counters_; }

private:
  enum class purpose : std::uint8_t { nothing, request, login, pin };
  struct waiter {
    ticket who = 0;
    purpose what = purpose::nothing; // nothing: there is no waiter
  };
  /// There may be millions of these: what only sessions with an EVE client need is in `game`.
  struct session {
    enum class state : std::uint8_t { owned, draining, drained };
    enum fact : std::uint32_t { pinned = 4, has_game = 8 };
    static constexpr std::uint32_t state_mask = 3, one_request = 16;

    std::uint32_t epoch = 0;
    std::uint32_t last_used = 0; // in units of coarse()
    std::uint32_t word = 0;      // a state, facts, and above them how many requests are in flight: one addition counts

    session_epoch number() const { return static_cast<session_epoch>(epoch); }
    state is() const { return static_cast<state>(word & state_mask); }
    void become(state next) { word = (word & ~state_mask) | static_cast<std::uint32_t>(next); }
    bool has(fact what) const { return (word & what) != 0; }
    void note(fact what) { word |= what; }
    bool in_flight() const { return word >= one_request; }
    void begin_request() { word += one_request; }
    void end_request() {
      if (in_flight()) word -= one_request;
    }
  };
  static_assert(sizeof(session) == 12);
  /// A session's EVE client.
  struct game {
    ticket client = 0; // 0: none at present
    std::uint64_t last_number = 0;
    bool welcomed = false;
    bool leaving = false;
  };
  /// Waiters of one character, and what they wait for. Most have one, which stands here; more are in more_waiters_.
  struct pending {
    waiter first;
    bool more = false;
    enum class state : std::uint8_t { idle, asked, again, probing, reporting } is = state::idle;
    incarnation owner = incarnation::none; // probing, reporting
    endpoint where{};
  };
  struct link {
    bool connected = false;
    bool registered = false;
    bool renewing = false;
    time_point sent_at = 0;
    time_point lease_until = 0;
  };
  struct call {
    message what;
    ticket who = 0; // 0: nobody waits any more
    std::uint64_t id = 0;
    bool used = false;
  };

  std::uint32_t sol_of(character_id character) const {
    return settings_.sols == 1 ? 0 : raw(character) % settings_.sols; // a division takes as long as a dozen other steps
  }
  bool usable(link const& l, time_point now) const { return l.registered && now < l.lease_until; }
  bool may_serve(character_id character, session const& s, time_point now) const {
    return s.is() == session::state::owned && usable(links_[sol_of(character)], now);
  }
  /// A message for a sol, which may be filled in further.
  message& tell(std::uint32_t sol, operation op, character_id character, session_epoch epoch, node_actions& out) const {
    message& m = out.to_sol(sol);
    m.op = op;
    m.character = character;
    m.subject = id_;
    m.epoch = epoch;
    return m;
  }
  /// Likewise for the character's sol; nullptr: it does not know us.
  message* tell(operation op, character_id character, session_epoch epoch, node_actions& out) const {
    std::uint32_t const sol = sol_of(character);
    return links_[sol].registered ? &tell(sol, op, character, epoch, out) : nullptr;
  }
  /// Those of whose `pending` `which` is true, in order: what is done for them then does not depend on a hash.
  template<class Which>
  std::vector<character_id> waiting(Which which) const {
    std::vector<character_id> found;
    pending_.for_each([&](character_id character, pending const& p) {
      if (which(character, p)) found.push_back(character);
    });
    std::sort(found.begin(), found.end());
    return found;
  }
  void announce(std::uint32_t sol, time_point now, node_actions& out);
  void reincarnate(time_point now, node_actions& out);
  void drop_sessions(std::uint32_t sol, node_actions& out);
  void drop(character_id character, char const* reason, node_actions& out);
  void erase(character_id character);
  /// Some milliseconds since the start; wraps after 52 days, compared as a difference.
  std::uint32_t coarse(time_point now) const { return static_cast<std::uint32_t>((now - start_) >> 20); }
  /// nullptr: it never had an EVE client.
  game* game_of(character_id character, session const& s);
  ticket client_of(character_id character, session const& s) const;
  void registered(std::uint32_t sol, message const& m, time_point now, node_actions& out);
  void resume_link(std::uint32_t sol, time_point now, node_actions& out);

  /// `held`: we have its session, but may not serve it now.
  decision wait_for(character_id character, bool held, waiter w, time_point now, node_actions& out);
  void ask(character_id character, pending& p, node_actions& out);
  session& hold(character_id character, session_epoch epoch, time_point now);
  void admit(character_id character, session& s, waiter w, time_point now, node_actions& out);
  void serve_waiting(character_id character, session& s, time_point now, node_actions& out);
  /// Nothing is pending any more for the character; calls `f(waiter)` for each that waited, in order.
  template<class F>
  void end_waiting(character_id character, pending& p, F f) {
    waiter const first = p.first;
    bool const more = p.more;
    pending_.erase_found(p);
    if (first.what != purpose::nothing) f(first);
    if (more) [[unlikely]]
      for (waiter const& w : take_more(character)) f(w);
  }
  std::vector<waiter> take_more(character_id character);
  /// Tells those who wait that the session is not here.
  void turn_away(character_id character, pending& p, decision const& how, node_actions& out) {
    end_waiting(character, p, [&](waiter const& w) {
      if (w.what == purpose::request) {
        out.add(node_actions::resumption{w.who, how});
      } else {
        turn_other_away(w, how, out);
      }
    });
  }
  void turn_other_away(waiter const& w, decision const& how, node_actions& out);
  void turn_client_away(ticket client, decision const& how, node_actions& out);
  /// To a peer that is known to be up; others are probed first.
  void send_to_owner(character_id character, pending& p, incarnation owner, endpoint where, time_point now,
                     node_actions& out) {
    if (!peers_.is_up(owner)) return look_for_owner(character, p, owner, where, now, out);
    turn_away(character, p, {decision::kind::redirect, session_epoch::none, owner, where}, out);
  }
  void look_for_owner(character_id character, pending& p, incarnation owner, endpoint where, time_point now,
                      node_actions& out);
  void report_unreachable(character_id character, pending& p, node_actions& out);
  void drain_done(character_id character, session& s, node_actions& out);

  void on_other_message(std::uint32_t sol, message const& m, time_point now, node_actions& out);
  void on_claimed(message const& m, time_point now, node_actions& out) {
    if (m.status != status::owned) return on_not_owned(m, now, out);
    pending* const p = pending_.find(m.character);
    if (p && p->is == pending::state::asked) send_to_owner(m.character, *p, m.subject, m.where, now, out);
  }
  /// The claim was granted, or nobody can tell yet.
  void on_not_owned(message const& m, time_point now, node_actions& out);
  void on_drain(message const& m, node_actions& out);
  void on_drained(message const& m, time_point now, node_actions& out);
  void on_applied(message const& m, node_actions& out);
  void on_game_answer(message const& m, node_actions& out);
  void on_attached(message const& m, node_actions& out);
  void on_notification(message const& m, node_actions& out);

  void attach(character_id character, session const& s, game const& g, node_actions& out);
  void attach_client(character_id character, session& s, ticket client, node_actions& out);
  static constexpr unsigned call_place_bits = 20;
  /// Sends it to the character's sol, now or once that knows us. `number` as in message.
  std::uint32_t begin_call(operation op, character_id character, session_epoch epoch, std::uint64_t number,
                           std::uint8_t method, ticket who, std::uint64_t id, node_actions& out);
  call* find_call(std::uint32_t correlation);
  void end_call(call& c);

  // What most requests need comes first.
  settings settings_;
  time_point start_;
  incarnation id_;
  std::vector<link> links_;
  session_table<session> sessions_;
  session_table<pending> pending_;
  peer_table peers_;
  bool some_ask_again_ = false; // there may be some in state `again`
  boost::unordered_flat_map<character_id, game> games_;
  boost::unordered_flat_map<character_id, std::vector<waiter>> more_waiters_;
  boost::unordered_flat_map<ticket, character_id> clients_;
  std::vector<call> calls_;
  std::vector<std::uint32_t> free_calls_;
  std::uint32_t call_generation_ = 0;
  idle_checks idle_checks_; // each held session once; in units of coarse()
  counters counters_;
};

}
