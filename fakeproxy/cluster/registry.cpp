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
    enrol(who);
    break;
  case sol_event_kind::fenced:
    lives_[enrol(who)].fenced = true;
    break;
  case sol_event_kind::granted:
    sessions_[character] = {enrol(who), static_cast<std::uint32_t>(event.epoch)};
    break;
  case sol_event_kind::released:
    sessions_[character].owner = nobody;
    break;
  case sol_event_kind::applied:
  case sol_event_kind::duplicate:
  case sol_event_kind::move_began: // an unfinished move is forgotten: the session stays where it is
  case sol_event_kind::move_done:
    break;
  }
}

void registry::replayed(time_point now) {
  for (life& l : lives_) l.lease_until = now + settings_.lease;
}

registry::life* registry::life_of(incarnation who) {
  std::uint32_t const* const place = by_id_.find(who);
  return place ? &lives_[*place] : nullptr;
}

registry::life const* registry::life_of(incarnation who) const {
  std::uint32_t const* const place = by_id_.find(who);
  return place ? &lives_[*place] : nullptr;
}

std::uint32_t registry::enrol(incarnation who) {
  auto const [place, fresh] = by_id_.try_emplace(who, static_cast<std::uint32_t>(lives_.size()));
  if (fresh) lives_.push_back({.id = who});
  return place;
}

status registry::announce(incarnation who, endpoint where, link_id link, time_point now, sol_actions& out) {
  bool const fresh = !by_id_.find(who);
  std::uint32_t const number = enrol(who);
  life& mine = lives_[number];
  if (fresh) record(sol_event_kind::registered, who, character_id::none, session_epoch::none, now, out);
  if (!fresh && !alive(mine, now, out)) return status::fenced;
  mine.where = where;
  mine.link = link;
  mine.lease_until = now + settings_.lease;
  mine.witness = incarnation::none;
  by_id_.for_each_of(proxy_index_of(who), [&](incarnation other, std::uint32_t place) {
    life& l = lives_[place];
    if (l.fenced || other >= who) return;
    l.superseded = true;
    if (l.link == 0 || l.link == link) fence(l, now, out);
  });
  for (auto const& [character, m] : moves_) {
    session const& s = sessions_[character];
    if (s.owner != number) continue;
    message drain{.op = operation::drain, .character = character, .epoch = s.number()};
    out.send.push_back({link, drain});
  }
  return fresh ? status::fresh : status::ok;
}

status registry::renew(incarnation who, time_point now, sol_actions& out) {
  life* const l = life_of(who);
  if (!l) return status::unknown;
  if (!alive(*l, now, out)) return status::fenced;
  l->lease_until = now + settings_.lease;
  return status::ok;
}

void registry::disconnected(link_id link, time_point now, sol_actions& out) {
  by_id_.for_each([&](incarnation, std::uint32_t place) {
    life& l = lives_[place];
    if (l.link != link) return;
    l.link = 0;
    if (!l.fenced && (l.superseded || l.witness != incarnation::none)) fence(l, now, out);
  });
}

bool registry::unreachable(incarnation accused, incarnation witness, time_point now, sol_actions& out) {
  life* const known = life_of(accused);
  if (!known || accused == witness) return false;
  if (!alive(*known, now, out)) return true;
  life& l = *known;
  bool const second = l.witness != incarnation::none && l.witness != witness;
  l.witness = witness;
  // Replayed and not back yet: it is silent because we were away, which is no evidence against it.
  if (!second && (l.link != 0 || !l.where.known())) return false;
  fence(l, now, out);
  return true;
}

void registry::leave(incarnation who, time_point now, sol_actions& out) {
  life* const l = life_of(who);
  if (l && !l->fenced) {
    l->link = 0; // it knows
    fence(*l, now, out);
  }
}

void registry::fence(life& l, time_point now, sol_actions& out) {
  l.fenced = true;
  incarnation const who = l.id;
  record(sol_event_kind::fenced, who, character_id::none, session_epoch::none, now, out);
  if (l.link != 0) out.send.push_back({l.link, message{.op = operation::fenced, .subject = who}});
  std::vector<character_id> orphans;
  for (auto const& [character, m] : moves_) {
    if (owner_id(sessions_[character]) == who) orphans.push_back(character);
  }
  for (character_id const character : orphans) finish_move(character, now, out);
}

