#pragma once

#include "base/journal/journal.hpp"
#include "base/metrics/latency_histogram.hpp"
#include "fakeproxy/net/eve_connection.hpp"
#include "fakeproxy/net/http_connection.hpp"
#include "fakeproxy/net/peer_links.hpp"
#include "fakeproxy/net/rpc_channel.hpp"
#include "fakeproxy/net/settings.hpp"
#include "fakeproxy/proxy/back_off.hpp"
#include "fakeproxy/proxy/proxy_process.hpp"

#include <nlohmann/json.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

namespace fakeproxy::net {

/// One proxy node: its listeners, its connections to the sols, and what `proxy::proxy_process` wants done. One thread.
/// The settings must outlive it.
class proxy_server {
public:
  using neighbour = std::function<bool(cluster::incarnation)>;

  /// Binds; throws boost::system::system_error or std::system_error. `in_this_process`: needs no probing.
  proxy_server(boost::asio::io_context& io, process_settings const& process, node_settings const& node,
               neighbour in_this_process);
  ~proxy_server();

  void start();
  void tick(cluster::time_point now);
  bool ready() const { return proxy_.node().ready(now()); }
  std::string const& node_name() const { return name_; }
  std::uint16_t index() const { return index_; }
  tcp::endpoint http_address() const { return http_.local(); }
  tcp::endpoint eve_address() const { return eve_.local(); }
  nlohmann::json counters() const;

  /// Takes sessions as if EVE clients had logged in; once all are decided, `done` is told how many were granted.
  void pin(std::vector<cluster::character_id> const& characters, std::function<void(std::size_t)> done);

  /// Stops taking connections; what is in flight goes on, and answers close their connections.
  void begin_leaving();
  /// Whether nothing is in flight any more.
  bool quiet() const;
  /// Gives the sessions back to the sols and closes what is idle.
  void leave();

  // For the connections.
  proxy::proxy_process& machine() { return proxy_; }
  cluster::proxy_node& node() { return proxy_.node(); }
  cluster::node_actions& actions() { return proxy_.actions(); }
  /// Does what the node wants done, and waits for the process's deadline.
  void perform();
  proxy_behaviour const& behaviour() const { return settings_.proxy; }
  cluster::token_key const& token_key() const { return settings_.token_key; }
  bool leaving() const { return leaving_; }
  /// HOST:PORT, for X-Backend.
  std::string_view backend() const { return backend_; }
  std::string& body_scratch() { return body_scratch_; }
  journal::proxy_hop* begin_hop(request_facts const& facts, journal::proxy_hop& unwritten);
  void count(journal::hop_outcome outcome) { ++outcomes_[static_cast<std::size_t>(outcome)]; }
  /// Of requests that were answered.
  metrics::latency_histogram& latency() { return latency_; }
  /// Serves the connection's request when its turn comes. True: already done; false: the connection will be told.
  bool serve(http_connection& connection);
  void forget(http_connection& connection);
  void client_gone(cluster::ticket client);

  /// Partitions this proxy from a sol for `lasts`: what either sends arrives afterwards, or (`breaks`) the connection
  /// is closed now and opened again afterwards. A longer partition already in force stays.
  void part(std::uint32_t sol, cluster::duration lasts, bool breaks);
  std::size_t sol_count() const { return sols_.size(); }

private:
  struct sol_link {
    tcp::endpoint where;
    std::shared_ptr<rpc_channel> channel;
    std::unique_ptr<boost::asio::steady_timer> retry;
    proxy::back_off tries;
    // While they are parted:
    cluster::time_point parted_until = 0; // 0: they are not; it may have passed, until `heal` has been called
    std::unique_ptr<boost::asio::steady_timer> heal;
    std::vector<cluster::message> held_out, held_in; // in the order sent
    bool opening = false;                            // a connection was opened and not reported yet

    /// True until everything that was held back has been sent: what comes meanwhile must not overtake it.
    bool is_parted() const { return parted_until != 0; }
  };
  struct driver;
  struct in_service {
    cluster::time_point until;
    std::uint64_t sequence;
    cluster::ticket who;
    bool operator>(in_service const& other) const {
      return until != other.until ? until > other.until : sequence > other.sequence;
    }
  };
  struct pin_batch {
    std::size_t open = 0;
    std::size_t granted = 0;
    std::function<void(std::size_t)> done;
  };

  /// The connection of a ticket, kept alive since what it is told may make it close. It exists as long as the node or a
  /// queue knows its ticket.
  std::shared_ptr<http_connection> connection_of(cluster::ticket name) const { return connections_.at(name); }
  void connect_sol(std::uint32_t sol);
  void sol_opened(std::uint32_t sol);
  void sol_lost(std::uint32_t sol);
  void retry_sol(std::uint32_t sol);
  void heal(std::uint32_t sol);
  void on_peer(cluster::incarnation owner, peer_links::event what);
  void on_login(cluster::node_actions::login const& login);
  void arm_timer();
  void on_timer();

  boost::asio::io_context& io_;
  process_settings const& settings_;
  std::string name_;
  std::uint16_t index_;
  neighbour in_this_process_;
  listener http_;
  listener eve_;
  randomness::time_sampler service_time_;
  proxy::proxy_process proxy_;
  std::mt19937_64 random_;
  std::optional<journal::writer<journal::proxy_hop>> journal_;
  peer_links peers_;
  std::vector<sol_link> sols_;
  std::unordered_map<cluster::ticket, std::shared_ptr<http_connection>> connections_;
  std::unordered_map<cluster::ticket, std::shared_ptr<eve_connection>> clients_;
  cluster::ticket next_name_ = 1; // shared by connections, EVE clients and batches of logins: no two have the same name
  std::map<cluster::ticket, std::shared_ptr<pin_batch>> pins_;
  std::priority_queue<in_service, std::vector<in_service>, std::greater<>> services_;
  std::uint64_t next_service_ = 0;
  boost::asio::steady_timer timer_;
  cluster::time_point armed_ = 0; // what the timer waits for; 0: nothing
  std::uint64_t requests_ = 0;
  std::array<std::uint64_t, 7> outcomes_{};
  metrics::latency_histogram latency_;
  std::string backend_;
  std::string body_scratch_;
  bool leaving_ = false;
};

}
