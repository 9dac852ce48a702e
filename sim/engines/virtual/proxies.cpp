#include "sim/engines/virtual/proxies.hpp"

#include "base/memory/prefetch.hpp"
#include "fakeproxy/resources/answer_head.hpp"
#include "sim/actors/gateway_settings.hpp"
#include "sim/engines/virtual/balancers.hpp"
#include "sim/engines/virtual/eve.hpp"
#include "sim/engines/virtual/http_exchanges.hpp"
#include "sim/engines/virtual/sols.hpp"

#include <algorithm>

namespace sim::virtual_time {

using fakeproxy::cluster::character_id;
using fakeproxy::cluster::incarnation;
using fakeproxy::cluster::session_epoch;
using fakeproxy::cluster::ticket;
using fakeproxy::proxy::departure;
using fakeproxy::proxy::proxy_process;
using journal::hop_outcome;

namespace {

constexpr std::uint64_t checked_every = 64; // of a counted run's requests

ticket ticket_of(request_state const& f) { return ticket{f.id} + 1; }
request_index index_of(ticket who) { return static_cast<request_index>(who - 1); }

proxy_process::caller caller_of(load::token_kind kind) {
  switch (kind) {
  case load::token_kind::own:
    return proxy_process::caller::known;
  case load::token_kind::junk:
    return proxy_process::caller::unknown;
  case load::token_kind::none:
    break;
  }
  return proxy_process::caller::anonymous;
}

bool may_leave(scenario::scenario const& s) {
  return std::any_of(s.events.begin(), s.events.end(), [](scenario::event const& e) {
    auto const* const again = std::get_if<scenario::restart_node>(&e.action);
    return again && again->graceful && again->node.starts_with("proxy");
  });
}

idle_connections connections_of(scenario::scenario const& s) {
  if (!may_leave(s)) return {};
  std::vector<std::uint32_t> threads;
  for (scenario::balancer_identity const& balancer : scenario::balancers_of(s))
    threads.push_back(actors::settings_of(*balancer.settings).threads);
  return idle_connections(threads);
}

}

/// Carries out what a proxy process asks for.
template<class Run>
struct proxies::driver {
  proxies& all;
  std::size_t index;

