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

/// Who uses a stream. Calls come from the worker's loop, never from within a call to the stream, and may destroy it.
class stream_user {
public:
  /// Connected, or the handshake is over; or why not.
  virtual void on_opened(boost::system::error_code ec) = 0;
  /// Bytes have come: where they shall go. Returns at least one byte's room.
  virtual boost::asio::mutable_buffer room() = 0;
  /// It was not needed after all; there will be another call.
  virtual void room_unused() = 0;
  /// `bytes` have been read; error::eof at the end.
  virtual void on_read(boost::system::error_code ec, std::size_t bytes) = 0;
  /// All of it was written, or why only `bytes` were.
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

  /// Puts the open connection under TLS; `shake_hands` comes first then.
  void secure(tls_session session);
  bool is_secured() const { return session_ != nullptr; }
  /// `on_opened` follows.
  void shake_hands();
  /// The handshake's result, such as "TLSv1.3"; empty without TLS.
  std::string_view protocol() const;
  bool was_resumed() const;
  /// The handshake failed since the client spoke HTTP without TLS …
  bool met_plain_http() const { return met_plain_http_; }
  /// … and is answered likewise.
  void give_up_tls() { session_.reset(); }
  /// The handshake failed since the server did not prove who it is.
  bool met_stranger() const;

  /// Some bytes, as soon as there are any; `room` and `on_read` follow.
  void read();

  /// What the kernel takes at once; error::would_block if that is nothing. What it did not take has to follow
  /// unchanged: under TLS it may be sealed already.
  std::size_t write_some(std::span<boost::asio::const_buffer const> buffers, boost::system::error_code& ec) {
    return session_ ? write_secured(buffers, ec) : write_plain(buffers, ec);
  }
  /// All of what `write_some` just did not take; what the buffers view must stay. `on_written` follows.
  void write(std::span<boost::asio::const_buffer const> buffers);

  /// Takes what was written from the front.
  static void drop_front(std::vector<boost::asio::const_buffer>& buffers, std::size_t bytes);

  /// Says that no more comes (RFC 9112 9.8: under TLS as well as below it).
  void shutdown_send();
  /// What was sent is not all: a peer under TLS shall not take the end for a good one.
  void leave_unfinished() { broken_ = true; }
  void close();

private:
  friend class stream_set;
  enum class opening : std::uint8_t { none, failed, connecting, handshake };

  // For the set: events of epoll; then each calls the user at most once.
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
  bool readable_ = false;   // as far as is known: reading may tell otherwise
  bool peer_ended_ = false; // the end is there to be read, behind what has arrived
  bool broken_ = false;     // the session is of no more use, and must not be closed in form
  bool met_plain_http_ = false;
};

}
