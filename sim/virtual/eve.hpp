#pragma once

#include "fakeproxy/cluster/node.hpp"
#include "sim/load/stream.hpp"
#include "sim/measure/notification_ledger.hpp"
#include "sim/measure/records.hpp"
#include "sim/virtual/letter_box.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <vector>

namespace sim::virtual_time {

struct world;

/// The EVE clients, as sim/live/eve has them: log in at a proxy, follow their session, ask, and count notifications.
class eve_clients {
public:
  explicit eve_clients(world& w);

  /// Connects a client for each of these characters.
  void log_in(std::vector<std::uint32_t> const& characters);
  bool all_in() const;
  std::size_t count() const { return members_.size(); }

  void start_requests();
  void stop_requests() { asking_ = false; }
  /// Whether all that was asked was answered, and all that was sent received.
  bool settled(std::map<std::uint32_t, std::uint64_t> const& sent) const;

  void on_connected(std::uint32_t client);
  void on_request_due();
  void on_message_at_proxy(std::uint32_t letter);
  void on_message_at_client(std::uint32_t letter);

  /// A proxy has something to say.
  void tell(fakeproxy::cluster::eve_event const& what);
  /// Its connections are lost.
  void proxy_gone(std::size_t proxy);

  std::vector<measure::eve_record> records(std::map<std::uint32_t, std::uint64_t> const& sent) const;
  std::vector<std::uint64_t> const& request_latency_ns() const { return request_latency_; }
  std::vector<std::uint64_t> const& notification_latency_ns() const { return notification_latency_; }

private:
  struct member {
    std::uint32_t character = 0;
    std::uint16_t proxy = 0;
    fakeproxy::cluster::ticket connection = 0; // 0: none
    std::int64_t last_to_proxy_ns = 0, last_to_client_ns = 0;
    std::optional<std::uint16_t> sent_on; // where its session is
    bool logged_in = false;
    std::map<std::uint64_t, std::int64_t> asked; // request id → when
    std::uint64_t next_id = 1;
    measure::eve_record record;
    measure::notification_ledger notifications;
  };
  struct letter {
    std::uint32_t client;
    fakeproxy::cluster::ticket connection;
    std::uint16_t proxy;
    enum class kind : std::uint8_t { login, request, gone, from_proxy, lost } what;
    std::uint64_t id;
    fakeproxy::cluster::eve_event event;
  };

  void connect(std::uint32_t client, std::int64_t pause_ns);
  void post(letter const& l);
  void end_connection(std::uint32_t client, bool tell_proxy);

  world& w_;
  std::vector<member> members_;
  std::vector<std::uint32_t> of_connection_; // client of each connection ever made
  letter_box<letter> letters_;
  std::mt19937_64 where_, when_;
  std::int64_t due_ns_ = 0;
  bool asking_ = false;
  std::vector<std::uint64_t> request_latency_, notification_latency_;
};

}
