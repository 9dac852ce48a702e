#pragma once

#include "base/os/ready_set.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <vector>

namespace gateway::net {

class stream;

/// The sockets of one worker, waited for together (docs/adr/0011). Streams may come and go while others are served;
/// none is called once it is gone. Outlives its streams. One thread.
class stream_set {
public:
  /// Names a stream for as long as it is in the set: its place, and the place's generation.
  using key = std::uint64_t;

  explicit stream_set(boost::asio::io_context& context);

  key enter(stream& s);
  void leave(key k);

  /// Serves the stream whenever its socket is ready, until the socket is closed. Throws std::system_error.
  void watch(int fd, key k) { ready_.add(fd, k); }
  /// Serves it once more soon, although its socket will report nothing.
  void serve_soon(key k);

private:
  struct place {
    stream* who = nullptr;
    std::uint32_t life = 0;
  };

  stream* find(key k) const;
  void serve(key k);

  boost::asio::io_context& context_;
  std::vector<place> places_;
  std::vector<std::uint32_t> free_;
  std::vector<key> soon_;
  os::ready_set ready_;
};

}
