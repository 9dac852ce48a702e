// What happens between a request's head and its answer: the cache, and the exchange with the upstreams.
#include "gateway/net/client/client_connection.hpp"

namespace gateway::net {

/// The request may go on: to the cache, or to an upstream.
void client_connection::proceed() {
  awaits_body_ = false;
  exchange_.start({.head = forward_head_,
                   .facts = &facts_,
                   .cached = cached_.get(),
                   .body = has_body_ ? &body_ : nullptr,
                   .chunked = chunked_body_,
                   .is_head = is_head_,
                   .lab_request = lab_request_,
                   .websocket_key = websocket_key_});
}

void client_connection::on_answer() { exchange_.upstream()->is_tunnel() ? begin_tunnel() : stream_head(); }

void client_connection::on_not_stored() { refuse(http::refusal::not_stored); }

// The router gave up: 502, 503 or 504, with the reason in the terms of RFC 9209.
void client_connection::on_refused(routing::refusal why) {
  struct words {
    std::string_view error; // RFC 9209 2.3
    std::string_view detail;
  };
  words const chosen = [&]() -> words {
    switch (why) {
    case routing::refusal::redirect_limit:
      return {"proxy_loop_detected", "redirected too often"};
    case routing::refusal::unknown_target:
      return {"destination_ip_prohibited", "redirected to what is no known upstream"};
    case routing::refusal::malformed_redirect:
      return {"http_protocol_error", "redirected to a malformed location"};
    case routing::refusal::other_target:
      return {"http_protocol_error", "redirected to another path than the request's"};
    case routing::refusal::owner_unreachable:
      return {"destination_unavailable", "the session's proxy cannot be reached"};
    case routing::refusal::upstream_timeout:
      return {exchange_.error(), "no answer in time"};
    case routing::refusal::overloaded:
      worker_.shared().shell().overloaded.fetch_add(1, std::memory_order_relaxed);
      return {"connection_limit_reached", "too many requests for this session's proxy"};
    case routing::refusal::no_room:
      return {exchange_.error(), "this gateway is short of descriptors or memory"};
    case routing::refusal::bad_answer:
      return {exchange_.error(), exchange_.bad_answer()};
    case routing::refusal::upstream_failed:
      return {exchange_.error(), "the upstream broke off"};
    case routing::refusal::all_failed:
    case routing::refusal::none:
      break;
    }
    return {exchange_.error().empty() ? std::string_view("destination_unavailable")
                                      : std::string_view(exchange_.error()),
            "no upstream could be reached"};
  }();
  unsigned status = routing::status_of(why);
  if (why == routing::refusal::all_failed && exchange_.error().ends_with("_timeout")) status = 504;
  if (has_body_ && !body_.is_complete()) keep_alive_ = false;
  std::string const proxy_status =
      "crest-gateway; error=" + std::string(chosen.error) + "; details=\"" + std::string(chosen.detail) + "\"";
  answer_here({.status = status,
               .detail = chosen.detail,
               .proxy_status = proxy_status,
               .retry_after = status == 503 ? 1u : 0u});
}

}
