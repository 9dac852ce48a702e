#include "sim/engines/virtual/balancers.hpp"

#include "gateway/cache/serve.hpp"
#include "sim/engines/virtual/caches.hpp"
#include "sim/engines/virtual/clients.hpp"
#include "sim/engines/virtual/http_exchanges.hpp"
#include "sim/engines/virtual/proxies.hpp"
#include "sim/engines/virtual/shared_maps.hpp"

#include <utility>

namespace sim::virtual_time {

using gateway::exchange::awaiting;
using gateway::exchange::step;
using gateway::routing::action;
using gateway::routing::upstream_id;
using journal::hop_outcome;
using journal::hop_result;
using journal::request_result;

namespace {

gateway::routing::answer_facts facts_of(request_state const& f) {
  gateway::routing::answer_facts facts{.success = f.answer.status < 400};
  if (f.hop.names_backend) {
    facts.backend = upstream_id{f.hop.proxy};
    facts.epoch = f.answer.served_epoch;
  }
  return facts;
}

}

// ---- a request

template<class Run>
[[gnu::always_inline]] inline void balancers::on_request(request_state& f) {
  if (!f.client.waits) return let_go(f);
  if (Run::events && !all_[f.balancer].listening) {
    f.carried = false;
    run_.time.to_request(net_.client_arrival(f, purpose::way_back), event_kind::connection_refused, f.id, f.life);
    return;
  }
  if (Run::events) ++all_[f.balancer].in_hand;
  run_.record.received<Run>(f, run_.now());
  if (Run::exchanges && f.has_exchange) caches_.enter(f.id);
  work<Run>(f);
}

/// One of the balancer's threads works on it.
template<class Run>
[[gnu::always_inline]] inline void balancers::work(request_state& f) {
  f.where = request_state::place::at_balancer;
  if (Run::disturbances && !work_.nothing()) return occupy_thread(f);
  worked<Run>(f);
}

void balancers::occupy_thread(request_state& f) {
  balancer& b = all_[f.balancer];
  run_.time.to_request(b.threads.serve(run_.now(), work_(b.random)), event_kind::leaves_balancer, f.id, f.life);
}

void balancers::on_worked(request_state& f) { worked<any_run>(f); }

template<class Run>
[[gnu::always_inline]] inline void balancers::worked(request_state& f) {
  if (f.abandoned) return let_go(f);
  if (f.course.hops != 0) {
    on_hop_over<Run>(f);
  } else {
    begin<Run>(f);
  }
  look_again();
}

template<class Run>
[[gnu::always_inline]] inline void balancers::begin(request_state& f) {
  if (Run::exchanges && f.has_exchange) return begin_exchange(f);
  step const first = f.course.begin(nullptr, {});
  if (first == step::route) return route<Run>(f);
  go_on(f, first);
}

void balancers::begin_exchange(request_state& f) {
  http_exchange const& e = exchanges_[f.id];
  if (e.refused != 0) return respond(f, step::respond, e.refused);
  go_on(f, f.course.begin(e.transaction.get(), e.forwarded));
}

/// Routes the request, for the first time or again.
template<class Run>
[[gnu::always_inline]] inline void balancers::route(request_state& f) {
  if (Run::exchanges && f.has_exchange) {
    http_exchange& e = exchanges_[f.id];
    e.sent = e.transaction ? e.transaction->upstream_head() : e.forwarded;
  }
  routers::request what;
  if (!Run::other_tokens || f.plan.kind != load::token_kind::none) what.token = f.token;
  what.idempotent = f.idempotent;
  perform<Run>(f, ask<Run>([&](auto& routers) __attribute__((always_inline)) {
                 return routers.start(f.balancer, f.id, what, run_.now(), all_[f.balancer].random);
               }));
}

/// The present hop was redirected, or failed.
template<class Run>
void balancers::on_hop_over(request_state& f) {
  if (f.hop.outcome == hop_outcome::redirected) {
    upstream_id const target{fakeproxy::cluster::proxy_index_of(f.at_proxy.owner)};
    action const next = ask<Run>([&](auto& routers) __attribute__((always_inline)) {
      return routers.on_redirect(f.balancer, f.id, target);
    });
    run_.record.hop_done<Run>(f, gateway::exchange::result_of_redirect(next));
    tell_others<Run>(f, next);
    step const then = f.course.after_redirect(next, Run::exchanges ? cached(f) : nullptr);
    return then == step::send ? send<Run>(f, next) : go_on(f, then, next);
  }
  on_failed_hop(f);
}

void balancers::on_failed_hop(request_state& f) {
  // A hop whose proxy died while serving it is taken to have been on a reused connection, as pools make likely.
  gateway::routing::failure what;
  what.how_much = how_much_was_sent(f);
  what.was_reused = f.hop.proxy_had_it;
  action const next = decisions_->on_failure(f.balancer, f.id, what, run_.now(), all_[f.balancer].random);
  if (!what.was_reused) run_.record.forgotten(f);
  perform(f, next);
}

/// Whether another request of its token is at the same balancer, or at one that shares its map. Checked only where runs
/// are counted, and only if the character has others under way at all.
template<class Run>
[[gnu::always_inline]] inline bool balancers::has_company(request_state const& f) const {
  if (Run::records && !run_.record.brief) return false;
  if (Run::other_tokens && f.plan.kind != load::token_kind::own) return false;
  return run_.record.brief->under_way(f.plan.character) >= 2 && finds_company(f);
}

bool balancers::finds_company(request_state const& f) const {
  return run_.requests.any_of([&](request_state const& o) {
    if (o.token != f.token || &o == &f || !o.carried || o.course.hops == 0) return false; // few have the token
    return o.balancer == f.balancer || (all_[o.balancer].shared_map && all_[f.balancer].shared_map);
  });
}

gateway::cache::transaction* balancers::cached(request_state const& f) {
  return f.has_exchange ? exchanges_[f.id].transaction.get() : nullptr;
}

template<class Run>
[[gnu::always_inline]] inline void balancers::perform(request_state& f, action const& next) {
  tell_others<Run>(f, next);
  step const then = f.course.after(next, Run::exchanges ? cached(f) : nullptr);
  if (then == step::send) return send<Run>(f, next);
  go_on(f, then, next);
}

/// Carries out what the router decided about others than this request.
template<class Run>
[[gnu::always_inline]] inline void balancers::tell_others(request_state const& f, action const& next) {
  if (next.wake) wake_guessers(f);
  if (Run::shared_maps && next.news == gateway::routing::shared_news::lost)
    shared_maps_.lost(f, upstream_id{f.hop.proxy});
}

void balancers::go_on(request_state& f, step next, action const& how) {
  switch (next) {
  case step::route:
    return route<any_run>(f);
  case step::send:
    return send<any_run>(f, how);
  case step::stream:
    return finish<any_run>(f);
  case step::serve_stored:
    return serve_stored(f);
  case step::respond:
    return respond(f, next, gateway::routing::status_of(how.why));
  case step::not_stored:
    return respond(f, next, 504);
  case step::wait_for_guess:
    be_patient(f, gateway::exchange::default_guess_wait);
    return wait_for_guess(f);
  case step::wait_for_fetch:
    be_patient(f, all_[f.balancer].cache->wait.count());
    return caches_.wait(f.id);
  case step::look_up:
    if (!shared_maps_.look_up(f.id)) on_shared(f, {});
    return;
  }
}

template<class Run>
[[gnu::always_inline]] inline void balancers::send(request_state& f, action const& next) {
  // A redirect is attributed to how the first proxy that saw the request was chosen.
  if (f.book.seen_hops == 0)
    run_.record.chosen<Run>(f, !next.from_map, !next.from_map && has_company<Run>(f), run_.now());
  f.hop.proxy = static_cast<std::uint16_t>(index_of(next.upstream));
  f.hop.from_map = next.from_map;
  if (f.course.hops == 0) f.book.first_from_map = next.from_map;
  f.course.hop_made(next);
  f.hop.outcome = hop_outcome::received;
  f.where = request_state::place::to_proxy;
  run_.record.hop_sent<Run>(f, run_.now());
  proxies_.expect<Run>(f, next.hop, run_.now());
  run_.time.to_request(net_.proxy_arrival<Run>(f, purpose::hop_out, run_.now()), event_kind::reaches_proxy, f.id,
                       f.life);
}

template<class Run>
[[gnu::always_inline]] inline void balancers::expect_answer(request_state& f, std::int64_t at_ns) {
  if (Run::events || !takes_ahead(f, at_ns))
    return run_.time.to_request(at_ns, event_kind::answer_returns, f.id, f.life);
  std::int64_t const present = std::exchange(run_.time.now_ns, at_ns);
  run_.record.hop_done<Run>(f, hop_result::answered);
  f.course.after(action{gateway::routing::action_kind::stream}, nullptr);
  finish<Run>(f);
  run_.time.now_ns = present;
}

/// In a plain run nothing fails, and a map with room for all loses nothing. Not if its client may have gone by then.
[[gnu::always_inline]] inline bool balancers::takes_ahead(request_state& f, std::int64_t at_ns) {
  return f.hop.from_map && f.hop.outcome != hop_outcome::redirected && all_[f.balancer].knows_all &&
         run_.in_time(f, at_ns) && dense_->on_known_answer(f.balancer, f.id, facts_of(f));
}

template<class Run>
[[gnu::noinline]] void balancers::on_answer(request_state& f) {
  if (f.abandoned) return drop_answer(f);
  if (Run::events) proxies_.on_answer_taken(f, run_.now());
  if (f.hop.outcome == hop_outcome::redirected) return work<Run>(f);
  run_.record.hop_done<Run>(f, hop_result::answered);
  action const next = ask<Run>([&](auto& routers) __attribute__((always_inline)) {
    return routers.on_answer(f.balancer, f.id, facts_of(f));
  });
  if (Run::shared_maps && next.learnt) run_.record.learnt(f, run_.now());
  if (Run::shared_maps && next.news == gateway::routing::shared_news::learnt) shared_maps_.learnt(f, next.upstream);
  tell_others<Run>(f, next);
  step then = f.course.after(next, nullptr);
  if (Run::exchanges && f.has_exchange) then = show_answer(f);
  if (then == step::stream) {
    finish<Run>(f);
  } else {
    go_on(f, then);
  }
  look_again();
}

/// Nobody waits for it.
void balancers::drop_answer(request_state& f) {
  bool const redirected = f.hop.outcome == hop_outcome::redirected;
  run_.record.hop_done(f, redirected ? hop_result::refused_redirect : hop_result::answered);
  let_go(f);
}

step balancers::show_answer(request_state& f) {
  http_exchange& e = exchanges_[f.id];
  if (!e.transaction) return step::stream;
  std::optional<std::uint64_t> length;
  if (f.answer.status != 204 && f.answer.status != 304) length = e.content_bytes;
  return f.course.after(e.transaction->on_answer(e.answer_head, e.answer.data(), length));
}

/// The final answer has arrived: the cache may take it.
template<class Run>
[[gnu::always_inline]] inline void balancers::finish(request_state& f) {
  if (Run::exchanges && f.has_exchange) {
    http_exchange& e = exchanges_[f.id];
    if (e.transaction && e.transaction->is_storing()) {
      if (content_.size() < e.content_bytes) content_.resize(e.content_bytes, '.');
      e.transaction->take(std::string_view(content_).substr(0, e.content_bytes));
      e.transaction->complete();
    }
    exchanges_.take(f.id);
  }
  to_client<Run>(f, step::stream);
}

gateway::routing::sent balancers::how_much_was_sent(request_state const& f) {
  return f.hop.proxy_had_it ? gateway::routing::sent::something : gateway::routing::sent::nothing;
}

void balancers::on_hop_failed(request_state& f) {
  run_.record.hop_done(f, gateway::exchange::result_of_failure(how_much_was_sent(f)));
  if (f.abandoned) return let_go(f);
  work<any_run>(f);
}

/// The balancer answers the request itself.
void balancers::respond(request_state& f, step how, std::uint16_t status) {
  f.answer.status = status;
  f.answer.served_by = f.answer.served_epoch = 0;
  to_client(f, how);
}

template<class Run>
[[gnu::always_inline]] inline void balancers::to_client(request_state& f, step answered) {
  if (Run::exchanges) caches_.leave(f.id);
  if (Run::exchanges && f.course.is_own) return let_go(f);
  run_.record.request_done<Run>(f, f.course.result_of(answered), f.answer.status);
  if (Run::events) --all_[f.balancer].in_hand;
  f.where = request_state::place::to_client;
  f.carried = false;
  std::int64_t const arrival = net_.client_arrival<Run>(f, purpose::way_back);
  if (Run::exchanges && f.has_exchange) exchanges_.judge(f.id, arrival);
  if (!clients_.settle<Run>(f, arrival)) run_.time.to_request(arrival, event_kind::reaches_client, f.id, f.life);
}

void balancers::on_client_gone(request_state& f) {
  if (f.where == request_state::place::to_balancer) return; // it is dropped when it arrives
  if (f.abandoned) return;
  f.abandoned = true;
  bool const waited = f.course.awaits != awaiting::nothing; // nothing else will come back for it
  if (f.course.give_up() && decisions_->abandon(f.balancer, f.id)) wake_guessers(f);
  caches_.leave(f.id);
  run_.record.request_done(f, request_result::client_gone, 0);
  --all_[f.balancer].in_hand;
  if (waited) let_go(f);
  look_again();
}

/// Nothing of the request is under way any more.
void balancers::let_go(request_state& f) {
  f.carried = false;
  if (!f.client.waits) run_.requests.give_back(f);
}

void balancers::on_shared(request_state& f, gateway::routing::shared_facts const& found) {
  if (!f.course.stops_waiting(awaiting::shared_map)) return;
  perform(f, decisions_->on_shared(f.balancer, f.id, found, run_.now(), all_[f.balancer].random));
  look_again();
}

// ---- those who wait

void balancers::be_patient(request_state& f, std::int64_t time_ns) {
  if (!f.course.patience_begins) return;
  f.gives_up_ns = run_.now() + time_ns;
  run_.time.to_request(f.gives_up_ns, event_kind::wait_is_over, f.id, f.life);
}

void balancers::on_patience_end(request_state& f) {
  if (run_.now() < f.gives_up_ns) return; // the event is of an earlier wait
  if (f.course.stops_waiting(awaiting::fetch))
    go_on(f, f.course.on_fetch_late(*cached(f), exchanges_[f.id].forwarded));
  else if (f.course.stops_waiting(awaiting::guess))
    perform(f, decisions_->on_patience_end(f.balancer, f.id, run_.now(), all_[f.balancer].random));
  look_again();
}

void balancers::wait_for_guess(request_state& f) {
  all_[f.balancer].guessers.add(f.token, {f.id, f.life}, [this](sleeper const& s) { return run_.requests.is_gone(s); });
}

void balancers::wake_guessers(request_state const& f) {
  wake(all_[f.balancer].guessers.take(f.token), awaiting::guess, gateway::cache::fetch_outcome::stored);
}

void balancers::wake(std::vector<sleeper> const& those, awaiting what, gateway::cache::fetch_outcome how) {
  for (sleeper const& who : those) woken_.push_back({who, what, how});
}

/// Resumes those whose wait is over, and those whose wait ends because of that.
void balancers::wake_them() {
  if (looking_) return;
  looking_ = true;
  while (!woken_.empty()) {
    woken const next = woken_.front();
    woken_.pop_front();
    request_state& f = run_.requests[next.who.id];
    if (run_.requests.is_gone(next.who) || !f.course.stops_waiting(next.from)) continue;
    if (next.from == awaiting::fetch)
      go_on(f, f.course.on_fetch_complete(*cached(f), exchanges_[f.id].forwarded, next.how));
    else
      perform(f, decisions_->on_wake(f.balancer, f.id, run_.now(), all_[f.balancer].random));
  }
  looking_ = false;
}

// ---- the cache

void balancers::serve_stored(request_state& f) {
  if (f.course.is_own) return to_client(f, step::serve_stored);
  gateway::cache::transaction const& transaction = *exchanges_[f.id].transaction;
  auto const stored = transaction.decided().stored;
  bool const needs_refresh = transaction.decided().refresh;
  head_text_.clear();
  gateway::cache::moment const now = exchanges_.moment_at(run_.now());
  f.answer.status = static_cast<std::uint16_t>(
      gateway::cache::append_served(head_text_, *stored, transaction.request(), {}, now).status);
  exchanges_.take(f.id, *stored, transaction.confirmed());
  if (needs_refresh) begin_refresh(f);
  to_client(f, step::serve_stored);
}

/// The balancer asks whether what it served stale is still valid (RFC 5861 3).
void balancers::begin_refresh(request_state const& served) {
  request_state& own = run_.requests.take_own(served);
  own.client.sent_ns = run_.now();
  own.where = request_state::place::at_balancer;
  own.carried = true;
  exchanges_.pass_on(served.id, own.id);
  exchanges_[own.id].transaction->begin_refresh();
  work<any_run>(own);
}

template void balancers::on_request<any_run>(request_state& f);
template void balancers::on_request<plain_run>(request_state& f);
template void balancers::expect_answer<any_run>(request_state& f, std::int64_t at_ns);
template void balancers::expect_answer<plain_run>(request_state& f, std::int64_t at_ns);
template void balancers::on_answer<any_run>(request_state& f);
template void balancers::on_answer<plain_run>(request_state& f);

}
