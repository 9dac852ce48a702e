#pragma once

#include "fakeproxy/cluster/token.hpp"
#include "sim/actors/eve_client.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace sim::live {

struct eve_settings {
  std::vector<std::string> proxies;      // EVE addresses, HOST:PORT
  std::vector<std::uint32_t> characters; // one client each
  fakeproxy::cluster::token_key key{};
  std::uint32_t token_bytes = 40;
  double request_rate_rps = 1; // per client, Poisson
  std::uint64_t seed = 1;
};

/// EVE clients (sim/actors/eve_client) over WebSocket connections, one each. One timer drives all requests. On the
/// executor's one thread.
class eve_clients {
public:
  eve_clients(boost::asio::any_io_executor executor, eve_settings settings);
  eve_clients(eve_clients const&) = delete;
  eve_clients& operator=(eve_clients const&) = delete;
  ~eve_clients();

  /// Connects all; completes when all are logged in. Throws `could_not_run` when `patience` passes first.
  boost::asio::awaitable<void> log_in(std::chrono::nanoseconds patience);
  void start_requests();
  void stop_requests();
  /// Waits, at most `patience`, until every answer and every notification up to `sent` (by character) has arrived.
  /// `served`: whether the sol of a character runs; nothing is waited for from one that does not.
  boost::asio::awaitable<void> settle(std::map<std::uint32_t, std::uint64_t> sent,
                                      std::function<bool(std::uint32_t)> served, std::chrono::nanoseconds patience);
  /// Logs out and closes all, within `patience`; those that are not `served` are closed at once.
  boost::asio::awaitable<void> log_out(std::function<bool(std::uint32_t)> served, std::chrono::nanoseconds patience);

  actors::eve_clients const& books() const;

private:
  struct shared_state;
  struct member;
  static boost::asio::awaitable<void> live(std::shared_ptr<shared_state> state, std::shared_ptr<member> who);
  static boost::asio::awaitable<void> session(std::shared_ptr<shared_state> state, std::shared_ptr<member> who,
                                              std::uint16_t proxy);
  static void next_request(std::shared_ptr<shared_state> const& state);

  std::shared_ptr<shared_state> state_;
};

}
