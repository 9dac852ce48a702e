#pragma once

#include "base/journal/records.hpp"
#include "base/memory/prefetch.hpp"
#include "base/randomness/distribution.hpp"
#include "fakeproxy/cluster/node.hpp"
#include "fakeproxy/proxy/patience.hpp"
#include "fakeproxy/proxy/peer_probes.hpp"
#include "fakeproxy/proxy/servers.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace fakeproxy::proxy {

/// How often proxy nodes and sols want `on_tick`.
inline constexpr cluster::duration tick_time = 50 * cluster::millisecond;

/// What a proxy knows about a request in progress.
struct request_state {
  // of the request; set by the driver before `on_request`
  journal::request_id number = 0;
  cluster::character_id character = cluster::character_id::none; // none: it has no session
  std::uint8_t method = 0;
  bool needs_sol = false; // goes on to the character's sol

  // its progress
  enum class stage : std::uint8_t { elsewhere, deciding, applying, lingering };
  stage is = stage::elsewhere; // else it waits, see `wait`
  bool serviced = false;       // its service time is over
  bool redirecting = false;
  journal::hop_outcome outcome = journal::hop_outcome::received; // for the answer
  patience::place wait = patience::none;
  std::uint32_t call = 0;
  cluster::session_epoch epoch = cluster::session_epoch::none; // of the session that it uses

  // for the answer
  cluster::incarnation incarnation = cluster::incarnation::none; // at arrival, or of the session
  cluster::incarnation owner = cluster::incarnation::none;       // redirecting: to whom
  cluster::endpoint where{};
};

/// A proxy process: the path of a request through it, its servers, and how long it waits for the cluster. Events in,
/// actions out; not thread-safe. The driver does what `next` says; `perform` does what the node asks for.
class proxy_process {
public:
  struct settings {
    cluster::proxy_node::settings node;
    proxy::servers<cluster::ticket>::settings servers;
    cluster::duration redirect_time = 0;                      // of a server, for each redirect
    cluster::duration patience = 2000 * cluster::millisecond; // how long a request waits for the cluster before 503
  };

  /// What to do with a request now.
  enum class next : std::uint8_t {
    wait,        // it resumes in `perform` or `on_deadline`; `perform` now
    serve,       // `enter_service`
    serve_whole, // likewise, once its body has arrived
    answer,      // as request_state::outcome says; then `on_answered`
    close        // its connection has lingered long enough
  };
  /// Whose request it is, as its token says.
  enum class caller : std::uint8_t { known, unknown, anonymous };

  /// `service` must outlive it.
  proxy_process(settings s, randomness::time_sampler const& service, cluster::time_point start)
    : settings_(s)
    , service_(service)
    , node_(s.node, start)
    , servers_(s.servers)
    , patience_(s.patience) {}

  cluster::proxy_node& node() { return node_; }
  cluster::proxy_node const& node() const { return node_; }
  cluster::node_actions& actions() { return actions_; }
  servers<cluster::ticket> const& at_servers() const { return servers_; }

  /// Brings what a request of the character will need into the processor's caches, for one that is about to arrive.
  void prefetch(cluster::character_id character) const {
    node_.prefetch_request(character);
    servers_.prefetch();
    patience_.prefetch();
    memory::prefetch(actions_.send.data());
  }

  // ---- a request

  /// The request's head is complete.
  [[gnu::always_inline]] next on_request(request_state& r, caller whose, cluster::ticket who, cluster::time_point now) {
    r.is = request_state::stage::elsewhere;
    r.serviced = r.redirecting = false;
    r.epoch = cluster::session_epoch::none;
    r.incarnation = node_.id();
    if (whose == caller::known) return decide(r, who, now);
    if (whose == caller::anonymous) return next::serve_whole;
    return answer(r, journal::hop_outcome::unauthorized);
  }

  /// When its service ends; nothing: it shares the servers with others, and `on_deadline` will say. `draw` gives 64
  /// uniform bits. Followed by `on_serviced`.
  template<class Draw>
  [[gnu::always_inline]] std::optional<cluster::time_point> enter_service(request_state const& r, cluster::ticket who,
                                                                          cluster::time_point now, Draw draw) {
    return servers_.serve(now, r.redirecting ? settings_.redirect_time : service_.of(draw()), who);
  }
  next on_serviced(request_state& r, cluster::ticket who, cluster::time_point now) {
    if (r.redirecting) return answer(r, journal::hop_outcome::redirected);
    r.serviced = true;
    return r.needs_sol ? apply(r, who, now) : answer(r, journal::hop_outcome::served);
  }

  /// Call it after composing the answer, which may name the session that it used. There may be actions to perform then.
  void on_answered(request_state& r) {
    if (r.epoch == cluster::session_epoch::none) return;
    node_.on_finished(r.character, r.epoch, actions_);
    r.epoch = cluster::session_epoch::none;
  }
  /// The request waits until the peer closes its connection or patience ends.
  void linger(request_state& r, cluster::ticket who, cluster::time_point now) {
    wait(r, request_state::stage::lingering, who, now);
  }
  /// The request ends while it waits.
  void drop(request_state& r) { stop_waiting(r); }

  // ---- time

