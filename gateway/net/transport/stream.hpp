#pragma once

#include "gateway/net/tls/tls.hpp"
#include "gateway/net/transport/sockets.hpp"
#include "gateway/net/transport/stream_set.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace gateway::net {

/// The user of a stream. Calls come from the worker's loop, never from within a call to the stream, and may destroy it.
class stream_user {
public:
  /// The stream is connected, or the handshake is over; or `ec` says why not.
  virtual void on_opened(boost::system::error_code ec) = 0;
  /// Bytes have arrived: returns where to put them, at least one byte.
  virtual boost::asio::mutable_buffer room() = 0;
  /// The room was not needed after all; another call will follow.
  virtual void room_unused() = 0;
  /// `bytes` have been read; error::eof at the end.
  virtual void on_read(boost::system::error_code ec, std::size_t bytes) = 0;
  /// All bytes were written; or only `bytes`, and `ec` says why.
  virtual void on_written(boost::system::error_code ec, std::size_t bytes) = 0;

protected:
  ~stream_user() = default;
};

/// A TCP connection, plain or under TLS, over a socket that never blocks. At most one opening, one read and one write
/// at a time; closing ends them without a call. One thread.
class stream {
public:
  /// Both outlive it.
  stream(stream_set& set, stream_user& user)
    : set_(set)
    , user_(user)
    , key_(set.enter(*this)) {}
  stream(stream const&) = delete;
  stream& operator=(stream const&) = delete;
  ~stream();

  /// Takes over a socket that was accepted; non-blocking. Without an error it is open.
  boost::system::error_code adopt(int fd);
  /// Once in its life; `on_opened` follows.
  void connect(endpoint const& to);

  /// Puts the open connection under TLS; call `shake_hands` next.
  void secure(tls_session session);
  bool is_secured() const { return session_ != nullptr; }
  /// `on_opened` follows.
  void shake_hands();
  /// The handshake's result, such as "TLSv1.3"; empty without TLS.
  std::string_view protocol() const;
  bool was_resumed() const;
  /// The handshake failed because the client spoke HTTP without TLS …
  bool met_plain_http() const { return met_plain_http_; }
  /// … and is to be answered without TLS.
  void give_up_tls() { session_.reset(); }
  /// The handshake failed because the server did not prove its identity.
  bool met_stranger() const;

  /// Reads some bytes as soon as there are any; `room` and `on_read` follow.
  void read();

  /// Writes what the kernel takes at once; error::would_block if that is nothing. What it did not take has to follow
  /// unchanged: under TLS it may be sealed already.
  std::size_t write_some(std::span<boost::asio::const_buffer const> buffers, boost::system::error_code& ec) {
    return session_ ? write_secured(buffers, ec) : write_plain(buffers, ec);
  }
  /// Writes all of what `write_some` just did not take; the memory the buffers point to must stay. `on_written`
  /// follows.
  void write(std::span<boost::asio::const_buffer const> buffers);

  /// Removes what was written from the front.
  static void drop_front(std::vector<boost::asio::const_buffer>& buffers, std::size_t bytes);

  /// Says that no more will be sent (RFC 9112 9.8: in TLS as well as in TCP).
  void shutdown_send();
  /// What was sent is incomplete: a peer under TLS must not see a clean end.
  void leave_unfinished() { broken_ = true; }
  void close();

private:
  friend class stream_set;
  enum class opening : std::uint8_t { none, failed, connecting, handshake };

  // For the set: reports epoll events; afterwards each calls the user at most once.
  void became(std::uint32_t events);
  void serve_opening();
  void serve_output();
  void serve_input();

  boost::system::error_code watch();
  boost::system::error_code result_of_connect();
  boost::system::error_code step_of_handshake();
  std::size_t read_plain(boost::asio::mutable_buffer into, boost::system::error_code& ec);
  std::size_t read_secured(boost::asio::mutable_buffer into, boost::system::error_code& ec);
  std::size_t write_plain(std::span<boost::asio::const_buffer const> buffers, boost::system::error_code& ec) const;
  std::size_t write_secured(std::span<boost::asio::const_buffer const> buffers, boost::system::error_code& ec);
  boost::system::error_code error_of(int result);
  bool has_more() const;
  void say_goodbye();

  stream_set& set_;
  stream_user& user_;
  stream_set::key key_;
  int fd_ = -1;
  tls_session session_;
  std::vector<boost::asio::const_buffer> unwritten_;
  std::size_t written_ = 0; // since `write`
  boost::system::error_code failure_;
  opening opening_ = opening::none;
  bool reading_ = false, writing_ = false;
  bool readable_ = false;   // as far as known: a read may find otherwise
  bool peer_ended_ = false; // the end can be read, after what has arrived
  bool broken_ = false;     // the session is unusable, and must not be closed cleanly
  bool met_plain_http_ = false;
};

}
