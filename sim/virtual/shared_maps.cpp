#include "sim/virtual/shared_maps.hpp"

#include "sim/virtual/world.hpp"

#include <algorithm>
#include <utility>

namespace sim::virtual_time {

using gateway::routing::link_condition;
using gateway::routing::no_upstream;
using gateway::routing::upstream_id;

// ---- letters

void shared_maps::post(std::size_t balancer, letter const& what) {
  link& k = links_[balancer];
  letter l = what;
  l.balancer = static_cast<std::uint16_t>(balancer);
  l.life = k.life;
  k.last_there_ns = std::max(k.last_there_ns, w_.now() + w_.redis_wire());
  w_.time.at(k.last_there_ns, happening::command_at_redis, letters_.put(l));
}

void shared_maps::reply(letter l) {
  link& k = links_[l.balancer];
  k.last_back_ns = std::max(k.last_back_ns, w_.now() + w_.redis_wire());
  w_.time.at(k.last_back_ns, happening::redis_replies, letters_.put(l));
}

// ---- Redis

shared_maps::entry* shared_maps::find(token_id token) {
  auto const at = entries_.find(token);
  return at == entries_.end() || at->second.until_ns <= w_.now() ? nullptr : &at->second;
}

void shared_maps::on_command(std::uint32_t place) {
  letter l = letters_.take(place);
  if (l.life != links_[l.balancer].life) return; // whose connection is closed
  using kind = letter::kind;
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
    if (entry* const found = find(l.token)) {
      found->until_ns = w_.now() + ttl_ns(l.balancer);
      l.where = found->where;
    }
    reply(l);
    break;
  case kind::learn:
    if (entry const* const old = find(l.token); old && l.epoch < old->epoch) break; // an older answer that came late
    entries_[l.token] = {l.where, l.epoch, w_.now() + ttl_ns(l.balancer)};
    if (entries_.size() < sweep_at_) break;
    boost::unordered::erase_if(entries_, [&](auto const& e) { return e.second.until_ns <= w_.now(); });
    sweep_at_ = std::max<std::size_t>(4096, 2 * entries_.size());
    break;
  case kind::lose:
    if (entry const* const old = find(l.token); old && old->where == l.where) entries_.erase(l.token);
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
    reply({.what = letter::kind::lost_connection, .balancer = static_cast<std::uint16_t>(i), .life = links_[i].life});
  }
}

// ---- a balancer's process

void shared_maps::open(std::size_t balancer, std::optional<scenario::shared_map_settings> const& settings) {
  if (links_.size() <= balancer) links_.resize(balancer + 1), connected_.resize(balancer + 1);
  link fresh;
  fresh.settings = settings;
  fresh.life = links_[balancer].life + 1;
  fresh.runs = settings.has_value();
  fresh.random = small_stream_of(w_.scenario.seed, "shared map", balancer);
  links_[balancer] = std::move(fresh);
  if (settings) arm(balancer);
}

void shared_maps::close(std::size_t balancer) {
  if (balancer >= links_.size()) return;
  ++links_[balancer].life;
  links_[balancer].runs = false;
  links_[balancer].asked.clear();
  connected_[balancer] = false;
}

bool shared_maps::ready() const {
  return std::all_of(links_.begin(), links_.end(), [](link const& k) { return !k.runs || k.state.usable(); });
}

void shared_maps::arm(std::size_t balancer) {
  link const& k = links_[balancer];
  if (auto const at = k.state.next_attempt(); at && !k.is_probing)
    w_.time.at(std::max(*at, w_.now()), happening::redis_is_tried, k.life, static_cast<std::uint16_t>(balancer));
}

void shared_maps::on_attempt_due(std::size_t balancer, std::uint32_t life) {
  link& k = links_[balancer];
  auto const at = k.state.next_attempt();
  if (life != k.life || !at || *at > w_.now() || k.is_probing) return;
  k.state.attempt_begins();
  k.is_probing = true;
  k.probe_due_ns = w_.now() + k.settings->timeout.count();
  post(balancer, {.what = k.is_connected ? letter::kind::probe : letter::kind::connect});
}

void shared_maps::fall(std::size_t balancer, link_condition why) {
  links_[balancer].state.fell(why, w_.now(), links_[balancer].random);
  arm(balancer);
}

void shared_maps::on_reply(std::uint32_t place) {
  letter const l = letters_.take(place);
  link& k = links_[l.balancer];
  if (l.life != k.life) return;
  switch (l.what) {
  case letter::kind::connect:
    k.is_connected = true;
    k.probe_due_ns = w_.now() + k.settings->timeout.count();
    post(l.balancer, {.what = letter::kind::probe});
    break;
  case letter::kind::probe:
    on_probed(l.balancer);
    break;
  case letter::kind::look_up: {
    auto const asked =
        std::find_if(k.asked.begin(), k.asked.end(), [&](waiting const& w) { return w.ticket == l.ticket; });
    if (asked == k.asked.end()) break; // too late
    flight_id const who = asked->who;
    k.asked.erase(asked);
    w_.balancers.on_shared(who, l.where);
    break;
  }
  case letter::kind::lost_connection:
    k.is_connected = k.is_probing = false;
    k.may_lack = true;
    fall(l.balancer, link_condition::down);
    release(l.balancer);
    break;
  case letter::kind::learn:
  case letter::kind::lose:
    break;
  }
}

void shared_maps::on_probed(std::size_t balancer) {
  link& k = links_[balancer];
  k.is_probing = false;
  if (w_.now() > k.probe_due_ns) return fall(balancer, link_condition::slow);
  if (k.state.usable()) return;
  k.state.recovered(w_.now());
  if (std::exchange(k.may_lack, false)) w_.balancers.share_anew(balancer);
}

/// Nobody waits any more.
void shared_maps::release(std::size_t balancer) {
  for (waiting const& w : std::exchange(links_[balancer].asked, {})) w_.balancers.on_shared(w.who, no_upstream);
}

// ---- requests

bool shared_maps::look_up(flight_id id) {
  flight& f = w_.flights[id];
  link& k = links_[f.balancer];
  if (!k.runs || !k.state.usable()) return false;
  f.looks_up = true;
  k.asked.push_back({id, ++last_ticket_, w_.now() + k.settings->timeout.count()});
  post(f.balancer, {.what = letter::kind::look_up, .token = f.token, .ticket = last_ticket_});
  w_.time.to_flight(k.asked.back().due_ns, happening::redis_is_late, id, f.life);
  return true;
}

void shared_maps::on_late(flight_id id) {
  std::size_t const balancer = w_.flights[id].balancer;
  link const& k = links_[balancer];
  bool const late = std::any_of(k.asked.begin(), k.asked.end(),
                                [&](waiting const& w) { return w.who == id && w.due_ns <= w_.now(); });
  if (!late) return;
  fall(balancer, link_condition::slow);
  release(balancer);
}

void shared_maps::stop_waiting(flight_id id) {
  flight& f = w_.flights[id];
  if (std::exchange(f.looks_up, false))
    std::erase_if(links_[f.balancer].asked, [id](waiting const& w) { return w.who == id; });
}

void shared_maps::learnt(flight const& f, upstream_id where) {
  if (!links_[f.balancer].state.usable()) return;
  post(f.balancer, {.what = letter::kind::learn, .token = f.token, .where = where, .epoch = f.served_epoch});
}

void shared_maps::lost(flight const& f, upstream_id where) {
  if (!links_[f.balancer].state.usable()) return;
  post(f.balancer, {.what = letter::kind::lose, .token = f.token, .where = where});
}

}
