#pragma once

#include "base/random/distribution.hpp"
#include "fakeproxy/cluster/node.hpp"
#include "fakeproxy/proxy/servers.hpp"
#include "sim/measure/records.hpp"
#include "sim/virtual/flight.hpp"

#include <cstdint>
#include <optional>
#include <set>
#include <vector>

namespace sim::virtual_time {

struct world;

/// The proxies' shells around cluster::proxy_node: what fakeproxy/net does with sockets, done with occurrences.
/// Requests pass through `decide`, a server, and the character's sol, in the order of fakeproxy/net/http_connection.
class proxies {
public:
  explicit proxies(world& w);

  void start(std::size_t index);
  std::size_t count() const { return all_.size(); }
  bool ready() const;
  bool listening(std::size_t index) const { return all_[index].listening; }
  bool alive(std::size_t index) const { return all_[index].node.has_value(); }
  /// Service asked of all lives of a proxy, ns; and how long they ran.
  std::int64_t busy_ns(std::size_t index) const;
  std::int64_t alive_ns(std::size_t index) const;

  // requests
  /// It is on its way here.
  void expect(flight const& f) const {
    if (auto const& node = all_[f.proxy].node; node && f.plan.kind == load::token_kind::own)
      node->prefetch(fakeproxy::cluster::character_id{f.plan.character});
  }
  void on_request(flight_id id);
  void on_service_end(flight_id id) { on_service_end(id, now_ns()); }
  void on_sharing_end(std::size_t index, std::uint32_t announced);
  void on_patience_over(std::size_t index, std::uint32_t lives);

  // the cluster
  void on_connected(std::size_t index, std::uint32_t sol);
  void on_disconnected(std::size_t index, std::uint32_t sol);
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
  /// SIGTERM, as fakeproxy/net/process has it: when it has been quiet for a while it gives its sessions back and ends.
  void begin_leaving(std::size_t index);
  void on_quiet_look(std::size_t index, std::uint32_t lives);

  /// Does what the nodes want done.
  void perform(std::size_t index);

private:
  struct proxy {
    std::optional<fakeproxy::cluster::proxy_node> node;
    fakeproxy::cluster::node_actions actions;
    std::int64_t busy_before_ns = 0, alive_before_ns = 0; // by earlier lives
    std::int64_t started_ns = 0;
    fakeproxy::proxy::servers<flight_id> servers;
    std::uint32_t announced = 0; // ends of services that share the servers; only the last counts
    bool listening = false;
    bool performing = false;
    bool left = false;         // has given its sessions back
    std::uint32_t lives = 0;   // that ended
    std::uint32_t in_hand = 0; // requests
    std::int64_t quiet_since_ns = 0, leaving_since_ns = 0;
    flight_list<&flight::among_waiting> waiting;
    bool looks_at_waiting = false;                   // patience_over is to come
    std::set<fakeproxy::cluster::incarnation> peers; // connections that tell when one is gone
  };

  struct probing {
    fakeproxy::cluster::incarnation owner;
    std::uint32_t lives; // of the asker
    bool lost;           // not an answer: an open connection ended
  };
  static constexpr fakeproxy::cluster::ticket pin_ticket = fakeproxy::cluster::ticket{1} << 41;

  static measure::proxy_address address_of(std::size_t index);
  void probe(std::size_t index, fakeproxy::cluster::incarnation owner, bool lost, std::int64_t delay_ns);
  void decide(flight_id id);
  void on_decision(flight_id id, fakeproxy::cluster::decision const& how);
  void enter_service(flight_id id);
  /// `at_ns`: now, or a later time when it is settled early.
  void on_service_end(flight_id id, std::int64_t at_ns);
  void announce(std::size_t index);
  void apply(flight_id id);
  void on_applied(flight_id id, fakeproxy::cluster::status how);
  void be_patient(flight_id id);
  void stop_waiting(flight_id id);
  void look_at_waiting(std::size_t index);
  void answer(flight_id id, journal::hop_outcome outcome, std::uint16_t status) {
    answer(id, outcome, status, now_ns());
  }
  void answer(flight_id id, journal::hop_outcome outcome, std::uint16_t status, std::int64_t at_ns);
  void answer_served(flight_id id, std::int64_t at_ns);
  std::int64_t now_ns() const;
  void end_session_use(flight& f);
  void drop_requests(std::size_t index);

  world& w_;
  base::random::time_sampler service_;
  std::int64_t redirect_ns_;
  std::vector<proxy> all_;
  std::vector<probing> probes_;
  std::vector<std::uint32_t> free_probes_;
  std::uint64_t pinned_ = 0;
};

}
