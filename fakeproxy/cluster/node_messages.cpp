// What a proxy node does with the messages of the sols, its calls to them, and its EVE clients.
#include "fakeproxy/cluster/node.hpp"

namespace fakeproxy::cluster {

void proxy_node::on_message(std::uint32_t sol, message const& m, time_point now, node_actions& out) {
  switch (m.op) {
  case operation::announce:
  case operation::renew:
    registered(sol, m, now, out);
    break;
  case operation::claim:
    on_claimed(m, now, out);
    break;
  case operation::apply:
    on_applied(m, out);
    break;
  case operation::game:
    on_game_answer(m, out);
    break;
  case operation::unreachable: {
    auto const at = pending_.find(m.character);
    if (at == pending_.end() || at->second.is != pending::state::reporting) break;
    if (m.status == status::fenced) {
      ask(m.character, at->second, out);
    } else {
      resume_all(m.character, {.what = decision::kind::unavailable}, now, out);
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
  case operation::find:
  case operation::release:
  case operation::move:
    break; // nothing waits for them
  }
}

void proxy_node::on_claimed(message const& m, time_point now, node_actions& out) {
  if (m.status == status::fenced) {
    if (m.subject == id_) reincarnate(now, out);
    return;
  }
  if (m.status == status::granted) {
    if (m.subject != id_) return; // granted to an earlier life
    return serve_waiting(m.character, hold(m.character, m.epoch, now), now, out);
  }
  auto const at = pending_.find(m.character);
  if (at == pending_.end() || at->second.is != pending::state::asked) return;
  if (m.status == status::owned) {
    send_to_owner(m.character, m.subject, m.where, now, out);
  } else {
    at->second.is = pending::state::again;
  }
}

// ---- moves

void proxy_node::on_drain(message const& m, node_actions& out) {
  session* const s = sessions_.find(m.character);
  if (!s || s->number() != m.epoch) {
    send(m.character, make(operation::drained, m.character, m.epoch), out); // we serve nothing of that epoch
    return;
  }
  if (s->is() == session::state::owned) s->become(session::state::draining);
  if (s->is() == session::state::draining && s->in_flight == 0) drain_done(m.character, *s, out);
}

void proxy_node::drain_done(character_id character, session& s, node_actions& out) {
  s.become(session::state::drained);
  ++counters_.drained;
  send(character, make(operation::drained, character, s.number()), out);
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
        out.eve.push_back({.client = client, .what = eve_event::kind::moved, .where = m.where});
      }
      erase(m.character);
    } else {
      drop(m.character, "session lost", out);
    }
  }
  auto const waiting = pending_.find(m.character);
  if (waiting == pending_.end() || waiting->second.is != pending::state::idle) return;
  if (m.status == status::owned) {
    send_to_owner(m.character, m.subject, m.where, now, out);
  } else {
    ask(m.character, waiting->second, out);
  }
}

// ---- calls

std::uint32_t proxy_node::begin_call(call c) {
  std::uint32_t place = static_cast<std::uint32_t>(calls_.size());
  if (free_calls_.empty()) {
    calls_.emplace_back();
  } else {
    place = free_calls_.back();
    free_calls_.pop_back();
  }
  c.used = true;
  // The upper bits distinguish successive users of a place: an answer can come twice when a call was sent again.
  c.what.correlation = (++call_generation_ << call_place_bits) | place;
  calls_[place] = c;
  return c.what.correlation;
}

proxy_node::call* proxy_node::find_call(std::uint32_t correlation) {
  std::uint32_t const place = correlation & ((1u << call_place_bits) - 1);
  if (place >= calls_.size() || !calls_[place].used || calls_[place].what.correlation != correlation) return nullptr;
  return &calls_[place];
}

void proxy_node::end_call(call& c) {
  free_calls_.push_back(c.what.correlation & ((1u << call_place_bits) - 1));
  c = call{};
}

std::uint32_t proxy_node::apply(character_id character, session_epoch epoch, ticket who, std::uint64_t request,
                                std::uint8_t method, node_actions& out) {
  message m = make(operation::apply, character, epoch);
  m.number = request;
  m.method = method;
  std::uint32_t const call_id = begin_call({.what = m, .who = who});
  send(character, find_call(call_id)->what, out);
  return call_id;
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
  if (who != 0) out.applied.push_back({who, m.status});
}

