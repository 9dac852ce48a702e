#include "fakeproxy/cluster/registry.hpp"

#include <utility>

namespace fakeproxy::cluster {

using journal::sol_event_kind;

void registry::record(sol_event_kind kind, incarnation who, character_id character, session_epoch epoch, time_point now,
                      sol_actions& out) const {
  journal::sol_event event{};
  event.at_ns = now;
  event.epoch = raw(epoch);
  event.incarnation = raw(who);
  event.character = raw(character);
  event.sol = settings_.sol;
  event.kind = kind;
  out.events.push_back(event);
}

void registry::replay(journal::sol_event const& event) {
  auto const who = static_cast<incarnation>(event.incarnation);
  auto const character = static_cast<character_id>(event.character);
  switch (event.kind) {
  case sol_event_kind::registered:
    lives_[who];
    break;
  case sol_event_kind::fenced:
    lives_[who].fenced = true;
    break;
  case sol_event_kind::granted:
    sessions_[character] = {who, static_cast<session_epoch>(event.epoch)};
    break;
  case sol_event_kind::released:
    sessions_[character].owner = incarnation::none;
    break;
  case sol_event_kind::applied:
  case sol_event_kind::duplicate:
  case sol_event_kind::move_began: // an unfinished move is forgotten: the session stays where it is
  case sol_event_kind::move_done:
    break;
  }
}

void registry::replayed(time_point now) {
  for (auto& [who, l] : lives_) l.lease_until = now + settings_.lease;
}

status registry::announce(incarnation who, endpoint where, link_id link, time_point now, sol_actions& out) {
  auto const [at, fresh] = lives_.try_emplace(who);
  life& mine = at->second;
  if (fresh) record(sol_event_kind::registered, who, character_id::none, session_epoch::none, now, out);
  if (!fresh && !alive(who, now, out)) return status::fenced;
  mine.where = where;
  mine.link = link;
  mine.lease_until = now + settings_.lease;
  mine.witness = incarnation::none;
  for (auto& [other, l] : lives_) {
    if (l.fenced || other >= who || proxy_index_of(other) != proxy_index_of(who)) continue;
    l.superseded = true;
    if (l.link == 0 || l.link == link) fence(other, l, now, out);
  }
  for (auto const& [character, m] : moves_) {
    session const& s = sessions_[character];
    if (s.owner != who) continue;
    message drain{.op = operation::drain, .character = character, .epoch = s.epoch};
    out.send.push_back({link, drain});
  }
  return fresh ? status::fresh : status::ok;
}

status registry::renew(incarnation who, time_point now, sol_actions& out) {
  auto const at = lives_.find(who);
  if (at == lives_.end()) return status::unknown;
  if (!alive(who, now, out)) return status::fenced;
  at->second.lease_until = now + settings_.lease;
  return status::ok;
}

void registry::disconnected(link_id link, time_point now, sol_actions& out) {
  for (auto& [who, l] : lives_) {
    if (l.link != link) continue;
    l.link = 0;
    if (!l.fenced && (l.superseded || l.witness != incarnation::none)) fence(who, l, now, out);
  }
}

bool registry::unreachable(incarnation accused, incarnation witness, time_point now, sol_actions& out) {
  auto const at = lives_.find(accused);
  if (at == lives_.end() || accused == witness) return false;
  if (!alive(accused, now, out)) return true;
  life& l = at->second;
  bool const second = l.witness != incarnation::none && l.witness != witness;
  l.witness = witness;
  // Replayed and not yet back: it is silent to us because we were away, which says nothing against it.
  if (!second && (l.link != 0 || !l.where.known())) return false;
  fence(accused, l, now, out);
  return true;
}

void registry::leave(incarnation who, time_point now, sol_actions& out) {
  auto const at = lives_.find(who);
  if (at != lives_.end() && !at->second.fenced) {
    at->second.link = 0; // it knows
    fence(who, at->second, now, out);
  }
}

bool registry::alive(incarnation who, time_point now, sol_actions& out) {
  auto const at = lives_.find(who);
  if (at == lives_.end()) return false;
  if (!at->second.fenced && at->second.lease_until <= now) fence(who, at->second, now, out);
  return !at->second.fenced;
}

bool registry::owned(session& s, time_point now, sol_actions& out) {
  while (s.owner != incarnation::none) {
    incarnation const before = s.owner;
    if (alive(before, now, out)) return true;
    if (s.owner == before) s.owner = incarnation::none; // else fencing finished a move of this session
  }
  return false;
}

void registry::fence(incarnation who, life& l, time_point now, sol_actions& out) {
  l.fenced = true;
  record(sol_event_kind::fenced, who, character_id::none, session_epoch::none, now, out);
  if (l.link != 0) out.send.push_back({l.link, message{.op = operation::fenced, .subject = who}});
  std::vector<character_id> orphans;
  for (auto const& [character, m] : moves_) {
    if (sessions_[character].owner == who) orphans.push_back(character);
  }
  for (character_id const character : orphans) finish_move(character, now, out);
}

void registry::grant(character_id character, session& s, incarnation to, time_point now, sol_actions& out) {
  s.owner = to;
  s.epoch = static_cast<session_epoch>(raw(s.epoch) + 1);
  record(sol_event_kind::granted, to, character, s.epoch, now, out);
}

registry::answer registry::owner_of(session const& s) const {
  endpoint const where = lives_.at(s.owner).where;
  return {where.known() ? status::owned : status::busy, s.owner, s.epoch, where};
}

registry::answer registry::claim(character_id character, incarnation by, time_point now, sol_actions& out) {
  if (!alive(by, now, out)) return {status::fenced, by, session_epoch::none, {}};
  session& s = sessions_[character];
  if (!owned(s, now, out)) grant(character, s, by, now, out);
  if (s.owner != by) return owner_of(s);
  // It may already have said that it serves nothing of this epoch: after the move it may ask again.
  if (moves_.contains(character)) return {status::busy, by, s.epoch, {}};
  return {status::granted, by, s.epoch, {}};
}

registry::answer registry::find(character_id character, time_point now, sol_actions& out) {
  auto const at = sessions_.find(character);
  if (at == sessions_.end() || !owned(at->second, now, out)) return {};
  return owner_of(at->second);
}

registry::answer registry::last_granted(character_id character) const {
  auto const at = sessions_.find(character);
  if (at == sessions_.end()) return {};
  return {.owner = at->second.owner, .epoch = at->second.epoch};
}

bool registry::holds(character_id character, incarnation by, session_epoch epoch, time_point now, sol_actions& out) {
  auto const at = sessions_.find(character);
  return at != sessions_.end() && owned(at->second, now, out) && at->second.owner == by && at->second.epoch == epoch;
}

status registry::release(character_id character, incarnation by, session_epoch epoch, time_point now,
                         sol_actions& out) {
  if (!holds(character, by, epoch, now, out)) return status::stale;
  session& s = sessions_[character];
  record(sol_event_kind::released, by, character, epoch, now, out);
  s.owner = incarnation::none;
  finish_move(character, now, out);
  return status::ok;
}

void registry::move(character_id character, incarnation to, std::uint64_t ticket, time_point now, sol_actions& out) {
  auto const at = sessions_.find(character);
  bool const possible = at != sessions_.end() && owned(at->second, now, out) && alive(to, now, out) &&
                        at->second.owner != to && !moves_.contains(character);
  if (!possible) {
    out.moves.push_back({ticket, false});
    return;
  }
  session const& s = at->second;
  moves_.emplace(character, relocation{to, ticket});
  record(sol_event_kind::move_began, s.owner, character, s.epoch, now, out);
  if (link_id const link = link_of(s.owner); link != 0)
    out.send.push_back({link, message{.op = operation::drain, .character = character, .epoch = s.epoch}});
}

registry::answer registry::drained(character_id character, incarnation by, session_epoch epoch, time_point now,
                                   sol_actions& out) {
  if (!holds(character, by, epoch, now, out)) {
    answer const now_at = find(character, now, out);
    return now_at.status == status::owned && now_at.owner != by ? now_at : answer{.status = status::stale};
  }
  if (!moves_.contains(character)) return {status::ok, by, epoch, {}};
  finish_move(character, now, out);
  answer const moved = find(character, now, out);
  return moved.status == status::none ? answer{.status = status::stale} : moved;
}

void registry::finish_move(character_id character, time_point now, sol_actions& out) {
  auto const at = moves_.find(character);
  if (at == moves_.end()) return;
  relocation const m = at->second;
  moves_.erase(at);
  session& s = sessions_[character];
  bool const possible = alive(m.to, now, out);
  if (possible) {
    grant(character, s, m.to, now, out);
    record(sol_event_kind::move_done, m.to, character, s.epoch, now, out);
    if (link_id const link = link_of(m.to); link != 0)
      out.send.push_back(
          {link, message{.op = operation::granted, .character = character, .subject = m.to, .epoch = s.epoch}});
  } else if (s.owner != incarnation::none) {
    record(sol_event_kind::released, s.owner, character, s.epoch, now, out);
    s.owner = incarnation::none;
  }
  out.moves.push_back({m.ticket, possible});
}

void registry::tick(time_point now, sol_actions& out) {
  for (auto& [who, l] : lives_) {
    if (!l.fenced && l.lease_until <= now) fence(who, l, now, out);
  }
}

std::optional<incarnation> registry::living(std::uint16_t proxy_index) const {
  for (auto at = lives_.rbegin(); at != lives_.rend(); ++at) {
    if (proxy_index_of(at->first) == proxy_index && !at->second.fenced) return at->first;
  }
  return std::nullopt;
}

std::optional<incarnation> registry::another(incarnation than, std::uint64_t random) const {
  auto const eligible = [&](auto const& entry) {
    return entry.first != than && !entry.second.fenced && !entry.second.superseded && entry.second.link != 0;
  };
  std::size_t count = 0;
  for (auto const& entry : lives_) count += eligible(entry) ? 1 : 0;
  if (count == 0) return std::nullopt;
  std::size_t chosen = random % count;
  for (auto const& entry : lives_) {
    if (eligible(entry) && chosen-- == 0) return entry.first;
  }
  return std::nullopt;
}

link_id registry::link_of(incarnation who) const {
  auto const at = lives_.find(who);
  return at == lives_.end() ? 0 : at->second.link;
}

std::size_t registry::living_count() const {
  std::size_t count = 0;
  for (auto const& [who, l] : lives_) count += l.fenced ? 0 : 1;
  return count;
}

}
