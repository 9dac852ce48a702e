#pragma once

#include "base/contract/expects.hpp"
#include "fakeproxy/cluster/node.hpp"
#include "sim/actors/eve_client.hpp"
#include "sim/engines/virtual/network.hpp"
#include "sim/engines/virtual/run_context.hpp"
#include "sim/engines/virtual/slot_pool.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace sim::virtual_time {

class proxies;
class sols;

/// Carries messages between EVE clients (sim/actors/eve_client) and proxies.
class eve_clients {
public:
  eve_clients(run_context& run, network& net, virtual_time::sols& sols, virtual_time::proxies& proxies)
    : run_(run)
    , net_(net)
    , sols_(sols)
    , proxies_(proxies) {}

  /// Connects a client for each of these characters.
  void log_in(std::vector<std::uint32_t> characters);
  bool all_in() const { return !actors_ || actors_->all_in(); }
  std::size_t count() const { return connections_.size(); }

  void start_requests();
  void stop_requests();
  /// Whether every request was answered and every notification sent was received, as far as the sols run.
  bool settled(std::map<std::uint32_t, std::uint64_t> const& sent) const;

  void on_connected(std::uint32_t client);
  void on_login_due(std::uint32_t client);
  void on_request_due();
  void on_message_at_proxy(std::uint32_t message);
  void on_message_at_client(std::uint32_t message);

  /// A proxy has a message for a client.
  void tell(fakeproxy::cluster::eve_event const& what);
  /// Its connections are lost.
  void proxy_gone(std::size_t proxy);

  /// Precondition of the following: there are clients.
  actors::eve_clients const& books() const {
    CREST_EXPECTS(actors_.has_value());
    return *actors_;
  }

private:
  struct connection {
    std::uint16_t proxy = 0;
    fakeproxy::cluster::ticket ticket = 0; // 0: none
    std::int64_t login_due_ns = 0;
    std::int64_t last_to_proxy_ns = 0, last_to_client_ns = 0;
  };
  struct message {
    std::uint32_t client;
    fakeproxy::cluster::ticket connection;
    std::uint16_t proxy;
    enum class kind : std::uint8_t { login, request, gone, from_proxy, lost } what;
    std::uint64_t id;
    fakeproxy::cluster::eve_event event;
  };

  void connect(std::uint32_t client, actors::eve_clients::attempt const& how);
  void end_connection(std::uint32_t client, bool tell_proxy);
  void post(message const& l);

  run_context& run_;
  network& net_;
  virtual_time::sols& sols_;
  virtual_time::proxies& proxies_;
  std::optional<actors::eve_clients> actors_;
  std::vector<connection> connections_;      // by client
  std::vector<std::uint32_t> of_connection_; // client of each connection ever made
  slot_pool<message> messages_;
};

}
