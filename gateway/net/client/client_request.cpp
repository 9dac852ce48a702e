// A request's head: who asks for what, whether that is served, and what happens next.
#include "gateway/http/fields.hpp"
#include "gateway/http/target.hpp"
#include "gateway/net/client/client_connection.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace gateway::net {
namespace {

/// 32 hexadecimal digits from the worker's generator: unique enough to find a request again, and not a secret.
std::string new_request_id(std::mt19937_64& random) {
  std::string id(32, '0');
  for (std::size_t half = 0; half != 32; half += 16) {
    std::uint64_t value = random();
    for (std::size_t i = 0; i != 16; ++i, value >>= 4) id[half + i] = "0123456789abcdef"[value & 15];
  }
  return id;
}

std::string_view host_without_port(std::string_view host) {
  std::size_t const colon = host.rfind(':');
  bool const is_port = colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos;
  return is_port ? host.substr(0, colon) : host;
}

}

void client_connection::begin_request() {
  stage_ = stage::exchange;
  started_ = std::chrono::steady_clock::now();
  http10_ = head_.version < 11;
  keep_alive_ = parser_->keep_alive() && !worker_.draining();
  http::request_summary summary;
  http::refusal refusal = http::summarise(head_, in_.data(), summary).why;
  if (refusal == http::refusal::internal_location)
    worker_.shared().shell().internal_probes.fetch_add(1, std::memory_order_relaxed);
  std::uint64_t const address_key = find_client();
  if (summary.odd_names != 0)
    worker_.shared().shell().odd_names.fetch_add(summary.odd_names, std::memory_order_relaxed);
  is_head_ = summary.is_head;
  lab_request_ = summary.lab_request;
  has_body_ = !parser_->done();
  chunked_body_ = has_body_ && parser_->chunked();
  request_record_ = worker_.shared().record_request(lab_request_);
  if (settings_->websocket && !has_body_) websocket_key_ = summary.websocket_key;
  std::optional<std::uint64_t> length;
  if (auto const stated = parser_->content_length()) length = *stated;
  std::int64_t const now_ns = nanoseconds(started_.time_since_epoch()).count();
  facts_ = facts_of(summary);
  unsigned retry_after = 0;
  if (refusal == http::refusal::none) refusal = find_refusal(summary, length);
  if (refusal == http::refusal::none) {
    retry_after = worker_.shared().retry_after_s(address_key, facts_.has_token ? &facts_.key : nullptr, now_ns);
    if (retry_after != 0) {
      refusal = http::refusal::too_many_requests;
      worker_.shared().shell().rate_limited.fetch_add(1, std::memory_order_relaxed);
    }
  }
  bool const ends_here = refusal == http::refusal::none && summary.max_forwards == 0u;
  if (refusal == http::refusal::none && !ends_here && !websocket_key_.empty() && !enter_tunnels()) {
    refusal = http::refusal::too_many_tunnels;
    retry_after = 1;
  }
  bool const goes_on = refusal == http::refusal::none && !ends_here;
  if (goes_on)
    write_forward_head(summary, length);
  else
    note_refused(summary);
  if (worker_.cache() && goes_on && websocket_key_.empty())
    cached_ = std::make_unique<cache::transaction>(*worker_.cache(), worker_, head_, in_.data(), summary, scheme(),
                                                   has_body_, facts_.has_token ? &facts_.key : nullptr);
  std::string const location = listener_.https_port && goes_on ? https_location(summary) : std::string();

  // From here on the head's bytes are not needed: the buffer is for the body, and the next request.
  std::memmove(in_.data(), in_.data() + in_taken_, in_end_ - in_taken_);
  in_end_ -= in_taken_;
  in_taken_ = 0;
  if (!goes_on) {
    // The body is not read, or nobody knows where the message ends.
    if (has_body_ || http::leaves_no_end(refusal)) keep_alive_ = false;
    if (ends_here)
      answer_here({.status = 200, .detail = "as far as Max-Forwards lets it go", .allow = allow()});
    else
      refuse(refusal, retry_after);
    return;
  }
  if (listener_.https_port) {
    if (has_body_) keep_alive_ = false;
    // 308 keeps the method; GET and HEAD get the usual 301.
    bool const safe = head_.verb == http::beast_http::verb::get || is_head_;
    answer_here({.status = safe ? 301u : 308u, .detail = location, .location = location});
    return;
  }
  if (has_body_ && !begin_body(length, summary.expects_continue)) return;
  if (!has_body_) worker_.set_deadline(request_deadline_, deadline::request); // else once the body is complete
  auto const self = shared_from_this();
  facts_.whole = !has_body_ || body_.is_complete();
  body_came_at_ = started_;
  awaits_body_ = body_is_awaited();
  if (!awaits_body_) proceed();
  if (stage_ != stage::exchange) return;
  if (has_body_)
    body_came();
  else
    read_ahead();
}

