#pragma once

#include "base/journal/journal.hpp"
#include "fakeproxy/cluster/sol.hpp"
#include "fakeproxy/net/rpc_channel.hpp"
#include "fakeproxy/net/settings.hpp"
#include "fakeproxy/proxy/notifications.hpp"

#include <nlohmann/json.hpp>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

namespace fakeproxy::net {

/// One sol: its listener, and the actions that `cluster::sol` asks for: journal first, then send. One thread.
/// The settings must outlive it.
class sol_server {
public:
  /// Binds, and replays the journal that an earlier life left. Throws boost::system::system_error, std::runtime_error.
  sol_server(boost::asio::io_context& io, process_settings const& process, node_settings const& node);
  ~sol_server();

  void start();
  void tick(cluster::time_point now);
  std::string const& node_name() const { return name_; }
  tcp::endpoint address() const { return listener_.local(); }
  nlohmann::json counters() const;
  /// Characters and the last notification number of each.
  nlohmann::json notified() const;

  /// Moves each character to the proxy or, without one, to another drawn at random; `done` is told how many were
  /// granted.
  void move(std::vector<cluster::character_id> const& characters, std::optional<std::uint16_t> to_proxy,
            std::function<void(std::size_t)> done);
  /// Notifications a second for each attached EVE client; 0 stops.
  void notify(double rate_rps);
  /// Whether the character belongs to this shard.
  bool has(cluster::character_id character) const;

private:
  struct delayed {
    cluster::time_point due;
    cluster::sol_actions::outgoing what;
  };
  struct move_batch {
    std::size_t open = 0;
    std::size_t granted = 0;
    std::function<void(std::size_t)> done;
  };

  void accept(tcp::socket socket);
  void perform();
  void send(cluster::sol_actions::outgoing const& o);
  void arm_delay();
  void arm_notifications();

  process_settings const& process_;
  std::string name_;
  std::uint16_t index_;
  listener listener_;
  cluster::sol sol_;
  cluster::sol_actions actions_;
  std::optional<journal::writer<journal::sol_event>> journal_;
  std::unordered_map<cluster::link_id, std::shared_ptr<rpc_channel>> links_;
  cluster::link_id next_link_ = 1;
  std::mt19937_64 random_;
  std::deque<delayed> delayed_; // by time: all are delayed equally long
  boost::asio::steady_timer delay_timer_;
  bool delay_armed_ = false;
  proxy::notifications notifications_;
  std::optional<cluster::time_point> notification_armed_; // what the timer waits for
  boost::asio::steady_timer notification_timer_;
  std::map<std::uint64_t, std::shared_ptr<move_batch>> moves_;
  std::uint64_t next_move_ = 1;
};

}
