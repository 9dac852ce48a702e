#include "gateway/net/upstream/upstream_connection.hpp"

#include "gateway/http/answer_faults.hpp"
#include "gateway/http/websocket.hpp"

#include <boost/asio/error.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

namespace gateway::net {
namespace {

constexpr std::string_view last_chunk = "0\r\n\r\n";
constexpr std::string_view crlf = "\r\n";

/// Up to four pieces for one gather write.
struct gather {
  std::array<boost::asio::const_buffer, 4> buffers;
  std::size_t count = 0;
  std::size_t bytes = 0;

  void add(std::string_view piece) {
    if (piece.empty()) return;
    buffers[count++] = {piece.data(), piece.size()};
    bytes += piece.size();
  }
  /// Drops what was written from the front.
  void consume(std::size_t written) {
    bytes -= written;
    std::size_t kept = 0;
    for (std::size_t i = 0; i < count; ++i) {
      std::size_t const skipped = std::min(written, buffers[i].size());
      written -= skipped;
      if (boost::asio::const_buffer const rest = buffers[i] + skipped; rest.size() > 0) buffers[kept++] = rest;
    }
    std::fill(buffers.begin() + static_cast<std::ptrdiff_t>(kept), buffers.end(), boost::asio::const_buffer());
    count = kept;
  }
};

bool is_shortage_here(boost::system::error_code ec) {
  namespace errc = boost::system::errc;
  return ec == errc::too_many_files_open || ec == errc::too_many_files_open_in_system || ec == errc::no_buffer_space ||
         ec == errc::not_enough_memory || ec == errc::address_not_available; // the last: no local port is free
}

}

upstream_connection::upstream_connection(worker& w, routing::upstream_id id, upstream_face_ptr face)
  : worker_(w)
  , settings_(w.current())
  , id_(id)
  , face_(std::move(face))
  , stream_(w.streams(), *this) {}

upstream_connection::~upstream_connection() = default;

void upstream_connection::send(hop_user& user, endpoint const& to, hop_request const& request) {
  user_ = &user;
  ++hops_;
  request_ = request;
  body_sent_ = 0;
  head_sent_ = last_chunk_sent_ = accepted_any_ = send_failed_ = false;
  answered_ = waits_for_body_ = false;
  body_error_ = {};
  in_end_ = in_taken_ = in_base_ = 0;
  parser_.emplace(head_, settings_->answer_limits());
  parser_->answer_to_head(request.is_head);
  if (!open_) {
    connecting_ = true;
    to_ = to;
    worker_.set_deadline(*this, deadline::connect);
    stream_.connect(to);
    return;
  }
  worker_.set_deadline(*this, deadline::answer);
  send_more();
}

// Connected, or the handshake on top of that is over.
void upstream_connection::on_opened(boost::system::error_code ec) {
  auto const self = shared_from_this();
  bool const had_tls = stream_.is_secured();
  if (ec && had_tls)
    fail(stream_.met_stranger() ? "tls_certificate_error" : "tls_protocol_error", false);
  else if (ec)
    connect_failed(ec);
  else if (settings_->upstream_tls && !had_tls) {
    stream_.secure(settings_->upstream_tls->session(face_->name.host));
    stream_.shake_hands();
  } else
    opened();
}

void upstream_connection::opened() {
  connecting_ = false;
  open_ = true;
  worker_.set_deadline(*this, deadline::answer);
  read();
  send_more();
}

bool upstream_connection::request_sent() const {
  if (!head_sent_) return false;
  if (!request_.body) return true;
  if (!request_.body->is_complete() || body_sent_ < request_.body->size()) return false;
  return !request_.chunked || last_chunk_sent_;
}

void upstream_connection::body_arrived() {
  if (user_ && open_) send_more();
}

void upstream_connection::send_more() {
  while (open_ && !writing_ && !send_failed_ && !request_sent()) {
    gather out;
    if (!head_sent_) out.add(request_.head);
    piece_in_flight_ = 0;
    last_in_flight_ = false;
    if (request_.body) {
      std::string_view const piece = request_.body->read(body_sent_, scratch_);
      if (request_.body->failed()) {
        send_failed_ = true; // the user sees the same error in its store
        return;
      }
      piece_in_flight_ = piece.size();
      if (!piece.empty() && request_.chunked) {
        auto const end = std::to_chars(chunk_head_.data(), chunk_head_.data() + 16, piece.size(), 16).ptr;
        std::memcpy(end, crlf.data(), crlf.size());
        out.add({chunk_head_.data(), static_cast<std::size_t>(end - chunk_head_.data()) + crlf.size()});
        out.add(piece);
        out.add(crlf);
      } else if (!piece.empty()) {
        out.add(piece);
      } else if (request_.chunked && request_.body->is_complete()) {
        out.add(last_chunk);
        last_in_flight_ = true;
      }
    }
    if (out.count == 0) {
      // Waits for body_arrived: a slow client must not make its upstream look dead.
      if (!answered_) clear_deadline();
      return;
    }
    boost::system::error_code ec;
    std::size_t written = stream_.write_some({out.buffers.data(), out.count}, ec);
    if (ec == boost::asio::error::would_block) {
      ec = {};
      written = 0;
    }
    accepted_any_ = accepted_any_ || written > 0;
    if (ec || written == out.bytes) {
      wrote(ec);
      continue;
    }
    out.consume(written);
    writing_ = true;
    stream_.write({out.buffers.data(), out.count});
  }
}

void upstream_connection::on_written(boost::system::error_code ec, std::size_t bytes) {
  auto const self = shared_from_this();
  writing_ = false;
  accepted_any_ = accepted_any_ || bytes > 0;
  if (!tunnel_) {
    wrote(ec);
    if (user_) send_more();
    return;
  }
  if (!head_sent_) wrote(ec); // of the request, which the upstream has answered nevertheless
  if (!raw_.empty() && !send_raw(std::exchange(raw_, {}))) return;
  if (user_) user_->on_sent();
}

// An error is not reported: the pending read will, after what the upstream said before.
bool upstream_connection::send_raw(std::string_view bytes) {
  if (writing_) {
    raw_ = bytes;
    return false;
  }
  boost::asio::const_buffer rest(bytes.data(), bytes.size());
  boost::system::error_code ec;
  std::size_t const written = stream_.write_some({&rest, 1}, ec);
  if (ec && ec != boost::asio::error::would_block) return true;
  rest += written;
  if (rest.size() == 0) return true;
  writing_ = true;
  stream_.write({&rest, 1});
  return false;
}

// A failed write is not the end: the upstream may have answered before it closed, and the pending read will tell.
void upstream_connection::wrote(boost::system::error_code ec) {
  if (ec) {
    send_failed_ = true;
    return;
  }
  head_sent_ = true;
  body_sent_ += piece_in_flight_;
  last_chunk_sent_ = last_chunk_sent_ || last_in_flight_;
  if (user_ && !tunnel_ && (!answered_ || waits_for_body_)) worker_.set_deadline(*this, deadline::answer);
}

void upstream_connection::read() {
  if (reading_ || !open_ || input_ended_ || (in_ && in_end_ == in_.size())) return;
  reading_ = true;
  stream_.read();
}

boost::asio::mutable_buffer upstream_connection::room() {
  if (!in_) in_ = worker_.buffers().take();
  return boost::asio::buffer(in_.data() + in_end_, in_.size() - in_end_);
}

void upstream_connection::room_unused() {
  if (!user_ || (tunnel_ && in_end_ == 0)) worker_.buffers().give(std::move(in_));
}

void upstream_connection::on_read(boost::system::error_code ec, std::size_t bytes) {
  auto const self = shared_from_this();
  reading_ = false;
  if (!user_) { // idle: the upstream closed it, or sends without being asked
    worker_.forget_idle(id_, this);
    close();
    return;
  }
  in_end_ += bytes;
  if (ec) {
    input_ended_ = true;
    if (!answered_) {
      fail(in_end_ > 0 ? "http_response_incomplete" : "connection_terminated", false);
      return;
    }
    if (ec != boost::asio::error::eof) body_error_ = ec;
  } else if (!answered_) {
    if (has_deadline()) worker_.set_deadline(*this, deadline::answer);
    parse_head();
    return;
  }
  if (std::exchange(waits_for_body_, false)) {
    clear_deadline();
    user_->on_answer_body();
  }
}

/// Drops so many bytes from the front of the input.
void upstream_connection::drop_front(std::size_t bytes) {
  if (bytes != 0) std::memmove(in_.data(), in_.data() + bytes, in_end_ - bytes);
  in_end_ -= bytes;
  in_taken_ = 0;
}

void upstream_connection::parse_head() {
  for (;;) {
    boost::system::error_code ec;
    bool const complete = parser_->parse_head(base(), in_end_ - in_base_, ec);
    if (!http::may_begin_answer({base(), in_end_ - in_base_})) ec = boost::beast::http::error::bad_version;
    if (!complete && !ec) {
      drop_front(std::exchange(in_base_, 0)); // only once, however many interim answers came
      if (in_end_ < in_.size()) {
        read();
        return;
      }
      ec = boost::beast::http::error::header_limit;
    }
    tunnel_ =
        complete && !ec && head_.status == 101 && http::agrees_to_websocket(head_, base(), request_.websocket_key);
    if (tunnel_) {
      in_taken_ = in_base_ + parser_->head_bytes();
      break;
    }
    if (http::answer_fault const fault = http::fault_of(ec, head_, base(), *parser_); !fault.error.empty()) {
      refuse_answer(fault.error, fault.why);
      return;
    }
    std::size_t const end = in_base_ + parser_->head_bytes();
    if (head_.status >= 200) {
      in_taken_ = end;
      break;
    }
    if (head_.status != 100) user_->on_interim_head(); // the body that 100 asks for was sent anyway
    in_base_ = end;
    parser_.emplace(head_, settings_->answer_limits());
    parser_->answer_to_head(request_.is_head);
  }
  answered_ = true;
  clear_deadline();
  user_->on_answer_head();
}

upstream_connection::body_state upstream_connection::next_body(std::vector<std::string_view>& pieces,
                                                               std::size_t max_pieces) {
  pieces.clear();
  if (tunnel_ && in_taken_ < in_end_) {
    pieces.push_back({in_.data() + in_taken_, in_end_ - in_taken_});
    in_taken_ = in_end_;
    return body_state::more;
  }
  while (in_taken_ < in_end_ && pieces.size() < max_pieces && !parser_->done() && !body_error_) {
    boost::system::error_code ec;
    http::body_step const step = parser_->parse_body(in_.data() + in_taken_, in_end_ - in_taken_, ec);
    if (ec) body_error_ = ec;
    in_taken_ += step.consumed;
    add_piece(pieces, step.data);
    if (step.consumed == 0) break;
  }
  if (parser_->done() && !tunnel_) return body_state::done;
  if (body_error_) { // what arrived in front of the error is dropped: nobody may take it for the whole
    pieces.clear();
    return body_state::broken;
  }
  if (!pieces.empty()) return body_state::more;
  if (input_ended_ && tunnel_) return body_state::done;
  if (input_ended_) {
    parser_->end_of_input(body_error_);
    return body_error_ ? body_state::broken : body_state::done;
  }
  drop_front(in_taken_);
  if (tunnel_ && in_end_ == 0) worker_.buffers().give(std::move(in_)); // `room` takes one when bytes arrive
  waits_for_body_ = true;
  if (!tunnel_) worker_.set_deadline(*this, deadline::answer);
  read();
  return body_state::pending;
}

// A small piece is moved next to the one before it, so that few pieces are written, however the body was chunked.
void upstream_connection::add_piece(std::vector<std::string_view>& pieces, std::string_view piece) {
  constexpr std::size_t small = 1024;
  if (piece.empty()) return;
  if (pieces.empty() || piece.size() > small) {
    pieces.push_back(piece);
    return;
  }
  std::string_view& last = pieces.back();
  char* const end = in_.data() + (last.data() - in_.data()) + last.size();
  std::memmove(end, piece.data(), piece.size());
  last = {last.data(), last.size() + piece.size()};
}

std::string_view upstream_connection::body_error() const {
  return body_error_ == boost::asio::error::timed_out ? "http_response_timeout" : http::body_fault_of(body_error_);
}

void upstream_connection::release() {
  user_ = nullptr;
  waits_for_body_ = false;
  clear_deadline();
  if (open_ && answered_) { // the rest of a small body, such as a redirect's
    while (in_taken_ < in_end_ && !parser_->done() && !body_error_) {
      boost::system::error_code ec;
      http::body_step const step = parser_->parse_body(in_.data() + in_taken_, in_end_ - in_taken_, ec);
      in_taken_ += step.consumed;
      if (ec) body_error_ = ec;
      if (step.consumed == 0) break;
    }
  }
  bool const clean = open_ && answered_ && !tunnel_ && !body_error_ && !input_ended_ && parser_->done() &&
                     parser_->keep_alive() && request_sent() && !writing_ && in_taken_ == in_end_;
  request_ = {};
  if (!clean || !worker_.keep_idle(id_, shared_from_this())) {
    close();
    return;
  }
  in_end_ = in_taken_ = in_base_ = 0;
  worker_.buffers().give(std::move(in_));
  worker_.set_deadline(*this, deadline::upstream_idle);
  read();
}

void upstream_connection::connect_failed(boost::system::error_code ec) {
  if (is_shortage_here(ec))
    fail({{.how_much = routing::sent::nothing, .no_room = true}, "proxy_internal_error"});
  else if (ec == boost::asio::error::connection_refused)
    fail("connection_refused", false);
  else if (ec == boost::asio::error::timed_out)
    fail("connection_timeout", false);
  else
    fail("destination_unavailable", false);
}

void upstream_connection::fail(std::string_view error, bool timed_out) {
  fail({{.how_much = accepted_any_ ? routing::sent::something : routing::sent::nothing,
         .timed_out = timed_out,
         .was_reused = was_reused() && in_end_ == 0 && !timed_out},
        error});
}

void upstream_connection::refuse_answer(std::string_view error, std::string_view why) {
  fail({.facts = {}, .error = error, .bad_answer = why});
}

void upstream_connection::fail(hop_failure const& failure) {
  auto const keep = shared_from_this();
  close();
  if (hop_user* user = std::exchange(user_, nullptr)) user->on_hop_failed(failure);
}

void upstream_connection::close() {
  clear_deadline();
  connecting_ = false;
  open_ = false;
  stream_.close();
  if (!user_) worker_.buffers().give(std::move(in_)); // otherwise its user may still look at it
}

void upstream_connection::on_deadline() {
  auto const keep = shared_from_this();
  if (connecting_) {
    fail("connection_timeout", true);
  } else if (!user_) {
    worker_.forget_idle(id_, this);
    close();
  } else if (!answered_) {
    fail("http_response_timeout", true);
  } else {
    body_error_ = boost::asio::error::timed_out;
    if (std::exchange(waits_for_body_, false)) user_->on_answer_body();
  }
}

}
