#include "sim/engines/virtual/timeline.hpp"

#include "gateway/routing/default_limits.hpp"
#include "sim/engines/virtual/balancers.hpp"
#include "sim/engines/virtual/clients.hpp"
#include "sim/engines/virtual/proxies.hpp"
#include "sim/engines/virtual/shared_maps.hpp"
#include "sim/engines/virtual/sols.hpp"
#include "sim/judge/owners.hpp"
#include "sim/records/partition_record.hpp"
#include "sim/scenario/cases.hpp"
#include "sim/scenario/node_names.hpp"

#include <map>
#include <optional>
#include <utility>

namespace sim::virtual_time {

namespace {

constexpr std::int64_t look_every_ns = 1'000'000;

}

timeline::timeline(run_context& run, virtual_time::sols& sols, virtual_time::proxies& proxies,
                   virtual_time::balancers& balancers, virtual_time::shared_maps& shared_maps,
                   virtual_time::clients& clients)
  : run_(run)
  , sols_(sols)
  , proxies_(proxies)
  , balancers_(balancers)
  , shared_maps_(shared_maps)
  , clients_(clients)
  , identities_(scenario::balancers_of(run.scenario))
  , schedule_(run.scenario.events, run.plan.total_requests().value_or(0))
  , events_(run.scenario.events.size()) {}

void timeline::begin() {
  schedule_.begin(run_.start_ns);
  for (std::uint32_t i = 0; i < events_.size(); ++i)
    if (std::int64_t const due_ns = schedule_.due_ns(i)) run_.time.at(due_ns, event_kind::event_due, i);
  for (std::uint32_t i = 0; i < run_.scenario.partitions.size(); ++i)
    run_.time.at(run_.start_ns + run_.scenario.partitions[i].begin.count(), event_kind::partition_begins, i);
}

void timeline::on_partition(std::uint32_t index) {
  scenario::partition const& p = run_.scenario.partitions[index];
  done_.push_back(records::partition_record(p, run_.start_ns, run_.now()));
  if (p.breaks) sols_.break_links(p);
}

// Called when one is due, and when one that others wait for is done.
void timeline::on_event_due() {
  while (auto const event = schedule_.take(run_.now())) begin_event(*event);
}

void timeline::begin_event(std::uint32_t event) {
  scenario::event const& e = run_.scenario.events[event];
  records::event_record& record = events_[event].record;
  record.name = e.name;
  record.kind = actors::kind_of(e.action);
  record.node = actors::node_of(e.action, added_by(event));
  record.planned_ns = schedule_.due_ns(event);
  record.began_ns = run_.now();
  run_.time.note(run_.now(), 0x6576656e74000000u + event);
  perform(event);
}

void timeline::finish(std::uint32_t event) {
  under_way& u = events_[event];
  u.record.detail = actors::sentence_of(run_.scenario.events[event].action, u.record.node, u.result);
  u.record.done_ns = run_.now();
  u.record.map_kept = u.result.restored.has_value();
  done_.push_back(u.record);
  schedule_.on_done();
  on_event_due();
}

std::vector<records::event_record> timeline::all(std::int64_t end_ns) const {
  std::vector<records::event_record> records = done_;
  for (std::uint32_t const event : schedule_.left())
    records.push_back(actors::left_record(run_.scenario.events[event], added_by(event), std::nullopt,
                                          schedule_.due_ns(event), end_ns));
  for (std::uint32_t event = 0; event != events_.size(); ++event) {
    records::event_record const& began = events_[event].record;
    if (began.began_ns != 0 && began.done_ns == 0)
      records.push_back(actors::left_record(run_.scenario.events[event], added_by(event), began, 0, end_ns));
  }
  return records;
}

std::vector<std::string> timeline::added_by(std::uint32_t event) const {
  std::vector<std::string> added;
  for (scenario::balancer_identity const& identity : identities_)
    if (identity.event == event) added.push_back(identity.name);
  return added;
}

void timeline::perform(std::uint32_t event) {
  std::visit(scenario::cases{[&](scenario::add_balancer const&) {
                               run_.time.in(run_.scenario.simulated.start_time.count(), event_kind::process_starts,
                                            event);
                             },
                             [&](scenario::kill_node const& what) {
                               kill(find(what.node));
                               finish(event);
                             },
                             [&](scenario::restart_node const& what) { restart(event, what); },
                             [&](scenario::reload_node const& what) {
                               balancers_.reload(find(what.node).index);
                               finish(event);
                             },
                             [&](scenario::move_sessions const& what) { move_sessions(event, what); }},
             run_.scenario.events[event].action);
}

// ---- processes

timeline::node timeline::find(std::string const& name) const {
  for (std::size_t i = 0; i < identities_.size(); ++i)
    if (identities_[i].name == name) return {node::role::balancer, i};
  if (name == scenario::redis_node) return {node::role::redis, 0};
  std::size_t const index = std::stoul(name.substr(name.find('[') + 1));
  return {name.starts_with("sol") ? node::role::sol : node::role::proxy, index};
}

void timeline::kill(node const& n) {
  switch (n.what) {
  case node::role::balancer:
    clients_.on_balancer_ends(n.index);
    return balancers_.kill(n.index);
  case node::role::proxy:
    return proxies_.kill(n.index);
  case node::role::sol:
    return sols_.kill(n.index);
  case node::role::redis:
    return shared_maps_.kill();
  }
}

void timeline::start(node const& n, actors::action_result& result) {
  switch (n.what) {
  case node::role::balancer:
    result.restored = balancers_.start(n.index);
    return;
  case node::role::proxy:
    return proxies_.start(n.index);
  case node::role::sol:
    sols_.start(n.index);
    return sols_.resume_notifications(n.index);
  case node::role::redis:
    return shared_maps_.start();
  }
}

bool timeline::running(node const& n) const {
  switch (n.what) {
  case node::role::balancer:
    return balancers_.listening(n.index);
  case node::role::proxy:
    return proxies_.alive(n.index);
  case node::role::sol:
    return sols_.running(n.index);
  case node::role::redis:
    return shared_maps_.running();
  }
  return false;
}

void timeline::restart(std::uint32_t event, scenario::restart_node const& what) {
  node const n = find(what.node);
  bool const ran = events_[event].result.ran_before = running(n);
  bool const drains = ran && what.graceful && (n.what == node::role::balancer || n.what == node::role::proxy);
  if (drains && n.what == node::role::balancer) {
    balancers_.stop_listening(n.index);
    clients_.on_balancer_ends(n.index);
  }
  if (drains && n.what == node::role::proxy) proxies_.begin_leaving(n.index);
  if (!drains) kill(n);
  on_look(event);
}

/// Whether the process that an event restarts has ended.
bool timeline::stopped(std::uint32_t event, node const& n) const {
  switch (n.what) {
  case node::role::balancer:
    return balancers_.idle(n.index) ||
           run_.now() - events_[event].record.began_ns > gateway::routing::default_limits.drain.count();
  case node::role::proxy:
    return !proxies_.alive(n.index);
  case node::role::sol:
  case node::role::redis:
    return true;
  }
  return true;
}

void timeline::on_look(std::uint32_t event) {
  std::visit(scenario::cases{[&](scenario::restart_node const& what) { look_at_restart(event, what); },
                             [&](scenario::move_sessions const&) { look_at_moves(event); },
                             [](scenario::add_balancer const&) {}, [](scenario::kill_node const&) {},
                             [](scenario::reload_node const&) {}},
             run_.scenario.events[event].action);
}

void timeline::look_at_restart(std::uint32_t event, scenario::restart_node const& what) {
  node const n = find(what.node);
  if (!stopped(event, n)) return run_.time.in(look_every_ns, event_kind::look_at_event, event);
  if (n.what == node::role::balancer) {
    if (what.graceful && events_[event].result.ran_before) balancers_.keep_map(n.index);
    balancers_.kill(n.index); // what did not drain
  }
  run_.time.in(run_.scenario.simulated.start_time.count(), event_kind::process_starts, event);
}

void timeline::look_at_moves(std::uint32_t event) {
  under_way& u = events_[event];
  std::uint64_t const ended = sols_.moved().granted + sols_.moved().refused - u.ended_before;
  if (ended < u.asked) return run_.time.in(look_every_ns, event_kind::look_at_event, event);
  u.result.moved = sols_.moved().granted - u.granted_before;
  finish(event);
}

void timeline::on_process_starts(std::uint32_t event) {
  std::visit(scenario::cases{[&](scenario::restart_node const& what) { start(find(what.node), events_[event].result); },
                             [&](scenario::add_balancer const&) {
                               for (std::size_t i = 0; i < identities_.size(); ++i) {
                                 if (identities_[i].event != event) continue;
                                 balancers_.start(i);
                                 clients_.add_balancer(i);
                               }
                             },
                             [](scenario::kill_node const&) {}, [](scenario::reload_node const&) {},
                             [](scenario::move_sessions const&) {}},
             run_.scenario.events[event].action);
  finish(event);
}

// ---- sessions

void timeline::move_sessions(std::uint32_t event, scenario::move_sessions const& what) {
  under_way& u = events_[event];
  std::map<std::uint32_t, journal::incarnation_id> owners;
  for (std::size_t sol = 0; sol < sols_.count(); ++sol) judge::follow_owners(sols_.journal_of(sol), owners);
  std::vector<std::uint32_t> candidates;
  for (auto const& [character, incarnation] : owners)
    if (what.from.empty() || find(what.from).index == judge::proxy_of(incarnation)) candidates.push_back(character);
  candidates = actors::sessions_to_move(std::move(candidates), what, run_.scenario.seed, event);
  u.result.to_move = candidates.size();

  std::optional<std::uint16_t> to;
  if (what.to != "random") to = static_cast<std::uint16_t>(find(what.to).index);
  u.granted_before = sols_.moved().granted;
  u.ended_before = sols_.moved().granted + sols_.moved().refused;
  std::vector<bool> away(sols_.count());
  for (std::uint32_t const character : candidates) {
    std::size_t const sol = character % sols_.count();
    if (!sols_.running(sol)) { // killed: nobody can move its characters
      away[sol] = true;
      continue;
    }
    ++u.asked;
    sols_.move(character, to);
  }
  for (std::size_t sol = 0; sol < away.size(); ++sol)
    if (away[sol]) u.result.not_running.push_back(scenario::sol_name(sol));
  on_look(event);
}

}
