// A request's head: who asks for what, whether that is served, and how it goes on.
#include "gateway/http/fields.hpp"
#include "gateway/http/target.hpp"
#include "gateway/net/client_connection.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace gateway::net {
namespace {

/// 32 hexadecimal digits from the worker's generator: unique enough to find a request again, and no secret.
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
  http::head_refusal refusal = http::summarise(head_, in_.data(), summary);
  if (refusal.status == 404) worker_.shared().shell().internal_probes.fetch_add(1, std::memory_order_relaxed);
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
  write_forward_head(summary, length);

  std::int64_t const now_ns = nanoseconds(started_.time_since_epoch()).count();
  facts_ = facts_of(summary);
  unsigned retry_after = 0;
  if (refusal.status == 0) refusal = find_refusal(summary, length);
  if (refusal.status == 0) {
    retry_after = worker_.shared().retry_after_s(address_key, facts_.has_token ? &facts_.key : nullptr, now_ns);
    if (retry_after != 0) {
      refusal = {429, "more requests than this client may send"};
      worker_.shared().shell().rate_limited.fetch_add(1, std::memory_order_relaxed);
    }
  }
  if (refusal.status == 0 && summary.max_forwards == 0u) refusal = {200, "as far as Max-Forwards lets it go"};
  if (refusal.status == 0 && !websocket_key_.empty() && !enter_tunnels()) {
    refusal = {503, "as many WebSockets as this gateway takes"};
    retry_after = 1;
  }
  if (worker_.cache() && refusal.status == 0 && websocket_key_.empty())
    cached_ = std::make_unique<cache::transaction>(*worker_.cache(), worker_, head_, in_.data(), summary, scheme(),
                                                   has_body_, facts_.has_token ? &facts_.key : nullptr);
  std::string const location = door_.https_port && refusal.status == 0 ? https_location(summary) : std::string();

  // From here on the head's bytes are not needed: the buffer is the body's, and the next request's.
  std::memmove(in_.data(), in_.data() + in_taken_, in_end_ - in_taken_);
  in_end_ -= in_taken_;
  in_taken_ = 0;
  if (refusal.status != 0) {
    // The body is not read, or nobody knows where the message ends.
    bool const is_broken = refusal.status == 400 || refusal.status == 431 || refusal.status == 501;
    if (has_body_ || is_broken) keep_alive_ = false;
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
  if (has_body_ && !begin_body(length, summary.expects_continue)) return;
  if (!has_body_) worker_.set_deadline(request_deadline_, deadline::request); // else when the body is complete
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

/// As every upstream gets it.
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

http::head_refusal client_connection::find_refusal(http::request_summary const& summary,
                                                   std::optional<std::uint64_t> length) const {
  settings const& s = *settings_;
  std::string_view const method = head_.method.in(in_.data());
  if (head_.fields.size() > s.limits.head_fields) return {431, "more fields than this gateway takes"};
  if (summary.odd_names != 0 && s.odd_names == http::odd_names::refuse)
    return {400, "a field whose name servers could take for another"};
  if (!s.methods.empty() && std::find(s.methods.begin(), s.methods.end(), method) == s.methods.end())
    return {405, "a method that is not served here"};
  if (!s.paths.empty() && std::none_of(s.paths.begin(), s.paths.end(), [&](std::string const& path) {
        return http::is_at_or_below(summary.target, path);
      }))
    return {404, "not found"};
  if (length && *length > s.max_body) return {413, "the body is longer than this gateway takes"};
  if (door_.https_port && host_without_port(summary.host).empty())
    return {400, "a request that names no host cannot be sent to HTTPS"};
  return {};
}

/// Who the client is: the peer, or whom a trusted proxy has the request from. Returns what limits count it by.
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

/// The same resource where it is served.
std::string client_connection::https_location(http::request_summary const& summary) const {
  std::string location = "https://" + std::string(host_without_port(summary.host));
  if (*door_.https_port != 443) location += ":" + std::to_string(*door_.https_port);
  return location.append(summary.target == "*" ? std::string_view("/") : summary.target);
}

}
