#include "fakeproxy/net/http_connection.hpp"

#include "fakeproxy/cluster/game_state.hpp"
#include "fakeproxy/net/proxy_server.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>
#include <chrono>

namespace fakeproxy::net {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using journal::hop_outcome;
using proxy::proxy_process;

namespace {
constexpr std::size_t read_bytes = 16 * 1024;
}

http_connection::http_connection(proxy_server& server, tcp::socket socket, cluster::ticket name)
  : server_(server)
  , socket_(std::move(socket))
  , name_(name) {}

void http_connection::start() {
  error_code ignored;
  socket_.non_blocking(true, ignored);
  read();
}

void http_connection::close() {
  if (phase_ == phase::closed) return;
  phase_ = phase::closed;
  error_code ignored;
  socket_.close(ignored);
  server_.machine().drop(request_);
  server_.forget(*this);
}

void http_connection::read() {
  socket_.async_read_some(in_.prepare(read_bytes),
                          [self = shared_from_this()](error_code ec, std::size_t bytes) { self->on_read(ec, bytes); });
}

void http_connection::on_read(error_code ec, std::size_t bytes) {
  if (phase_ == phase::closed) return;
  if (ec) {
    if (begun_ && phase_ == phase::reading) { // gone in the middle of the body
      finish(hop_outcome::aborted, 0);
      server_.perform();
    }
    return close();
  }
  if (phase_ == phase::lingering) return read(); // uncommitted: dropped
  in_.commit(bytes);
  process();
}

void http_connection::process() {
  if (processing_) return;
  processing_ = true;
  while (phase_ == phase::reading && step()) {
  }
  processing_ = false;
}

/// Processes what has arrived. Returns false when there is nothing more to do now.
bool http_connection::step() {
  if (in_.size() == 0) return read(), false;
  if (!reader_) {
    facts_.clear();
    reader_.emplace(facts_, server_.behaviour().resources);
  }
  error_code ec;
  in_.consume(reader_->put(in_.data(), ec));
  if (ec && ec != http::error::need_more) return answer_malformed(), true;
  if (reader_->is_header_done() && !begun_) begin();
  if (phase_ != phase::reading || !reader_) return true; // decided, or answered already
  if (reader_->is_done()) return complete(), true;
  if (ec == http::error::need_more) return read(), false;
  return true;
}

/// The head is complete: whose request is it, and is it ours?
void http_connection::begin() {
  take_down();
  proxy_process::caller const whose = read_token();
  record_->character = raw(request_.character);
  request_.number = facts_.lab_request;
  request_.method = static_cast<std::uint8_t>(facts_.verb);
  request_.needs_sol =
      request_.character != cluster::character_id::none && cluster::needs_sol(facts_.verb, facts_.target);
  go_on(server_.machine().on_request(request_, whose, name_, now()));
}

void http_connection::take_down() {
  begun_ = true;
  record_ = server_.begin_hop(facts_, unwritten_);
  request_ = {};
  request_.incarnation = server_.node().id();
}

proxy_process::caller http_connection::read_token() {
  if (facts_.authorizations == 0) return proxy_process::caller::anonymous;
  // auth-scheme 1*SP token68 (RFC 9110 11.4); the blanks may include tabs, which many servers accept.
  std::string_view const value = facts_.authorization;
  std::size_t const scheme = std::min(value.find_first_of(" \t"), value.size());
  std::size_t const begin = std::min(value.find_first_not_of(" \t", scheme), value.size());
  if (facts_.authorizations != 1 || !boost::beast::iequals(value.substr(0, scheme), "bearer"))
    return proxy_process::caller::unknown;
  auto const token = cluster::parse_token(server_.token_key(), value.substr(begin));
  if (!token) return proxy_process::caller::unknown;
  request_.character = static_cast<cluster::character_id>(token->character);
  return proxy_process::caller::known;
}

void http_connection::go_on(proxy_process::next what) {
  switch (what) {
  case proxy_process::next::wait:
    if (request_.is != proxy::request_state::stage::elsewhere) phase_ = phase::waiting;
    return server_.perform();
  case proxy_process::next::serve:
    return enter_service();
  case proxy_process::next::serve_whole:
    return served_here();
  case proxy_process::next::answer:
    return answer();
  case proxy_process::next::close:
    return close();
  }
}

/// The request will be served by this proxy, once its body has arrived.
void http_connection::served_here() {
  phase_ = phase::reading;
  if (!reader_->is_done() && facts_.expects_continue) {
    // 25 bytes on a connection with nothing else in flight: they fit, or the connection is broken.
    error_code ec;
    socket_.write_some(asio::buffer("HTTP/1.1 100 Continue\r\n\r\n", 25), ec);
  }
  if (reader_->is_done()) {
    complete();
  } else {
    process();
  }
}

void http_connection::complete() {
  if (facts_.echo) return answer_head_echo();
  enter_service();
}

void http_connection::enter_service() {
  phase_ = phase::in_service;
  if (server_.serve(*this)) on_service_done();
}

void http_connection::on_service_done() { go_on(server_.machine().on_serviced(request_, name_, now())); }

/// Records the outcome of the request. Called before the answer's first byte.
void http_connection::finish(hop_outcome outcome, std::uint16_t status) {
  server_.count(outcome);
  record_->answered_ns = now();
  record_->status = status;
  record_->incarnation = raw(request_.incarnation);
  record_->epoch = outcome == hop_outcome::served ? raw(request_.epoch) : 0;
  record_->target = outcome == hop_outcome::redirected ? raw(request_.owner) : 0;
  record_->outcome = outcome;
  server_.machine().on_answered(request_);
  if (outcome == hop_outcome::aborted) return;
  std::chrono::nanoseconds const answered(record_->answered_ns), took(record_->answered_ns - record_->received_ns);
  server_.latency().record(took, metrics::latency_histogram::clock::time_point(answered), [this] {
    return facts_.lab_request == 0 ? metrics::labels{}
                                   : metrics::labels{{"lab_request", std::to_string(facts_.lab_request)}};
  });
}

void http_connection::write() {
  phase_ = phase::writing;
  error_code ec;
  std::size_t const sent = socket_.write_some(asio::buffer(out_), ec);
  if (ec && ec != asio::error::would_block) {
    on_written(ec);
  } else if (sent == out_.size()) {
    on_written({});
  } else {
    asio::async_write(socket_, asio::buffer(out_) + sent,
                      [self = shared_from_this()](error_code failed, std::size_t) { self->on_written(failed); });
  }
  server_.perform();
}

void http_connection::on_written(error_code ec) {
  if (phase_ == phase::closed) return;
  if (ec) {
    record_->outcome = hop_outcome::aborted;
    return close();
  }
  reader_.reset();
  begun_ = false;
  record_ = nullptr;
  if (keep_) {
    phase_ = phase::reading;
    return process();
  }
  // The peer may still be sending; closing now could destroy the answer before it is read.
  phase_ = phase::lingering;
  in_.consume(in_.size());
  error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
  server_.machine().linger(request_, name_, now());
  server_.perform();
  read();
}

}
