#pragma once

#include "fakeproxy/cluster/types.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace fakeproxy::net {

using tcp = boost::asio::ip::tcp;
using boost::system::error_code;

/// CLOCK_MONOTONIC in nanoseconds, as in the journals.
inline cluster::time_point now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

/// The wall clock at `at`, a time of `now`: seconds since 1970. The offset between the two clocks is read once per
/// process, so that equal times always give equal seconds; later changes of the wall clock are not followed.
std::int64_t wall_seconds(cluster::time_point at);

/// `127.0.0.1:80` as an endpoint; throws std::invalid_argument that says what is wrong.
tcp::endpoint parse_endpoint(std::string_view text);
std::string to_text(tcp::endpoint const& where);

/// Accepts connections on one address until closed. One thread.
class listener {
public:
  /// Binds and listens; throws std::runtime_error with the address in its text. `shares_port`: SO_REUSEPORT, so that
  /// other sockets that set it as well may bind the address or listen there.
  listener(boost::asio::io_context& io, tcp::endpoint const& where, bool shares_port);
  ~listener();

  /// Hands each connection, with TCP_NODELAY set, to `on_connection`. Call once.
  void start(std::function<void(tcp::socket)> on_connection);
  tcp::endpoint local() const;
  void close();

private:
  struct state;
  std::shared_ptr<state> state_;
};

}
