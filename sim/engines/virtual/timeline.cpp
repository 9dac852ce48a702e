#include "sim/engines/virtual/timeline.hpp"

#include "gateway/routing/default_limits.hpp"
#include "sim/engines/virtual/world.hpp"
#include "sim/judge/owners.hpp"
#include "sim/records/partition_record.hpp"
#include "sim/scenario/cases.hpp"

#include <map>
#include <optional>
#include <utility>

namespace sim::virtual_time {

namespace {

constexpr std::int64_t look_every_ns = 1'000'000;

}

timeline::timeline(world& w)
  : w_(w)
  , balancers_(scenario::balancers_of(w.scenario))
  , schedule_(w.scenario.events, w.plan.total_requests().value_or(0))
  , events_(w.scenario.events.size()) {}

void timeline::begin() {
  schedule_.begin(w_.start_ns);
  for (std::uint32_t i = 0; i < events_.size(); ++i)
    if (std::int64_t const due_ns = schedule_.due_ns(i)) w_.time.at(due_ns, event_kind::event_due, i);
  for (std::uint32_t i = 0; i < w_.scenario.partitions.size(); ++i)
    w_.time.at(w_.start_ns + w_.scenario.partitions[i].begin.count(), event_kind::partition_begins, i);
}

void timeline::on_partition(std::uint32_t index) {
  scenario::partition const& p = w_.scenario.partitions[index];
  done_.push_back(records::partition_record(p, w_.start_ns, w_.now()));
  if (p.breaks) w_.sols.break_links(p);
}

void timeline::on_started(std::uint64_t started) {
  if (schedule_.on_started(started, w_.now())) w_.time.at(w_.now(), event_kind::event_due, 0);
}

// Called when one is due, and when one that others wait for is done.
void timeline::on_event_due() {
  while (auto const event = schedule_.take(w_.now())) begin_event(*event);
}

void timeline::begin_event(std::uint32_t event) {
  scenario::event const& e = w_.scenario.events[event];
  std::vector<std::string> added;
  for (scenario::balancer_identity const& identity : balancers_)
    if (identity.event == event) added.push_back(identity.name);
  records::event_record& record = events_[event].record;
  record.name = e.name;
  record.kind = actors::kind_of(e.action);
  record.node = actors::node_of(e.action, added);
  record.planned_ns = schedule_.due_ns(event);
  record.began_ns = w_.now();
  w_.time.note(w_.now(), 0x6576656e74000000u + event);
  perform(event);
}

void timeline::finish(std::uint32_t event) {
  under_way& u = events_[event];
  u.record.detail = actors::sentence_of(w_.scenario.events[event].action, u.record.node, u.result);
  u.record.done_ns = w_.now();
  done_.push_back(u.record);
  schedule_.on_done();
  on_event_due();
}

void timeline::perform(std::uint32_t event) {
  std::visit(scenario::cases{[&](scenario::add_balancer const&) {
                               w_.time.in(w_.scenario.simulated.start_time.count(), event_kind::process_starts, event);
                             },
                             [&](scenario::kill_node const& what) {
                               kill(find(what.node));
                               finish(event);
                             },
                             [&](scenario::restart_node const& what) { restart(event, what); },
                             [&](scenario::move_sessions const& what) { move_sessions(event, what); }},
             w_.scenario.events[event].action);
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
    w_.clients.on_balancer_ends(n.index);
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
  node const n = find(what.node);
  bool const ran = events_[event].result.ran_before = running(n);
  bool const drains = ran && what.graceful && (n.what == node::role::balancer || n.what == node::role::proxy);
  if (drains && n.what == node::role::balancer) {
    w_.balancers.stop_listening(n.index);
    w_.clients.on_balancer_ends(n.index);
  }
  if (drains && n.what == node::role::proxy) w_.proxies.begin_leaving(n.index);
  if (!drains) kill(n);
  on_look(event);
}

/// Whether the process that an event restarts has ended.
bool timeline::stopped(std::uint32_t event, node const& n) const {
  switch (n.what) {
  case node::role::balancer:
    return w_.balancers.idle(n.index) ||
           w_.now() - events_[event].record.began_ns > gateway::routing::default_limits.drain.count();
  case node::role::proxy:
    return !w_.proxies.alive(n.index);
  case node::role::sol:
  case node::role::redis:
    return true;
  }
  return true;
}

void timeline::on_look(std::uint32_t event) {
  std::visit(scenario::cases{[&](scenario::restart_node const& what) { look_at_restart(event, what); },
                             [&](scenario::move_sessions const&) { look_at_moves(event); },
                             [](scenario::add_balancer const&) {}, [](scenario::kill_node const&) {}},
             w_.scenario.events[event].action);
}

void timeline::look_at_restart(std::uint32_t event, scenario::restart_node const& what) {
  node const n = find(what.node);
  if (!stopped(event, n)) return w_.time.in(look_every_ns, event_kind::look_at_event, event);
  if (n.what == node::role::balancer) w_.balancers.kill(n.index); // what did not drain
  w_.time.in(w_.scenario.simulated.start_time.count(), event_kind::process_starts, event);
}

void timeline::look_at_moves(std::uint32_t event) {
  under_way& u = events_[event];
  std::uint64_t const ended = w_.sols.moved().granted + w_.sols.moved().refused - u.ended_before;
  if (ended < u.asked) return w_.time.in(look_every_ns, event_kind::look_at_event, event);
  u.result.moved = w_.sols.moved().granted - u.granted_before;
  finish(event);
}

void timeline::on_process_starts(std::uint32_t event) {
  std::visit(scenario::cases{[&](scenario::restart_node const& what) { start(find(what.node)); },
                             [&](scenario::add_balancer const&) {
                               for (std::size_t i = 0; i < balancers_.size(); ++i) {
                                 if (balancers_[i].event != event) continue;
                                 w_.balancers.start(i);
                                 w_.clients.add_balancer(i);
                               }
                             },
                             [](scenario::kill_node const&) {}, [](scenario::move_sessions const&) {}},
             w_.scenario.events[event].action);
  finish(event);
}

// ---- sessions

void timeline::move_sessions(std::uint32_t event, scenario::move_sessions const& what) {
  under_way& u = events_[event];
  std::map<std::uint32_t, journal::incarnation_id> owners;
  for (std::size_t sol = 0; sol < w_.sols.count(); ++sol) judge::follow_owners(w_.sols.journal_of(sol), owners);
  std::vector<std::uint32_t> candidates;
  for (auto const& [character, incarnation] : owners)
    if (what.from.empty() || find(what.from).index == judge::proxy_of(incarnation)) candidates.push_back(character);
  candidates = actors::sessions_to_move(std::move(candidates), what, w_.scenario.seed, event);
  u.result.to_move = candidates.size();

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
    if (away[sol]) u.result.not_running.push_back("sol[" + std::to_string(sol) + "]");
  on_look(event);
}

}
