#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <cstdint>
#include <functional>

namespace os {

/// Many sockets behind one Asio wait: an edge-triggered epoll set that is itself waited for.
///
/// A caller that knows when a socket is worth reading needs neither Asio's speculative first read nor its queued
/// handler per socket (docs/adr/0008, 0011). Each socket is registered once in its life. Runs on the io_context's one
/// thread.
class ready_set {
public:
  /// When Asio's timers and posted work get a turn, under load.
  enum class turns {
    prompt, // after 64 sockets, and whenever none is ready
    rare    // at the kernel's tick (1 to 10 ms), or when none was ready for 10 ms: the set itself waits meanwhile
  };

  /// `on_ready(key, epoll events)` for each socket that became ready; `on_served()`, unless it is empty, after all that
  /// were ready together. A socket that was closed in the meantime may still be reported.
  ready_set(boost::asio::io_context& context, std::function<void(std::uint64_t, std::uint32_t)> on_ready,
            std::function<void()> on_served = {}, turns others = turns::prompt);

  /// Watches `fd` for input, output space, hang-up and errors until it is closed.
  /// Throws std::system_error.
  void add(int fd, std::uint64_t key);
  /// Makes no more calls; pending waits end.
  void stop();

private:
  void wait();
  void deliver();
  int serve_ready(int patience_ms);

  boost::asio::posix::stream_descriptor epoll_;
  std::function<void(std::uint64_t, std::uint32_t)> on_ready_;
  std::function<void()> on_served_;
  turns others_;
};

}
