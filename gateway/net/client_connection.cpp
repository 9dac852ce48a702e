#include "gateway/net/client_connection.hpp"

#include "gateway/http/fields.hpp"
#include "gateway/http/target.hpp"

#include <boost/asio/post.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

namespace gateway::net {
namespace {

constexpr std::chrono::seconds slow_body_grace{5}; // before a body's rate counts
constexpr unsigned max_blank_lines = 8; // before a request; chosen: enough for any honest mistake

/// 32 hexadecimal digits from the worker's generator: unique enough to find a request again, and no secret.
std::string new_request_id(std::mt19937_64& random) {
  std::string id(32, '0');
  for (std::size_t half = 0; half != 32; half += 16) {
    std::uint64_t value = random();
    for (std::size_t i = 0; i != 16; ++i, value >>= 4) id[half + i] = "0123456789abcdef"[value & 15];
  }
  return id;
}

/// An IPv4 address, or the network of an IPv6 one: a site has 2^64 addresses of these.
std::uint64_t key_of(boost::asio::ip::address const& address) {
  if (address.is_v4()) return address.to_v4().to_uint();
  std::uint64_t network = 0;
  auto const bytes = address.to_v6().to_bytes();
  for (std::size_t i = 0; i != 8; ++i) network = network << 8 | bytes[i];
  return network;
}

std::string_view host_without_port(std::string_view host) {
  std::size_t const colon = host.rfind(':');
  bool const is_port = colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos;
  return is_port ? host.substr(0, colon) : host;
}

/// Whether the request line is METHOD TARGET HTTP/x.y.
bool names_a_version(std::string_view head) {
  std::string_view const line = head.substr(0, head.find("\r\n"));
  auto const is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (line.size() < 9 || std::count(line.begin(), line.end(), ' ') != 2) return false;
  if (line.find('\n') != std::string_view::npos) return false;
  std::string_view const version = line.substr(line.size() - 9);
  return version.starts_with(" HTTP/") && is_digit(version[6]) && version[7] == '.' && is_digit(version[8]);
}

unsigned status_for(boost::system::error_code ec, std::string_view head) {
  namespace beast_http = boost::beast::http;
  if (ec == beast_http::error::header_limit) return 431;
  // Beast says so of a request line with anything else at its end, too.
  if (ec == beast_http::error::bad_version && names_a_version(head)) return 505;
  return 400;
}

}

client_connection::client_connection(worker& w, door const& at, endpoint const& from)
  : worker_(w)
  , settings_(w.current())
  , door_(at)
  , stream_(w.streams(), *this)
  , peer_(unmapped(from.address()))
  , peer_address_(peer_.to_string())
  , peer_key_(key_of(peer_))
  , deadline_(*this, &client_connection::on_timeout)
  , request_deadline_(*this, &client_connection::on_request_timeout)
  , body_(settings_->body_in_memory, settings_->body_directory) {}

client_connection::~client_connection() = default;

void client_connection::start(int fd) {
  if (stream_.adopt(fd)) return; // no room to watch it
  counted_ = !settings_->trusted_proxies.contains(peer_); // which brings the connections of many
  if (counted_ && !worker_.shared().connected(peer_key_)) {
    worker_.shared().shell().connections_refused.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  worker_.opened(shared_from_this());
  if (!door_.tls) {
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
  stream_.give_up_tls(); // so that it can be told
  refuse_unread(400, "this port speaks HTTPS");
}

void client_connection::drain() {
  keep_alive_ = false;
  if (stage_ == stage::handshake || (stage_ == stage::idle && in_end_ == 0)) close();
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
  if (stage_ == stage::idle && in_end_ == 0) worker_.buffers().give(std::move(in_));
}

void client_connection::on_read(boost::system::error_code ec, std::size_t bytes) {
  auto const self = shared_from_this();
  reading_ = false;
  in_end_ += bytes;
  if (ec) {
    input_ended_ = true;
    // The end of input in the middle of a request is the end of the connection; after a whole request it is a
    // half-close, and the answer is still wanted (RFC 9112 9.6).
    bool const request_incomplete = stage_ == stage::exchange && has_body_ && !body_.is_complete();
    if (stage_ == stage::idle || stage_ == stage::head || stage_ == stage::lingering)
      close();
    else if (ec != boost::asio::error::eof || request_incomplete)
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
    [[fallthrough]];
  case stage::head:
    parse_head();
    break;
  case stage::exchange:
    take_body();
    break;
  case stage::answering:
    // The upstream may need the rest of the body to end its answer. Otherwise a pipelined request: its turn comes.
    if (upstream_) take_body();
    break;
  case stage::lingering:
    discard_input();
    break;
  case stage::closed:
    break;
  }
}

// Some clients end a body with a line too many (RFC 9112 2.2). Returns whether anything else has arrived.
bool client_connection::skip_blank_lines() {
  std::string_view const input(in_.data(), in_end_);
  std::size_t skipped = 0;
  for (; blank_lines_ < max_blank_lines && input.substr(skipped).starts_with("\r\n"); skipped += 2) ++blank_lines_;
  std::memmove(in_.data(), in_.data() + skipped, in_end_ - skipped);
  in_end_ -= skipped;
  bool const half_a_line = in_end_ == 1 && input.back() == '\r' && blank_lines_ < max_blank_lines;
  return in_end_ > 0 && !half_a_line;
}

void client_connection::parse_head() {
  boost::system::error_code ec;
  bool const complete = parser_->parse_head(in_.data(), in_end_, ec);
  if (!complete && !ec && in_end_ == in_.size()) ec = boost::beast::http::error::header_limit;
  if (ec) {
    refuse_unread(status_for(ec, {in_.data(), in_end_}), "the request cannot be read");
    return;
  }
  if (!complete) {
    if (input_ended_) { // half-closed within a pipelined request
      close();
      return;
    }
    if (!request_deadline_.has_deadline()) { // most heads come whole
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
void client_connection::refuse_unread(unsigned status, std::string_view detail) {
  keep_alive_ = false;
  started_ = std::chrono::steady_clock::now();
  request_record_ = worker_.shared().record_request(0);
  answer_here({.status = status, .detail = detail});
}

void client_connection::begin_request() {
  stage_ = stage::exchange;
  started_ = std::chrono::steady_clock::now();
  http10_ = head_.version < 11;
  keep_alive_ = parser_->keep_alive() && !worker_.draining();
  http::request_summary summary;
  http::head_refusal refusal = http::summarise(head_, in_.data(), summary);
  std::uint64_t const address_key = find_client();
  is_head_ = summary.is_head;
  lab_request_ = summary.lab_request;
  has_body_ = !parser_->done();
  chunked_body_ = has_body_ && parser_->chunked();
  wants_continue_ = summary.expects_continue && has_body_;
  request_record_ = worker_.shared().record_request(lab_request_);

  std::optional<std::uint64_t> length;
  if (auto const stated = parser_->content_length()) length = *stated;
  if (refusal.status == 0) refusal = find_refusal(summary, length);
  method_size_ = head_.method.size;
  target_size_ = summary.target.size();
  forward_head_.clear();
  request_id_ = std::string(http::append_request_head(forward_head_, head_, in_.data(), summary,
                                                      {.peer_address = peer_address_,
                                                       .keep_forwarded_for = settings_->trusted_proxies.empty() ||
                                                                             !client_address_.empty(),
                                                       .scheme = stream_.is_secured() ? "https" : "http",
                                                       .request_id = new_request_id(worker_.random()),
                                                       .body_length = length,
                                                       .chunked = chunked_body_}));
  std::int64_t const now_ns = nanoseconds(started_.time_since_epoch()).count();
  routing::request_facts<http::token_digest> facts;
  facts.idempotent = summary.idempotent;
  if (summary.has_authorization) {
    facts.has_token = true;
    facts.key = worker_.shared().digest(summary.authorization);
    if (settings_->guess == routing::guess_policy::token_hash)
      facts.token_hash = http::shared_token_hash(summary.authorization) | 1; // 0 means none
  }

  if (door_.https_port && refusal.status == 0 && host_without_port(summary.host).empty())
    refusal = {400, "a request that names no host cannot be sent to HTTPS"};
  unsigned const retry_after =
      refusal.status != 0
          ? 0
          : worker_.shared().retry_after_s(address_key, facts.has_token ? &facts.key : nullptr, now_ns);
  if (retry_after != 0) {
    refusal = {429, "more requests than this client may send"};
    worker_.shared().shell().rate_limited.fetch_add(1, std::memory_order_relaxed);
  }
  std::string const location = door_.https_port && refusal.status == 0 ? https_location(summary) : std::string();

  // From here on the head's bytes are not needed: the buffer is the body's, and the next request's.
  std::memmove(in_.data(), in_.data() + in_taken_, in_end_ - in_taken_);
  in_end_ -= in_taken_;
  in_taken_ = 0;
  if (refusal.status != 0) {
    if (refusal.status == 404) worker_.shared().shell().internal_probes.fetch_add(1, std::memory_order_relaxed);
    // The body is not read, or nobody knows where the message ends.
    if (has_body_ || refusal.status == 400 || refusal.status == 501) keep_alive_ = false;
    http::own_answer answer{.status = refusal.status, .detail = refusal.detail, .retry_after = retry_after};
    if (!settings_->allow.empty()) answer.allow = settings_->allow;
    answer_here(answer);
    return;
  }

  if (door_.https_port) {
    if (has_body_) keep_alive_ = false;
    // 308 keeps the method; who asks for a resource is told as everybody does it.
    bool const safe = head_.verb == http::beast_http::verb::get || is_head_;
    answer_here({.status = safe ? 301u : 308u, .detail = location, .location = location});
    return;
  }

  if (has_body_) {
    body_.expect(chunked_body_ ? std::nullopt : length);
    if (wants_continue_ && in_end_ == 0) {
      boost::system::error_code ec; // if it fails, the read that follows tells
      static constexpr std::string_view proceed = "HTTP/1.1 100 Continue\r\n\r\n";
      boost::asio::const_buffer const line = boost::asio::buffer(proceed);
      std::size_t const taken = stream_.write_some({&line, 1}, ec);
      // A client that does not read its last answer: the rest goes out before the next one.
      unsent_interim_ = proceed.substr(ec && ec != boost::asio::error::would_block ? proceed.size() : taken);
    }
    if (!store_body()) return; // what came with the head goes with the head
  }
  if (!has_body_)
    worker_.set_deadline(request_deadline_, deadline::request); // else when the body is complete
  else if (!request_deadline_.has_deadline())
    worker_.set_deadline(request_deadline_, deadline::client_total);
  routed_ = true;
  auto const self = shared_from_this();
  perform(worker_.shared().start(route_, facts, now_ns, worker_.random()));
  if (stage_ != stage::exchange) return;
  if (has_body_)
    body_came();
  else
    read_ahead();
}

http::head_refusal client_connection::find_refusal(http::request_summary const& summary,
                                                   std::optional<std::uint64_t> length) const {
  settings const& s = *settings_;
  std::string_view const method = head_.method.in(in_.data());
  if (head_.fields.size() > s.limits.head_fields) return {431, "more fields than this gateway takes"};
  if (!s.methods.empty() && std::find(s.methods.begin(), s.methods.end(), method) == s.methods.end())
    return {405, "a method that is not served here"};
  if (!s.paths.empty() && std::none_of(s.paths.begin(), s.paths.end(), [&](std::string const& path) {
        return http::is_at_or_below(summary.target, path);
      }))
    return {404, "not found"};
  if (length && *length > s.max_body) return {413, "the body is longer than this gateway takes"};
  return {};
}

/// Who the client is: the peer, or whom a trusted proxy has the request from. Returns what limits count it by.
std::uint64_t client_connection::find_client() {
  client_address_.clear();
  trusted_proxies const& trusted = settings_->trusted_proxies;
  if (!trusted.contains(peer_)) return peer_key_;
  std::string said;
  for (http::field_line const& line : head_.fields)
    if (http::iequals(line.name.in(in_.data()), "X-Forwarded-For"))
      said.append(said.empty() ? "" : ",").append(line.value.in(in_.data()));
  boost::asio::ip::address const client = trusted.client(said).value_or(peer_);
  client_address_ = client.to_string();
  return key_of(client);
}

/// On average, once it had some time to begin.
bool client_connection::body_is_too_slow() const {
  if (settings_->limits.body_rate == 0) return false;
  std::chrono::duration<double> const took = std::chrono::steady_clock::now() - started_;
  return took > slow_body_grace && static_cast<double>(body_.size()) < settings_->limits.body_rate * took.count();
}

/// The same resource where it is served.
std::string client_connection::https_location(http::request_summary const& summary) const {
  std::string location = "https://" + std::string(host_without_port(summary.host));
  if (*door_.https_port != 443) location += ":" + std::to_string(*door_.https_port);
  return location.append(summary.target == "*" ? std::string_view("/") : summary.target);
}

// While a whole request is on its way: a client that goes away is noticed. Only into an empty buffer, whose beginning
// stays where it is until the read ends.
void client_connection::read_ahead() {
  if (in_end_ == 0) read();
}

// Moves body bytes from the buffer into the store, from where every hop sends them. False when the request was refused.
bool client_connection::store_body() {
  while (in_taken_ < in_end_ && !parser_->done()) {
    boost::system::error_code ec;
    http::body_step const step = parser_->parse_body(in_.data() + in_taken_, in_end_ - in_taken_, ec);
    if (ec) {
      body_failed(400, "the body's chunks cannot be read");
      return false;
    }
    if (body_.size() + step.data.size() > settings_->max_body) {
      body_failed(413, "the body is longer than this gateway takes");
      return false;
    }
    if (!body_.append(step.data)) {
      body_failed(507, "no room to keep the body");
      return false;
    }
    in_taken_ += step.consumed;
    if (step.consumed == 0) break;
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
  bool const answering = stage_ == stage::answering; // its deadlines are those that count then
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
    body_failed(408, "the request's body comes too slowly");
    return;
  } else {
    if (!answering) worker_.set_deadline(deadline_, deadline::client_body);
    read();
  }
  auto const self = shared_from_this();
  if (upstream_) upstream_->body_arrived();
}

void client_connection::body_failed(unsigned status, std::string_view detail) {
  keep_alive_ = false;
  if (stage_ != stage::exchange) return; // an answer is under way already
  end_hop(journal::hop_result::failed);
  if (std::exchange(routed_, false) && worker_.shared().abandon(route_)) wake_others();
  answer_here({.status = status, .detail = detail});
}

void client_connection::next_request() {
  parser_.emplace(head_, settings_->max_head);
  body_.clear();
  has_body_ = is_head_ = http10_ = false;
  routed_ = asleep_ = false;
  route_ = {};
  request_id_.clear();
  unsent_interim_ = {};
  lab_request_ = 0;
  hops_ = blank_lines_ = 0;
  status_ = 0;
  body_out_ = 0;
  chosen_by_ = own_error_ = {};
  hop_error_.clear();
  last_upstream_ = routing::no_upstream;
  request_record_ = hop_record_ = nullptr;
  answer_started_ = answer_chunked_ = false;
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
    refuse_unread(408, "the request's head did not arrive in time");
    break;
  case stage::exchange:
    body_failed(408, "the request's body did not arrive in time");
    break;
  case stage::answering:
    client_gone();
    break;
  default:
    close();
  }
}

void client_connection::on_request_timeout() {
  auto const self = shared_from_this();
  if (stage_ == stage::lingering) close();
  if (stage_ == stage::head) refuse_unread(408, "the request's head did not arrive in time");
  if (stage_ != stage::exchange) return;
  if (has_body_ && !body_.is_complete()) {
    body_failed(408, "the request did not arrive in time");
    return;
  }
  end_hop(journal::hop_result::failed);
  if (std::exchange(routed_, false) && worker_.shared().abandon(route_)) wake_others();
  hop_error_ = "http_response_timeout";
  respond(routing::refusal::upstream_timeout);
}

}
