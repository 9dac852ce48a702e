#include "gateway/net/transport/stream.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#include <utility>

namespace gateway::net {
namespace {

/// The most that one TLS record holds (RFC 8446 5.1).
constexpr std::size_t record_bytes = 16 * 1024;
/// Pieces in one gather write; further ones follow in the next.
constexpr std::size_t most_pieces = 32;

boost::system::error_code last_error() {
  if (errno == EAGAIN) return boost::asio::error::would_block;
  return {errno, boost::system::system_category()};
}

}

stream::~stream() {
  close();
  set_.leave(key_);
}

boost::system::error_code stream::adopt(int fd) {
  fd_ = fd;
  return watch();
}

boost::system::error_code stream::watch() {
  int const one = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  try {
    set_.watch(fd_, key_);
  } catch (std::system_error const& e) {
    return {e.code().value(), boost::system::system_category()};
  }
  return {};
}

void stream::connect(endpoint const& to) {
  opening_ = opening::connecting;
  fd_ = ::socket(to.data()->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
  bool const begun =
      fd_ >= 0 && (::connect(fd_, to.data(), static_cast<socklen_t>(to.size())) == 0 || errno == EINPROGRESS);
  failure_ = begun ? watch() : last_error(); // watched from here on: an unconnected socket reports a hang-up
  if (!failure_) return;
  opening_ = opening::failed;
  set_.serve_soon(key_);
}

boost::system::error_code stream::result_of_connect() {
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  return {error, boost::system::system_category()};
}

void stream::became(std::uint32_t events) {
  if (opening_ == opening::connecting) failure_ = result_of_connect();
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) readable_ = peer_ended_ = true;
  if ((events & EPOLLIN) != 0) readable_ = true;
}

void stream::serve_opening() {
  if (opening_ == opening::none) return;
  boost::system::error_code ec = failure_;
  if (opening_ == opening::handshake) ec = step_of_handshake();
  if (ec == boost::asio::error::would_block) return;
  opening_ = opening::none;
  user_.on_opened(ec);
}

void stream::shake_hands() {
  opening_ = opening::handshake;
  if (SSL_is_server(session_.get()) == 0) set_.serve_soon(key_); // a client speaks first
}

void stream::read() {
  reading_ = true;
  if (readable_ || has_more()) set_.serve_soon(key_);
}

void stream::serve_input() {
  // A session may have to write before it can read, or the other way round.
  if (!reading_ || fd_ < 0 || !(readable_ || has_more() || (session_ && SSL_want_write(session_.get()) == 1))) return;
  boost::system::error_code ec;
  boost::asio::mutable_buffer const into = user_.room();
  std::size_t const bytes = session_ ? read_secured(into, ec) : read_plain(into, ec);
  if (ec == boost::asio::error::would_block) {
    readable_ = false;
    user_.room_unused();
    return;
  }
  reading_ = false;
  user_.on_read(ec, bytes);
}

// Less than there was room for: the kernel has no more, and will report when it has. The end is reported only once.
std::size_t stream::read_plain(boost::asio::mutable_buffer into, boost::system::error_code& ec) {
  ssize_t const bytes = ::recv(fd_, into.data(), into.size(), 0);
  if (bytes < 0) {
    ec = last_error();
    return 0;
  }
  if (bytes == 0) ec = boost::asio::error::eof;
  if (static_cast<std::size_t>(bytes) < into.size() && !peer_ended_) readable_ = false;
  return static_cast<std::size_t>(bytes);
}

std::size_t stream::write_plain(std::span<boost::asio::const_buffer const> buffers,
                                boost::system::error_code& ec) const {
  std::array<iovec, most_pieces> pieces;
  std::size_t total = 0;
  ec = {};
  while (!buffers.empty()) {
    std::size_t const count = std::min(buffers.size(), most_pieces);
    std::size_t wanted = 0;
    for (std::size_t i = 0; i != count; ++i) {
      pieces[i] = {const_cast<void*>(buffers[i].data()), buffers[i].size()};
      wanted += buffers[i].size();
    }
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = count;
    ssize_t const sent = ::sendmsg(fd_, &message, MSG_NOSIGNAL);
    if (sent < 0) {
      if (total == 0 || errno != EAGAIN) ec = last_error();
      return total;
    }
    total += static_cast<std::size_t>(sent);
    if (static_cast<std::size_t>(sent) < wanted) return total;
    buffers = buffers.subspan(count);
  }
  return total;
}

void stream::write(std::span<boost::asio::const_buffer const> buffers) {
  unwritten_.assign(buffers.begin(), buffers.end());
  written_ = 0;
  writing_ = true;
}

void stream::serve_output() {
  if (!writing_ || fd_ < 0) return;
  boost::system::error_code ec;
  std::size_t const bytes = write_some(unwritten_, ec);
  written_ += bytes;
  drop_front(unwritten_, bytes);
  if (ec == boost::asio::error::would_block || (!ec && !unwritten_.empty())) return;
  writing_ = false;
  user_.on_written(ec, written_);
}

void stream::secure(tls_session session) {
  session_ = std::move(session);
  SSL_set_fd(session_.get(), fd_);
}

std::string_view stream::protocol() const { return session_ ? SSL_get_version(session_.get()) : std::string_view(); }

bool stream::was_resumed() const { return session_ && SSL_session_reused(session_.get()) == 1; }

bool stream::met_stranger() const { return session_ && SSL_get_verify_result(session_.get()) != X509_V_OK; }

/// The outcome of an OpenSSL operation that returned `result`; no error if it succeeded.
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
  ERR_clear_error();
  errno = 0;
  return error_of(SSL_do_handshake(session_.get()));
}

/// Whether bytes were received from the socket that have not been read.
bool stream::has_more() const { return session_ && SSL_has_pending(session_.get()) == 1; }

std::size_t stream::read_secured(boost::asio::mutable_buffer into, boost::system::error_code& ec) {
  ec = {};
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
  ::shutdown(fd_, SHUT_WR);
}

void stream::close() {
  opening_ = opening::none;
  reading_ = writing_ = false;
  if (fd_ < 0) return;
  say_goodbye();
  session_.reset(); // it holds the descriptor's number, which another connection will get
  ::close(std::exchange(fd_, -1));
}

}
