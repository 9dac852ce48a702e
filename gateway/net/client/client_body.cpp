// A request's body: from the connection into the store, from which every hop sends it.
#include "gateway/net/client/client_connection.hpp"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

namespace gateway::net {
namespace {

constexpr std::chrono::seconds slow_body_grace{5}; // before its rate counts

}

// Reads while a complete request is being served, so that a client that goes away is noticed. Only into an empty
// buffer, whose beginning stays in place until the read ends.
void client_connection::read_ahead() {
  if (in_end_ == 0) read();
}

// What came with the head is sent with the head. False when the request was refused.
bool client_connection::begin_body(std::optional<std::uint64_t> length, bool expects_continue) {
  body_.expect(chunked_body_ ? std::nullopt : length);
  if (expects_continue && in_end_ == 0) {
    interim_ = "HTTP/1.1 100 Continue\r\n\r\n";
    send_interim();
  }
  if (!request_deadline_.has_deadline()) worker_.set_deadline(request_deadline_, deadline::client_total);
  return store_body();
}

// Moves body bytes from the buffer into the store, from which every hop sends them. False when the request was refused.
// The pieces of one read are moved together first, so that the store, and its file, get one piece, however the body is
// chunked.
bool client_connection::store_body() {
  std::size_t const begin = in_taken_;
  std::size_t end = begin; // of the content
  while (in_taken_ < in_end_ && !parser_->done()) {
    boost::system::error_code ec;
    http::body_step const step = parser_->parse_body(in_.data() + in_taken_, in_end_ - in_taken_, ec);
    if (ec) {
      body_failed(http::refusal_of_body(ec));
      return false;
    }
    if (!step.data.empty()) std::memmove(in_.data() + end, step.data.data(), step.data.size());
    end += step.data.size();
    std::uint64_t const size = body_.size() + (end - begin);
    if (size > settings_->max_body || parser_->announced() > settings_->max_body - size) {
      body_failed(http::refusal::large_body);
      return false;
    }
    in_taken_ += step.consumed;
    if (step.consumed == 0) break;
  }
  bool const is_kept = body_.append({in_.data() + begin, end - begin});
  worker_.shared().keeps_bodies(is_kept ? 0 : errno, body_.is_in_file(), settings_->body_directory);
  if (!is_kept) {
    body_failed(http::refusal::no_room);
    return false;
  }
  std::memmove(in_.data(), in_.data() + in_taken_, in_end_ - in_taken_);
  in_end_ -= in_taken_;
  in_taken_ = 0;
  if (parser_->done()) body_.complete();
  return true;
}

void client_connection::take_body() {
  if (!has_body_ || body_.is_complete()) return;
  if (store_body()) body_came();
}

void client_connection::body_came() {
  bool const answering = stage_ == stage::answering; // then the answer's deadlines count
  if (body_.is_complete()) {
    if (!answering) {
      deadline_.clear_deadline();
      worker_.set_deadline(request_deadline_, deadline::request);
    }
    read_ahead();
  } else if (input_ended_) {
    client_gone(); // half-closed within a pipelined request
    return;
  } else if (!answering && body_is_too_slow()) {
    body_failed(http::refusal::slow_body);
    return;
  } else {
    if (!answering) worker_.set_deadline(deadline_, deadline::client_body);
    read();
  }
  auto const self = shared_from_this();
  if (awaits_body_ && !body_is_awaited()) {
    facts_.whole = body_.is_complete();
    proceed();
  }
  exchange_.body_arrived();
}

void client_connection::body_failed(http::refusal why) {
  keep_alive_ = false;
  if (stage_ == stage::exchange) {
    exchange_.abandon(journal::hop_result::failed);
    refuse(why);
    return;
  }
  // An answer is under way. If it is complete, it may go on; otherwise its upstream would wait for a rest that never
  // comes.
  if (stage_ == stage::answering && !answer_is_whole()) break_off();
}

/// Whether it is too early to ask an upstream. A slow client must not occupy an upstream's connection, or a place that
/// others wait for. Called whenever more of the body has arrived.
bool client_connection::body_is_awaited() {
  if (!has_body_ || body_.is_complete()) return false;
  if (settings_->request_buffering == request_buffering::on || worker_.shared().limits_upstreams()) return true;
  if (settings_->request_buffering == request_buffering::off) return false;
  steady_time const now = std::chrono::steady_clock::now();
  body_paused_ = body_paused_ || now - std::exchange(body_came_at_, now) > settings_->timeouts.body_pause;
  return body_paused_ || body_.size() <= settings_->body_in_memory;
}

/// On average, after a grace period.
bool client_connection::body_is_too_slow() const {
  if (settings_->limits.body_rate == 0) return false;
  std::chrono::duration<double> const took = std::chrono::steady_clock::now() - started_;
  return took > slow_body_grace && static_cast<double>(body_.size()) < settings_->limits.body_rate * took.count();
}

}
