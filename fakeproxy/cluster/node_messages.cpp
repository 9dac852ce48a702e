// What a proxy node does with the messages of the sols, its calls to them, and its EVE clients.
#include "fakeproxy/cluster/node.hpp"

namespace fakeproxy::cluster {

void proxy_node::on_other_message(std::uint32_t sol, message const& m, time_point now, node_actions& out) {
  switch (m.op) {
  case operation::announce:
  case operation::renew:
    registered(sol, m, now, out);
    break;
  case operation::apply:
    on_applied(m, out);
    break;
  case operation::game:
    on_game_answer(m, out);
    break;
  case operation::unreachable: {
    pending* const p = pending_.find(m.character);
    if (!p || p->is != pending::state::reporting) break;
    if (m.status == status::fenced) {
      ask(m.character, *p, out);
    } else {
      turn_away(m.character, *p, {.what = decision::kind::unavailable}, out);
    }
    break;
  }
  case operation::attach:
    on_attached(m, out);
    break;
  case operation::drain:
    on_drain(m, out);
    break;
  case operation::drained:
    on_drained(m, now, out);
    break;
  case operation::granted:
    if (m.subject != id_) break;
    serve_waiting(m.character, hold(m.character, m.epoch, now), now, out);
    break;
  case operation::notification:
    on_notification(m, out);
    break;
  case operation::fenced:
    if (m.subject == id_) reincarnate(now, out);
    break;
  case operation::claim: // see on_message
  case operation::find:
  case operation::release:
  case operation::move:
    break; // nothing waits for them
  }
}

// ---- moves

void proxy_node::on_drain(message const& m, node_actions& out) {
  session* const s = sessions_.find(m.character);
  if (!s || s->number() != m.epoch) {
    tell(operation::drained, m.character, m.epoch, out); // we serve nothing of that epoch
    return;
  }
  if (s->is() == session::state::owned) s->become(session::state::draining);
  if (s->is() == session::state::draining && !s->in_flight()) drain_done(m.character, *s, out);
}

void proxy_node::drain_done(character_id character, session& s, node_actions& out) {
  s.become(session::state::drained);
  ++counters_.drained;
  tell(operation::drained, character, s.number(), out);
}

void proxy_node::on_drained(message const& m, time_point now, node_actions& out) {
  session* const s = sessions_.find(m.character);
  bool const held = s && s->is() == session::state::drained;
  if (held && m.status == status::ok) {
    if (s->number() != m.epoch) return;
    s->become(session::state::owned);
    return serve_waiting(m.character, *s, now, out);
  }
  if (held) {
    if (m.status == status::owned) {
      if (ticket const client = client_of(m.character, *s); client != 0) {
        clients_.erase(client);
        out.add(eve_event{.client = client, .what = eve_event::kind::moved, .where = m.where});
      }
      erase(m.character);
    } else {
      drop(m.character, "session lost", out);
    }
  }
  pending* const p = pending_.find(m.character);
  if (!p || p->is != pending::state::idle) return;
  if (m.status == status::owned) {
    send_to_owner(m.character, *p, m.subject, m.where, now, out);
  } else {
    ask(m.character, *p, out);
  }
}

// ---- calls

std::uint32_t proxy_node::begin_call(operation op, character_id character, session_epoch epoch, std::uint64_t number,
                                     std::uint8_t method, ticket who, std::uint64_t id, node_actions& out) {
  std::uint32_t place = static_cast<std::uint32_t>(calls_.size());
  if (free_calls_.empty()) {
    calls_.emplace_back();
  } else {
    place = free_calls_.back();
    free_calls_.pop_back();
  }
  call& c = calls_[place];
  c.used = true;
  c.who = who;
  c.id = id;
  c.what = {.op = op, .method = method, .character = character, .subject = id_, .epoch = epoch, .number = number};
  // The upper bits distinguish successive users of a place: an answer can come twice when a call was sent again.
  c.what.correlation = (++call_generation_ << call_place_bits) | place;
  if (std::uint32_t const sol = sol_of(character); links_[sol].registered) out.to_sol(sol) = c.what;
  return c.what.correlation;
}

proxy_node::call* proxy_node::find_call(std::uint32_t correlation) {
  std::uint32_t const place = correlation & ((1u << call_place_bits) - 1);
  if (place >= calls_.size() || !calls_[place].used || calls_[place].what.correlation != correlation) return nullptr;
  return &calls_[place];
}

void proxy_node::end_call(call& c) {
  free_calls_.push_back(c.what.correlation & ((1u << call_place_bits) - 1));
  c.used = false;
}

std::uint32_t proxy_node::apply(character_id character, session_epoch epoch, ticket who, std::uint64_t request,
                                std::uint8_t method, node_actions& out) {
  return begin_call(operation::apply, character, epoch, request, method, who, 0, out);
}

void proxy_node::abandon(std::uint32_t correlation) {
  if (call* const c = find_call(correlation)) c->who = 0;
}

void proxy_node::on_applied(message const& m, node_actions& out) {
  call* const asked = find_call(m.correlation);
  if (!asked) return;
  ticket const who = asked->who;
  end_call(*asked);
  if (m.status == status::stale) {
    session const* const s = sessions_.find(m.character);
    if (s && s->number() == m.epoch) drop(m.character, "session lost", out);
  }
  if (who != 0) out.add(node_actions::application{who, m.status});
}

void proxy_node::on_game_answer(message const& m, node_actions& out) {
  call* const asked = find_call(m.correlation);
  if (!asked) return;
  if (m.status == status::ok && clients_.contains(asked->who))
    out.add(eve_event{.client = asked->who, .what = eve_event::kind::answer, .number = asked->id});
  end_call(*asked);
}

// ---- EVE clients

void proxy_node::on_login(ticket client, character_id character, time_point now, node_actions& out) {
  if (clients_.contains(client)) on_client_gone(client, out);
  clients_[client] = character;
  session* const s = sessions_.find(character);
  if (s && may_serve(character, *s, now)) {
    admit(character, *s, {client, purpose::login}, now, out);
  } else {
    wait_for(character, s != nullptr, {client, purpose::login}, now, out);
  }
}

void proxy_node::on_pin(character_id character, ticket who, time_point now, node_actions& out) {
  session* const s = sessions_.find(character);
  if (s && may_serve(character, *s, now)) {
    admit(character, *s, {who, purpose::pin}, now, out);
  } else {
    wait_for(character, s != nullptr, {who, purpose::pin}, now, out);
  }
}

/// One client per character: the newer login wins.
void proxy_node::attach_client(character_id character, session& s, ticket client, node_actions& out) {
  if (!clients_.contains(client)) return; // gone while it waited
  s.note(session::has_game);
  game& g = games_[character];
  if (g.client != 0 && g.client != client) {
    clients_.erase(g.client);
    out.add(eve_event{.client = g.client, .what = eve_event::kind::refused, .reason = "logged in again elsewhere"});
  }
  g.client = client;
  g.welcomed = false;
  g.leaving = false;
  attach(character, s, g, out);
}

void proxy_node::attach(character_id character, session const& s, game const& g, node_actions& out) {
  message* const m = tell(operation::attach, character, s.number(), out);
  if (!m) return;
  m->number = g.last_number;
  m->leaving = g.leaving ? 1 : 0;
}

void proxy_node::on_attached(message const& m, node_actions& out) {
  session const* const s = sessions_.find(m.character);
  if (!s || s->number() != m.epoch || client_of(m.character, *s) == 0) return;
  game& g = *game_of(m.character, *s);
  if (m.status == status::stale) {
    drop(m.character, "session lost", out);
  } else if (m.leaving != 0 && g.leaving) {
    out.add(eve_event{.client = g.client, .what = eve_event::kind::goodbye});
    clients_.erase(g.client);
    g.client = 0;
    g.leaving = false;
  } else if (m.leaving == 0 && !g.welcomed) {
    g.welcomed = true;
    out.add(eve_event{.client = g.client, .what = eve_event::kind::welcome, .number = raw(s->number())});
  }
}

void proxy_node::on_notification(message const& m, node_actions& out) {
  session const* const s = sessions_.find(m.character);
  if (!s || s->number() != m.epoch || client_of(m.character, *s) == 0) return;
  game& g = *game_of(m.character, *s);
  g.last_number = m.number;
  out.add(
      eve_event{.client = g.client, .what = eve_event::kind::notification, .number = m.number, .sent_ns = m.sent_ns});
}

void proxy_node::on_game_request(ticket client, std::uint64_t id, node_actions& out) {
  auto const known = clients_.find(client);
  if (known == clients_.end()) return;
  session const* const s = sessions_.find(known->second);
  if (!s || client_of(known->second, *s) != client) return;
  begin_call(operation::game, known->second, s->number(), 0, 0, client, id, out);
}

void proxy_node::on_logout(ticket client, node_actions& out) {
  auto const known = clients_.find(client);
  if (known == clients_.end()) return;
  character_id const character = known->second;
  session const* const s = sessions_.find(character);
  if (!s || client_of(character, *s) != client) {
    give_up(character, client);
    clients_.erase(known);
    out.add(eve_event{.client = client, .what = eve_event::kind::goodbye});
    return;
  }
  game& g = *game_of(character, *s);
  g.leaving = true;
  attach(character, *s, g, out);
}

void proxy_node::on_client_gone(ticket client, node_actions& out) {
  auto const known = clients_.find(client);
  if (known == clients_.end()) return;
  character_id const character = known->second;
  clients_.erase(known);
  give_up(character, client);
  session const* const s = sessions_.find(character);
  if (!s || client_of(character, *s) != client) return;
  game& g = *game_of(character, *s);
  g.leaving = true;
  attach(character, *s, g, out);
  g.leaving = false;
  g.client = 0;
}

}
