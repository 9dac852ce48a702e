#pragma once

#include "base/randomness/distribution.hpp"
#include "fakeproxy/proxy/departure.hpp"
#include "fakeproxy/proxy/proxy_process.hpp"
#include "sim/engines/virtual/idle_connections.hpp"
#include "sim/engines/virtual/network.hpp"
#include "sim/engines/virtual/request_state.hpp"
#include "sim/engines/virtual/run_context.hpp"
#include "sim/engines/virtual/run_kind.hpp"
#include "sim/records/records.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace sim::virtual_time {

class balancers;
class eve_clients;
class http_exchanges;
class sols;

/// The drivers of fakeproxy::proxy::proxy_process: what fakeproxy/net does with sockets, done with events.
class proxies {
public:
  proxies(run_context& run, network& net, virtual_time::sols& sols, virtual_time::balancers& balancers,
          virtual_time::http_exchanges& exchanges, virtual_time::eve_clients& eve);

  void start(std::size_t index);
  std::size_t count() const { return all_.size(); }
  bool ready() const;
  bool listening(std::size_t index) const { return all_[index].listening; }
  bool alive(std::size_t index) const { return all_[index].process.has_value(); }
  /// The service time asked of a proxy in all its lives, ns; and how long these ran.
  std::int64_t busy_ns(std::size_t index) const;
  std::int64_t alive_ns(std::size_t index) const;

  // requests
  /// A request is on its way here, for a hop of that kind: on an open connection of its balancer or on a new one.
  template<class Run>
  void expect(request_state& f, gateway::routing::hop_kind hop, std::int64_t now) {
    if (Run::events) f.hop.on_open_connection = idle_.take(hop_of(f), hop, now);
    if (auto const& process = all_[f.hop.proxy].process;
        process && (!Run::other_tokens || f.plan.kind == load::token_kind::own))
      process->node().prefetch(fakeproxy::cluster::character_id{f.plan.character});
  }
  /// The request is about to arrive, or the message: prefetches what it will need.
  void prefetch(request_state const& f) const;
  void prefetch(std::size_t index, fakeproxy::cluster::message const& m) const;
  /// The request's balancer has the answer, and does not use the connection at present.
  void on_answer_taken(request_state const& f, std::int64_t now) {
    if (f.hop.keeps_connection) idle_.give_back(hop_of(f), now);
  }
  /// Connections that the balancer keeps open to proxies: it closes them, or is gone.
  void close_idle_connections_of(std::size_t balancer) { idle_.close_balancer(balancer); }
  template<class Run>
  void on_request(request_state& f);
  void on_service_end(request_state& f);
  /// A service on shared servers may have ended, or a time-out expired.
  void on_due(std::size_t index, std::uint32_t lives);

  // the cluster
  void on_connected(std::size_t index, std::uint32_t sol);
  void on_disconnected(std::size_t index, std::uint32_t sol);
  template<class Run>
  void on_message(std::size_t index, std::uint32_t sol, fakeproxy::cluster::message const& m);
  void on_probed(std::size_t index, std::uint32_t probe);
  void tick();

  // EVE clients; `client` is the ticket
  void on_login(std::size_t index, fakeproxy::cluster::ticket client, std::uint32_t character);
  void on_game_request(std::size_t index, fakeproxy::cluster::ticket client, std::uint64_t id);
  void on_logout(std::size_t index, fakeproxy::cluster::ticket client);
  void on_client_gone(std::size_t index, fakeproxy::cluster::ticket client);

  /// Sessions as if EVE clients had logged in. Granted ones are counted in `pinned`.
  void pin(std::size_t index, std::vector<std::uint32_t> const& characters);
  std::uint64_t pinned() const { return pinned_; }

  void kill(std::size_t index);
  /// SIGTERM, as in fakeproxy/net/process: when the proxy has been quiet for a while it gives its sessions back and
  /// ends.
  void begin_leaving(std::size_t index);
  void on_quiet_look(std::size_t index, std::uint32_t lives);

  /// Performs the actions that the nodes ask for.
  template<class Run = any_run>
  void perform(std::size_t index);

private:
  template<class Run>
  struct driver;
  struct proxy {
    bool listening = false;
    std::uint32_t lives = 0;   // that have ended
    std::uint32_t in_hand = 0; // requests that it is handling; not counted in plain runs
    std::optional<fakeproxy::proxy::proxy_process> process;
    fakeproxy::proxy::departure leaving;
    std::int64_t busy_before_ns = 0, alive_before_ns = 0; // by earlier lives
    std::int64_t started_ns = 0;
    std::int64_t due_ns = 0; // when `on_due` is to be called; 0: never
  };

  struct probing {
    fakeproxy::cluster::incarnation owner;
    std::uint32_t lives; // of the asker
    bool lost;           // not an answer: an open connection ended
  };
  static constexpr fakeproxy::cluster::ticket pin_ticket = fakeproxy::cluster::ticket{1} << 41;

  static records::proxy_address address_of(std::size_t index);
  static idle_connections::hop hop_of(request_state const& f) {
    return {f.balancer, f.client.connection, gateway::routing::upstream_id{f.hop.proxy}};
  }
  void connect(std::size_t index, fakeproxy::cluster::incarnation owner);
  void probe(std::size_t index, fakeproxy::cluster::incarnation owner, bool lost, std::int64_t delay_ns);
  bool is_served_still(request_state const& f) const;
  void refuse(request_state& f);
  template<class Run>
  void go_on(request_state& f, fakeproxy::proxy::proxy_process::next what);
  template<class Run>
  void wait(std::size_t index);
  template<class Run>
  void enter_service(proxy& p, request_state& f);
  /// `at_ns`: now, or a later time when it is settled early.
  template<class Run>
  void on_service_end(proxy& p, request_state& f, std::int64_t at_ns);
  void arm(std::size_t index);
  template<class Run>
  void answer(proxy& p, request_state& f, std::int64_t at_ns);
  void drop_requests(std::size_t index);
  void drop_peers(std::size_t index);

  run_context& run_;
  network& net_;
  virtual_time::sols& sols_;
  virtual_time::balancers& balancers_;
  virtual_time::http_exchanges& exchanges_;
  virtual_time::eve_clients& eve_;
  randomness::time_sampler service_;
  bool in_one_process_;
  std::vector<proxy> all_;
  idle_connections idle_;
  std::vector<probing> probes_;
  std::vector<std::uint32_t> free_probes_;
  std::uint64_t pinned_ = 0;
};

}
