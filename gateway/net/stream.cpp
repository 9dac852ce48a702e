#include "gateway/net/stream.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace gateway::net {
namespace {

/// What one TLS record holds at most (RFC 8446 5.1).
constexpr std::size_t record_bytes = 16 * 1024;

}

void stream::secure(tls_session session) {
  session_ = std::move(session);
  secured_ = true;
  SSL_set_fd(session_.get(), static_cast<int>(socket_.native_handle()));
}

std::string_view stream::protocol() const { return session_ ? SSL_get_version(session_.get()) : std::string_view(); }

bool stream::was_resumed() const { return session_ && SSL_session_reused(session_.get()) == 1; }

void stream::give_up_tls() {
  session_.reset();
  secured_ = false;
}

bool stream::met_stranger() const { return session_ && SSL_get_verify_result(session_.get()) != X509_V_OK; }

stream::wait_type stream::wanted() const {
  return session_ && SSL_want_write(session_.get()) == 1 ? wait_type::wait_write : wait_type::wait_read;
}

/// What came of an operation of OpenSSL's that returned `result`; no error if it succeeded.
boost::system::error_code stream::error_of(int result) {
  int const system_error = errno;
  switch (SSL_get_error(session_.get(), result)) {
  case SSL_ERROR_NONE:
    return {};
  case SSL_ERROR_WANT_READ:
  case SSL_ERROR_WANT_WRITE:
    return boost::asio::error::would_block;
  case SSL_ERROR_ZERO_RETURN:
    return boost::asio::error::eof;
  case SSL_ERROR_SYSCALL:
    broken_ = true;
    if (system_error == 0) return boost::asio::error::eof;
    return {system_error, boost::system::system_category()};
  default:
    break;
  }
  broken_ = true;
  unsigned long const code = ERR_peek_last_error();
  met_plain_http_ = ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == SSL_R_HTTP_REQUEST;
  return boost::asio::error::connection_aborted;
}

boost::system::error_code stream::step_of_handshake() {
  if (!session_) return boost::asio::error::bad_descriptor;
  ERR_clear_error();
  errno = 0;
  return error_of(SSL_do_handshake(session_.get()));
}

/// Whether bytes have come from the socket that were not read.
bool stream::has_more() const { return session_ && SSL_has_pending(session_.get()) == 1; }

std::size_t stream::read_secured(boost::asio::mutable_buffer into, boost::system::error_code& ec) {
  ec = {};
  if (!session_) {
    ec = boost::asio::error::bad_descriptor;
    return 0;
  }
  ERR_clear_error();
  errno = 0;
  std::size_t bytes = 0;
  int const result = SSL_read_ex(session_.get(), into.data(), into.size(), &bytes);
  if (result != 1) ec = error_of(result);
  return bytes;
}

// Small buffers are gathered into one record: a head and its body are one write, as without TLS.
std::size_t stream::write_secured(std::span<boost::asio::const_buffer const> buffers, boost::system::error_code& ec) {
  thread_local std::array<char, record_bytes> gathered;
  ec = {};
  if (!session_) {
    ec = boost::asio::error::bad_descriptor;
    return 0;
  }
  std::size_t total = 0, skip = 0; // of the first buffer
  for (;;) {
    while (!buffers.empty() && buffers.front().size() == skip) {
      buffers = buffers.subspan(1);
      skip = 0;
    }
    if (buffers.empty()) return total;
    boost::asio::const_buffer record = buffers.front() + skip;
    if (record.size() < record_bytes && buffers.size() > 1) {
      std::size_t filled = 0;
      for (boost::asio::const_buffer const& b : buffers) {
        boost::asio::const_buffer const rest = filled == 0 ? record : b;
        std::size_t const taken = std::min(rest.size(), record_bytes - filled);
        if (taken != 0) std::memcpy(gathered.data() + filled, rest.data(), taken);
        filled += taken;
        if (filled == record_bytes) break;
      }
      record = boost::asio::buffer(gathered.data(), filled);
    }
    ERR_clear_error();
    errno = 0;
    std::size_t bytes = 0;
    int const result = SSL_write_ex(session_.get(), record.data(), std::min(record.size(), record_bytes), &bytes);
    if (result != 1) {
      ec = error_of(result);
      if (ec == boost::asio::error::would_block && total != 0) ec = {};
      return total;
    }
    total += bytes;
    for (; bytes != 0; buffers = buffers.subspan(1), skip = 0) {
      std::size_t const here = buffers.front().size() - skip;
      if (bytes < here) {
        skip += bytes;
        break;
      }
      bytes -= here;
    }
  }
}

void stream::drop_front(std::vector<boost::asio::const_buffer>& buffers, std::size_t bytes) {
  auto first = buffers.begin();
  for (; first != buffers.end() && bytes >= first->size(); ++first) bytes -= first->size();
  buffers.erase(buffers.begin(), first);
  if (!buffers.empty()) buffers.front() += bytes;
}

void stream::say_goodbye() {
  if (!session_ || broken_ || SSL_is_init_finished(session_.get()) == 0) return;
  ERR_clear_error();
  SSL_shutdown(session_.get()); // once: its answer is not waited for
  ERR_clear_error();
}

void stream::shutdown_send() {
  say_goodbye();
  boost::system::error_code ignored;
  socket_.shutdown(tcp_socket::shutdown_send, ignored);
}

void stream::close() {
  if (socket_.is_open()) say_goodbye();
  session_.reset(); // it knows the descriptor by its number, which another connection gets
  boost::system::error_code ignored;
  socket_.close(ignored);
}

}