  std::int64_t now() const { return all.run_.now(); }
  void send(std::uint32_t sol, fakeproxy::cluster::message const& m) const { all.sols_.send<Run>(index, sol, m); }
  void tell(fakeproxy::cluster::eve_event const& event) const { all.eve_.tell(event); }
  fakeproxy::proxy::request_state& request_of(ticket who) const { return all.run_.requests[index_of(who)].at_proxy; }
  void go_on(ticket who, proxy_process::next what) const { all.go_on<Run>(all.run_.requests[index_of(who)], what); }
  bool is_here(incarnation) const { return all.in_one_process_; }
  void connect(incarnation owner, fakeproxy::cluster::endpoint const&) const { all.connect(index, owner); }
  void logged_in(fakeproxy::cluster::node_actions::login const& login) const { all.pinned_ += login.granted; }
};

proxies::proxies(run_context& run, network& net, virtual_time::sols& sols, virtual_time::balancers& balancers,
                 virtual_time::http_exchanges& exchanges, virtual_time::eve_clients& eve)
  : run_(run)
  , net_(net)
  , sols_(sols)
  , balancers_(balancers)
  , exchanges_(exchanges)
  , eve_(eve)
  , service_(run.scenario.topology.proxies.service_time)
  , in_one_process_(run.scenario.topology.proxies.process == scenario::process_layout::shared)
  , all_(run.scenario.topology.proxies.count)
  , idle_(connections_of(run.scenario)) {
  for (std::size_t i = 0; i < all_.size(); ++i) {
    run_.record.records.proxies.push_back(address_of(i));
  }
}

records::proxy_address proxies::address_of(std::size_t index) {
  return {0x7f000001, static_cast<std::uint16_t>(index + 1)};
}

void proxies::start(std::size_t index) {
  proxy& p = all_[index];
  scenario::proxy_settings const& settings = run_.scenario.topology.proxies;
  records::proxy_address const where = address_of(index);
  proxy_process::settings how;
  how.node = {.index = static_cast<std::uint16_t>(index),
              .sols = static_cast<std::uint32_t>(sols_.count()),
              .where = {where.address, where.port, where.port},
              .lease = settings.lease.count()};
  how.servers = {.count = settings.servers, .sharing = settings.discipline == scenario::discipline::processor_sharing};
  how.redirect_time = settings.redirect_time.count();
  p.process.emplace(how, service_, run_.now());
  p.leaving = departure();
  p.started_ns = run_.now();
  p.listening = true;
  for (std::uint32_t sol = 0; sol < sols_.count(); ++sol) sols_.connect(index, sol);
}

bool proxies::ready() const {
  return std::all_of(all_.begin(), all_.end(),
                     [&](proxy const& p) { return p.process && p.process->node().ready(run_.now()); });
}

std::int64_t proxies::busy_ns(std::size_t index) const {
  proxy const& p = all_[index];
  return p.busy_before_ns + (p.process ? p.process->at_servers().busy() : 0);
}

std::int64_t proxies::alive_ns(std::size_t index) const {
  proxy const& p = all_[index];
  return p.alive_before_ns + (p.process ? run_.now() - p.started_ns : 0);
}

void proxies::prefetch(request_state const& f) const {
  proxy const& p = all_[f.hop.proxy];
  memory::prefetch(&p, sizeof p);
  if (!p.process || f.plan.kind != load::token_kind::own) return;
  p.process->prefetch(character_id{f.plan.character});
  sols_.prefetch_link(f.hop.proxy, static_cast<std::uint32_t>(f.plan.character % sols_.count()));
}

void proxies::prefetch(std::size_t index, fakeproxy::cluster::message const& m) const {
  proxy const& p = all_[index];
  memory::prefetch(&p, sizeof p);
  if (p.process) p.process->node().prefetch(m);
}

// ---- a request

/// Most requests find their session, are served and answered: all that is one function.
template<class Run>
[[gnu::always_inline]] inline void proxies::on_request(request_state& f) {
  proxy& p = all_[f.hop.proxy];
  if (Run::events && !p.listening && !is_served_still(f)) return refuse(f);
  if (Run::events) ++p.in_hand;
  f.where = request_state::place::at_proxy;
  run_.record.arrived<Run>(f, raw(p.process->node().id()), run_.now());
  load::token_kind const kind = Run::other_tokens ? f.plan.kind : load::token_kind::own;
  bool const known = kind == load::token_kind::own;
  f.at_proxy.number = f.request;
  f.at_proxy.character = known ? character_id{f.plan.character} : character_id::none;
  f.at_proxy.method = f.verb;
  f.at_proxy.needs_sol = f.game_state;
  auto const next = p.process->on_request(f.at_proxy, caller_of(kind), ticket_of(f), run_.now());
  if (next == proxy_process::next::serve_whole) return enter_service<Run>(p, f); // as most are
  if (next == proxy_process::next::wait) return wait<Run>(f.hop.proxy);
  go_on<Run>(f, next);
}

/// It came on a connection that is open, and the proxy has not given its sessions back.
bool proxies::is_served_still(request_state const& f) const {
  proxy const& p = all_[f.hop.proxy];
  return f.hop.on_open_connection && p.process && !p.leaving.has_left();
}

void proxies::refuse(request_state& f) {
  f.hop.proxy_had_it = f.hop.on_open_connection; // which the proxy closed just now
  run_.time.to_request(net_.proxy_arrival(f, purpose::hop_back, run_.now()), event_kind::hop_fails, f.id, f.life);
}

void proxies::on_service_end(request_state& f) { on_service_end<any_run>(all_[f.hop.proxy], f, run_.now()); }

template<class Run>
void proxies::go_on(request_state& f, proxy_process::next what) {
  proxy& p = all_[f.hop.proxy];
  switch (what) {
  case proxy_process::next::serve:
  case proxy_process::next::serve_whole:
    return enter_service<Run>(p, f);
  case proxy_process::next::answer:
    return answer<Run>(p, f, run_.now());
  case proxy_process::next::wait:
  case proxy_process::next::close:
    return wait<Run>(f.hop.proxy);
  }
}
template<class Run>
[[gnu::always_inline]] inline void proxies::wait(std::size_t index) {
  arm(index);
  perform<Run>(index);
}

template<class Run>
[[gnu::always_inline]] inline void proxies::enter_service(proxy& p, request_state& f) {
  auto const end =
      p.process->enter_service(f.at_proxy, ticket_of(f), run_.now(), [&f] { return f.bits(purpose::service); });
  if (!end) return arm(f.hop.proxy);
  // Not if its client may have timed out by then.
  bool const settled =
      (!Run::events || run_.settles_early) && (f.at_proxy.redirecting || !f.game_state) && run_.in_time(f, *end);
  if (*end == run_.now() || settled) return on_service_end<Run>(p, f, *end);
  run_.time.to_request(*end, event_kind::service_ends, f.id, f.life);
}

template<class Run>
[[gnu::always_inline]] inline void proxies::on_service_end(proxy& p, request_state& f, std::int64_t at_ns) {
  auto const next = p.process->on_serviced(f.at_proxy, ticket_of(f), run_.now());
  if (next == proxy_process::next::answer) return answer<Run>(p, f, at_ns);
  go_on<Run>(f, next);
}

template<class Run>
[[gnu::always_inline]] inline void proxies::answer(proxy& p, request_state& f, std::int64_t at_ns) {
  fakeproxy::proxy::request_state& r = f.at_proxy;
  f.hop.outcome = r.outcome;
  f.answer.status = fakeproxy::resources::status_of(r.outcome, static_cast<boost::beast::http::verb>(f.verb));
  f.hop.names_backend = r.epoch != session_epoch::none;
  if (Run::events) f.hop.keeps_connection = !p.leaving.begun();
  f.answer.served_epoch = r.outcome == hop_outcome::redirected ? 0 : raw(r.epoch);
  f.answer.served_by = raw(r.incarnation);
  if (Run::exchanges && f.has_exchange && r.outcome != hop_outcome::redirected)
    f.answer.status = exchanges_.answer(f.id, f.answer.status, r.outcome == hop_outcome::served, at_ns);
  run_.record.decided<Run>(f, at_ns);
  if (run_.record.brief && f.answer.served_epoch != 0 && !(Run::exchanges && f.course.is_own) &&
      f.request % checked_every == 0)
    run_.record.brief->place_checked(sols_.granted(f.plan.character, f.answer.served_by, f.answer.served_epoch));
  run_.time.note(at_ns, f.request << 24 | std::uint64_t{f.hop.proxy} << 8 | static_cast<std::uint64_t>(r.outcome));
  p.process->on_answered(r);
  if (Run::events) --p.in_hand;
  f.where = request_state::place::returning;
  std::uint16_t const index = f.hop.proxy;
  balancers_.expect_answer<Run>(f, net_.proxy_arrival<Run>(f, purpose::hop_back, at_ns)); // perhaps the end of `f`
  if (!p.process->actions().send.empty()) perform<Run>(index); // the session was to be moved, this was its last request
}

void proxies::arm(std::size_t index) {
  proxy& p = all_[index];
  if (p.due_ns != 0 && !p.process->at_servers().sharing()) return; // patience ends in the order in which it began
  auto const next = p.process->next_deadline(run_.now());
  if (!next || (p.due_ns != 0 && p.due_ns <= *next)) return;
  p.due_ns = *next;
  run_.time.at(*next, event_kind::proxy_due, p.lives, static_cast<std::uint16_t>(index));
}

void proxies::on_due(std::size_t index, std::uint32_t lives) {
  proxy& p = all_[index];
  if (lives != p.lives || p.due_ns != run_.now()) return;
  p.due_ns = 0;
  p.process->on_deadline(run_.now(), driver<any_run>{*this, index});
  arm(index);
}

// ---- the cluster

void proxies::on_connected(std::size_t index, std::uint32_t sol) {
  all_[index].process->node().on_connected(sol, run_.now(), all_[index].process->actions());
  perform(index);
}

void proxies::on_disconnected(std::size_t index, std::uint32_t sol) {
  all_[index].process->node().on_disconnected(sol, all_[index].process->actions());
  perform(index);
}

template<class Run>
void proxies::on_message(std::size_t index, std::uint32_t sol, fakeproxy::cluster::message const& m) {
  all_[index].process->node().on_message(sol, m, run_.now(), all_[index].process->actions());
  perform<Run>(index);
}

void proxies::tick() {
  for (std::size_t i = 0; i < all_.size(); ++i) {
    if (!all_[i].process) continue;
    all_[i].process->node().on_tick(run_.now(), all_[i].process->actions());
    perform(i);
  }
}

/// The answer to a probe, or the end of a connection that a probe had left open.
void proxies::on_probed(std::size_t index, std::uint32_t probe) {
  proxy& p = all_[index];
  probing const asked = probes_[probe];
  free_probes_.push_back(probe);
  if (!p.process || p.lives != asked.lives) return;
  fakeproxy::proxy::peer_probes& peers = p.process->peers();
  if (asked.lost && !peers.is_open(asked.owner)) return;
  bool const listening = all_[fakeproxy::cluster::proxy_index_of(asked.owner)].listening;
  auto const next = asked.lost  ? peers.on_lost(asked.owner)
                    : listening ? peers.on_connected(asked.owner)
                                : peers.on_failed(asked.owner);
  if (p.process->on_peer(next, asked.owner, run_.now())) connect(index, asked.owner);
  perform(index);
}

void proxies::connect(std::size_t index, incarnation owner) {
  probe(index, owner, false, net_.proxy_wire() + net_.proxy_wire());
}

void proxies::probe(std::size_t index, incarnation owner, bool lost, std::int64_t delay_ns) {
  std::uint32_t place = static_cast<std::uint32_t>(probes_.size());
  if (free_probes_.empty()) {
    probes_.emplace_back();
  } else {
    place = free_probes_.back();
    free_probes_.pop_back();
  }
  probes_[place] = {owner, all_[index].lives, lost};
  run_.time.in(delay_ns, event_kind::probe_ends, place, static_cast<std::uint16_t>(index));
}

template<class Run>
void proxies::perform(std::size_t index) {
  if (!Run::events || all_[index].process) all_[index].process->perform(driver<Run>{*this, index});
}

void proxies::pin(std::size_t index, std::vector<std::uint32_t> const& characters) {
  for (std::uint32_t const character : characters) {
    all_[index].process->node().on_pin(character_id{character}, pin_ticket, run_.now(), all_[index].process->actions());
    perform(index);
  }
}

// ---- EVE clients

void proxies::on_login(std::size_t index, ticket client, std::uint32_t character) {
  all_[index].process->node().on_login(client, character_id{character}, run_.now(), all_[index].process->actions());
  perform(index);
}

void proxies::on_game_request(std::size_t index, ticket client, std::uint64_t id) {
  all_[index].process->node().on_game_request(client, id, all_[index].process->actions());
  perform(index);
}

void proxies::on_logout(std::size_t index, ticket client) {
  all_[index].process->node().on_logout(client, all_[index].process->actions());
  perform(index);
}

void proxies::on_client_gone(std::size_t index, ticket client) {
  if (!all_[index].process) return;
  all_[index].process->node().on_client_gone(client, all_[index].process->actions());
  perform(index);
}

// ---- the process

void proxies::kill(std::size_t index) {
  proxy& p = all_[index];
  if (!p.process) return;
  p.alive_before_ns = alive_ns(index);
  p.busy_before_ns = busy_ns(index);
  p.process.reset();
  p.listening = false;
  p.due_ns = 0;
  p.in_hand = 0;
  ++p.lives;
  drop_requests(index);
  idle_.close_proxy(gateway::routing::upstream_id{static_cast<std::uint32_t>(index)});
  sols_.proxy_gone(index);
  eve_.proxy_gone(index);
  drop_peers(index);
}

/// The others learn that their connections have ended.
void proxies::drop_peers(std::size_t index) {
  for (std::size_t i = 0; i < all_.size(); ++i) {
    if (!all_[i].process) continue;
    for (incarnation const owner : all_[i].process->peers().open())
      if (fakeproxy::cluster::proxy_index_of(owner) == index) probe(i, owner, true, net_.proxy_wire());
  }
}

/// The balancers learn that their connections are gone.
void proxies::drop_requests(std::size_t index) {
  run_.requests.for_each([&](request_state& f) {
    if (f.where != request_state::place::at_proxy || f.hop.proxy != index) return;
    f.life = (f.life + 1) & life_mask; // its events there are void
    f.where = request_state::place::returning;
    f.hop.proxy_had_it = true;
    run_.time.to_request(net_.proxy_arrival(f, purpose::hop_back, run_.now()), event_kind::hop_fails, f.id, f.life);
    // Its balancer had gone before: the event that was to tell its client belonged to the earlier life.
    if (f.abandoned && f.client.waits)
      run_.time.to_request(net_.client_arrival(f, purpose::way_back), event_kind::connection_lost, f.id, f.life);
  });
}

void proxies::begin_leaving(std::size_t index) {
  proxy& p = all_[index];
  if (!p.process) return;
  p.listening = false;
  p.leaving.begin(run_.now(), p.in_hand != 0);
  run_.time.at(*p.leaving.next_deadline(), event_kind::process_quiet, p.lives, static_cast<std::uint16_t>(index));
}

void proxies::on_quiet_look(std::size_t index, std::uint32_t lives) {
  proxy& p = all_[index];
  if (!p.process || lives != p.lives) return;
  departure::step const next = p.leaving.on_deadline(run_.now(), p.in_hand != 0);
  if (next == departure::step::end) return kill(index);
  run_.time.at(*p.leaving.next_deadline(), event_kind::process_quiet, lives, static_cast<std::uint16_t>(index));
  if (next == departure::step::stay) return;
  idle_.close_proxy(gateway::routing::upstream_id{static_cast<std::uint32_t>(index)});
  drop_peers(index);
  eve_.proxy_gone(index);
  p.process->node().leave(p.process->actions());
  perform(index);
}

template void proxies::perform<any_run>(std::size_t index);
template void proxies::on_request<any_run>(request_state& f);
template void proxies::on_request<plain_run>(request_state& f);
template void proxies::on_message<any_run>(std::size_t index, std::uint32_t sol, fakeproxy::cluster::message const& m);
template void proxies::on_message<plain_run>(std::size_t index, std::uint32_t sol,
                                             fakeproxy::cluster::message const& m);

}
