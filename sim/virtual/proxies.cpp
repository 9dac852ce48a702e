#include "sim/virtual/proxies.hpp"

#include "sim/virtual/world.hpp"

#include <algorithm>

namespace sim::virtual_time {

using fakeproxy::cluster::decision;
using fakeproxy::cluster::incarnation;
using fakeproxy::cluster::millisecond;
using fakeproxy::cluster::session_epoch;
using fakeproxy::cluster::status;
using fakeproxy::cluster::ticket;
using journal::hop_outcome;

namespace {

// As crest-fakeproxy has them: its patience_ms, and the times of fakeproxy/net/process.
constexpr std::int64_t patience_ns = 2000 * millisecond;
constexpr std::int64_t quiet_ns = 300 * millisecond, longest_leave_ns = 5000 * millisecond;
constexpr std::int64_t farewell_ns = 100 * millisecond, look_ns = 50 * millisecond;

constexpr std::uint64_t checked_every = 64; // of a counted run's requests

ticket ticket_of(flight_id id) { return ticket{id} + 1; }
flight_id flight_of(ticket who) { return static_cast<flight_id>(who - 1); }

}

proxies::proxies(world& w)
  : w_(w)
  , service_(w.scenario.topology.proxies.service_time)
  , redirect_ns_(w.scenario.topology.proxies.redirect_time.count())
  , sharing_(w.scenario.topology.proxies.discipline == scenario::discipline::processor_sharing)
  , all_(w.scenario.topology.proxies.count) {
  for (std::size_t i = 0; i < all_.size(); ++i) {
    w.record.records.proxies.push_back(address_of(i));
  }
}

std::int64_t proxies::now_ns() const { return w_.now(); }

measure::proxy_address proxies::address_of(std::size_t index) {
  return {0x7f000001, static_cast<std::uint16_t>(index + 1)};
}

void proxies::start(std::size_t index) {
  proxy& p = all_[index];
  scenario::proxy_settings const& settings = w_.scenario.topology.proxies;
  measure::proxy_address const where = address_of(index);
  p.node.emplace(fakeproxy::cluster::proxy_node::settings{.index = static_cast<std::uint16_t>(index),
                                                          .sols = static_cast<std::uint32_t>(w_.sols.count()),
                                                          .where = {where.address, where.port, where.port},
                                                          .lease = settings.lease.count()},
                 w_.now());
  p.busy_before_ns = busy_ns(index);
  p.started_ns = w_.now();
  p.left = false;
  p.servers = fifo_servers(settings.servers);
  p.shared = sharing_servers(settings.servers);
  p.listening = true;
  for (std::uint32_t sol = 0; sol < w_.sols.count(); ++sol) w_.sols.connect(index, sol);
}

bool proxies::ready() const {
  return std::all_of(all_.begin(), all_.end(), [&](proxy const& p) { return p.node && p.node->ready(w_.now()); });
}

std::int64_t proxies::busy_ns(std::size_t index) const {
  proxy const& p = all_[index];
  return p.busy_before_ns + p.servers.busy_ns() + p.shared.busy_ns();
}

std::int64_t proxies::alive_ns(std::size_t index) const {
  proxy const& p = all_[index];
  return p.alive_before_ns + (p.node ? w_.now() - p.started_ns : 0);
}

// ---- a request

void proxies::on_request(flight_id id) {
  flight& f = w_.flights[id];
  proxy& p = all_[f.proxy];
  if (!p.listening) {
    f.proxy_had_it = false;
    w_.time.to_flight(w_.proxy_arrival(f, purpose::hop_back, w_.now()), happening::hop_fails, id, f.life);
    return;
  }
  ++p.in_hand;
  f.where = flight::place::at_proxy;
  f.received_ns = w_.now();
  f.epoch = session_epoch::none;
  w_.record.arrived(f, raw(p.node->id()));
  switch (f.plan.kind) {
  case load::token_kind::own:
    return decide(id);
  case load::token_kind::junk:
    return answer(id, hop_outcome::unauthorized, 401);
  case load::token_kind::none:
    return enter_service(id);
  }
}

void proxies::decide(flight_id id) {
  flight& f = w_.flights[id];
  proxy& p = all_[f.proxy];
  decision const how =
      p.node->on_request(fakeproxy::cluster::character_id{f.plan.character}, ticket_of(id), w_.now(), p.actions);
  if (how.what != decision::kind::wait) return on_decision(id, how);
  f.deciding = true;
  be_patient(id);
  perform(f.proxy);
}

void proxies::on_decision(flight_id id, decision const& how) {
  flight& f = w_.flights[id];
  proxy const& p = all_[f.proxy];
  if (f.deciding) stop_waiting(id);
  switch (how.what) {
  case decision::kind::serve:
    f.epoch = how.epoch;
    f.served_by = raw(p.node->id()); // whose epoch it is: another one than at arrival if it waited long
    return f.serviced ? apply(id) : enter_service(id);
  case decision::kind::redirect:
    f.owner = how.owner;
    f.redirecting = true;
    return redirect_ns_ == 0 ? answer(id, hop_outcome::redirected, 200) : enter_service(id);
  case decision::kind::unavailable:
    return answer(id, hop_outcome::unavailable, 503);
  case decision::kind::wait:
    return;
  }
}

void proxies::enter_service(flight_id id) {
  flight& f = w_.flights[id];
  proxy& p = all_[f.proxy];
  std::int64_t const time = f.redirecting ? redirect_ns_ : service_.of(f.bits(purpose::service));
  if (sharing_ && time > 0) {
    p.shared.enter(w_.now(), time, id);
    return announce(f.proxy);
  }
  std::int64_t const end = p.servers.serve(w_.now(), time);
  // Not where its client may have lost patience by then.
  bool const settled =
      w_.settles_early && (f.redirecting || !f.game_state) && end < f.client.sent_ns + w_.scenario.load.timeout.count();
  if (end == w_.now() || settled) return on_service_end(id, end);
  w_.time.to_flight(end, happening::service_ends, id, f.life);
}

/// Who ends next among those that share the servers has changed.
void proxies::announce(std::size_t index) {
  proxy& p = all_[index];
  ++p.announced;
  if (p.shared.empty()) return;
  w_.time.at(p.shared.next_end(w_.now()), happening::sharing_ends, p.announced, static_cast<std::uint16_t>(index));
}

void proxies::on_sharing_end(std::size_t index, std::uint32_t announced) {
  proxy& p = all_[index];
  if (announced != p.announced || p.shared.empty()) return;
  flight_id const id = p.shared.leave(w_.now());
  announce(index);
  on_service_end(id);
}

void proxies::on_service_end(flight_id id, std::int64_t at_ns) {
  flight& f = w_.flights[id];
  if (f.redirecting) return answer(id, hop_outcome::redirected, 200, at_ns);
  f.serviced = true;
  if (f.game_state) return apply(id);
  answer_served(id, at_ns);
}

void proxies::apply(flight_id id) {
  flight& f = w_.flights[id];
  proxy& p = all_[f.proxy];
  f.applying = true;
  be_patient(id);
  f.call = p.node->apply(fakeproxy::cluster::character_id{f.plan.character}, f.epoch, ticket_of(id), f.request, f.verb,
                         p.actions);
  perform(f.proxy);
}

void proxies::on_applied(flight_id id, status how) {
  flight& f = w_.flights[id];
  if (!f.applying) return;
  stop_waiting(id);
  if (how == status::ok || how == status::duplicate) return answer_served(id, w_.now());
  if (how == status::unknown) return answer(id, hop_outcome::unavailable, 503);
  end_session_use(f); // moved or ended meanwhile: who has it now?
  decide(id);
}

void proxies::be_patient(flight_id id) {
  flight& f = w_.flights[id];
  proxy& p = all_[f.proxy];
  f.patient_until_ns = w_.now() + patience_ns;
  p.waiting.add(w_.flights, id);
  if (!p.looks_at_waiting) look_at_waiting(f.proxy);
}

void proxies::stop_waiting(flight_id id) {
  flight& f = w_.flights[id];
  f.deciding = f.applying = false;
  all_[f.proxy].waiting.remove(w_.flights, id);
}

/// When the first of those that wait may lose patience.
void proxies::look_at_waiting(std::size_t index) {
  proxy& p = all_[index];
  p.looks_at_waiting = !p.waiting.empty();
  if (!p.looks_at_waiting) return;
  w_.time.at(w_.flights[p.waiting.oldest()].patient_until_ns, happening::patience_over, p.lives,
             static_cast<std::uint16_t>(index));
}

void proxies::on_patience_over(std::size_t index, std::uint32_t lives) {
  proxy& p = all_[index];
  if (lives != p.lives) return;
  while (!p.waiting.empty() && w_.flights[p.waiting.oldest()].patient_until_ns <= w_.now()) {
    flight_id const id = p.waiting.oldest();
    flight const& f = w_.flights[id];
    if (f.deciding) p.node->give_up(fakeproxy::cluster::character_id{f.plan.character}, ticket_of(id));
    if (f.applying) p.node->abandon(f.call);
    stop_waiting(id);
    answer(id, hop_outcome::unavailable, 503);
  }
  look_at_waiting(index);
}

void proxies::end_session_use(flight& f) {
  if (f.epoch == session_epoch::none) return;
  proxy& p = all_[f.proxy];
  p.node->on_finished(fakeproxy::cluster::character_id{f.plan.character}, f.epoch, p.actions);
  f.epoch = session_epoch::none;
}

void proxies::answer_served(flight_id id, std::int64_t at_ns) {
  auto const method = static_cast<boost::beast::http::verb>(w_.flights[id].verb);
  bool const post = method == boost::beast::http::verb::post, remove = method == boost::beast::http::verb::delete_;
  answer(id, hop_outcome::served, post ? 201 : remove ? 204 : 200, at_ns);
}

void proxies::answer(flight_id id, hop_outcome outcome, std::uint16_t status, std::int64_t at_ns) {
  flight& f = w_.flights[id];
  proxy& p = all_[f.proxy];
  f.outcome = outcome;
  f.status = status;
  f.names_backend = f.epoch != session_epoch::none;
  f.served_epoch = outcome == hop_outcome::redirected ? 0 : raw(f.epoch);
  if (f.epoch == session_epoch::none) f.served_by = raw(p.node->id());
  if (f.has_errand && outcome != hop_outcome::redirected)
    f.status = w_.errands.answer(id, status, outcome == hop_outcome::served, at_ns);
  w_.record.decided(f, at_ns);
  if (w_.record.brief && f.served_epoch != 0 && !f.is_own && f.request % checked_every == 0)
    w_.record.brief->place_checked(w_.sols.granted(f.plan.character, f.served_by, f.served_epoch));
  w_.time.note(at_ns, f.request << 24 | std::uint64_t{f.proxy} << 8 | static_cast<std::uint64_t>(outcome));
  end_session_use(f);
  --p.in_hand;
  f.where = flight::place::returning;
  w_.time.to_flight(w_.proxy_arrival(f, purpose::hop_back, at_ns), happening::answer_returns, id, f.life);
  if (!p.actions.send.empty()) perform(f.proxy); // the session was to be moved, and this was its last request
}

// ---- the cluster

void proxies::on_connected(std::size_t index, std::uint32_t sol) {
  all_[index].node->on_connected(sol, w_.now(), all_[index].actions);
  perform(index);
}

void proxies::on_disconnected(std::size_t index, std::uint32_t sol) {
  all_[index].node->on_disconnected(sol, all_[index].actions);
  perform(index);
}

void proxies::on_message(std::size_t index, std::uint32_t sol, fakeproxy::cluster::message const& m) {
  all_[index].node->on_message(sol, m, w_.now(), all_[index].actions);
  perform(index);
}

void proxies::tick() {
  for (std::size_t i = 0; i < all_.size(); ++i) {
    if (!all_[i].node) continue;
    all_[i].node->on_tick(w_.now(), all_[i].actions);
    perform(i);
  }
}

/// The answer to a probe, or the end of a connection that a probe had left open.
void proxies::on_probed(std::size_t index, std::uint32_t probe) {
  proxy& p = all_[index];
  probing const asked = probes_[probe];
  free_probes_.push_back(probe);
  if (!p.node || p.lives != asked.lives) return;
  std::size_t const peer = fakeproxy::cluster::proxy_index_of(asked.owner);
  bool const reachable = !asked.lost && all_[peer].listening;
  if (reachable) {
    p.peers.insert(asked.owner);
  } else {
    p.peers.erase(asked.owner);
  }
  p.node->on_probed(asked.owner, reachable, w_.now(), p.actions);
  perform(index);
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
  w_.time.in(delay_ns, happening::probe_ends, place, static_cast<std::uint16_t>(index));
}

void proxies::perform(std::size_t index) {
  proxy& p = all_[index];
  if (p.performing || !p.node) return;
  p.performing = true;
  auto& a = p.actions;
  // What is done may want more done: the lists grow while they are gone through.
  while (!(a.send.empty() && a.resume.empty() && a.applied.empty() && a.probes.empty() && a.logins.empty() &&
           a.eve.empty())) {
    for (std::size_t i = 0; i < a.send.size(); ++i) w_.sols.send(index, a.send[i].sol, a.send[i].what);
    a.send.clear();
    for (std::size_t i = 0; i < a.eve.size(); ++i) w_.eve.tell(a.eve[i]);
    a.eve.clear();
    for (std::size_t i = 0; i < a.resume.size(); ++i) {
      auto const next = a.resume[i];
      on_decision(flight_of(next.who), next.how);
    }
    a.resume.clear();
    for (std::size_t i = 0; i < a.applied.size(); ++i) {
      auto const next = a.applied[i];
      on_applied(flight_of(next.who), next.status);
    }
    a.applied.clear();
    for (std::size_t i = 0; i < a.probes.size(); ++i) {
      incarnation const owner = a.probes[i].owner;
      if (w_.scenario.topology.proxies.process == scenario::process_layout::shared || p.peers.contains(owner)) {
        p.node->on_probed(owner, true, w_.now(), a);
      } else {
        probe(index, owner, false, w_.proxy_wire() + w_.proxy_wire());
      }
    }
    a.probes.clear();
    for (auto const& login : a.logins) pinned_ += login.granted;
    a.logins.clear();
  }
  p.performing = false;
}

void proxies::pin(std::size_t index, std::vector<std::uint32_t> const& characters) {
  for (std::uint32_t const character : characters) {
    all_[index].node->on_pin(fakeproxy::cluster::character_id{character}, pin_ticket, w_.now(), all_[index].actions);
    perform(index);
  }
}

// ---- EVE clients

void proxies::on_login(std::size_t index, ticket client, std::uint32_t character) {
  all_[index].node->on_login(client, fakeproxy::cluster::character_id{character}, w_.now(), all_[index].actions);
  perform(index);
}

void proxies::on_game_request(std::size_t index, ticket client, std::uint64_t id) {
  all_[index].node->on_game_request(client, id, all_[index].actions);
  perform(index);
}

void proxies::on_logout(std::size_t index, ticket client) {
  all_[index].node->on_logout(client, all_[index].actions);
  perform(index);
}

void proxies::on_client_gone(std::size_t index, ticket client) {
  if (!all_[index].node) return;
  all_[index].node->on_client_gone(client, all_[index].actions);
  perform(index);
}

// ---- the process

void proxies::kill(std::size_t index) {
  proxy& p = all_[index];
  if (!p.node) return;
  incarnation const was = p.node->id();
  p.alive_before_ns = alive_ns(index);
  p.node.reset();
  p.actions = {};
  p.listening = false;
  p.servers.clear();
  p.shared.clear();
  p.waiting.clear();
  p.looks_at_waiting = false;
  p.peers.clear();
  p.in_hand = 0;
  ++p.lives;
  drop_requests(index);
  w_.sols.proxy_gone(index);
  w_.eve.proxy_gone(index);
  for (std::size_t i = 0; i < all_.size(); ++i)
    if (all_[i].peers.contains(was)) probe(i, was, true, w_.proxy_wire());
}

/// The balancers learn that their connections are gone.
void proxies::drop_requests(std::size_t index) {
  for (flight_id id = 0; id < w_.flights.size(); ++id) {
    flight& f = w_.flights[id];
    if (f.where != flight::place::at_proxy || f.proxy != index) continue;
    f.life = (f.life + 1) & life_mask; // what was to happen to it there will not
    f.where = flight::place::returning;
    f.deciding = f.applying = false;
    f.proxy_had_it = true;
    w_.time.to_flight(w_.proxy_arrival(f, purpose::hop_back, w_.now()), happening::hop_fails, id, f.life);
    // Its balancer went before: what its client was to learn of that belonged to the earlier life.
    if (f.abandoned && f.client.waits)
      w_.time.to_flight(w_.client_arrival(f, purpose::way_back), happening::connection_lost, id, f.life);
  }
}

void proxies::begin_leaving(std::size_t index) {
  proxy& p = all_[index];
  if (!p.node) return;
  p.listening = false;
  p.quiet_since_ns = p.in_hand == 0 ? w_.now() : 0;
  p.leaving_since_ns = w_.now();
  w_.time.in(look_ns, happening::process_quiet, p.lives, static_cast<std::uint16_t>(index));
}

void proxies::on_quiet_look(std::size_t index, std::uint32_t lives) {
  proxy& p = all_[index];
  if (!p.node || lives != p.lives) return;
  if (p.left) return kill(index);
  if (p.in_hand != 0) {
    p.quiet_since_ns = 0;
  } else if (p.quiet_since_ns == 0) {
    p.quiet_since_ns = w_.now();
  }
  bool const quiet = p.quiet_since_ns != 0 && w_.now() - p.quiet_since_ns > quiet_ns;
  if (!quiet && w_.now() - p.leaving_since_ns < longest_leave_ns) {
    w_.time.in(look_ns, happening::process_quiet, lives, static_cast<std::uint16_t>(index));
    return;
  }
  p.left = true;
  w_.eve.proxy_gone(index);
  p.node->leave(p.actions);
  perform(index);
  w_.time.in(farewell_ns, happening::process_quiet, lives, static_cast<std::uint16_t>(index));
}

}