/// The head as each upstream gets it.
void client_connection::write_forward_head(http::request_summary const& summary, std::optional<std::uint64_t> length) {
  method_size_ = head_.method.size;
  target_size_ = summary.target.size();
  forward_head_.clear();
  bool const believes = settings_->trusted_proxies.empty() || !client_address_.empty();
  request_id_ = std::string(http::append_request_head(forward_head_, head_, in_.data(), summary,
                                                      {.peer_address = peer_address_,
                                                       .keep_forwarded_for = believes,
                                                       .odd = settings_->odd_names,
                                                       .scheme = scheme(),
                                                       .request_id = new_request_id(worker_.random()),
                                                       .body_length = length,
                                                       .chunked = chunked_body_,
                                                       .websocket = !websocket_key_.empty()}));
}

/// For the log only: no head is made for a request that is not forwarded.
void client_connection::note_refused(http::request_summary const& summary) {
  method_size_ = head_.method.size;
  target_size_ = summary.target.size();
  forward_head_.assign(head_.method.in(in_.data())).append(" ").append(summary.target);
  auto const said = http::find(head_, in_.data(), "X-Request-Id");
  request_id_ = said && http::usable_request_id(*said) ? std::string(*said) : new_request_id(worker_.random());
}

routing::request_facts<http::token_digest> client_connection::facts_of(http::request_summary const& summary) const {
  routing::request_facts<http::token_digest> facts;
  facts.idempotent = summary.idempotent;
  if (!summary.has_authorization) return facts;
  facts.has_token = true;
  facts.key = worker_.shared().digest(summary.authorization);
  if (settings_->guess == routing::guess_policy::token_hash)
    facts.token_hash = http::shared_token_hash(summary.authorization) | 1; // 0 means none
  return facts;
}

http::refusal client_connection::find_refusal(http::request_summary const& summary,
                                              std::optional<std::uint64_t> length) const {
  settings const& s = *settings_;
  std::string_view const method = head_.method.in(in_.data());
  if (summary.odd_names != 0 && s.odd_names == http::odd_names::refuse) return http::refusal::odd_name;
  if (!s.methods.empty() && std::find(s.methods.begin(), s.methods.end(), method) == s.methods.end())
    return http::refusal::other_method;
  if (!s.paths.empty() && std::none_of(s.paths.begin(), s.paths.end(), [&](std::string const& path) {
        return http::is_at_or_below(summary.target, path);
      }))
    return http::refusal::other_path;
  if (length && *length > s.max_body) return http::refusal::large_body;
  if (listener_.https_port && host_without_port(summary.host).empty()) return http::refusal::no_host_for_https;
  return http::refusal::none;
}

/// Who the client is: the peer, or the origin that a trusted proxy names. Returns the key that limits count it by.
std::uint64_t client_connection::find_client() {
  trusted_proxies const& trusted = settings_->trusted_proxies;
  if (!trusted.contains(peer_)) return peer_key_;
  std::string said;
  for (http::field_line const& line : head_.fields)
    if (http::iequals(line.name.in(in_.data()), "X-Forwarded-For"))
      said.append(said.empty() ? "" : ",").append(line.value.in(in_.data()));
  trusted_proxies::origin const origin = trusted.client(said);
  if (!origin.unclear.empty())
    worker_.shared().misunderstood(misread::forwarded_for, "proxy " + peer_address_, origin.unclear);
  boost::asio::ip::address const client = origin.address.value_or(peer_);
  client_address_ = client.to_string();
  return limit_key(client);
}

/// The same resource where it is served over TLS.
std::string client_connection::https_location(http::request_summary const& summary) const {
  std::string location = "https://" + std::string(host_without_port(summary.host));
  if (*listener_.https_port != 443) location += ":" + std::to_string(*listener_.https_port);
  return location.append(summary.target == "*" ? std::string_view("/") : summary.target);
}

}
