#include "sim/engines/virtual/shared_maps.hpp"

#include "sim/engines/virtual/balancers.hpp"

#include <algorithm>
#include <utility>

namespace sim::virtual_time {

using gateway::exchange::is_lost;
using gateway::exchange::told;
using gateway::routing::no_upstream;
using gateway::routing::upstream_id;

// ---- messages

void shared_maps::post(std::size_t balancer, message const& what) {
  link& k = links_[balancer];
  message l = what;
  l.balancer = static_cast<std::uint16_t>(balancer);
  l.life = k.life;
  k.last_there_ns = std::max(k.last_there_ns, run_.now() + net_.redis_wire());
  run_.time.at(k.last_there_ns, event_kind::command_at_redis, messages_.put(l));
}

void shared_maps::reply(message l) {
  link& k = links_[l.balancer];
  k.last_back_ns = std::max(k.last_back_ns, run_.now() + net_.redis_wire());
  run_.time.at(k.last_back_ns, event_kind::redis_replies, messages_.put(l));
}

// ---- Redis

shared_maps::kept* shared_maps::find(token_id token) {
  auto const at = entries_.find(token);
  return at == entries_.end() || at->second.until_ns <= run_.now() ? nullptr : &at->second;
}

void shared_maps::learn(message const& l) {
  kept* const old = find(l.token);
  entry const fresh{l.where, l.epoch};
  std::int64_t const until_ns = run_.now() + ttl_ns(l.balancer);
  switch (gateway::exchange::tell(old ? &old->what : nullptr, fresh)) {
  case told::keep:
    return;
  case told::renew:
    old->until_ns = until_ns;
    return;
  case told::replace:
    break;
  }
  entries_[l.token] = {fresh, until_ns};
  if (entries_.size() < sweep_at_) return;
  boost::unordered::erase_if(entries_, [&](auto const& e) { return e.second.until_ns <= run_.now(); });
  sweep_at_ = std::max<std::size_t>(4096, 2 * entries_.size());
}

void shared_maps::on_command(std::uint32_t place) {
  message l = messages_.take(place);
  if (l.life != links_[l.balancer].life) return; // whose connection is closed
  using kind = message::kind;
  if (l.what == kind::connect && running_) connected_[l.balancer] = true;
  if (!connected_[l.balancer]) {
    if (l.what != kind::connect) return; // it will hear that its connection is gone
    l.what = kind::lost_connection;      // refused
    return reply(l);
  }
  switch (l.what) {
  case kind::connect:
  case kind::probe:
    reply(l);
    break;
  case kind::look_up:
    l.where = no_upstream;
    l.epoch.reset();
    if (kept* const found = find(l.token)) {
      found->until_ns = run_.now() + ttl_ns(l.balancer);
      l.where = found->what.backend;
      l.epoch = found->what.epoch;
    }
    reply(l);
    break;
  case kind::learn:
    learn(l);
    break;
  case kind::lose:
    if (kept const* const old = find(l.token); is_lost(old ? &old->what : nullptr, l.where)) entries_.erase(l.token);
    break;
  case kind::lost_connection: // Redis says that
    break;
  }
}

void shared_maps::kill() {
  running_ = false;
  entries_.clear();
  for (std::size_t i = 0; i < connected_.size(); ++i) {
    if (!connected_[i]) continue;
    connected_[i] = false;
    reply({.what = message::kind::lost_connection, .balancer = static_cast<std::uint16_t>(i), .life = links_[i].life});
  }
}

// ---- a balancer's process

void shared_maps::open(std::size_t balancer, std::optional<scenario::shared_map_settings> const& settings) {
  if (links_.size() <= balancer) links_.resize(balancer + 1), connected_.resize(balancer + 1);
  link fresh;
  fresh.settings = settings;
  if (settings) fresh.state = decisions(settings->timeout.count());
  fresh.life = links_[balancer].life + 1;
  fresh.runs = settings.has_value();
  fresh.random = small_stream_of(run_.scenario.seed, "shared map", balancer);
  links_[balancer] = std::move(fresh);
  if (settings) arm(balancer);
}

void shared_maps::close(std::size_t balancer) {
  if (balancer >= links_.size()) return;
  ++links_[balancer].life;
  links_[balancer].runs = false;
  connected_[balancer] = false;
}

bool shared_maps::ready() const {
  return std::all_of(links_.begin(), links_.end(), [](link const& k) { return !k.runs || k.state.usable(); });
}

/// Schedules a look at the link at its next deadline. If the deadline is withdrawn, the look finds nothing to do.
void shared_maps::arm(std::size_t balancer) {
  link& k = links_[balancer];
  auto const at = k.state.next_deadline();
  if (!at || *at >= k.armed_ns) return;
  k.armed_ns = std::max(*at, run_.now());
  run_.time.at(k.armed_ns, event_kind::redis_is_due, k.life, static_cast<std::uint16_t>(balancer));
}

void shared_maps::on_deadline(std::size_t balancer, std::uint32_t life) {
  link& k = links_[balancer];
  if (life != k.life) return;
  k.armed_ns = never;
  auto const due = k.state.on_deadline(run_.now(), k.random);
  release(due.released);
  switch (due.next) {
  case decisions::attempt::none:
    break;
  case decisions::attempt::connect:
    post(balancer, {.what = message::kind::connect});
    break;
  case decisions::attempt::probe:
    probe(balancer);
    break;
  }
  arm(balancer);
}

void shared_maps::probe(std::size_t balancer) {
  links_[balancer].state.on_probe_sent(run_.now());
  post(balancer, {.what = message::kind::probe});
}

void shared_maps::on_reply(std::uint32_t place) {
  message const l = messages_.take(place);
  link& k = links_[l.balancer];
  if (l.life != k.life) return;
  switch (l.what) {
  case message::kind::connect:
    k.state.on_open();
    probe(l.balancer);
    break;
  case message::kind::probe:
    if (k.state.on_probed(run_.now(), k.random)) balancers_.share_anew(l.balancer);
    break;
  case message::kind::look_up:
    if (auto const who = k.state.on_found(l.ticket)) tell(*who, {l.where, l.epoch});
    break;
  case message::kind::lost_connection:
    release(k.state.on_lost(run_.now(), k.random));
    break;
  case message::kind::learn:
  case message::kind::lose:
    break;
  }
  arm(l.balancer);
}

/// Nobody waits any more.
void shared_maps::release(std::vector<decisions::waiting> const& those) {
  for (decisions::waiting const& w : those) tell(w.who, {});
}

void shared_maps::tell(sleeper const& who, gateway::routing::shared_facts const& found) {
  if (!run_.requests.is_gone(who)) balancers_.on_shared(run_.requests[who.id], found);
}

// ---- requests

bool shared_maps::look_up(request_index id) {
  request_state const& f = run_.requests[id];
  link& k = links_[f.balancer];
  if (!k.runs || !k.state.usable()) return false;
  auto const asked = k.state.look_up({id, f.life}, run_.now());
  post(f.balancer, {.what = message::kind::look_up, .token = f.token, .ticket = asked});
  arm(f.balancer);
  return true;
}

void shared_maps::learnt(request_state const& f, upstream_id where) {
  if (!links_[f.balancer].state.usable()) return;
  post(f.balancer, {.what = message::kind::learn, .token = f.token, .where = where, .epoch = f.answer.served_epoch});
}

void shared_maps::lost(request_state const& f, upstream_id where) {
  if (!links_[f.balancer].state.usable()) return;
  post(f.balancer, {.what = message::kind::lose, .token = f.token, .where = where});
}

}
