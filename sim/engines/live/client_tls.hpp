#pragma once

#include <openssl/ssl.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <sys/types.h>

namespace sim::live {

/// TLS of the load generator's connections, OpenSSL on the socket itself. Certificates are not verified: who the
/// balancers are is not what is measured.
class client_tls {
public:
  struct free_session {
    void operator()(SSL* session) const;
  };
  using connection = std::unique_ptr<SSL, free_session>;

  /// `resume`: a connection resumes the last session of its balancer, if there was one. Throws std::bad_alloc.
  explicit client_tls(bool resume);
  client_tls(client_tls const&) = delete;
  client_tls& operator=(client_tls const&) = delete;
  ~client_tls();

  /// On a connected, non-blocking socket; must not outlive this.
  connection connect(int fd, std::uint16_t balancer);

private:
  struct free_context {
    void operator()(SSL_CTX* context) const;
  };
  struct free_ticket {
    void operator()(SSL_SESSION* ticket) const;
  };
  static int keep(SSL* session, SSL_SESSION* fresh);

  bool resume_;
  std::unique_ptr<SSL_CTX, free_context> context_;
  using ticket = std::unique_ptr<SSL_SESSION, free_ticket>;
  std::deque<ticket> last_; // by balancer; sessions know their place in it
};

enum class handshake : std::uint8_t { done, resumed, pending, failed };
handshake shake_hands(SSL* session);

/// Why the last handshake of this thread failed, in OpenSSL's words or the system's.
std::string handshake_failure();

/// As ::recv and ::send on a non-blocking socket, errno included. An end without close_notify is a reset.
ssize_t receive(SSL* session, void* into, std::size_t room);
ssize_t transmit(SSL* session, void const* bytes, std::size_t size);

}