void registry::grant(character_id character, session& s, std::uint32_t to, time_point now, sol_actions& out) {
  s.owner = to;
  ++s.epoch;
  record(sol_event_kind::granted, lives_[to].id, character, s.number(), now, out);
}

registry::answer registry::find(character_id character, time_point now, sol_actions& out) {
  session* const s = sessions_.find(character);
  if (!s || !owned(*s, now, out)) return {};
  return owner_of(*s);
}

registry::answer registry::last_granted(character_id character) const {
  session const* const s = sessions_.find(character);
  if (!s) return {};
  return {.owner = owner_id(*s), .epoch = s->number()};
}

bool registry::holds(character_id character, incarnation by, session_epoch epoch, time_point now, sol_actions& out) {
  session* const s = sessions_.find(character);
  return s && owned(*s, now, out) && owner_id(*s) == by && s->number() == epoch;
}

status registry::release(character_id character, incarnation by, session_epoch epoch, time_point now,
                         sol_actions& out) {
  if (!holds(character, by, epoch, now, out)) return status::stale;
  session& s = sessions_[character];
  record(sol_event_kind::released, by, character, epoch, now, out);
  s.owner = nobody;
  finish_move(character, now, out);
  return status::ok;
}

void registry::move(character_id character, incarnation to, std::uint64_t ticket, time_point now, sol_actions& out) {
  session* const at = sessions_.find(character);
  life* const taker = life_of(to);
  bool const possible = at && owned(*at, now, out) && taker && alive(*taker, now, out) && owner_id(*at) != to &&
                        !moves_.contains(character);
  if (!possible) {
    out.moves.push_back({ticket, false});
    return;
  }
  session const& s = *at;
  moves_.emplace(character, relocation{to, ticket});
  record(sol_event_kind::move_began, owner_id(s), character, s.number(), now, out);
  if (link_id const link = lives_[s.owner].link; link != 0)
    out.send.push_back({link, message{.op = operation::drain, .character = character, .epoch = s.number()}});
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
  life* const taker = life_of(m.to);
  bool const possible = taker && alive(*taker, now, out);
  if (possible) {
    grant(character, s, static_cast<std::uint32_t>(taker - lives_.data()), now, out);
    record(sol_event_kind::move_done, m.to, character, s.number(), now, out);
    if (link_id const link = link_of(m.to); link != 0)
      out.send.push_back(
          {link, message{.op = operation::granted, .character = character, .subject = m.to, .epoch = s.number()}});
  } else if (s.owner != nobody) {
    record(sol_event_kind::released, owner_id(s), character, s.number(), now, out);
    s.owner = nobody;
  }
  out.moves.push_back({m.ticket, possible});
}

void registry::tick(time_point now, sol_actions& out) {
  by_id_.for_each([&](incarnation, std::uint32_t place) { alive(lives_[place], now, out); });
}

std::optional<incarnation> registry::living(std::uint16_t proxy_index) const {
  std::optional<incarnation> newest;
  by_id_.for_each_of(proxy_index, [&](incarnation who, std::uint32_t place) {
    if (!lives_[place].fenced) newest = who;
  });
  return newest;
}

std::optional<incarnation> registry::another(incarnation than, std::uint64_t random) const {
  std::vector<incarnation> eligible;
  by_id_.for_each([&](incarnation who, std::uint32_t place) {
    life const& l = lives_[place];
    if (who != than && !l.fenced && !l.superseded && l.link != 0) eligible.push_back(who);
  });
  if (eligible.empty()) return std::nullopt;
  return eligible[random % eligible.size()];
}

link_id registry::link_of(incarnation who) const {
  life const* const l = life_of(who);
  return l ? l->link : 0;
}

std::size_t registry::living_count() const {
  std::size_t count = 0;
  for (life const& l : lives_) count += l.fenced ? 0 : 1;
  return count;
}

}
