#pragma once

#include "gateway/http/forward.hpp"
#include "gateway/http/head_parser.hpp"
#include "gateway/net/body_store.hpp"
#include "gateway/net/stream.hpp"
#include "gateway/net/upstream_connection.hpp"
#include "gateway/net/worker.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gateway::net {

/// One client connection and the request on it: reads a request, asks the router, runs the hops it orders, streams the
/// answer; then the next request. One request at a time, pipelined ones wait in the buffer (RFC 9112 9.3.2).
///
/// A request's life, after the handshake where the door has TLS:
///
///     read head ─▶ route ─▶ hop ──▶ answer head ─▶ stream body ─▶ next request, or close
///        │          ▲  │     │  └──▶ X-Accel ──▶ route (redirect)
///        │          │  └─▶ own answer (404, 413, 502 …)
///        └ body ─▶ store ─▶  └────▶ failure ──▶ route (retry)
///
class client_connection final : public hop_user,
                                public stream_user,
                                public std::enable_shared_from_this<client_connection> {
public:
  /// `at`: where it is accepted; outlives the connection. `from`: the client.
  client_connection(worker& w, door const& at, endpoint const& from);
  ~client_connection();

  /// With the accepted socket, which it closes.
  void start(int fd);
  /// The worker drains: close if idle, else after the present answer.
  void drain();
  /// single_guess: the guess this request waited for is over.
  void on_wake();
  void close();

private:
  /// A deadline that calls a member of its connection.
  struct timer final : deadline_owner {
    timer(client_connection& c, void (client_connection::*f)())
      : connection(c)
      , function(f) {}
    void on_deadline() override { (connection.*function)(); }
    client_connection& connection;
    void (client_connection::*function)();
  };

  enum class stage : std::uint8_t { handshake, idle, head, exchange, answering, lingering, closed };

  // Reading (client_connection.cpp)
  void on_opened(boost::system::error_code ec) override;
  void read();
  boost::asio::mutable_buffer room() override;
  void room_unused() override;
  void on_read(boost::system::error_code ec, std::size_t bytes) override;
  void continue_with_input();
  void take_settings();
  bool skip_blank_lines();
  void parse_head();
  void refuse_unread(unsigned status, std::string_view detail);
  void next_request();

  // The head (client_request.cpp)
  void begin_request();
  http::head_refusal find_refusal(http::request_summary const& summary, std::optional<std::uint64_t> length) const;
  std::uint64_t find_client();
  void write_forward_head(http::request_summary const& summary, std::optional<std::uint64_t> length);
  void route(routing::request_facts<http::token_digest> const& facts, std::int64_t now_ns);
  routing::request_facts<http::token_digest> facts_of(http::request_summary const& summary) const;
  std::string https_location(http::request_summary const& summary) const;

  // The body (client_body.cpp)
  void read_ahead();
  bool begin_body(std::optional<std::uint64_t> length, bool expects_continue);
  bool store_body();
  void take_body();
  void body_came();
  void body_failed(unsigned status, std::string_view detail);
  bool body_is_too_slow() const;

  // Hops (client_exchange.cpp)
  void perform(routing::action const& next);
  void send_hop(routing::action const& next);
  void make_hop(routing::action const& next);
  void on_answer_head() override;
  void on_answer_body() override;
  void on_hop_failed(hop_failure const& failure) override;
  void follow_redirect(std::string_view location, bool once);
  bool may_enter(routing::action const& next);
  bool on_room(std::uint64_t ticket);
  void leave_upstream();
  void respond(routing::refusal why);
  void end_hop(journal::hop_result result);
  void wake_others();

  // Answering (client_answer.cpp)
  void stream_head();
  void refuse_coding();
  void stream_body();
  void answer_here(http::own_answer answer);
  void write_out(void (client_connection::*next)());
  void on_written(boost::system::error_code ec, std::size_t bytes) override;
  void wrote(boost::system::error_code ec);
  void finish_request();
  void linger();
  void discard_input();
  void client_gone();
  void log_request(nanoseconds took);

  void on_timeout();
  void on_request_timeout();
  void on_patience_end();
  std::optional<std::string> relative_location(std::string_view location) const;

  worker& worker_;
  std::shared_ptr<settings const> settings_;
  door const& door_;
  stream stream_;
  boost::asio::ip::address const peer_;
  std::string const peer_address_;
  std::uint64_t const peer_key_; // what its limits are counted by
  bool counted_ = false;         // for the limit of connections
  std::string client_address_;   // of this request, where a trusted proxy says so; else empty
  timer deadline_;
  timer request_deadline_;
  timer patience_; // with another's guess
  stage stage_ = stage::idle;
  bool reading_ = false;
  bool input_ended_ = false;
  bool writing_ = false; // of the answer; the rest of the body waits for it

  read_buffer in_; // the message being read begins at 0
  std::size_t in_end_ = 0;
  std::size_t in_taken_ = 0;
  unsigned blank_lines_ = 0; // before this request
  http::message_head head_;
  std::optional<http::request_parser> parser_;

  // The request.
  std::string forward_head_;                      // as every upstream gets it
  std::size_t method_size_ = 0, target_size_ = 0; // of forward_head_'s first line
  std::string request_id_;
  journal::request_id lab_request_ = 0;
  body_store body_;
  bool has_body_ = false, chunked_body_ = false;
  bool is_head_ = false, http10_ = false, keep_alive_ = true;
  steady_time started_{};
  live_route route_;
  bool routed_ = false; // the router knows of this request and waits to hear
  std::optional<routing::request_facts<http::token_digest>> unrouted_; // until the body is complete
  bool asleep_ = false;                                                // single_guess: waits to be woken
  unsigned hops_ = 0;
  routing::upstream_id room_at_ = routing::no_upstream; // where upstreams are limited
  bool has_room_ = false;
  std::optional<routing::action> waiting_hop_; // for room
  std::uint64_t ticket_ = 0;
  std::string_view chosen_by_;
  std::string hop_error_; // RFC 9209 error of the last failure
  std::shared_ptr<upstream_connection> upstream_;
  routing::upstream_id last_upstream_ = routing::no_upstream;
  journal::balancer_event* request_record_ = nullptr;
  journal::balancer_event* hop_record_ = nullptr;

  // The answer.
  std::string_view unsent_interim_; // of 100 Continue
  std::string out_;                 // head or own answer
  std::vector<std::string_view> pieces_;
  std::vector<std::string> chunk_heads_;
  std::vector<boost::asio::const_buffer> buffers_;
  void (client_connection::*after_write_)() = nullptr;
  bool answer_chunked_ = false, answer_started_ = false;
  unsigned status_ = 0;
  std::string_view own_error_;
  std::uint64_t body_out_ = 0;
  upstream_connection::body_state body_state_ = upstream_connection::body_state::pending;
};

}
