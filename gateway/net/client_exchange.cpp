// The hops of a request: what the router orders, and what it is told.
#include "gateway/http/fields.hpp"
#include "gateway/net/client_connection.hpp"

#include <boost/asio/post.hpp>

#include <utility>

namespace gateway::net {

void client_connection::perform(routing::action const& next) {
  if (next.wake) wake_others();
  switch (next.kind) {
  case routing::action_kind::send:
    send_hop(next);
    break;
  case routing::action_kind::stream:
    routed_ = false;
    stream_head();
    break;
  case routing::action_kind::respond:
    routed_ = false;
    respond(next.why);
    break;
  case routing::action_kind::wait:
    asleep_ = true;
    worker_.set_deadline(patience_, deadline::guess_wait);
    worker_.wait_for(route_.key, shared_from_this());
    break;
  }
}

void client_connection::send_hop(routing::action const& next) {
  if (!worker_.shared().limits_upstreams() || may_enter(next)) make_hop(next);
}

void client_connection::make_hop(routing::action const& next) {
  bool const fresh_only = next.hop == routing::hop_kind::retry;
  endpoint const to = worker_.shared().endpoint_for_hop(next.upstream);
  upstream_ = fresh_only ? nullptr : worker_.take_idle(next.upstream, to);
  if (!upstream_) upstream_ = std::make_shared<upstream_connection>(worker_, next.upstream);
  ++hops_;
  last_upstream_ = next.upstream;
  switch (next.hop) {
  case routing::hop_kind::first:
    chosen_by_ = next.from_map ? "map" : "guess";
    break;
  case routing::hop_kind::redirect:
    chosen_by_ = "redirect";
    break;
  case routing::hop_kind::retry:
    chosen_by_ = "retry";
    break;
  }
  hop_record_ = worker_.shared().record_hop(lab_request_, to, next);
  upstream_->send(
      *this, to,
      {.head = forward_head_, .body = has_body_ ? &body_ : nullptr, .chunked = chunked_body_, .is_head = is_head_});
}

// Whether the hop may be made now; else it waits for room, or there is none.
bool client_connection::may_enter(routing::action const& next) {
  room_at_ = next.upstream;
  balancer& shared = worker_.shared();
  std::uint64_t const ticket = shared.next_ticket();
  auto const turn = [where = &worker_, weak = weak_from_this(), ticket, at = next.upstream] {
    boost::asio::post(where->context(), [where, weak, ticket, at] {
      auto const waiting = weak.lock();
      if (!waiting || !waiting->on_room(ticket)) where->shared().leave_upstream(at);
    });
  };
  switch (shared.enter_upstream(next.upstream, ticket, turn)) {
  case balancer::room::now:
    has_room_ = true;
    return true;
  case balancer::room::later:
    shared.shell().queued.fetch_add(1, std::memory_order_relaxed);
    ticket_ = ticket;
    waiting_hop_ = next;
    return false;
  case balancer::room::none:
    break;
  }
  perform(shared.on_full(route_, monotonic_ns(), worker_.random()));
  return false;
}

/// False if it no longer waits for this.
bool client_connection::on_room(std::uint64_t ticket) {
  if (!waiting_hop_ || ticket_ != ticket) return false;
  auto const self = shared_from_this();
  has_room_ = true;
  make_hop(*std::exchange(waiting_hop_, std::nullopt));
  return true;
}

void client_connection::leave_upstream() {
  if (std::exchange(has_room_, false)) worker_.shared().leave_upstream(room_at_);
  if (std::exchange(waiting_hop_, std::nullopt)) worker_.shared().withdraw(room_at_, ticket_);
}

void client_connection::end_hop(journal::hop_result result) {
  if (hop_record_) hop_record_->result = result;
  hop_record_ = nullptr;
  if (upstream_) std::exchange(upstream_, nullptr)->release();
  leave_upstream();
}

void client_connection::on_answer_head() {
  auto const self = shared_from_this();
  http::message_head const& head = upstream_->head();
  char const* const base = upstream_->base();
  http::session_words const words = http::session_words_of(head, base);
  if (words.redirect) {
    follow_redirect(*words.redirect, words.once);
    return;
  }
  balancer::answer facts{.backend = {}, .epoch = words.epoch, .success = head.status < 400};
  if (words.backend) facts.backend.emplace(http::parse_backend(*words.backend));
  if (hop_record_) hop_record_->result = journal::hop_result::answered;
  perform(worker_.shared().on_answer(route_, facts));
}

void client_connection::follow_redirect(std::string_view location, bool once) {
  auto const target = http::parse_accel_redirect(location);
  journal::balancer_event* const record = std::exchange(hop_record_, nullptr);
  routing::action const next = worker_.shared().on_redirect(route_, target, once);
  bool const followed = next.kind == routing::action_kind::send;
  if (record) record->result = followed ? journal::hop_result::redirected : journal::hop_result::refused_redirect;
  std::exchange(upstream_, nullptr)->release();
  leave_upstream();
  perform(next);
}

void client_connection::on_hop_failed(hop_failure const& failure) {
  auto const self = shared_from_this();
  upstream_.reset();
  leave_upstream();
  if (stage_ == stage::answering) return; // the answer's body: stream_body sees it break off
  if (hop_record_)
    hop_record_->result = failure.facts.how_much == routing::sent::nothing ? journal::hop_result::not_delivered
                                                                           : journal::hop_result::failed;
  hop_record_ = nullptr;
  hop_error_ = failure.error;
  perform(worker_.shared().on_failure(route_, failure.facts, monotonic_ns(), worker_.random()));
}

void client_connection::on_wake() {
  // Not if the request that fell asleep timed out and this is the next one of the connection.
  if (stage_ != stage::exchange || !routed_ || !std::exchange(asleep_, false)) return;
  auto const self = shared_from_this();
  patience_.clear_deadline();
  perform(worker_.shared().on_wake(route_, monotonic_ns(), worker_.random()));
}

void client_connection::on_patience_end() {
  if (stage_ != stage::exchange || !routed_ || !std::exchange(asleep_, false)) return;
  auto const self = shared_from_this();
  perform(worker_.shared().on_patience_end(route_, monotonic_ns(), worker_.random()));
}

void client_connection::wake_others() { worker_.wake(route_.key); }

// The router gave up: 502, 503 or 504 with the reason as RFC 9209 has it.
void client_connection::respond(routing::refusal why) {
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
    case routing::refusal::owner_unreachable:
      return {"destination_unavailable", "the session's proxy cannot be reached"};
    case routing::refusal::upstream_timeout:
      return {hop_error_, "no answer in time"};
    case routing::refusal::overloaded:
      worker_.shared().shell().overloaded.fetch_add(1, std::memory_order_relaxed);
      return {"connection_limit_reached", "too many requests for this session's proxy"};
    case routing::refusal::no_room:
      return {hop_error_, "this gateway is short of descriptors or memory"};
    case routing::refusal::upstream_failed:
      return {hop_error_, "the upstream broke off"};
    case routing::refusal::all_failed:
    case routing::refusal::none:
      break;
    }
    return {hop_error_.empty() ? std::string_view("destination_unavailable") : std::string_view(hop_error_),
            "no upstream could be reached"};
  }();
  unsigned status = routing::status_of(why);
  if (why == routing::refusal::all_failed && hop_error_.ends_with("_timeout")) status = 504;
  if (has_body_ && !body_.is_complete()) keep_alive_ = false;
  std::string const proxy_status =
      "crest-gateway; error=" + std::string(chosen.error) + "; details=\"" + std::string(chosen.detail) + "\"";
  answer_here({.status = status,
               .detail = chosen.detail,
               .proxy_status = proxy_status,
               .retry_after = status == 503 ? 1u : 0u});
}

}
