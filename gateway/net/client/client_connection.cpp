#include "gateway/net/client/client_connection.hpp"

#include <boost/beast/http/error.hpp>

#include <algorithm>
#include <cstring>
#include <utility>

namespace gateway::net {
namespace {

constexpr unsigned max_blank_lines = 8; // before a request; chosen: enough for any honest mistake

}

client_connection::client_connection(worker& w, listener_settings const& at, endpoint const& from)
  : worker_(w)
  , settings_(w.current())
  , listener_(at)
  , stream_(w.streams(), *this)
  , peer_(unmapped(from.address()))
  , peer_address_(peer_.to_string())
  , peer_key_(limit_key(peer_))
  , deadline_(*this, &client_connection::on_timeout)
  , request_deadline_(*this, &client_connection::on_request_timeout)
  , body_(settings_->body_in_memory, settings_->body_directory)
  , exchange_(w, *this) {}

client_connection::~client_connection() = default;

void client_connection::start(int fd) {
  if (stream_.adopt(fd)) return;                          // it could not be watched
  counted_ = !settings_->trusted_proxies.contains(peer_); // not trusted proxies: they carry the connections of many
  if (counted_ && !worker_.shared().connected(peer_key_)) {
    worker_.shared().shell().connections_refused.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  worker_.opened(shared_from_this());
  if (!listener_.tls) {
    next_request();
    return;
  }
  stage_ = stage::handshake;
  worker_.set_deadline(deadline_, deadline::client_head);
  stream_.secure(settings_->tls->session());
  stream_.shake_hands();
}

void client_connection::on_opened(boost::system::error_code ec) {
  auto const self = shared_from_this();
  shell_counters& counters = worker_.shared().shell();
  if (!ec) {
    counters.tls_handshakes.fetch_add(1, std::memory_order_relaxed);
    if (stream_.was_resumed()) counters.tls_resumed.fetch_add(1, std::memory_order_relaxed);
    if (worker_.draining())
      close();
    else
      next_request();
    return;
  }
  counters.tls_failures.fetch_add(1, std::memory_order_relaxed);
  if (!stream_.met_plain_http()) {
    close();
    return;
  }
  stream_.give_up_tls(); // so that the client can be told
  refuse_unread(http::refusal::plain_to_tls);
}

void client_connection::drain() {
  keep_alive_ = false;
  if (stage_ == stage::handshake || (stage_ == stage::idle && in_end_ == 0)) close();
  if (stage_ == stage::tunnel) worker_.set_deadline(request_deadline_, deadline::tunnel_drain);
}

void client_connection::read() {
  if (reading_ || input_ended_ || stage_ == stage::closed || (in_ && in_end_ == in_.size())) return;
  reading_ = true;
  stream_.read();
}

boost::asio::mutable_buffer client_connection::room() {
  if (!in_) in_ = worker_.buffers().take();
  return boost::asio::buffer(in_.data() + in_end_, in_.size() - in_end_);
}

void client_connection::room_unused() {
  if ((stage_ == stage::idle || stage_ == stage::tunnel) && in_end_ == 0) worker_.buffers().give(std::move(in_));
}

void client_connection::on_read(boost::system::error_code ec, std::size_t bytes) {
  auto const self = shared_from_this();
  reading_ = false;
  in_end_ += bytes;
  if (ec) {
    input_ended_ = true;
    // The end of input in the middle of a request is the end of the connection; after a complete request it is a
    // half-close, and the answer is still wanted (RFC 9112 9.6). An answer that is already complete is sent in any
    // case.
    bool const request_incomplete = has_body_ && !body_.is_complete();
    if (stage_ == stage::idle || stage_ == stage::head || stage_ == stage::lingering)
      close();
    else if (stage_ == stage::tunnel)
      ec == boost::asio::error::eof ? carry() : client_gone();
    else if (ec != boost::asio::error::eof || (request_incomplete && !answer_is_whole()))
      client_gone();
    return;
  }
  continue_with_input();
}

void client_connection::continue_with_input() {
  switch (stage_) {
  case stage::handshake:
    break;
  case stage::idle:
    if (!skip_blank_lines()) {
      if (!deadline_.has_deadline()) worker_.set_deadline(deadline_, deadline::client_idle);
      if (input_ended_)
        close();
      else
        read();
      break;
    }
    stage_ = stage::head;
    deadline_.clear_deadline();
    take_settings();
    [[fallthrough]];
  case stage::head:
    parse_head();
    break;
  case stage::exchange:
    take_body();
    break;
  case stage::answering:
    // The upstream may need the rest of the body to end its answer. Otherwise this is a pipelined request, which waits.
    if (exchange_.upstream()) take_body();
    break;
  case stage::tunnel:
    carry();
    break;
  case stage::lingering:
    discard_input();
    break;
  case stage::closed:
    break;
  }
}

// A request is served by the configuration in force when it begins, whenever its connection began.
void client_connection::take_settings() {
  if (settings_ == worker_.current()) return;
  settings_ = worker_.current();
  body_.use(settings_->body_in_memory, settings_->body_directory);
  parser_.emplace(head_, settings_->request_limits());
}

// Some clients end a body with an extra line (RFC 9112 2.2). Returns whether anything else has arrived.
bool client_connection::skip_blank_lines() {
  std::string_view const input(in_.data(), in_end_);
  std::size_t skipped = 0;
  for (; blank_lines_ < max_blank_lines && input.substr(skipped).starts_with("\r\n"); skipped += 2) ++blank_lines_;
  if (skipped != 0) std::memmove(in_.data(), in_.data() + skipped, in_end_ - skipped);
  in_end_ -= skipped;
  bool const half_a_line = in_end_ == 1 && input.back() == '\r' && blank_lines_ < max_blank_lines;
  return in_end_ > 0 && !half_a_line;
}

void client_connection::parse_head() {
  boost::system::error_code ec;
  bool const complete = parser_->parse_head(in_.data(), in_end_, ec);
  if (!complete && !ec && in_end_ == in_.size()) ec = boost::beast::http::error::header_limit;
  if (ec) {
    refuse_unread(http::refusal_of_head(ec, {in_.data(), in_end_}, settings_->request_limits()));
    return;
  }
  if (!complete) {
    if (input_ended_) { // half-closed within a pipelined request
      close();
      return;
    }
    if (!request_deadline_.has_deadline()) { // most heads arrive whole
      worker_.set_deadline(deadline_, deadline::client_head);
      worker_.set_deadline(request_deadline_, deadline::client_total);
    }
    read();
    return;
  }
  in_taken_ = parser_->head_bytes();
  deadline_.clear_deadline();
  begin_request();
}

/// Answers before a request's head is known, and closes.
void client_connection::refuse_unread(http::refusal why) {
  keep_alive_ = false;
  started_ = std::chrono::steady_clock::now();
  request_record_ = worker_.shared().record_request(0);
  refuse(why);
}

void client_connection::next_request() {
  parser_.emplace(head_, settings_->request_limits());
  body_.clear();
  has_body_ = is_head_ = http10_ = false;
  awaits_body_ = body_paused_ = false;
  exchange_.reset();
  cached_.reset();
  client_address_.clear();
  websocket_key_.clear();
  request_id_.clear();
  interim_.clear();
  lab_request_ = 0;
  blank_lines_ = 0;
  status_ = 0;
  body_out_ = 0;
  own_error_ = refused_ = {};
  request_record_ = nullptr;
  answer_started_ = answer_chunked_ = head_left_ = false;
  method_size_ = target_size_ = 0;
  stage_ = stage::idle;
  if (in_end_ > 0) {
    continue_with_input();
    return;
  }
  if (input_ended_) {
    close();
    return;
  }
  worker_.buffers().give(std::move(in_));
  worker_.set_deadline(deadline_, deadline::client_idle);
  read();
}

void client_connection::on_timeout() {
  auto const self = shared_from_this();
  switch (stage_) {
  case stage::head:
    refuse_unread(http::refusal::slow_head);
    break;
  case stage::exchange:
    body_failed(http::refusal::late_body);
    break;
  case stage::answering:
  case stage::tunnel:
    client_gone();
    break;
  default:
    close();
  }
}

void client_connection::on_request_timeout() {
  auto const self = shared_from_this();
  if (stage_ == stage::lingering) close();
  if (stage_ == stage::tunnel) break_tunnel(worker_.draining() ? "drained" : "connection_timeout");
  if (stage_ == stage::head) refuse_unread(http::refusal::slow_head);
  if (stage_ != stage::exchange) return;
  if (has_body_ && !body_.is_complete()) {
    body_failed(http::refusal::slow_request);
    return;
  }
  exchange_.abandon(journal::hop_result::failed);
  exchange_.note_error("http_response_timeout");
  on_refused(routing::refusal::upstream_timeout);
}

}
