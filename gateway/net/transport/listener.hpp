#pragma once

#include "gateway/net/transport/sockets.hpp"

#include <atomic>
#include <cstdint>
#include <functional>

namespace gateway::net {

/// A listening socket and its accepting. Where accept fails, mostly for lack of descriptors, it pauses: trying again at
/// once would only spin. Lives on one thread, and as long as its executor's context runs.
class listener {
public:
  struct options {
    bool share_port = false; // SO_REUSEPORT: further listeners may bind the same address if they say so, too
    int backlog = 128;
  };

  /// Binds and listens; without `share_port` nobody else does at this address, in this process or another. `pauses`
  /// counts. Throws std::runtime_error with the address in its text.
  listener(executor const& where, endpoint const& at, options const& o, std::atomic<std::uint64_t>& pauses);
  /// A further one, of another thread, on the same socket: each connection is accepted by one of them.
  listener(executor const& where, listener& same);
  listener(listener const&) = delete;
  listener& operator=(listener const&) = delete;

  endpoint at() const { return acceptor_.local_endpoint(); }

  /// Accepts from now on; each connection is given to `accepted`, who closes it: a descriptor that does not block, and
  /// where it comes from.
  void start(std::function<void(int, endpoint const&)> accepted);
  void close();

private:
  void wait();
  void accept();
  void pause(boost::system::error_code why);

  tcp_acceptor acceptor_;
  steady_timer timer_;
  std::function<void(int, endpoint const&)> accepted_;
  std::atomic<std::uint64_t>& pauses_;
  bool is_shared_ = false;  // with other threads
  bool in_trouble_ = false; // said so; until the next connection
};

}
