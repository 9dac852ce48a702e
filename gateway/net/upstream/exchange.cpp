#include "gateway/net/upstream/exchange.hpp"

#include "gateway/http/accel.hpp"
#include "gateway/http/accel_target.hpp"
#include "gateway/http/field_text.hpp"
#include "gateway/http/fields.hpp"

#include <boost/asio/post.hpp>

#include <utility>

namespace gateway::net {

using gateway::exchange::awaiting;
using gateway::exchange::step;

void exchange::reset() {
  patience_.clear_deadline();
  what_ = {};
  head_ = {};
  route_ = {};
  course_ = {};
  answered_ = false;
  looked_up_ = 0;
  error_.clear();
  bad_answer_ = {};
  last_ = {};
  hop_record_ = nullptr;
}

void exchange::start(request const& what) {
  what_ = what;
  course_.is_own = what.is_own;
  go_on(course_.begin(what_.cached, what_.head));
}

void exchange::perform(routing::action const& next) {
  tell_others(next);
  go_on(course_.after(next, what_.cached), next);
}

/// Passes on what the router says that concerns other requests.
void exchange::tell_others(routing::action const& next) {
  if (next.wake) wake_others();
  if (next.news == routing::shared_news::lost) worker_.shared_tokens()->lost(authorization(), text_of(last_.address));
}

void exchange::go_on(step next, routing::action const& how) {
  switch (next) {
  case step::route:
    route();
    break;
  case step::send:
    send_hop(how);
    break;
  case step::stream:
    user_.on_answer();
    break;
  case step::serve_stored:
    user_.on_stored();
    break;
  case step::respond:
    user_.on_refused(how.why);
    break;
  case step::not_stored:
    user_.on_not_stored();
    break;
  case step::wait_for_guess:
    be_patient(deadline::guess_wait);
    worker_.wait_for_guess(route_.key, shared());
    break;
  case step::wait_for_fetch:
    be_patient(deadline::fetch_wait);
    worker_.wait_for_fetch(what_.cached->decided().variant, shared());
    break;
  case step::look_up:
    look_up();
    break;
  }
}

void exchange::route() {
  head_ = what_.cached ? what_.cached->upstream_head() : what_.head;
  perform(worker_.shared().start(route_, *what_.facts, monotonic_ns(), worker_.random()));
}

void exchange::be_patient(deadline which) {
  if (course_.patience_begins) worker_.set_deadline(patience_, which);
}

void exchange::look_up() {
  looked_up_ = worker_.shared_tokens()->look_up(authorization(), shared());
  if (looked_up_ == 0) on_shared(0, std::nullopt);
}

void exchange::on_shared(std::uint64_t ticket, std::optional<http::shared_value> const& found) {
  // Ignored if the request that asked has ended and this is the next one.
  if (looked_up_ != ticket || !course_.stops_waiting(awaiting::shared_map)) return;
  auto const self = shared();
  perform(worker_.shared().on_shared(route_, found, monotonic_ns(), worker_.random()));
}

/// The request's; elsewhere only its digest is kept.
std::string_view exchange::authorization() const {
  std::string_view found;
  http::for_each_field(what_.head, [&found](std::string_view name, std::string_view value) {
    if (http::iequals(name, "Authorization")) found = value;
  });
  return found;
}

void exchange::send_hop(routing::action const& next) {
  if (!worker_.shared().limits_upstreams() || may_enter(next)) make_hop(next);
}

void exchange::make_hop(routing::action const& next) {
  last_ = worker_.shared().destination_of_hop(next.upstream);
  endpoint const to = last_.address;
  upstream_ = worker_.take_idle(next, last_);
  if (!upstream_) upstream_ = std::make_shared<upstream_connection>(worker_, next.upstream, last_.face);
  course_.hop_made(next);
  answered_ = false;
  hop_record_ = worker_.shared().record_hop(what_.lab_request, to, course_.hop, next.from_map);
  upstream_->send(*this, to,
                  {.head = head_,
                   .body = what_.body,
                   .chunked = what_.chunked,
                   .is_head = what_.is_head,
                   .websocket_key = what_.websocket_key});
}

// Whether the hop may be made now; otherwise it waits for admission, or was refused it.
bool exchange::may_enter(routing::action const& next) {
  slot_at_ = next.upstream;
  balancer& shared_state = worker_.shared();
  std::uint64_t const ticket = shared_state.next_ticket();
  auto const turn = [where = &worker_, weak = std::weak_ptr<exchange>(shared()), ticket, at = next.upstream] {
    boost::asio::post(where->context(), [where, weak, ticket, at] {
      auto const waiting = weak.lock();
      if (!waiting || !waiting->on_slot(ticket)) where->shared().leave_upstream(at);
    });
  };
  switch (shared_state.enter_upstream(next.upstream, ticket, turn)) {
  case balancer::upstream_admission::now:
    holds_slot_ = true;
    return true;
  case balancer::upstream_admission::later:
    shared_state.shell().queued.fetch_add(1, std::memory_order_relaxed);
    ticket_ = ticket;
    waiting_hop_ = next;
    return false;
  case balancer::upstream_admission::none:
    break;
  }
  perform(shared_state.on_full(route_, monotonic_ns(), worker_.random()));
  return false;
}

bool exchange::on_slot(std::uint64_t ticket) {
  if (!waiting_hop_ || ticket_ != ticket) return false;
  auto const self = shared();
  holds_slot_ = true;
  make_hop(*std::exchange(waiting_hop_, std::nullopt));
  return true;
}

void exchange::leave_upstream() {
  if (std::exchange(holds_slot_, false)) worker_.shared().leave_upstream(slot_at_);
  if (std::exchange(waiting_hop_, std::nullopt)) worker_.shared().withdraw(slot_at_, ticket_);
}

void exchange::end(journal::hop_result result) {
  patience_.clear_deadline();
  if (hop_record_) hop_record_->result = result;
  hop_record_ = nullptr;
  if (upstream_) std::exchange(upstream_, nullptr)->release();
  leave_upstream();
}

void exchange::abandon(journal::hop_result result) {
  end(result);
  if (course_.give_up() && worker_.shared().abandon(route_)) wake_others();
}

std::string_view exchange::chosen_by() const {
  if (course_.hops == 0) return {};
  switch (course_.hop) {
  case journal::hop_kind::first:
    return route_.from_shared ? "shared_map" : route_.from_map ? "map" : "guess";
  case journal::hop_kind::redirect:
    return "redirect";
  case journal::hop_kind::retry:
    return "retry";
  case journal::hop_kind::own:
    break;
  }
  return {};
}

void exchange::on_answer_head() {
  auto const self = shared();
  http::message_head const& head = upstream_->head();
  char const* const base = upstream_->base();
  http::session_words const words = http::session_words_of(head, base);
  if (words.redirect) {
    follow_redirect(*words.redirect, words.once);
    return;
  }
  balancer::answer facts{.backend = {}, .epoch = {}, .success = head.status < 400};
  if (words.backend) {
    facts.backend.emplace(http::parse_backend(*words.backend));
    if (!*facts.backend) worker_.shared().misunderstood(misread::backend, last_upstream(), *words.backend);
  }
  if (words.epoch) {
    facts.epoch = http::parse_epoch(*words.epoch);
    if (!facts.epoch) worker_.shared().misunderstood(misread::epoch, last_upstream(), *words.epoch);
  }
  if (hop_record_) hop_record_->result = journal::hop_result::answered;
  answered_ = true;
  error_.clear(); // of an earlier hop, which did no harm
  std::string learnt_at;
  routing::action const next = worker_.shared().on_answer(route_, facts, learnt_at);
  if (next.news == routing::shared_news::learnt)
    worker_.shared_tokens()->learnt(authorization(), learnt_at, facts.epoch);
  tell_others(next);
  step then = course_.after(next, what_.cached);
  if (what_.cached && !upstream_->is_tunnel()) {
    auto const stated = upstream_->parser().content_length();
    auto const length = stated ? std::optional<std::uint64_t>(*stated) : std::nullopt;
    then = course_.after(what_.cached->on_answer(upstream_->head(), upstream_->base(), length));
  }
  if (then != step::stream) end(journal::hop_result::answered);
  go_on(then);
}

void exchange::on_answer_body() {
  auto const self = shared();
  user_.on_more();
}

void exchange::follow_redirect(std::string_view location, bool once) {
  balancer::redirect what{.to = http::parse_accel_redirect(location), .once = once};
  std::string other;
  if (!what.to) {
    worker_.shared().misunderstood(misread::redirect, last_upstream(), location);
  } else if (!may_follow(http::named_target(location), other)) {
    what.other_target = true;
    worker_.shared().misunderstood(misread::redirect_path, last_upstream(), location);
  }
  journal::balancer_event* const record = std::exchange(hop_record_, nullptr);
  routing::action const next = worker_.shared().on_redirect(route_, what);
  if (record) record->result = gateway::exchange::result_of_redirect(next);
  std::exchange(upstream_, nullptr)->release();
  leave_upstream();
  if (next.kind == routing::action_kind::send && !other.empty()) {
    followed_head_ = http::with_target(what_.cached ? what_.cached->answers_elsewhere() : what_.head, other);
    head_ = followed_head_;
  }
  tell_others(next);
  go_on(course_.after_redirect(next, what_.cached), next);
}

/// Whether the request may follow a redirect that names this target; `other` is what its target then has to become, if
/// anything.
bool exchange::may_follow(std::string_view named, std::string& other) const {
  std::string_view const present = http::target_of(head_);
  bool const follows = worker_.current()->accel_path == http::accel_path::follow;
  if (http::names_target(named, present, !follows)) return true;
  if (!follows) return false;
  auto target = http::followed_target(named, present);
  if (!target) return false;
  other = *std::move(target);
  return true;
}

void exchange::on_hop_failed(hop_failure const& failure) {
  auto const self = shared();
  upstream_.reset();
  leave_upstream();
  if (answered_) return; // the answer's body: whoever takes it sees it break off
  bool const is_bad = !failure.bad_answer.empty();
  if (hop_record_)
    hop_record_->result =
        gateway::exchange::result_of_failure(is_bad ? routing::sent::something : failure.facts.how_much);
  hop_record_ = nullptr;
  error_ = failure.error;
  bad_answer_ = failure.bad_answer;
  if (is_bad) {
    perform(worker_.shared().on_bad_answer(route_));
    return;
  }
  perform(worker_.shared().on_failure(route_, failure.facts, monotonic_ns(), worker_.random()));
}

void exchange::on_wake() {
  if (!course_.stops_waiting(awaiting::guess)) return;
  auto const self = shared();
  perform(worker_.shared().on_wake(route_, monotonic_ns(), worker_.random()));
}

void exchange::on_fetch_complete(cache::fetch_outcome how) {
  if (!course_.stops_waiting(awaiting::fetch)) return;
  auto const self = shared();
  go_on(course_.on_fetch_complete(*what_.cached, what_.head, how));
}

void exchange::on_patience_end() {
  auto const self = shared();
  if (course_.stops_waiting(awaiting::fetch))
    go_on(course_.on_fetch_late(*what_.cached, what_.head));
  else if (course_.stops_waiting(awaiting::guess))
    perform(worker_.shared().on_patience_end(route_, monotonic_ns(), worker_.random()));
}

}
