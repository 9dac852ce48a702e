// The answer of a request on its way to the client, and the end of the request.
#include "gateway/cache/serve.hpp"
#include "gateway/http/fields.hpp"
#include "gateway/net/client/client_connection.hpp"
#include "gateway/net/upstream/refresh.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <charconv>
#include <utility>

namespace gateway::net {
namespace {

constexpr std::size_t max_pieces = 8;            // of a body, in one gather write
constexpr std::size_t most_at_once = 128 * 1024; // of content in memory: what client_send covers
constexpr std::size_t most_interim_bytes = 16 * 1024;

}

void client_connection::stream_head() {
  leave_tunnels();
  request_deadline_.clear_deadline();
  stage_ = stage::answering;
  http::answer_parser const& parser = exchange_.upstream()->parser();
  status_ = exchange_.upstream()->head().status;
  http::answer_forwarding add;
  if (is_head_ || status_ == 204 || status_ == 304)
    add.framing = http::answer_framing::none;
  else if (parser.content_length())
    add.framing = http::answer_framing::length;
  else if (http10_)
    add.framing = http::answer_framing::until_close;
  else
    add.framing = http::answer_framing::chunked;
  answer_chunked_ = add.framing == http::answer_framing::chunked;
  if (add.framing == http::answer_framing::until_close) keep_alive_ = false;
  if (has_body_ && !body_.is_complete()) keep_alive_ = false; // the answer came before the request's end
  if (worker_.draining()) keep_alive_ = false;
  add.close = !keep_alive_;
  add.http10 = http10_;
  add.upgrade = status_ == 426 && settings_->websocket; // RFC 9110 15.5.22 requires it there
  if (stream_.is_secured()) add.hsts = settings_->hsts;
  add.date = worker_.date();
  add.is_upstream = &worker_.is_upstream();
  std::string cache_status;
  if (cached_) {
    add.vary = cached_->vary();
    if (worker_.cache()->shows_status()) cache_status = cached_->cache_status(cache_now());
  }
  add.cache_status = cache_status;
  begin_answer(add);
  if (cached_ && cached_->content()) take_content();
  stream_body();
}

// The upstream's head, after what is left of interim ones: it is sent with the first part of what follows.
void client_connection::begin_answer(http::answer_forwarding const& add) {
  upstream_connection const& upstream = *exchange_.upstream();
  out_ = std::exchange(interim_, {});
  head_at_ = out_.size();
  http::append_answer_head(out_, upstream.head(), upstream.base(), add);
  answer_started_ = true;
  if (!request_record_) return;
  request_record_->outcome = journal::request_result::forwarded;
  request_record_->status = static_cast<std::uint16_t>(status_);
}

// One round: what has arrived of the body, preceded by the head if that was not sent yet, in one gather write.
void client_connection::stream_body() {
  deadline_.clear_deadline();
  if (cached_ && cached_->content()) {
    stream_content();
    return;
  }
  upstream_connection* const upstream = exchange_.upstream();
  body_state_ = upstream ? upstream->next_body(pieces_, max_pieces) : upstream_connection::body_state::broken;
  bool const is_tunnel = stage_ == stage::tunnel;
  if (is_tunnel) count_tunnelled();
  if (body_state_ == upstream_connection::body_state::broken)
    is_tunnel ? break_tunnel("connection_terminated") : break_off();
  else
    write_pieces(body_state_ == upstream_connection::body_state::done);
}

// Takes what has arrived of an answer that is being stored: all of it at once, since others may wait for it.
void client_connection::take_content() {
  body_state_ = give_content(*cached_, exchange_.upstream());
  // The client may take longer than the upstream is needed.
  if (body_state_ == upstream_connection::body_state::done) exchange_.end(journal::hop_result::answered);
}

// Sends the client what was taken, as fast as it can read.
void client_connection::stream_content() {
  using state = upstream_connection::body_state;
  cache::growing_content const& content = *cached_->content();
  pieces_.clear();
  std::size_t at = body_out_;
  for (std::size_t left = most_at_once; at != content.size() && left != 0; at += pieces_.back().size()) {
    pieces_.push_back(content.after(at).substr(0, left));
    left -= pieces_.back().size();
  }
  if (!pieces_.empty() || body_state_ == state::done) {
    write_pieces(body_state_ == state::done && at == content.size());
  } else if (body_state_ == state::broken) {
    break_off();
  } else if (!cached_->is_storing()) { // there was no room for the rest: it is streamed directly
    cached_->forget_content();
    stream_body();
  } else {
    write_pieces(false); // the head; on_more follows
  }
}

// The client must not take what it has for the whole answer: no last chunk, no further answer on this connection. If
// nothing has been sent yet, it is told what happened.
void client_connection::break_off() {
  exchange_.note_error(exchange_.upstream() ? exchange_.upstream()->body_error() : "http_response_incomplete");
  if (!head_left_) {
    worker_.shared().shell().answers_refused.fetch_add(1, std::memory_order_relaxed);
    exchange_.end(journal::hop_result::failed);
    if (cached_) cached_->give_up();
    interim_ = out_.substr(0, head_at_);
    body_out_ = 0;
    if (has_body_ && !body_.is_complete()) keep_alive_ = false;
    answer_here({.status = 502,
                 .detail = "the upstream's answer has a body that cannot be read",
                 .proxy_status = "crest-gateway; error=" + exchange_.error()});
    return;
  }
  worker_.shared().shell().truncated_answers.fetch_add(1, std::memory_order_relaxed);
  exchange_.end(journal::hop_result::answered);
  stream_.leave_unfinished();
  log_request(std::chrono::steady_clock::now() - started_);
  close();
}

// `last`: the body ends with these pieces.
void client_connection::write_pieces(bool last) {
  buffers_.clear();
  if (!out_.empty()) buffers_.push_back(boost::asio::buffer(out_));
  chunk_heads_.clear();
  chunk_heads_.reserve(pieces_.size());
  for (std::string_view const piece : pieces_) {
    body_out_ += piece.size();
    if (answer_chunked_) {
      char text[18];
      auto const end = std::to_chars(text, text + 16, piece.size(), 16).ptr;
      chunk_heads_.emplace_back(text, end).append("\r\n");
      buffers_.push_back(boost::asio::buffer(chunk_heads_.back()));
    }
    buffers_.push_back(boost::asio::buffer(piece.data(), piece.size()));
    if (answer_chunked_) buffers_.push_back(boost::asio::buffer("\r\n", 2));
  }
  if (last && answer_chunked_) buffers_.push_back(boost::asio::buffer("0\r\n\r\n", 5));
  if (buffers_.empty() && !last) return; // on_more follows
  write_out(last ? &client_connection::finish_request : &client_connection::stream_body);
}

void client_connection::on_more() {
  auto const self = shared_from_this();
  if (cached_ && cached_->content()) take_content();
  if (!writing_) stream_body(); // else it continues when the write ends
}

// What is stored, or the part of it that the client asked for, in one gather write.
void client_connection::on_stored() {
  request_deadline_.clear_deadline();
  deadline_.clear_deadline();
  stage_ = stage::answering;
  if (worker_.draining()) keep_alive_ = false;
  cache::moment const now = cache_now();
  std::string const status = worker_.cache()->shows_status() ? cached_->cache_status(now) : std::string();
  served_ = cached_->decided().stored;
  cache::serving const how{.close = !keep_alive_,
                           .http10 = http10_,
                           .hsts = stream_.is_secured() ? std::string_view(settings_->hsts) : std::string_view(),
                           .cache_status = status};
  out_ = std::exchange(interim_, {});
  cache::served const sent = cache::append_served(out_, *served_, cached_->request(), how, now);
  status_ = sent.status;
  body_out_ = sent.content.size();
  if (request_record_) {
    request_record_->outcome = exchange_.course().result_of(gateway::exchange::step::serve_stored);
    request_record_->status = static_cast<std::uint16_t>(status_);
  }
  if (cached_->decided().refresh) refresh::start(worker_, std::move(cached_), facts_);
  served_rest_ = sent.content;
  serve_more();
}

// One part at a time, so that a client that reads slowly, but reads, has as long as it needs.
void client_connection::serve_more() {
  deadline_.clear_deadline();
  buffers_.clear();
  if (!out_.empty()) buffers_.push_back(boost::asio::buffer(out_));
  std::string_view const part = served_rest_.substr(0, most_at_once);
  served_rest_.remove_prefix(part.size());
  if (!part.empty()) buffers_.push_back(boost::asio::buffer(part));
  write_out(served_rest_.empty() ? &client_connection::finish_request : &client_connection::serve_more);
}

void client_connection::answer_here(http::own_answer answer) {
  leave_tunnels();
  request_deadline_.clear_deadline();
  deadline_.clear_deadline();
  stage_ = stage::answering;
  bool const after_hops = exchange_.hops() > 0;
  shell_counters& counters = worker_.shared().shell();
  bool const as_asked = cached_ && cached_->decided().what == cache::decision::kind::unavailable;
  bool const failed = after_hops || (answer.status >= 502 && !as_asked);
  (failed ? counters.failed : counters.refused).fetch_add(1, std::memory_order_relaxed);
  if (request_record_) {
    request_record_->outcome = exchange_.course().result_of(gateway::exchange::step::respond);
    request_record_->status = static_cast<std::uint16_t>(answer.status);
  }
  status_ = answer.status;
  own_error_ = answer.detail;
  if (worker_.draining()) keep_alive_ = false;
  answer.close = !keep_alive_;
  answer.http10 = http10_;
  answer.is_head = is_head_;
  answer.date = worker_.date();
  if (stream_.is_secured()) answer.hsts = settings_->hsts;
  out_ = std::exchange(interim_, {});
  http::append_own_answer(out_, answer);
  own_error_ = http::reason_phrase(answer.status);
  buffers_.assign(1, boost::asio::buffer(out_));
  write_out(&client_connection::finish_request);
}

void client_connection::refuse(http::refusal why, unsigned retry_after) {
  http::refusal_words const& words = http::words_of(why);
  refused_ = words.word;
  answer_here({.status = words.status, .detail = words.detail, .retry_after = retry_after, .allow = allow()});
}

// RFC 9110 15.2: a proxy forwards these, but not to a client of HTTP/1.0.
void client_connection::on_interim() {
  if (http10_ || stage_ != stage::exchange || interim_.size() > most_interim_bytes) return;
  upstream_connection const& from = *exchange_.upstream();
  http::append_status_line(interim_, from.head().status, from.head().reason.in(from.base()));
  http::append_answer_fields(interim_, from.head(), from.base(), {.is_upstream = &worker_.is_upstream()},
                             [](http::beast_http::field) { return false; });
  interim_.append("\r\n");
  send_interim();
}

// What a client has not read of its last answer is sent before the next one.
void client_connection::send_interim() {
  boost::system::error_code ec; // on failure, the pending read reports it
  boost::asio::const_buffer const text = boost::asio::buffer(interim_);
  std::size_t const taken = stream_.write_some({&text, 1}, ec);
  interim_.erase(0, ec && ec != boost::asio::error::would_block ? interim_.size() : taken);
}

// Writes `buffers_`, at once if the kernel takes all of it, and continues with `next`.
void client_connection::write_out(void (client_connection::*next)()) {
  std::size_t const total = boost::asio::buffer_size(buffers_);
  head_left_ = head_left_ || total > 0;
  boost::system::error_code ec;
  std::size_t written = total == 0 ? 0 : stream_.write_some(buffers_, ec);
  if (ec == boost::asio::error::would_block) {
    ec = {};
    written = 0;
  }
  after_write_ = next;
  if (ec || written == total) {
    wrote(ec);
    return;
  }
  stream::drop_front(buffers_, written);
  if (stage_ != stage::tunnel) worker_.set_deadline(deadline_, deadline::client_send);
  writing_ = true;
  stream_.write(buffers_);
}

void client_connection::on_written(boost::system::error_code ec, std::size_t /*bytes*/) {
  auto const self = shared_from_this();
  writing_ = false;
  wrote(ec);
}

void client_connection::wrote(boost::system::error_code ec) {
  if (ec) {
    client_gone();
    return;
  }
  out_.clear();
  (this->*after_write_)();
}

void client_connection::finish_request() {
  deadline_.clear_deadline();
  if (stage_ == stage::tunnel) {
    end_tunnel();
    return;
  }
  exchange_.end(journal::hop_result::answered);
  served_.reset();
  log_request(record_latency());
  if (!keep_alive_ || (has_body_ && !body_.is_complete())) {
    linger();
    return;
  }
  // Not from within this call: a client may have pipelined any number of requests, all answered from here.
  if (in_end_ > 0)
    boost::asio::post(worker_.context(), [weak = weak_from_this()] { // the worker owns it
      auto const self = weak.lock();
      if (self && self->stage_ == stage::answering) self->next_request();
    });
  else
    next_request();
}

// Closing with unread input makes the kernel reset the connection, which can destroy the answer in transit: say that no
// more comes, and read on (RFC 9112 9.6). Bounded by time, not by bytes: a client that sends its whole body before it
// looks for an answer is an honest one.
void client_connection::linger() {
  stream_.shutdown_send();
  if (input_ended_) {
    close();
    return;
  }
  stage_ = stage::lingering;
  worker_.set_deadline(request_deadline_, deadline::linger);
  discard_input();
}

void client_connection::discard_input() {
  in_end_ = in_taken_ = 0;
  worker_.set_deadline(deadline_, deadline::linger_idle);
  read();
}

void client_connection::client_gone() {
  worker_.shared().shell().client_gone.fetch_add(1, std::memory_order_relaxed);
  if (request_record_ && request_record_->outcome == journal::request_result::pending)
    request_record_->outcome = journal::request_result::client_gone;
  exchange_.abandon(answer_started_ ? journal::hop_result::answered : journal::hop_result::failed);
  if (status_ == 0) status_ = 499; // nginx's number for it; never sent
  if (exchange_.error().empty()) own_error_ = "client_gone";
  log_request(std::chrono::steady_clock::now() - started_);
  close();
}

void client_connection::close() {
  if (std::exchange(stage_, stage::closed) == stage::closed) return;
  deadline_.clear_deadline();
  request_deadline_.clear_deadline();
  exchange_.abandon(journal::hop_result::pending);
  cached_.reset();
  served_.reset();
  stream_.close();
  worker_.buffers().give(std::move(in_));
  leave_tunnels();
  if (counted_) worker_.shared().disconnected(peer_key_);
  worker_.closed(shared_from_this());
}

nanoseconds client_connection::record_latency() {
  auto const now = std::chrono::steady_clock::now();
  worker_.shared().shell().latency.record(now - started_, now, [this] {
    metrics::labels which{{"request_id", request_id_}};
    if (lab_request_ != 0) which.emplace_back("lab_request", std::to_string(lab_request_));
    return which;
  });
  return now - started_;
}

void client_connection::log_request(nanoseconds took) {
  if (!worker_.log().enabled()) return;
  std::string_view const first_line = forward_head_;
  worker_.log().write({.client = client_address_.empty() ? std::string_view(peer_address_) : client_address_,
                       .method = method_size_ ? first_line.substr(0, method_size_) : std::string_view(),
                       .target = target_size_ ? first_line.substr(method_size_ + 1, target_size_) : std::string_view(),
                       .request_id = request_id_,
                       .lab_request = lab_request_,
                       .upstream = exchange_.last_upstream(),
                       .chosen_by = exchange_.chosen_by(),
                       .tls = stream_.protocol(),
                       .refused = refused_,
                       .error = exchange_.error().empty() ? own_error_ : std::string_view(exchange_.error()),
                       .status = status_,
                       .body_bytes = body_out_,
                       .duration = took,
                       .hops = exchange_.hops(),
                       .redirects = exchange_.course().redirects,
                       .retries = exchange_.course().retries});
}

}
