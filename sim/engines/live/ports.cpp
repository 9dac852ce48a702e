#include "sim/engines/live/ports.hpp"

#include "sim/engines/live/process.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace sim::live {

port_reservation::port_reservation(std::uint16_t port)
  : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  int const one = 1;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  socklen_t length = sizeof address;
  // Bound without SO_REUSEPORT first: with it the kernel may hand out a port that another reservation holds.
  // One that was asked for may have connections of a former run in TIME_WAIT.
  bool const bound = fd_ >= 0 && (port == 0 || ::setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0) &&
                     ::bind(fd_, reinterpret_cast<sockaddr const*>(&address), sizeof address) == 0 &&
                     ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &length) == 0 &&
                     ::setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0 &&
                     ::setsockopt(fd_, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one) == 0;
  if (!bound) {
    int const error = errno;
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
    throw could_not_run("cannot reserve " + (port == 0 ? std::string("a port") : "port " + std::to_string(port)) +
                        " of 127.0.0.1: " + std::strerror(error));
  }
  port_ = ntohs(address.sin_port);
}

port_reservation::port_reservation(port_reservation&& other) noexcept
  : fd_(std::exchange(other.fd_, -1))
  , port_(std::exchange(other.port_, std::uint16_t{0})) {}

port_reservation& port_reservation::operator=(port_reservation&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(port_, other.port_);
  return *this;
}

port_reservation::~port_reservation() {
  if (fd_ >= 0) ::close(fd_);
}

std::string port_reservation::address() const { return "127.0.0.1:" + std::to_string(port_); }

}
