#pragma once

#include <cstdint>
#include <string>

namespace sim::live {

/// A port of 127.0.0.1 that stays ours as long as this lives, although others listen on it.
///
/// The socket is bound with SO_REUSEADDR and SO_REUSEPORT and never listens, so it gets no connections; a node binds
/// the same port with the same options (plain SO_REUSEADDR, as nginx sets it, is enough on Linux while nobody else
/// listens), and so can its next life after a restart. Between lives connections are refused.
class port_reservation {
public:
  /// That port, or one that is free when `port` is 0. Throws `could_not_run` when it is taken or none is left.
  explicit port_reservation(std::uint16_t port = 0);
  port_reservation(port_reservation&& other) noexcept;
  port_reservation& operator=(port_reservation&& other) noexcept;
  ~port_reservation();

  std::uint16_t port() const { return port_; }
  /// "127.0.0.1:PORT"
  std::string address() const;

private:
  int fd_ = -1;
  std::uint16_t port_ = 0;
};

}
