#pragma once

#include "gateway/http/forward.hpp"
#include "gateway/http/head_parser.hpp"
#include "gateway/net/client/body_store.hpp"
#include "gateway/net/client/cached_exchange.hpp"
#include "gateway/net/transport/stream.hpp"
#include "gateway/net/upstream/exchange.hpp"
#include "gateway/net/worker.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gateway::net {

/// One client connection and the request on it: reads a request, asks the router, makes the hops it orders, streams the
/// answer; then the next request. One request at a time; pipelined ones wait in the buffer (RFC 9112 9.3.2).
///
/// A request's life, after the handshake where the listener has TLS:
///
///     read head ─▶ cache ─▶ exchange ──▶ answer head ─▶ stream body ─▶ next request, or close
///        │          │  ▲        │             └─▶ cache: still holds ─▶ stored answer
///        │          │  └ wait   └──▶ own answer (502 …)
///        │          └─▶ stored answer
///        └ body ─▶ store                    └─▶ tunnel (101)
///
class client_connection final : public exchange_user,
                                public stream_user,
                                public std::enable_shared_from_this<client_connection> {
public:
  /// `at`: the listener that accepted it, which outlives the connection. `from`: the client.
  client_connection(worker& w, listener_settings const& at, endpoint const& from);
  ~client_connection();

  /// Starts with the accepted socket, which it will close.
  void start(int fd);
  /// The worker drains: closes the connection if idle, otherwise after the current answer.
  void drain();
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

  enum class stage : std::uint8_t { handshake, idle, head, exchange, answering, tunnel, lingering, closed };

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
  void refuse_unread(http::refusal why);
  void next_request();

  // The head (client_request.cpp)
  void begin_request();
  http::refusal find_refusal(http::request_summary const& summary, std::optional<std::uint64_t> length) const;
  std::uint64_t find_client();
  void write_forward_head(http::request_summary const& summary, std::optional<std::uint64_t> length);
  void note_refused(http::request_summary const& summary);
  std::string_view scheme() const { return stream_.is_secured() ? "https" : "http"; }
  routing::request_facts<http::token_digest> facts_of(http::request_summary const& summary) const;
  std::string https_location(http::request_summary const& summary) const;

  // The body (client_body.cpp)
  void read_ahead();
  bool begin_body(std::optional<std::uint64_t> length, bool expects_continue);
  bool store_body();
  void take_body();
  void body_came();
  void body_failed(http::refusal why);
  bool body_is_too_slow() const;
  bool body_is_awaited();

  // The exchange with the upstreams, and the cache in front of it (client_exchange.cpp)
  void proceed();
  void on_answer() override;
  void on_not_stored() override;
  void on_more() override;
  void on_interim() override;
  void on_refused(routing::refusal why) override;
  std::shared_ptr<void> holder() override { return shared_from_this(); }
  void on_stored() override;
  void serve_more();

  // Answering (client_answer.cpp)
  void stream_head();
  void begin_answer(http::answer_forwarding const& add);
  bool answer_is_whole() const {
    return stage_ == stage::answering &&
           (body_state_ == upstream_connection::body_state::done || !exchange_.upstream());
  }
  void stream_body();
  void take_content();
  void stream_content();
  void write_pieces(bool last);
  void break_off();
  void answer_here(http::own_answer answer);
  void refuse(http::refusal why, unsigned retry_after = 0);
  std::string_view allow() const { return settings_->allow.empty() ? http::usual_methods : settings_->allow; }
  void send_interim();
  void write_out(void (client_connection::*next)());
  void on_written(boost::system::error_code ec, std::size_t bytes) override;
  void wrote(boost::system::error_code ec);
  void finish_request();
  void linger();
  void discard_input();
  void client_gone();
  /// Counts the request that has just been answered; returns how long it took.
  nanoseconds record_latency();
  void log_request(nanoseconds took);

  // A WebSocket (client_tunnel.cpp)
  bool enter_tunnels();
  void leave_tunnels();
  void begin_tunnel();
  void tunnel_lives();
  void count_tunnelled();
  void carry();
  void on_sent() override;
  void end_tunnel();
  void break_tunnel(std::string_view why);

  void on_timeout();
  void on_request_timeout();

  worker& worker_;
  std::shared_ptr<settings const> settings_;
  listener_settings const& listener_;
  stream stream_;
  boost::asio::ip::address const peer_;
  std::string const peer_address_;
  std::uint64_t const peer_key_; // the key that limits count it by
  bool counted_ = false;         // against the limit of connections
  std::string client_address_;   // for this request, if a trusted proxy named it; else empty
  timer deadline_;
  timer request_deadline_;
  stage stage_ = stage::idle;
  bool reading_ = false;
  bool input_ended_ = false;
  bool writing_ = false; // the answer; the rest of the body waits for it

  read_buffer in_; // the message being read begins at 0
  std::size_t in_end_ = 0;
  std::size_t in_taken_ = 0;
  unsigned blank_lines_ = 0; // before this request
  http::message_head head_;
  std::optional<http::request_parser> parser_;

  // The request.
  std::string forward_head_;                      // as each upstream gets it
  std::size_t method_size_ = 0, target_size_ = 0; // of forward_head_'s first line
  std::string request_id_;
  std::string websocket_key_; // empty: no WebSocket is asked for
  bool may_tunnel_ = false;   // it is counted among the tunnels
  bool carrying_ = false;     // a tunnel: in_ waits until the upstream takes it
  journal::request_id lab_request_ = 0;
  body_store body_;
  bool has_body_ = false, chunked_body_ = false;
  bool is_head_ = false, http10_ = false, keep_alive_ = true;
  steady_time started_{};
  routing::request_facts<http::token_digest> facts_;
  bool awaits_body_ = false; // to be complete, or to arrive fast enough, before it is routed
  bool body_paused_ = false; // for so long that request_buffering waits for the whole body
  steady_time body_came_at_{};
  exchange exchange_;
  std::unique_ptr<cache::transaction> cached_; // nullptr without a cache
  journal::balancer_event* request_record_ = nullptr;

  // The answer.
  std::string interim_; // of interim answers: what the client has not read yet
  std::string out_;     // head or own answer
  std::vector<std::string_view> pieces_;
  std::vector<std::string> chunk_heads_;
  std::vector<boost::asio::const_buffer> buffers_;
  cache::store::answer_ptr served_; // from the cache, while it is being sent
  std::string_view served_rest_;    // of its content
  void (client_connection::*after_write_)() = nullptr;
  std::size_t head_at_ = 0; // in out_: where the answer's head begins, after what is left of interim ones
  bool answer_chunked_ = false, answer_started_ = false;
  bool head_left_ = false; // part of the answer was given to the kernel
  unsigned status_ = 0;
  std::string_view own_error_;
  std::string_view refused_; // the word for why the gateway refused the request
  std::uint64_t body_out_ = 0;
  upstream_connection::body_state body_state_ = upstream_connection::body_state::pending;
};

}