void proxy_node::on_game_answer(message const& m, node_actions& out) {
  call* const asked = find_call(m.correlation);
  if (!asked) return;
  if (m.status == status::ok && clients_.contains(asked->who))
    out.eve.push_back({.client = asked->who, .what = eve_event::kind::answer, .number = asked->id});
  end_call(*asked);
}

// ---- EVE clients

void proxy_node::on_login(ticket client, character_id character, time_point now, node_actions& out) {
  if (clients_.contains(client)) on_client_gone(client, out);
  clients_[client] = character;
  session* const s = sessions_.find(character);
  if (s && s->is() == session::state::owned && usable(links_[sol_of(character)], now)) {
    admit(character, *s, {client, purpose::login}, now, out);
  } else {
    wait_for(character, {client, purpose::login}, now, out);
  }
}

void proxy_node::on_pin(character_id character, ticket who, time_point now, node_actions& out) {
  session* const s = sessions_.find(character);
  if (s && s->is() == session::state::owned && usable(links_[sol_of(character)], now)) {
    admit(character, *s, {who, purpose::pin}, now, out);
  } else {
    wait_for(character, {who, purpose::pin}, now, out);
  }
}

/// One client per character: the newer login wins.
void proxy_node::attach_client(character_id character, session& s, ticket client, node_actions& out) {
  if (!clients_.contains(client)) return; // gone while it waited
  s.has_game = 1;
  game& g = games_[character];
  if (g.client != 0 && g.client != client) {
    clients_.erase(g.client);
    out.eve.push_back({.client = g.client, .what = eve_event::kind::refused, .reason = "logged in again elsewhere"});
  }
  g.client = client;
  g.welcomed = false;
  g.leaving = false;
  attach(character, s, g, out);
}

void proxy_node::attach(character_id character, session const& s, game const& g, node_actions& out) {
  message m = make(operation::attach, character, s.number());
  m.number = g.last_number;
  m.leaving = g.leaving ? 1 : 0;
  send(character, m, out);
}

void proxy_node::on_attached(message const& m, node_actions& out) {
  session const* const s = sessions_.find(m.character);
  if (!s || s->number() != m.epoch || client_of(m.character, *s) == 0) return;
  game& g = *game_of(m.character, *s);
  if (m.status == status::stale) {
    drop(m.character, "session lost", out);
  } else if (m.leaving != 0 && g.leaving) {
    out.eve.push_back({.client = g.client, .what = eve_event::kind::goodbye});
    clients_.erase(g.client);
    g.client = 0;
    g.leaving = false;
  } else if (m.leaving == 0 && !g.welcomed) {
    g.welcomed = true;
    out.eve.push_back({.client = g.client, .what = eve_event::kind::welcome, .number = raw(s->number())});
  }
}

void proxy_node::on_notification(message const& m, node_actions& out) {
  session const* const s = sessions_.find(m.character);
  if (!s || s->number() != m.epoch || client_of(m.character, *s) == 0) return;
  game& g = *game_of(m.character, *s);
  g.last_number = m.number;
  out.eve.push_back(
      {.client = g.client, .what = eve_event::kind::notification, .number = m.number, .sent_ns = m.sent_ns});
}

void proxy_node::on_game_request(ticket client, std::uint64_t id, node_actions& out) {
  auto const known = clients_.find(client);
  if (known == clients_.end()) return;
  session const* const s = sessions_.find(known->second);
  if (!s || client_of(known->second, *s) != client) return;
  std::uint32_t const call_id =
      begin_call({.what = make(operation::game, known->second, s->number()), .who = client, .id = id});
  send(known->second, find_call(call_id)->what, out);
}

void proxy_node::on_logout(ticket client, node_actions& out) {
  auto const known = clients_.find(client);
  if (known == clients_.end()) return;
  character_id const character = known->second;
  session const* const s = sessions_.find(character);
  if (!s || client_of(character, *s) != client) {
    give_up(character, client);
    clients_.erase(known);
    out.eve.push_back({.client = client, .what = eve_event::kind::goodbye});
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
