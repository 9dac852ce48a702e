#include "fakeproxy/cluster/node.hpp"

#include <algorithm>
#include <utility>

namespace fakeproxy::cluster {

namespace {
/// How long a peer counts as unreachable before it is tried again.
constexpr duration down_time = 1000 * millisecond;
/// Idle checks per tick, so that a million sessions do not make a tick long.
constexpr int idle_checks_per_tick = 1000;
/// 26 days, in units of 2^20 ns: beyond it differences would wrap.
constexpr duration longest_idle = 0x7ffffff0;
}

proxy_node::proxy_node(settings s, time_point start)
  : settings_(s)
  , start_(start)
  , id_(make_incarnation(s.index, start))
  , links_(s.sols) {}

// ---- connections

void proxy_node::announce(std::uint32_t sol, time_point now, node_actions& out) {
  link& l = links_[sol];
  l.registered = false;
  l.renewing = true;
  l.sent_at = now;
  tell(sol, operation::announce, character_id::none, session_epoch::none, out).where = settings_.where;
}

void proxy_node::on_connected(std::uint32_t sol, time_point now, node_actions& out) {
  links_[sol].connected = true;
  announce(sol, now, out);
}

void proxy_node::on_disconnected(std::uint32_t sol, node_actions& out) {
  links_[sol] = link{};
  pending_.for_each([&](character_id character, pending& p) {
    if (sol_of(character) == sol && p.is != pending::state::probing) p.is = pending::state::idle;
  });
  // Asking again is safe where the sol knows the request by its id; otherwise nobody can tell whether it was applied.
  for (call& c : calls_) {
    if (!c.used || c.what.op != operation::apply || c.what.number != 0 || sol_of(c.what.character) != sol) continue;
    if (c.who != 0) out.add(node_actions::application{c.who, status::unknown});
    end_call(c);
  }
}

void proxy_node::reincarnate(time_point now, node_actions& out) {
  incarnation const next = make_incarnation(settings_.index, now);
  id_ = next > id_ ? next : static_cast<incarnation>(raw(id_) + 1);
  ++counters_.incarnations;
  for (std::uint32_t sol = 0; sol < links_.size(); ++sol) {
    drop_sessions(sol, out);
    if (links_[sol].connected) announce(sol, now, out);
  }
  pending_.for_each([](character_id, pending& p) {
    if (p.is != pending::state::probing) p.is = pending::state::idle;
  });
}

void proxy_node::registered(std::uint32_t sol, message const& m, time_point now, node_actions& out) {
  link& l = links_[sol];
  if (m.subject != id_) return; // about an earlier life
  l.renewing = false;
  switch (m.status) {
  case status::fenced:
    reincarnate(now, out);
    return;
  case status::unknown:
    announce(sol, now, out);
    return;
  case status::fresh:
    drop_sessions(sol, out);
    break;
  default:
    break;
  }
  l.lease_until = l.sent_at + settings_.lease;
  bool const again = l.registered;
  l.registered = true;
  if (m.op == operation::announce && !again) {
    for (call const& c : calls_) {
      if (c.used && sol_of(c.what.character) == sol) out.to_sol(sol) = c.what;
    }
    std::vector<character_id> held;
    sessions_.for_each([&](character_id character, session const& s) {
      if (sol_of(character) != sol) return;
      if (client_of(character, s) != 0 || s.is() == session::state::drained) held.push_back(character);
    });
    std::sort(held.begin(), held.end());
    for (character_id const character : held) {
      session const& s = sessions_[character];
      if (client_of(character, s) != 0) attach(character, s, games_[character], out);
      if (s.is() == session::state::drained) tell(operation::drained, character, s.number(), out);
    }
  }
  resume_link(sol, now, out);
}

/// Resumes what waited for the connection or the lease.
void proxy_node::resume_link(std::uint32_t sol, time_point now, node_actions& out) {
  auto const stopped = waiting([&](character_id character, pending const& p) {
    return sol_of(character) == sol && p.is == pending::state::idle;
  });
  for (character_id const character : stopped) {
    if (session* const s = sessions_.find(character)) {
      serve_waiting(character, *s, now, out);
    } else {
      ask(character, *pending_.find(character), out);
    }
  }
}

bool proxy_node::ready(time_point now) const {
  return std::all_of(links_.begin(), links_.end(), [&](link const& l) { return usable(l, now); });
}

void proxy_node::on_tick(time_point now, node_actions& out) {
  for (std::uint32_t sol = 0; sol < links_.size(); ++sol) {
    link& l = links_[sol];
    if (!l.registered || l.renewing || now - l.sent_at < settings_.lease / 3) continue;
    l.renewing = true;
    l.sent_at = now;
    tell(sol, operation::renew, character_id::none, session_epoch::none, out);
  }
  if (std::exchange(some_ask_again_, false))
    for (character_id const character :
         waiting([](character_id, pending const& p) { return p.is == pending::state::again; }))
      ask(character, *pending_.find(character), out);
  std::uint32_t const coarse_now = coarse(now);
  auto const passed = [&](std::uint32_t since) { return static_cast<std::int32_t>(coarse_now - since); };
  auto const idle = static_cast<std::uint32_t>(std::min<duration>(settings_.idle >> 20, longest_idle) + 1);
  for (int i = 0; i < idle_checks_per_tick && !idle_checks_.empty() && passed(idle_checks_.front().at) >= 0; ++i) {
    character_id const character = idle_checks_.front().character;
    idle_checks_.pop_front();
    session const* const s = sessions_.find(character);
    if (!s) continue;
    bool const wanted =
        s->in_flight() || client_of(character, *s) != 0 || s->has(session::pinned) || s->is() != session::state::owned;
    std::uint32_t const next = (wanted ? coarse_now : s->last_used) + idle;
    if (passed(next) < 0) {
      idle_checks_.push({next, character});
    } else {
      tell(operation::release, character, s->number(), out);
      erase(character);
    }
  }
}

void proxy_node::leave(node_actions& out) {
  for (std::uint32_t sol = 0; sol < links_.size(); ++sol) {
    if (links_[sol].registered) tell(sol, operation::release, character_id::none, session_epoch::none, out);
  }
}

// ---- sessions

proxy_node::game* proxy_node::game_of(character_id character, session const& s) {
  return s.has(session::has_game) ? &games_.find(character)->second : nullptr;
}

ticket proxy_node::client_of(character_id character, session const& s) const {
  return s.has(session::has_game) ? games_.find(character)->second.client : ticket{0};
}

void proxy_node::erase(character_id character) {
  games_.erase(character);
  sessions_.erase(character);
}

void proxy_node::drop(character_id character, char const* reason, node_actions& out) {
  session const* const s = sessions_.find(character);
  if (!s) return;
  ++counters_.lost;
  if (ticket const client = client_of(character, *s); client != 0) {
    clients_.erase(client);
    out.add(eve_event{.client = client, .what = eve_event::kind::refused, .reason = reason});
  }
  erase(character);
}

void proxy_node::drop_sessions(std::uint32_t sol, node_actions& out) {
  std::vector<character_id> lost;
  sessions_.for_each([&](character_id character, session const&) {
    if (sol_of(character) == sol) lost.push_back(character);
  });
  std::sort(lost.begin(), lost.end());
  for (character_id const character : lost) drop(character, "session lost", out);
}

proxy_node::session& proxy_node::hold(character_id character, session_epoch epoch, time_point now) {
  auto const [s, fresh] = sessions_.try_emplace(character);
  if (s.number() != epoch) {
    if (s.has(session::has_game)) games_.erase(character);
    s = session{};
    s.epoch = static_cast<std::uint32_t>(raw(epoch));
    ++counters_.granted;
  }
  s.last_used = coarse(now);
  if (fresh) idle_checks_.push({s.last_used + static_cast<std::uint32_t>(settings_.idle >> 20) + 1, character});
  return s;
}

// ---- requests

decision proxy_node::wait_for(character_id character, bool held, waiter w, time_point now, node_actions& out) {
  if (character == character_id::none) return {}; // nobody's: it waits in vain
  pending& p = pending_[character];
  if (p.first.what == purpose::nothing) {
    p.first = w;
  } else {
    p.more = true;
    more_waiters_[character].push_back(w);
  }
  if (p.is == pending::state::idle && !held && usable(links_[sol_of(character)], now)) ask(character, p, out);
  return {};
}

void proxy_node::ask(character_id character, pending& p, node_actions& out) {
  if (!tell(operation::claim, character, session_epoch::none, out)) {
    p.is = pending::state::idle;
    return;
  }
  p.is = pending::state::asked;
  ++counters_.claims;
}

void proxy_node::give_up(character_id character, ticket who) {
  pending* const p = pending_.find(character);
  if (!p) return;
  if (p->first.who == who) p->first = {};
  if (p->more) {
    std::vector<waiter>& more = more_waiters_[character];
    std::erase_if(more, [&](waiter const& w) { return w.who == who; });
    if (p->first.what == purpose::nothing && !more.empty()) {
      p->first = more.front();
      more.erase(more.begin());
    }
    p->more = !more.empty();
    if (!p->more) more_waiters_.erase(character);
  }
  if (p->first.what == purpose::nothing && p->is == pending::state::idle) pending_.erase_found(*p);
}

std::vector<proxy_node::waiter> proxy_node::take_more(character_id character) {
  auto const at = more_waiters_.find(character);
  std::vector<waiter> more = std::move(at->second);
  more_waiters_.erase(at);
  return more;
}

void proxy_node::turn_other_away(waiter const& w, decision const& how, node_actions& out) {
  if (w.what == purpose::pin) {
    out.add(node_actions::login{w.who, false});
  } else {
    turn_client_away(w.who, how, out);
  }
}

void proxy_node::turn_client_away(ticket client, decision const& how, node_actions& out) {
  if (clients_.erase(client) == 0) return;
  bool const elsewhere = how.what == decision::kind::redirect;
  out.add(eve_event{.client = client,
                    .what = elsewhere ? eve_event::kind::elsewhere : eve_event::kind::refused,
                    .where = how.where,
                    .reason = "the session's owner cannot be reached"});
}

void proxy_node::admit(character_id character, session& s, waiter w, time_point now, node_actions& out) {
  s.last_used = coarse(now);
  switch (w.what) {
  case purpose::request:
    s.begin_request();
    out.add(node_actions::resumption{w.who, {decision::kind::serve, s.number()}});
    break;
  case purpose::login:
    attach_client(character, s, w.who, out);
    break;
  case purpose::pin:
    s.note(session::pinned);
    out.add(node_actions::login{w.who, true});
    break;
  case purpose::nothing:
    break;
  }
}

/// The session is ours: the requests that wait for it are served, unless the lease ran out while the message was in
/// transit.
void proxy_node::serve_waiting(character_id character, session& s, time_point now, node_actions& out) {
  pending* const p = pending_.find(character);
  if (!p) return;
  if (may_serve(character, s, now)) {
    end_waiting(character, *p, [&](waiter const& w) { admit(character, s, w, now, out); });
  } else {
    p->is = pending::state::idle; // until drained, or the lease is renewed
  }
}

// ---- answers to claims, and owners elsewhere

void proxy_node::on_not_owned(message const& m, time_point now, node_actions& out) {
  if (m.status == status::fenced) {
    if (m.subject == id_) reincarnate(now, out);
    return;
  }
  if (m.status == status::granted) {
    if (m.subject != id_) return; // granted to an earlier life
    return serve_waiting(m.character, hold(m.character, m.epoch, now), now, out);
  }
  pending* const p = pending_.find(m.character);
  if (!p || p->is != pending::state::asked) return;
  p->is = pending::state::again;
  some_ask_again_ = true;
}

void proxy_node::look_for_owner(character_id character, pending& p, incarnation owner, endpoint where, time_point now,
                                node_actions& out) {
  peer_table::known const other = peers_.of(owner);
  p.owner = owner;
  p.where = where;
  if (other.is == peer_table::state::down && now - other.since < down_time)
    return report_unreachable(character, p, out);
  p.is = pending::state::probing;
  if (other.is == peer_table::state::probing) return;
  peers_.set(owner, {peer_table::state::probing});
  out.add(node_actions::probe{owner, where});
}

void proxy_node::report_unreachable(character_id character, pending& p, node_actions& out) {
  ++counters_.unreachable;
  message* const m = tell(operation::unreachable, character, session_epoch::none, out);
  p.is = m ? pending::state::reporting : pending::state::idle;
  if (m) m->number = raw(p.owner);
}

void proxy_node::on_probed(incarnation owner, bool reachable, time_point now, node_actions& out) {
  peers_.set(owner, {reachable ? peer_table::state::up : peer_table::state::down, now});
  auto const asking =
      waiting([&](character_id, pending const& p) { return p.is == pending::state::probing && p.owner == owner; });
  for (character_id const character : asking) {
    pending& p = *pending_.find(character);
    if (reachable) {
      turn_away(character, p, {decision::kind::redirect, session_epoch::none, owner, p.where}, out);
    } else {
      report_unreachable(character, p, out);
    }
  }
}

}
