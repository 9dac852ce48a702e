#pragma once

#include "gateway/net/transport/sockets.hpp"

#include <atomic>
#include <cstdint>
#include <functional>

namespace gateway::net {

/// A listening socket that accepts connections. When accept fails, mostly for lack of descriptors, it pauses: trying
/// again at once would only spin. Lives on one thread, and as long as its executor's context runs.
class listener {
public:
  struct options {
    bool share_port = false; // SO_REUSEPORT: other listeners that set it too may bind the same address
    int backlog = 128;
  };

  /// Binds and listens; without `share_port`, nobody else can listen at this address, in this process or another.
  /// `pauses` is incremented at each pause. Throws std::runtime_error with the address in its text.
  listener(executor const& where, endpoint const& at, options const& o, std::atomic<std::uint64_t>& pauses);
  /// Another listener, for another thread, on the same socket: each connection is accepted by one of them.
  listener(executor const& where, listener& same);
  listener(listener const&) = delete;
  listener& operator=(listener const&) = delete;

  endpoint at() const { return acceptor_.local_endpoint(); }

  /// Accepts from now on. `accepted` gets each connection and has to close it: a non-blocking descriptor, and the
  /// address it comes from.
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
  bool in_trouble_ = false; // it was reported; until the next connection
};

}
