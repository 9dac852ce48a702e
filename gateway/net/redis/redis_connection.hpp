#pragma once

#include "gateway/net/transport/sockets.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

struct redisAsyncContext;

namespace gateway::net {

/// One reply from Redis; `text` is valid until the call that brings it returns.
struct redis_reply {
  enum class kind : std::uint8_t { nothing, text, error, other };
  kind what = kind::nothing;
  std::string_view text{}; // text, error
};

/// The user of a connection. Calls come from the io_context's thread, and from `read_now`.
class redis_user {
public:
  /// Commands may be sent.
  virtual void on_open() = 0;
  /// In the order of the commands, one for each.
  virtual void on_reply(redis_reply const& reply) = 0;
  /// The connection is gone, or could not be opened; outstanding commands are never answered.
  virtual void on_lost(std::string_view why) = 0;

protected:
  ~redis_user() = default;
};

/// One connection to a Redis server: hiredis, reading and writing when Asio says that the socket is ready. Nothing
/// blocks; commands sent within one turn of the loop leave together. Everything runs on the io_context's one thread,
/// which has ended when this is destroyed, or runs no handler any more.
class redis_connection {
public:
  redis_connection(boost::asio::io_context& context, redis_user& user);
  redis_connection(redis_connection const&) = delete;
  redis_connection& operator=(redis_connection const&) = delete;
  ~redis_connection() { close(); }

  /// Begins to connect; ends in `on_open` or `on_lost`, called later. Precondition: closed.
  void open(endpoint const& to);
  /// No calls follow.
  void close();

  /// Queues a command, which will be answered unless the connection is lost. Returns false when out of memory.
  /// Precondition: open, that is between `on_open` and `on_lost`.
  bool send(std::initializer_list<std::string_view> words);
  /// Gives the kernel what was queued, without waiting for the loop; makes no calls.
  void write_now();
  /// Processes what has arrived by now, if anything.
  void read_now();

private:
  struct events; // the callbacks that hiredis makes
  enum class direction : std::uint8_t { in, out };

  void wait(direction which);
  bool adopt(redisAsyncContext* fresh, boost::system::error_code& ec);
  void lose(std::string const& why);

  boost::asio::io_context& context_;
  redis_user& user_;
  boost::asio::posix::basic_stream_descriptor<executor> descriptor_; // owned by hiredis
  redisAsyncContext* hiredis_ = nullptr;
  std::uint64_t life_ = 0; // incremented when the connection ends: earlier waits are then void
  bool is_open_ = false;
  bool waits_in_ = false, waits_out_ = false;
};

}
