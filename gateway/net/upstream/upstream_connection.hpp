#pragma once

#include "gateway/http/head_parser.hpp"
#include "gateway/net/client/body_store.hpp"
#include "gateway/net/transport/stream.hpp"
#include "gateway/net/worker.hpp"

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gateway::net {

/// How a hop failed.
struct hop_failure {
  routing::failure facts;
  std::string_view error; // RFC 9209 2.3 error type, such as "connection_refused"
  /// Not empty: why the upstream's answer cannot be passed on. Then `facts` do not count.
  std::string_view bad_answer{};
};

/// The user of an upstream connection for one hop. Calls come from the worker's loop, never from within a call to the
/// connection, except that `send` may fail at once.
class hop_user {
public:
  /// An answer's head (not 1xx) is complete; `parser` and `head` are readable until the connection is released.
  virtual void on_answer_head() = 0;
  /// An interim answer's head (1xx, but not 100) is there, until this returns; the answer follows.
  virtual void on_interim_head() = 0;
  /// Body bytes, or the end, can be taken with `next_body` again.
  virtual void on_answer_body() = 0;
  /// In a tunnel: what `send_raw` did not send at once has been sent, or the connection is broken, which `next_body`
  /// will report.
  virtual void on_sent() = 0;
  /// The hop failed before or after the answer's head, or the answer cannot be used; nor can the connection any more.
  virtual void on_hop_failed(hop_failure const& failure) = 0;

protected:
  ~hop_user() = default;
};

/// One connection to an upstream, kept alive between hops. A read is pending whenever it is open and not paused, so
/// that it notices at once when the upstream closes it. Owned by its user or the pool.
class upstream_connection final : public deadline_owner,
                                  public stream_user,
                                  public std::enable_shared_from_this<upstream_connection> {
public:
  upstream_connection(worker& w, routing::upstream_id id, upstream_face_ptr face);
  ~upstream_connection() override;

  /// What to send. Views and the store stay valid until the connection is released.
  struct hop_request {
    std::string_view head;
    body_store* body = nullptr; // nullptr: no body
    bool chunked = false;
    bool is_head = false;             // the answer has no body
    std::string_view websocket_key{}; // not empty: the answer may be 101, after which this is a tunnel
  };

  /// Sends a request; connects to `to` first if this is a new connection.
  void send(hop_user& user, endpoint const& to, hop_request const& request);
  /// More of the body has arrived in the store, or it is complete.
  void body_arrived();

  // The answer, between on_answer_head and release.
  http::message_head const& head() const { return head_; }
  http::answer_parser const& parser() const { return *parser_; }
  char const* base() const { return in_.data() + in_base_; }

  enum class body_state : std::uint8_t { more, pending, done, broken };
  /// The RFC 9209 error of a broken body: cut short, silent for too long, or badly chunked.
  std::string_view body_error() const;
  /// Takes what has arrived of the body as up to `pieces.size()` views (valid until the next call) and returns what
  /// follows: more now, more later (`on_answer_body` will be called), the end, or that the answer broke off.
  body_state next_body(std::vector<std::string_view>& pieces, std::size_t max_pieces);

  /// The answer is 101: everything that follows is its body (`next_body`), and what is sent is up to the user.
  bool is_tunnel() const { return tunnel_; }
  /// In a tunnel: sends bytes. Returns whether all of them left at once; otherwise they have to stay valid until
  /// `on_sent`.
  bool send_raw(std::string_view bytes);
  /// In a tunnel: nothing more will be sent.
  void end_sending() { stream_.shutdown_send(); }

  /// The user is done: the connection goes back to the pool if both messages ended cleanly, otherwise it is closed. No
  /// calls to the user follow.
  void release();

  /// In the pool: closes it.
  void retire() { close(); }
  /// Whether it leads to that upstream, at its current address.
  bool leads_to(balancer::destination const& there) const { return to_ == there.address && face_ == there.face; }
  /// Whether it was made under the current configuration, and its upstream still exists.
  bool is_current() const { return settings_ == worker_.current() && !is_gone(); }
  bool is_gone() const { return face_->gone.load(std::memory_order_relaxed); }

  bool was_reused() const { return hops_ > 1; }

private:
  void on_opened(boost::system::error_code ec) override;
  void opened();
  void send_more();
  void wrote(boost::system::error_code ec);
  void on_written(boost::system::error_code ec, std::size_t bytes) override;
  void read();
  boost::asio::mutable_buffer room() override;
  void room_unused() override;
  void on_read(boost::system::error_code ec, std::size_t bytes) override;
  void drop_front(std::size_t bytes);
  void parse_head();
  void connect_failed(boost::system::error_code ec);
  void fail(std::string_view error, bool timed_out);
  void refuse_answer(std::string_view error, std::string_view why);
  void fail(hop_failure const& failure);
  void close();
  void on_deadline() override;
  bool request_sent() const;
  void add_piece(std::vector<std::string_view>& pieces, std::string_view piece);

  worker& worker_;
  std::shared_ptr<settings const> settings_;
  routing::upstream_id id_;
  upstream_face_ptr face_;
  endpoint to_;
  stream stream_;
  hop_user* user_ = nullptr;

  // The request on its way out.
  hop_request request_;
  std::uint64_t body_sent_ = 0; // of the store
  bool head_sent_ = false;
  bool last_chunk_sent_ = false;
  bool writing_ = false;
  bool accepted_any_ = false; // the kernel took at least one byte of this request
  bool send_failed_ = false;  // writing is over; the answer, or the reason, may still come
  std::string scratch_;       // body bytes read back from the file
  std::array<char, 20> chunk_head_{};
  std::uint64_t piece_in_flight_ = 0;
  bool last_in_flight_ = false;

  // The answer on its way in.
  read_buffer in_;
  std::size_t in_base_ = 0;  // where the message begins, after interim ones
  std::size_t in_end_ = 0;   // bytes filled
  std::size_t in_taken_ = 0; // bytes of these that were passed on
  http::message_head head_;
  std::optional<http::answer_parser> parser_;
  boost::system::error_code body_error_;
  bool answered_ = false; // the user has the head
  bool tunnel_ = false;
  std::string_view raw_; // waits until the request's head is sent
  bool waits_for_body_ = false;
  bool input_ended_ = false;
  bool reading_ = false;
  bool open_ = false;
  bool connecting_ = false;
  std::uint64_t hops_ = 0;
};

}