  std::optional<cluster::time_point> next_deadline(cluster::time_point now) const {
    auto const share = servers_.next_deadline(now), impatient = patience_.next_deadline();
    if (!share || !impatient) return share ? share : impatient;
    return std::min(*share, *impatient);
  }
  /// Calls `driver.go_on(who, next)` for each request whose service or patience is over by `now`.
  template<class Driver>
  void on_deadline(cluster::time_point now, Driver&& driver) {
    for (auto end = servers_.next_deadline(now); end && *end <= now; end = servers_.next_deadline(now)) {
      cluster::ticket const who = servers_.on_deadline(now);
      driver.go_on(who, on_serviced(driver.request_of(who), who, now));
    }
    for (auto over = patience_.next_deadline(); over && *over <= now; over = patience_.next_deadline()) {
      cluster::ticket const who = patience_.oldest();
      driver.go_on(who, on_patience_over(driver.request_of(who), who));
    }
  }

  // ---- the cluster

  /// News of a peer's connection. Returns whether to connect to it (again).
  bool on_peer(peer_probes::action what, cluster::incarnation owner, cluster::time_point now);
  peer_probes& peers() { return peers_; }

  /// Does what the node asks for; nested calls leave it to the outermost. The driver has
  /// - `now()`,
  /// - `send(sol, message)`, to a sol; `tell(event)`, an EVE client,
  /// - `request_of(ticket)`, and `go_on(ticket, next)`,
  /// - `is_here(incarnation)`: a proxy of the same process, which needs no probing; `connect(incarnation, endpoint)`,
  /// - `logged_in(login)`.
  template<class Driver>
  void perform(Driver&& driver) {
    if (performing_) return;
    performing_ = true;
    auto& a = actions_;
    // Performing actions may add more: the lists grow while they are traversed.
    using list = cluster::node_actions::list;
    while (a.any != 0) {
      each_of(list::sends, a.send, [&](auto const& o) { driver.send(o.sol, o.what); });
      if (a.any == 0) break; // as most often
      each_of(list::tells, a.eve, [&](auto const& event) { driver.tell(event); });
      each_of(list::resumes, a.resume, [&](auto const r) {
        driver.go_on(r.who, on_decision(driver.request_of(r.who), r.how, r.who, driver.now()));
      });
      if (a.any == 0) break;
      each_of(list::applies, a.applied, [&](auto const r) {
        driver.go_on(r.who, on_applied(driver.request_of(r.who), r.status, r.who, driver.now()));
      });
      each_of(list::asks, a.probes, [&](auto const p) {
        if (driver.is_here(p.owner))
          node_.on_probed(p.owner, true, driver.now(), a);
        else if (on_peer(peers_.probe(p.owner), p.owner, driver.now()))
          driver.connect(p.owner, p.where);
      });
      each_of(list::admits, a.logins, [&](auto const login) { driver.logged_in(login); });
    }
    performing_ = false;
  }

private:
  using stage = request_state::stage;

  /// Most lists are empty. One may grow while it is traversed.
  template<class List, class F>
  void each_of(cluster::node_actions::list which, List& list, F f) {
    if ((actions_.any & which) == 0) return;
    for (std::size_t i = 0; i < list.size(); ++i) f(list[i]);
    list.clear();
    actions_.any = static_cast<std::uint8_t>(actions_.any & ~which);
  }

  static next answer(request_state& r, journal::hop_outcome outcome) {
    r.outcome = outcome;
    return next::answer;
  }

  [[gnu::always_inline]] next decide(request_state& r, cluster::ticket who, cluster::time_point now) {
    cluster::decision const how = node_.on_request(r.character, who, now, actions_);
    if (how.what != cluster::decision::kind::wait) return go_on(r, how, who, now);
    return wait(r, stage::deciding, who, now);
  }
  [[gnu::always_inline]] next go_on(request_state& r, cluster::decision const& how, cluster::ticket who,
                                    cluster::time_point now) {
    switch (how.what) {
    case cluster::decision::kind::serve:
      r.epoch = how.epoch;
      r.incarnation = node_.id(); // the owner of the epoch: another one than at arrival if the request waited long
      return r.serviced ? apply(r, who, now) : next::serve_whole;
    case cluster::decision::kind::redirect:
      r.owner = how.owner;
      r.where = how.where;
      r.redirecting = true;
      return settings_.redirect_time == 0 ? answer(r, journal::hop_outcome::redirected) : next::serve;
    case cluster::decision::kind::unavailable:
      return answer(r, journal::hop_outcome::unavailable);
    case cluster::decision::kind::wait:
      break;
    }
    return next::wait;
  }
  next apply(request_state& r, cluster::ticket who, cluster::time_point now) {
    r.call = node_.apply(r.character, r.epoch, who, r.number, r.method, actions_);
    return wait(r, stage::applying, who, now);
  }
  next wait(request_state& r, stage is, cluster::ticket who, cluster::time_point now) {
    r.is = is;
    r.wait = patience_.wait(who, now);
    return next::wait;
  }
  void stop_waiting(request_state& r) {
    if (r.is == stage::elsewhere) return;
    patience_.stop(r.wait);
    r.is = stage::elsewhere;
  }

  next on_decision(request_state& r, cluster::decision const& how, cluster::ticket who, cluster::time_point now);
  next on_applied(request_state& r, cluster::status how, cluster::ticket who, cluster::time_point now);
  next on_patience_over(request_state& r, cluster::ticket who);

  settings settings_;
  randomness::time_sampler const& service_;
  cluster::proxy_node node_;
  cluster::node_actions actions_;
  servers<cluster::ticket> servers_;
  patience patience_;
  peer_probes peers_;
  bool performing_ = false;
};

}
