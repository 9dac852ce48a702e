#include "sim/engines/live/client_tls.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <cerrno>
#include <cstring>
#include <new>
#include <string_view>

namespace sim::live {
namespace {

constexpr std::string_view http11 = "\x08http/1.1"; // as ALPN has lists of names

/// errno for an operation that gave `result`, and what ::recv would return.
ssize_t give_errno(SSL* session, int result) {
  int const system_error = errno;
  switch (SSL_get_error(session, result)) {
  case SSL_ERROR_WANT_READ:
  case SSL_ERROR_WANT_WRITE:
    errno = EAGAIN;
    return -1;
  case SSL_ERROR_ZERO_RETURN:
    return 0;
  case SSL_ERROR_SYSCALL:
    errno = system_error != 0 ? system_error : ECONNRESET;
    break;
  default:
    errno = ECONNRESET;
  }
  SSL_set_quiet_shutdown(session, 1); // must not be closed in form any more
  return -1;
}

}

void client_tls::free_session::operator()(SSL* session) const {
  ERR_clear_error();
  // In form, so that the session stays good; the balancer's goodbye is not waited for.
  if (SSL_is_init_finished(session) != 0) SSL_shutdown(session);
  ERR_clear_error();
  SSL_free(session);
}
void client_tls::free_context::operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
void client_tls::free_ticket::operator()(SSL_SESSION* ticket) const { SSL_SESSION_free(ticket); }

client_tls::client_tls(bool resume)
  : resume_(resume)
  , context_(SSL_CTX_new(TLS_client_method())) {
  SSL_CTX* const context = context_.get();
  if (!context) throw std::bad_alloc();
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_alpn_protos(context, reinterpret_cast<unsigned char const*>(http11.data()), http11.size());
  SSL_CTX_set_session_cache_mode(context,
                                 resume ? SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL : SSL_SESS_CACHE_OFF);
  SSL_CTX_sess_set_new_cb(context, &client_tls::keep);
}

client_tls::~client_tls() = default;

/// A ticket has come: the balancer's next connection uses it.
int client_tls::keep(SSL* session, SSL_SESSION* fresh) {
  static_cast<client_tls::ticket*>(SSL_get_ex_data(session, 0))->reset(fresh);
  return 1; // it is ours now
}

client_tls::connection client_tls::connect(int fd, std::uint16_t balancer) {
  connection made(SSL_new(context_.get()));
  if (!made) throw std::bad_alloc();
  SSL_set_fd(made.get(), fd);
  SSL_set_connect_state(made.get());
  if (last_.size() <= balancer) last_.resize(std::size_t{balancer} + 1);
  SSL_set_ex_data(made.get(), 0, &last_[balancer]);
  if (resume_ && last_[balancer]) SSL_set_session(made.get(), last_[balancer].get());
  return made;
}

handshake shake_hands(SSL* session) {
  ERR_clear_error();
  errno = 0;
  int const result = SSL_do_handshake(session);
  if (result == 1) return SSL_session_reused(session) == 1 ? handshake::resumed : handshake::done;
  return give_errno(session, result) < 0 && errno == EAGAIN ? handshake::pending : handshake::failed;
}

std::string handshake_failure() {
  int const system_error = errno;
  unsigned long const code = ERR_peek_error();
  char const* const reason = code != 0 ? ERR_reason_error_string(code) : nullptr;
  return reason != nullptr ? reason : std::strerror(system_error);
}

ssize_t receive(SSL* session, void* into, std::size_t room) {
  ERR_clear_error();
  errno = 0;
  std::size_t bytes = 0;
  int const result = SSL_read_ex(session, into, room, &bytes);
  return result == 1 ? static_cast<ssize_t>(bytes) : give_errno(session, result);
}

ssize_t transmit(SSL* session, void const* bytes, std::size_t size) {
  ERR_clear_error();
  errno = 0;
  std::size_t written = 0;
  int const result = SSL_write_ex(session, bytes, size, &written);
  return result == 1 ? static_cast<ssize_t>(written) : give_errno(session, result);
}

}
