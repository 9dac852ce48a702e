#pragma once

#include "gateway/net/sockets.hpp"
#include "gateway/net/tls.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include <cstddef>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace gateway::net {

/// A TCP connection, plain or under TLS. OpenSSL works on the socket itself, which never blocks; Asio says when it is
/// worth trying again. Handlers are called from the executor, never from within the call; whoever owns the stream keeps
/// it alive through them. One read and one write at a time. One thread.
class stream {
public:
  explicit stream(tcp_socket socket)
    : socket_(std::move(socket)) {}

  tcp_socket& socket() { return socket_; }

  /// Puts the connected, non-blocking socket under TLS; `async_handshake` comes first then.
  void secure(tls_session session);
  bool is_secured() const { return secured_; }
  /// The handshake's result, such as "TLSv1.3"; empty without TLS.
  std::string_view protocol() const;
  bool was_resumed() const;
  /// The handshake failed since the client spoke HTTP without TLS …
  bool met_plain_http() const { return met_plain_http_; }
  /// … and is answered likewise.
  void give_up_tls();
  /// The handshake failed since the server did not prove who it is.
  bool met_stranger() const;

  /// `handler(ec)`.
  template<class Handler>
  void async_handshake(Handler handler) {
    boost::system::error_code const ec = step_of_handshake();
    if (ec != boost::asio::error::would_block) {
      boost::asio::post(socket_.get_executor(), [handler = std::move(handler), ec]() mutable { handler(ec); });
      return;
    }
    socket_.async_wait(wanted(), [this, handler = std::move(handler)](boost::system::error_code error) mutable {
      if (error)
        handler(error);
      else
        async_handshake(std::move(handler));
    });
  }

  /// Some bytes, as soon as there are any: `handler(ec, bytes)`; error::eof at the end.
  template<class Handler>
  void async_read_some(boost::asio::mutable_buffer into, Handler handler) {
    if (!has_more()) { // to try now would most often be in vain
      read_when_ready(into, wait_type::wait_read, std::move(handler));
      return;
    }
    boost::system::error_code ec;
    std::size_t const bytes = read_now(into, ec);
    if (ec != boost::asio::error::would_block) {
      boost::asio::post(socket_.get_executor(),
                        [handler = std::move(handler), ec, bytes]() mutable { handler(ec, bytes); });
      return;
    }
    read_when_ready(into, wanted(), std::move(handler));
  }

  /// What the kernel takes at once; error::would_block if that is nothing. What it did not take has to follow
  /// unchanged: under TLS it may be sealed already.
  std::size_t write_some(std::span<boost::asio::const_buffer const> buffers, boost::system::error_code& ec) {
    return secured_ ? write_secured(buffers, ec) : socket_.write_some(buffers, ec);
  }

  /// Takes what was written from the front.
  static void drop_front(std::vector<boost::asio::const_buffer>& buffers, std::size_t bytes);

  /// All of it: `handler(ec, bytes)`. What the buffers view must stay.
  template<class Handler>
  void async_write(std::vector<boost::asio::const_buffer> buffers, Handler handler) {
    if (!secured_) {
      boost::asio::async_write(socket_, std::move(buffers), std::move(handler));
      return;
    }
    write_rest(std::move(buffers), 0, std::move(handler));
  }

  /// Says that no more comes (RFC 9112 9.8: under TLS as well as below it).
  void shutdown_send();
  /// What was sent is not all: a peer under TLS shall not take the end for a good one.
  void leave_unfinished() { broken_ = true; }
  void close();

private:
  using wait_type = tcp_socket::wait_type;

  template<class Handler>
  void read_when_ready(boost::asio::mutable_buffer into, wait_type how, Handler handler) {
    socket_.async_wait(how, [this, into, handler = std::move(handler)](boost::system::error_code ec) mutable {
      std::size_t const bytes = ec ? 0 : read_now(into, ec);
      if (ec == boost::asio::error::would_block)
        read_when_ready(into, wanted(), std::move(handler));
      else
        handler(ec, bytes);
    });
  }

  template<class Handler>
  void write_rest(std::vector<boost::asio::const_buffer> rest, std::size_t done, Handler handler) {
    socket_.async_wait(wait_type::wait_write, [this, rest = std::move(rest), done,
                                               handler = std::move(handler)](boost::system::error_code ec) mutable {
      if (!ec) {
        std::size_t const written = write_secured(rest, ec);
        done += written;
        drop_front(rest, written);
        if (ec == boost::asio::error::would_block) ec = {};
      }
      if (ec || rest.empty())
        handler(ec, done);
      else
        write_rest(std::move(rest), done, std::move(handler));
    });
  }

  wait_type wanted() const;
  boost::system::error_code step_of_handshake();
  std::size_t read_now(boost::asio::mutable_buffer into, boost::system::error_code& ec) {
    return secured_ ? read_secured(into, ec) : socket_.read_some(boost::asio::buffer(into), ec);
  }
  bool has_more() const;
  std::size_t read_secured(boost::asio::mutable_buffer into, boost::system::error_code& ec);
  std::size_t write_secured(std::span<boost::asio::const_buffer const> buffers, boost::system::error_code& ec);
  boost::system::error_code error_of(int result);
  void say_goodbye();

  tcp_socket socket_;
  tls_session session_;
  bool secured_ = false;
  bool broken_ = false; // the session is of no more use, and must not be closed in form
  bool met_plain_http_ = false;
};

}
