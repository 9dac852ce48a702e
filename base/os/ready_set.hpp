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
  /// `on_ready(key, epoll events)` for each socket that became ready; `on_served()`, unless it is empty, after all that
  /// were ready together. A socket that was closed in the meantime may still be reported.
  ready_set(boost::asio::io_context& context, std::function<void(std::uint64_t, std::uint32_t)> on_ready,
            std::function<void()> on_served = {});

  /// Watches `fd` for input, output space, hang-up and errors until it is closed.
  /// Throws std::system_error.
  void add(int fd, std::uint64_t key);
  /// Makes no more calls; pending waits end.
  void stop();

private:
  void wait();
  void deliver();

  boost::asio::posix::stream_descriptor epoll_;
  std::function<void(std::uint64_t, std::uint32_t)> on_ready_;
  std::function<void()> on_served_;
};

}
