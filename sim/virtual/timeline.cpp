#include "sim/virtual/timeline.hpp"

#include "sim/load/stream.hpp"
#include "sim/measure/owners.hpp"
#include "sim/measure/partition_record.hpp"
#include "sim/virtual/world.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

namespace sim::virtual_time {

namespace {

constexpr std::int64_t look_every_ns = 1'000'000;
constexpr std::int64_t longest_drain_ns = 10'000'000'000; // as the gateway's time-out `drain`

}

timeline::timeline(world& w)
  : w_(w)
  , balancers_(scenario::balancers_of(w.scenario))
  , events_(w.scenario.events.size())
  , total_(w.plan.total_requests().value_or(0))
  , performed_(w.scenario.events.size()) {}

void timeline::begin() {
  for (std::uint32_t i = 0; i < events_.size(); ++i) {
    scenario::event const& e = w_.scenario.events[i];
    if (!e.at_share) w_.time.at(w_.start_ns + e.at.count(), happening::event_due, i);
  }
  for (std::uint32_t i = 0; i < w_.scenario.partitions.size(); ++i)
    w_.time.at(w_.start_ns + w_.scenario.partitions[i].begin.count(), happening::partition_begins, i);
  reach_share(0);
}

void timeline::on_partition(std::uint32_t index) {
  scenario::partition const& p = w_.scenario.partitions[index];
  done_.push_back(measure::partition_record(p, w_.start_ns, w_.now()));
  if (p.breaks) w_.sols.break_links(p);
}

void timeline::reach_share(std::uint64_t started) {
  next_share_ = ~std::uint64_t{0};
  for (std::uint32_t i = 0; i < events_.size(); ++i) {
    scenario::event const& e = w_.scenario.events[i];
    if (!e.at_share || performed_[i]) continue;
    auto const due = static_cast<std::uint64_t>(std::ceil(*e.at_share * static_cast<double>(total_)));
    if (due <= started && started > 0) {
      performed_[i] = true;
      w_.time.at(w_.now(), happening::event_due, i);
    } else {
      next_share_ = std::min(next_share_, std::max<std::uint64_t>(due, 1));
    }
  }
}

void timeline::on_event_due(std::uint32_t event) {
  scenario::event const& e = w_.scenario.events[event];
  measure::event_record& record = events_[event].record;
  record.name = e.name;
  record.planned_ns = e.at_share ? w_.now() : w_.start_ns + e.at.count();
  record.began_ns = w_.now();
  w_.time.note(w_.now(), 0x6576656e74000000u + event);
  perform(event);
}

void timeline::finish(std::uint32_t event) {
  events_[event].record.done_ns = w_.now();
  done_.push_back(events_[event].record);
}

void timeline::perform(std::uint32_t event) {
  scenario::action const& action = w_.scenario.events[event].action;
  measure::event_record& record = events_[event].record;
  if (std::holds_alternative<scenario::add_balancer>(action)) {
    record.kind = "add_balancer";
    for (scenario::balancer_identity const& identity : balancers_)
      if (identity.event == event) record.node += (record.node.empty() ? "" : " ") + identity.name;
    record.detail = "added " + record.node;
    w_.time.in(w_.scenario.simulated.start_time.count(), happening::process_starts, event);
  } else if (auto const* kill_it = std::get_if<scenario::kill_node>(&action)) {
    record.kind = "kill";
    record.node = kill_it->node;
    record.detail = "killed " + kill_it->node;
    kill(find(kill_it->node));
    finish(event);
  } else if (auto const* again = std::get_if<scenario::restart_node>(&action)) {
    restart(event, *again);
  } else {
    move_sessions(event, std::get<scenario::move_sessions>(action));
  }
}

// ---- processes

timeline::node timeline::find(std::string const& name) const {
  for (std::size_t i = 0; i < balancers_.size(); ++i)
    if (balancers_[i].name == name) return {node::role::balancer, i};
  if (name == scenario::redis_node) return {node::role::redis, 0};
  std::size_t const index = std::stoul(name.substr(name.find('[') + 1));
  return {name.starts_with("sol") ? node::role::sol : node::role::proxy, index};
}

void timeline::kill(node const& n) {
  switch (n.what) {
  case node::role::balancer:
    return w_.balancers.kill(n.index);
  case node::role::proxy:
    return w_.proxies.kill(n.index);
  case node::role::sol:
    return w_.sols.kill(n.index);
  case node::role::redis:
    return w_.shared_maps.kill();
  }
}

void timeline::start(node const& n) {
  switch (n.what) {
  case node::role::balancer:
    return w_.balancers.start(n.index);
  case node::role::proxy:
    return w_.proxies.start(n.index);
  case node::role::sol:
    w_.sols.start(n.index);
    return w_.sols.resume_notifications(n.index);
  case node::role::redis:
    return w_.shared_maps.start();
  }
}

bool timeline::running(node const& n) const {
  switch (n.what) {
  case node::role::balancer:
    return w_.balancers.listening(n.index);
  case node::role::proxy:
    return w_.proxies.alive(n.index);
  case node::role::sol:
    return w_.sols.running(n.index);
  case node::role::redis:
    return w_.shared_maps.running();
  }
  return false;
}

void timeline::restart(std::uint32_t event, scenario::restart_node const& what) {
  measure::event_record& record = events_[event].record;
  node const n = find(what.node);
  record.kind = "restart";
  record.node = what.node;
  bool const ran = running(n);
  record.detail = (!ran ? "started " : what.graceful ? "stopped and started " : "killed and started ") + what.node;
  bool const drains = ran && what.graceful && (n.what == node::role::balancer || n.what == node::role::proxy);
  if (drains && n.what == node::role::balancer) w_.balancers.stop_listening(n.index);
  if (drains && n.what == node::role::proxy) w_.proxies.begin_leaving(n.index);
  if (!drains) kill(n);
  on_look(event);
}

/// Whether the process that an event restarts has ended.
bool timeline::stopped(std::uint32_t event) const {
  node const n = find(std::get<scenario::restart_node>(w_.scenario.events[event].action).node);
  if (n.what == node::role::proxy) return !w_.proxies.alive(n.index);
  if (n.what == node::role::sol || n.what == node::role::redis) return true;
  return w_.balancers.idle(n.index) || w_.now() - events_[event].record.began_ns > longest_drain_ns;
}

void timeline::on_look(std::uint32_t event) {
  if (auto const* again = std::get_if<scenario::restart_node>(&w_.scenario.events[event].action)) {
    if (!stopped(event)) return w_.time.in(look_every_ns, happening::look_at_event, event);
    if (node const n = find(again->node); n.what == node::role::balancer)
      w_.balancers.kill(n.index); // what did not drain
    return w_.time.in(w_.scenario.simulated.start_time.count(), happening::process_starts, event);
  }
  under_way& u = events_[event];
  std::uint64_t const ended = w_.sols.moved().granted + w_.sols.moved().refused - u.ended_before;
  if (ended < u.asked) return w_.time.in(look_every_ns, happening::look_at_event, event);
  u.record.detail = "moved " + std::to_string(w_.sols.moved().granted - u.granted_before) + " of " +
                    std::to_string(u.wanted) + " sessions" + u.unreachable;
  finish(event);
}

void timeline::on_process_starts(std::uint32_t event) {
  scenario::action const& action = w_.scenario.events[event].action;
  if (auto const* again = std::get_if<scenario::restart_node>(&action)) {
    start(find(again->node));
    return finish(event);
  }
  for (std::size_t i = 0; i < balancers_.size(); ++i) {
    if (balancers_[i].event != event) continue;
    w_.balancers.start(i);
    w_.clients.add_balancer(i);
  }
  finish(event);
}

// ---- sessions

void timeline::move_sessions(std::uint32_t event, scenario::move_sessions const& what) {
  under_way& u = events_[event];
  u.record.kind = "move_sessions";
  u.record.node = what.from;
  std::map<std::uint32_t, journal::incarnation_id> owners;
  for (std::size_t sol = 0; sol < w_.sols.count(); ++sol) measure::follow_owners(w_.sols.journal_of(sol), owners);
  std::vector<std::uint32_t> candidates;
  for (auto const& [character, incarnation] : owners)
    if (what.from.empty() || find(what.from).index == measure::proxy_of(incarnation)) candidates.push_back(character);
  auto draws = load::stream(w_.scenario.seed, "move " + std::to_string(event));
  u.wanted = static_cast<std::uint64_t>(std::llround(what.share * static_cast<double>(candidates.size())));
  load::draw_to_front(candidates, u.wanted, draws);
  candidates.resize(u.wanted);

  std::optional<std::uint16_t> to;
  if (what.to != "random") to = static_cast<std::uint16_t>(find(what.to).index);
  u.granted_before = w_.sols.moved().granted;
  u.ended_before = w_.sols.moved().granted + w_.sols.moved().refused;
  std::vector<bool> away(w_.sols.count());
  for (std::uint32_t const character : candidates) {
    std::size_t const sol = character % w_.sols.count();
    if (!w_.sols.running(sol)) { // killed: nobody can move its characters
      away[sol] = true;
      continue;
    }
    ++u.asked;
    w_.sols.move(character, to);
  }
  for (std::size_t sol = 0; sol < away.size(); ++sol)
    if (away[sol])
      u.unreachable += (u.unreachable.empty() ? "; not running: sol[" : ", sol[") + std::to_string(sol) + "]";
  on_look(event);
}

}
