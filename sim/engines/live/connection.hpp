#pragma once

#include "sim/engines/live/client.hpp"
#include "sim/engines/live/exchange.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace sim::live {

/// One client connection to a balancer, for `client` only. It never allocates on the steady path: buffers, parser and
/// texts are reused. Bytes arrive in a buffer that all connections share; the rest of what is not yet whole is kept.
/// The socket is non-blocking and watched by the client's ready_set, also while it is idle, so that a balancer's close
/// is seen at once.
class connection {
public:
  connection(client& owner, std::uint16_t balancer, std::uint32_t number);
  connection(connection const&) = delete;
  connection& operator=(connection const&) = delete;
  ~connection();

  /// Sends the request that the pool has for it, connecting first when closed.
  void send(std::int64_t now);
  void close();

private:
  friend class client;
  enum class stage : std::uint8_t { closed, connecting, idle, busy };

  bool busy() const { return stage_ == stage::busy || stage_ == stage::connecting; }
  request_spec const& what() const { return owner_.pool_.request_of(number_); }
  method_entry const& method() const { return owner_.words_.methods[what().method]; }
  bool repeats() const { return owner_.pool_.is_second_try(number_); }
  void connect();
  /// The socket is ready: `events` of epoll, for its `life`-th socket.
  void on_ready(std::uint32_t life, std::uint32_t events);
  void continue_handshake();
  void on_connected();
  void transmit();
  void write_rest();
  void read(bool ends);
  void on_bytes(char const* bytes);
  /// The whole answer, if its head is known. False: it has to be parsed.
  bool take_known(char const* bytes);
  void begin_message();
  /// Parses bytes[begin_, end_). True when the answer is whole.
  bool advance(char const* bytes, boost::system::error_code& error);
  /// Keeps what is not parsed.
  void keep_rest(char const* bytes);
  void on_end_of_stream();
  void answered(bool may_stay);
  void fail(records::client_outcome outcome);

  // what every request and answer touches
  client& owner_;
  std::uint16_t balancer_;
  stage stage_ = stage::closed;
  bool head_seen_ = false;
  bool answer_began_ = false; // a byte of the answer has arrived
  std::uint32_t number_;      // in the pool, and for the ready_set's keys
  std::uint32_t life_ = 0;    // of the socket; late events of earlier ones are ignored
  int fd_ = -1;
  client_tls::connection tls_;      // nullptr: none, or not yet connected
  std::size_t begin_ = 0, end_ = 0; // bytes not yet parsed: in rest_, or where they have just arrived
  std::string_view unsent_;         // rest of the request
  records::client_record record_;
  exchange exchange_;

  // of an answer that is parsed
  std::vector<char> rest_; // none, until an answer comes in parts
  gateway::http::message_head head_;
  std::optional<gateway::http::answer_parser> parser_;
};

}
