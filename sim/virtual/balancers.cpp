#include "sim/virtual/balancers.hpp"

#include "gateway/cache/serve.hpp"
#include "sim/actors/gateway_settings.hpp"
#include "sim/theory/expect.hpp"
#include "sim/virtual/world.hpp"

#include <algorithm>
#include <utility>

namespace sim::virtual_time {

using gateway::routing::action;
using gateway::routing::action_kind;
using gateway::routing::upstream_id;
using journal::hop_outcome;
using journal::hop_result;
using journal::request_result;

namespace {

journal::hop_kind journalled(gateway::routing::hop_kind kind) {
  switch (kind) {
  case gateway::routing::hop_kind::first:
    return journal::hop_kind::first;
  case gateway::routing::hop_kind::redirect:
    return journal::hop_kind::redirect;
  case gateway::routing::hop_kind::retry:
    return journal::hop_kind::retry;
  }
  return journal::hop_kind::own;
}

desk_settings desk_of(scenario::balancer_group const& group, actors::gateway_settings const& as,
                      scenario::scenario const& s) {
  desk_settings settings{as.routing, as.guess, std::nullopt, s.topology.proxies.count};
  if (as.token_map_bytes) settings.map_entries = theory::map_entries(group, s.population.token_bytes);
  // Tokens that never change are as many as characters (nobody's tokens are not learnt): a map needs no more room.
  if (settings.map_entries && s.population.token_rotation_rps == 0)
    settings.map_entries = std::min<std::uint64_t>(*settings.map_entries, s.population.characters);
  return settings;
}

}

balancers::balancers(world& w, std::unique_ptr<desks> decisions)
  : w_(w)
  , decisions_(std::move(decisions))
  , work_(w.scenario.simulated.balancer_time) {
  for (scenario::balancer_identity const& identity : scenario::balancers_of(w.scenario)) {
    balancer b;
    actors::gateway_settings const as = actors::settings_of(*identity.settings);
    b.threads = fifo_servers(as.threads);
    b.random = small_stream_of(w.scenario.seed, "balancer", all_.size());
    b.settings = desk_of(*identity.settings, as, w.scenario);
    b.cache = as.cache;
    b.shared_map = as.shared_map;
    all_.push_back(std::move(b));
    measure::balancer_records records;
    records.name = identity.name;
    records.has_journal = true;
    w.record.records.balancers.push_back(std::move(records));
  }
}

void balancers::start(std::size_t index) {
  w_.record.restarted(index);
  decisions_->open(index, all_[index].settings);
  w_.caches.open(index, all_[index].cache);
  w_.shared_maps.open(index, all_[index].shared_map);
  all_[index].listening = true;
  all_[index].started_ns = w_.now();
}

// ---- a request

void balancers::on_request(flight_id id) {
  flight& f = w_.flights[id];
  balancer& b = all_[f.balancer];
  if (!f.client_waits) return let_go(id);
  if (!b.listening) {
    f.carried = false;
    w_.time.to_flight(w_.client_arrival(f, purpose::way_back), happening::connection_refused, id, f.life);
    return;
  }
  ++b.in_hand;
  w_.record.received(f, w_.now());
  if (f.has_errand) w_.caches.enter(id);
  work(id);
}

/// One of the balancer's threads works on it.
void balancers::work(flight_id id) {
  flight& f = w_.flights[id];
  f.where = flight::place::at_balancer;
  if (work_.nothing()) return on_worked(id);
  balancer& b = all_[f.balancer];
  w_.time.to_flight(b.threads.serve(w_.now(), work_(b.random)), happening::leaves_balancer, id, f.life);
}

void balancers::on_worked(flight_id id) {
  flight& f = w_.flights[id];
  if (f.abandoned) return let_go(id);
  if (f.hops != 0) {
    go_on(id);
  } else if (f.has_errand && w_.errands[id].refused != 0) {
    f.status = w_.errands[id].refused;
    f.served_by = f.served_epoch = 0;
    to_client(id, request_result::refused);
  } else if (f.has_errand && w_.errands[id].dealing && !f.is_own) {
    consult_cache(id, true);
  } else {
    route(id);
  }
  look_again();
}

/// It goes to a proxy, for the first time or anew.
void balancers::route(flight_id id) {
  flight& f = w_.flights[id];
  if (f.has_errand) {
    errand& e = w_.errands[id];
    e.sent = e.dealing ? e.dealing->upstream_head() : e.forwarded;
  }
  desks::request what;
  if (f.plan.kind != load::token_kind::none) what.token = f.token;
  what.idempotent = f.idempotent;
  f.is_routed = true;
  perform(id, decisions_->start(f.balancer, id, what, w_.now(), all_[f.balancer].random));
}

/// The present hop was redirected, or failed.
void balancers::go_on(flight_id id) {
  flight& f = w_.flights[id];
  balancer& b = all_[f.balancer];
  if (f.outcome == hop_outcome::redirected) {
    upstream_id const target{fakeproxy::cluster::proxy_index_of(f.owner)};
    action const next = decisions_->on_redirect(f.balancer, id, target);
    w_.record.hop_done(f, next.kind == action_kind::send ? hop_result::redirected : hop_result::refused_redirect);
    ++f.redirects;
    return perform(id, next);
  }
  // A hop in service when its proxy went was on a connection that had served before, as pools make likely.
  gateway::routing::failure what;
  what.how_much = f.proxy_had_it ? gateway::routing::sent::something : gateway::routing::sent::nothing;
  what.was_reused = f.proxy_had_it;
  if (!what.was_reused) w_.record.forgotten(f);
  perform(id, decisions_->on_failure(f.balancer, id, what, w_.now(), b.random));
}

/// Whether another request of its token is in the hands of the same balancer, or of one that shares its map. Looked for
/// only where runs are counted, and only when the character has others under way at all.
bool balancers::has_company(flight_id id) const {
  flight const& f = w_.flights[id];
  if (!w_.record.brief || f.plan.kind != load::token_kind::own) return false;
  if (w_.record.brief->under_way(f.plan.character) < 2) return false;
  for (flight_id other = 0; other < w_.flights.size(); ++other) {
    flight const& o = w_.flights[other];
    bool const same_map = o.balancer == f.balancer || (all_[o.balancer].shared_map && all_[f.balancer].shared_map);
    if (other != id && o.carried && o.hops > 0 && same_map && o.token == f.token) return true;
  }
  return false;
}

void balancers::perform(flight_id id, action const& next) {
  flight& f = w_.flights[id];
  if (next.news == gateway::routing::shared_news::lost) w_.shared_maps.lost(f, upstream_id{f.proxy});
  if (next.kind == action_kind::look_up) {
    if (!w_.shared_maps.look_up(id)) on_shared(id, gateway::routing::no_upstream);
    return;
  }
  if (next.kind == action_kind::respond) {
    f.is_routed = false;
    if (f.has_errand && w_.errands[id].dealing && w_.errands[id].dealing->on_failure()) return serve_stored(id, false);
    f.status = gateway::routing::status_of(next.why);
    f.served_by = 0;
    f.served_epoch = 0;
    return to_client(id, request_result::failed);
  }
  // A redirect is put down to how the first proxy that saw the request was chosen.
  if (f.seen_hops == 0) w_.record.chosen(f, !next.from_map, has_company(id), w_.now());
  f.proxy = static_cast<std::uint16_t>(index_of(next.upstream));
  f.hop_kind = journalled(next.hop);
  if (f.hop_kind == journal::hop_kind::first && f.hops != 0) f.hop_kind = journal::hop_kind::retry; // started anew
  if (f.is_own) f.hop_kind = journal::hop_kind::own;
  f.from_map = next.from_map;
  if (f.hops == 0) f.first_from_map = next.from_map;
  f.retries = static_cast<std::uint8_t>(f.retries + (f.hop_kind == journal::hop_kind::retry));
  f.serviced = f.redirecting = false;
  f.outcome = hop_outcome::received;
  ++f.hops;
  f.where = flight::place::to_proxy;
  w_.record.hop_sent(f, w_.now());
  w_.proxies.expect(f);
  w_.time.to_flight(w_.proxy_arrival(f, purpose::hop_out, w_.now()), happening::reaches_proxy, id, f.life);
}

void balancers::on_answer(flight_id id) {
  flight& f = w_.flights[id];
  if (f.abandoned) {
    w_.record.hop_done(f, f.outcome == hop_outcome::redirected ? hop_result::refused_redirect : hop_result::answered);
    return let_go(id);
  }
  if (f.outcome == hop_outcome::redirected) return work(id);
  w_.record.hop_done(f, hop_result::answered);
  std::optional<upstream_id> backend;
  if (f.names_backend) {
    backend = upstream_id{f.proxy};
    w_.record.learnt(f, w_.now());
  }
  action const next = decisions_->on_answer(f.balancer, id, backend);
  if (next.news == gateway::routing::shared_news::learnt) w_.shared_maps.learnt(f, next.upstream);
  f.is_routed = false;
  finish(id);
  look_again();
}

/// The final answer is there: past the cache or into it.
void balancers::finish(flight_id id) {
  flight const& f = w_.flights[id];
  if (f.has_errand) {
    using course = gateway::cache::transaction::course;
    errand& e = w_.errands[id];
    std::optional<std::uint64_t> length;
    if (f.status != 204 && f.status != 304) length = e.content_bytes;
    course const next = e.dealing ? e.dealing->on_answer(e.answer_head, e.answer.data(), length) : course::pass;
    if (next == course::again) return route(id);
    if (next == course::serve) return serve_stored(id, f.status == 304);
    if (e.dealing && e.dealing->is_storing()) {
      if (content_.size() < e.content_bytes) content_.resize(e.content_bytes, '.');
      e.dealing->take(std::string_view(content_).substr(0, e.content_bytes));
      e.dealing->complete();
    }
    w_.errands.take(id);
  }
  to_client(id, request_result::forwarded);
}

void balancers::on_hop_failed(flight_id id) {
  flight& f = w_.flights[id];
  w_.record.hop_done(f, f.proxy_had_it ? hop_result::failed : hop_result::not_delivered);
  if (f.abandoned) return let_go(id);
  work(id);
}

void balancers::to_client(flight_id id, request_result result) {
  flight& f = w_.flights[id];
  w_.caches.leave(id);
  if (f.is_own) return let_go(id);
  w_.record.request_done(f, result, f.status);
  --all_[f.balancer].in_hand;
  f.where = flight::place::to_client;
  f.carried = false;
  std::int64_t const arrival = w_.client_arrival(f, purpose::way_back);
  if (f.has_errand) w_.errands.judge(id, arrival);
  if (!w_.clients.settle(id, arrival)) w_.time.to_flight(arrival, happening::reaches_client, id, f.life);
}

void balancers::on_client_gone(flight_id id) {
  flight& f = w_.flights[id];
  if (f.where == flight::place::to_balancer) return; // is dropped when it arrives
  if (f.abandoned) return;
  f.abandoned = true;
  if (f.is_routed) decisions_->abandon(f.balancer, id);
  bool const waited = f.waits_for_fetch || f.looks_up;
  w_.caches.stop_waiting(id);
  w_.shared_maps.stop_waiting(id);
  w_.caches.leave(id);
  w_.record.request_done(f, request_result::client_gone, 0);
  --all_[f.balancer].in_hand;
  if (waited) let_go(id);
  look_again();
}

/// Nothing of it is under way any more.
void balancers::let_go(flight_id id) {
  flight& f = w_.flights[id];
  f.carried = false;
  if (!f.client_waits) w_.flights.give_back(id);
}

void balancers::on_shared(flight_id id, upstream_id found) {
  flight& f = w_.flights[id];
  f.looks_up = false;
  perform(id, decisions_->on_shared(f.balancer, id, found, w_.now(), all_[f.balancer].random));
  look_again();
}

// ---- the cache

void balancers::consult_cache(flight_id id, bool may_wait) {
  using kind = gateway::cache::decision::kind;
  flight& f = w_.flights[id];
  errand& e = w_.errands[id];
  switch (e.dealing->ask(e.forwarded, may_wait).what) {
  case kind::answer:
    return serve_stored(id, false);
  case kind::fetch:
  case kind::validate:
    return route(id);
  case kind::wait:
    w_.caches.wait(id);
    if (!std::exchange(f.has_waited, true))
      w_.time.to_flight(w_.now() + all_[f.balancer].cache->wait.count(), happening::fetch_is_late, id, f.life);
    return;
  case kind::unavailable:
    f.status = 504;
    return to_client(id, request_result::failed);
  }
}

void balancers::on_fetch_late(flight_id id) {
  if (!w_.flights[id].waits_for_fetch) return;
  w_.caches.stop_waiting(id);
  consult_cache(id, false);
  look_again();
}

/// Those whose wait is over, and those whose wait that ends.
void balancers::look_again() {
  if (looking_) return;
  looking_ = true;
  while (auto const next = w_.caches.next_woken()) consult_cache(next->who, next->may_wait);
  looking_ = false;
}

void balancers::serve_stored(flight_id id, bool confirmed) {
  flight& f = w_.flights[id];
  if (f.is_own) return to_client(id, request_result::forwarded);
  errand const& e = w_.errands[id];
  auto const stored = e.dealing->decided().stored;
  bool const needs_refresh = e.dealing->decided().refresh;
  head_text_.clear();
  gateway::cache::moment const now = w_.errands.moment_at(w_.now());
  f.status = static_cast<std::uint16_t>(
      gateway::cache::append_served(head_text_, *stored, e.dealing->request(), {}, now).status);
  w_.errands.take(id, *stored, confirmed);
  request_result const result = f.hops != 0 ? request_result::forwarded : request_result::cached;
  if (needs_refresh) begin_refresh(id);
  to_client(id, result);
}

/// The balancer asks whether what it served stale still holds (RFC 5861 3).
void balancers::begin_refresh(flight_id served) {
  flight_id const id = w_.flights.take(); // from here on `served` may be elsewhere
  flight const& f = w_.flights[served];
  flight& own = w_.flights[id];
  own.draws = load::mix(f.draws + 1);
  own.plan = f.plan;
  own.token = f.token;
  own.balancer = f.balancer;
  own.phase = f.phase;
  own.verb = f.verb;
  own.idempotent = f.idempotent;
  own.game_state = f.game_state;
  own.sent_ns = w_.now();
  own.where = flight::place::at_balancer;
  own.carried = own.is_own = true;
  w_.errands.pass_on(served, id);
  w_.errands[id].dealing->begin_refresh();
  work(id);
}

// ---- the process

void balancers::read_counters() {
  for (std::size_t i = 0; i < all_.size(); ++i) {
    if (!all_[i].listening) continue;
    gateway::routing::router_counters const& c = decisions_->counters(i);
    measure::balancer_records& book = w_.record.records.balancers[i];
    book.counters = {{"requests_total", c.requests},     {"guesses_total", c.guesses},
                     {"guess_hits_total", c.guess_hits}, {"map_hits_total", c.map_hits},
                     {"stale_hits_total", c.stale_hits}, {"redirects_total", c.redirects},
                     {"retries_total", c.retries},       {"learnt_total", c.learnt},
                     {"evicted_total", c.evicted},       {"redirects_refused_limit_total", c.redirects_refused()}};
    book.counting_since_ns = all_[i].started_ns;
    book.counters_read_ns = w_.now();
  }
}

void balancers::kill(std::size_t index) {
  balancer& b = all_[index];
  b.listening = false;
  b.in_hand = 0;
  b.threads.clear();
  w_.caches.close(index);
  w_.shared_maps.close(index);
  for (flight_id id = 0; id < w_.flights.size(); ++id) {
    flight& f = w_.flights[id];
    bool const inside = f.carried && !f.abandoned && f.where != flight::place::to_balancer;
    if (!inside || f.balancer != index) continue;
    f.abandoned = true;
    bool const parked = f.waits_for_fetch || f.looks_up; // nothing else is to come of it
    f.waits_for_fetch = f.looks_up = false;
    if (f.client_waits)
      w_.time.to_flight(w_.client_arrival(f, purpose::way_back), happening::connection_lost, id, f.life);
    if (parked) let_go(id);
  }
}

}
