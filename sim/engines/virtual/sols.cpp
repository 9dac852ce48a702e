#include "sim/engines/virtual/sols.hpp"

#include "sim/engines/virtual/clients.hpp"
#include "sim/engines/virtual/proxies.hpp"

#include <algorithm>

namespace sim::virtual_time {

using fakeproxy::cluster::link_id;
using fakeproxy::cluster::message;

namespace {
constexpr std::uint64_t move_ticket = 1;
}

sols::sols(run_context& run, network& net, virtual_time::proxies& proxies, virtual_time::clients& clients)
  : run_(run)
  , net_(net)
  , proxies_(proxies)
  , clients_(clients)
  , count_(run.scenario.topology.sols.count)
  , all_(count_)
  , links_(count_ * run.scenario.topology.proxies.count)
  , ends_(1)
  , rpc_delay_ns_(run.scenario.topology.sols.rpc_delay.count())
  , keeps_journals_(run.full_detail || !run.scenario.events.empty() || !run.scenario.partitions.empty()) {
  for (std::size_t i = 0; i < all_.size(); ++i) all_[i].random = small_stream_of(run.scenario.seed, "sol", i);
}

void sols::start(std::size_t index) {
  sol_process& s = all_[index];
  s.state.emplace(fakeproxy::cluster::registry::settings{.sol = static_cast<std::uint16_t>(index),
                                                         .lease = run_.scenario.topology.proxies.lease.count()});
  s.state->replay(journal_of(index), run_.now());
  s.notifications = {};
  s.announced_ns.reset();
}

std::vector<journal::sol_event> sols::journal_of(std::size_t index) const {
  std::vector<journal::sol_event> own;
  for (journal::sol_event const& e : run_.record.records.sols)
    if (e.sol == index) own.push_back(e);
  return own;
}

// ---- connections

void sols::connect(std::size_t proxy, std::uint32_t sol) {
  link& l = link_of(proxy, sol);
  if (l.id != 0 || !proxies_.alive(proxy)) return;
  if (!running(sol)) return retry(proxy, sol);
  std::int64_t const open_at = net_.rpc_arrival(proxy, sol) + net_.rpc_wire();
  run_.time.at(open_at, event_kind::link_opens, sol, static_cast<std::uint16_t>(proxy));
}

void sols::retry(std::size_t proxy, std::uint32_t sol) {
  run_.time.in(link_of(proxy, sol).tries.on_closed(), event_kind::link_retries, sol, static_cast<std::uint16_t>(proxy));
}

void sols::on_link_opens(std::size_t proxy, std::uint32_t sol) {
  link& l = link_of(proxy, sol);
  if (!proxies_.alive(proxy) || l.id != 0) return;
  if (!running(sol)) return retry(proxy, sol);
  l.id = static_cast<link_id>(ends_.size());
  l.tries.on_opened();
  l.last_to_sol_ns = l.last_to_proxy_ns = run_.now();
  ends_.emplace_back(static_cast<std::uint16_t>(proxy), static_cast<std::uint16_t>(sol));
  proxies_.on_connected(proxy, sol);
}

void sols::disconnect(std::size_t proxy, std::uint32_t sol) {
  link& l = link_of(proxy, sol);
  link_id const was = l.id;
  if (was == 0) return;
  l = {};
  if (running(sol)) {
    all_[sol].state->on_disconnected(was, run_.now(), all_[sol].actions);
    perform(sol);
  }
  if (!proxies_.alive(proxy)) return;
  proxies_.on_disconnected(proxy, sol);
  retry(proxy, sol);
}

void sols::break_links(scenario::partition const& p) {
  for (std::size_t proxy = 0; proxy < proxies_.count(); ++proxy)
    for (std::uint32_t sol = 0; sol < all_.size(); ++sol)
      if (partitions::covers(p.from, proxy) && partitions::covers(p.to, sol)) disconnect(proxy, sol);
}

void sols::proxy_gone(std::size_t proxy) {
  for (std::uint32_t sol = 0; sol < all_.size(); ++sol) disconnect(proxy, sol);
}

void sols::kill(std::size_t index) {
  all_[index].state.reset();
  all_[index].actions.clear();
  all_[index].notifications = {};
  all_[index].announced_ns.reset();
  for (std::size_t proxy = 0; proxy < proxies_.count(); ++proxy) disconnect(proxy, static_cast<std::uint32_t>(index));
}

// ---- messages

template<class Run>
[[gnu::always_inline]] inline void sols::send(std::size_t proxy, std::uint32_t sol, message const& m) {
  link& l = link_of(proxy, sol);
  if (l.id == 0) return;
  if (!Run::events || all_[sol].state) all_[sol].state->shard().prefetch(m.character);
  l.last_to_sol_ns = std::max(l.last_to_sol_ns, net_.rpc_arrival(proxy, sol));
  run_.time.at(l.last_to_sol_ns, event_kind::message_at_sol, put(m, l.id));
}

void sols::expect_at_sol(std::uint32_t place) const {
  rpc_message const& p = messages_.at(place);
  auto const [proxy, sol] = ends_[p.link];
  prefetch_link(proxy, sol);
  if (all_[sol].state) all_[sol].state->shard().prefetch(p.what.character, p.what.subject);
}

void sols::expect_at_proxy(std::uint32_t place) const {
  rpc_message const& p = messages_.at(place);
  proxies_.prefetch(ends_[p.link].first, p.what);
}

[[gnu::flatten]] void sols::on_message_at_sol(std::uint32_t place) {
  rpc_message const& p = messages_.take(place);
  auto const [proxy, sol] = ends_[p.link];
  if (link_of(proxy, sol).id != p.link) return;
  all_[sol].state->on_message(p.link, p.what, run_.now(), all_[sol].actions);
  perform(sol); // p is void now
}

template<class Run>
void sols::on_message_at_proxy(std::uint32_t place) {
  rpc_message const& p = messages_.take(place);
  auto const [proxy, sol] = ends_[p.link];
  if (link_of(proxy, sol).id == p.link) proxies_.on_message<Run>(proxy, sol, p.what);
}

void sols::perform(std::size_t index) {
  sol_process& s = all_[index];
  if (!s.actions.events.empty()) write_down(s.actions.events);
  for (auto const& o : s.actions.send) {
    auto const [proxy, sol] = ends_[o.link];
    link& l = link_of(proxy, sol);
    if (l.id != o.link) continue;
    l.last_to_proxy_ns = std::max(l.last_to_proxy_ns, rpc_delay_ns_ + net_.rpc_arrival(proxy, sol));
    run_.time.at(l.last_to_proxy_ns, event_kind::message_at_proxy, put(o.what, o.link));
  }
  for (auto const& result : s.actions.moves) ++(result.granted ? moved_.granted : moved_.refused);
  s.actions.clear();
  if (!s.state) return;
  if (s.notifications.look(*s.state, run_.now(), s.random)) arm_notifications(index);
}

void sols::write_down(std::vector<journal::sol_event> const& events) {
  for (std::size_t i = 0; i < events.size(); ++i) {
    auto const& event = events[i];
    if (keeps_journals_) run_.record.happened(event);
    if (run_.record.brief) count(event, i + 1 < events.size() ? events[i + 1].kind : event.kind);
    run_.time.note(event.at_ns,
                   std::uint64_t{event.character} << 16 | event.epoch << 8 | static_cast<std::uint64_t>(event.kind));
  }
}

/// The grant that is part of a move, and comes right before the move's end, is not a new session.
void sols::count(journal::sol_event const& event, journal::sol_event_kind next) {
  using journal::sol_event_kind;
  std::size_t const phase = clients_.phase();
  if (event.kind == sol_event_kind::move_done) run_.record.brief->moved(phase, event.at_ns);
  if (event.kind == sol_event_kind::granted && next != sol_event_kind::move_done)
    run_.record.brief->granted(event.character, phase, event.at_ns);
}

bool sols::granted(std::uint32_t character, journal::incarnation_id to, std::uint64_t epoch) const {
  auto const& sol = all_[character % all_.size()].state;
  if (!sol) return true;
  auto const last = sol->shard().last_granted(fakeproxy::cluster::character_id{character});
  return raw(last.owner) == to && raw(last.epoch) == epoch;
}

void sols::tick() {
  for (std::size_t i = 0; i < all_.size(); ++i) {
    if (!all_[i].state) continue;
    all_[i].state->on_tick(run_.now(), all_[i].actions);
    perform(i);
  }
}

// ---- moves

void sols::move(std::uint32_t character, std::optional<std::uint16_t> to) {
  std::size_t const index = character % all_.size();
  sol_process& s = all_[index];
  fakeproxy::cluster::character_id const who{character};
  if (to) {
    s.state->move(who, *to, move_ticket, run_.now(), s.actions);
  } else {
    s.state->move_at_random(who, s.random(), move_ticket, run_.now(), s.actions);
  }
  perform(index);
}

// ---- notifications

void sols::notify(double rate_rps) {
  notification_rate_rps_ = rate_rps;
  for (std::size_t i = 0; i < all_.size(); ++i)
    if (all_[i].state) resume_notifications(i);
}

void sols::resume_notifications(std::size_t index) {
  sol_process& s = all_[index];
  s.notifications.set_rate(notification_rate_rps_, *s.state, run_.now(), s.random);
  arm_notifications(index);
}

void sols::arm_notifications(std::size_t index) {
  sol_process& s = all_[index];
  auto const due = s.notifications.next_deadline();
  if (due == s.announced_ns) return;
  s.announced_ns = due;
  if (due) run_.time.at(*due, event_kind::notification_due, 0, static_cast<std::uint16_t>(index));
}

void sols::on_notification_due(std::size_t index) {
  sol_process& s = all_[index];
  if (!s.state || s.notifications.next_deadline() != run_.now()) return;
  s.announced_ns.reset();
  s.notifications.on_deadline(*s.state, run_.now(), s.random, s.actions);
  perform(index);
  arm_notifications(index);
}

std::map<std::uint32_t, std::uint64_t> sols::notifications_sent() const {
  std::map<std::uint32_t, std::uint64_t> sent;
  for (sol_process const& s : all_)
    if (s.state)
      for (auto const& [character, number] : s.state->notified()) sent[raw(character)] = number;
  return sent;
}

template void sols::send<any_run>(std::size_t proxy, std::uint32_t sol, message const& m);
template void sols::send<plain_run>(std::size_t proxy, std::uint32_t sol, message const& m);
template void sols::on_message_at_proxy<any_run>(std::uint32_t place);
template void sols::on_message_at_proxy<plain_run>(std::uint32_t place);

}
