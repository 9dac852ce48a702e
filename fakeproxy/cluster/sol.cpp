#include "fakeproxy/cluster/sol.hpp"

#include "base/contract/expects.hpp"

#include <algorithm>

namespace fakeproxy::cluster {

using journal::sol_event_kind;

void sol::replay(std::span<journal::sol_event const> events, time_point now) {
  for (journal::sol_event const& event : events) {
    registry_.replay(event);
    if (event.kind != sol_event_kind::applied) continue;
    if (event.request != 0) applied_.insert(event.request);
    ++states_[static_cast<character_id>(event.character)].applied;
  }
  registry_.replayed(now);
}

void sol::on_other_message(link_id link, message const& m, time_point now, sol_actions& out) {
  std::size_t const first = out.send.size();
  registry::answer how{.owner = m.subject, .epoch = m.epoch}; // where it is not about an owner, these are repeated
  switch (m.op) {
  case operation::announce:
    how.status = registry_.announce(m.subject, m.where, link, now, out);
    break;
  case operation::renew:
    ++counters_.renewals;
    how.status = registry_.renew(m.subject, now, out);
    break;
  case operation::find:
    ++counters_.finds;
    how = registry_.find(m.character, now, out);
    break;
  case operation::drained:
    how = registry_.drained(m.character, m.subject, m.epoch, now, out);
    break;
  case operation::release:
    if (m.character == character_id::none) {
      registry_.leave(m.subject, now, out);
      how.status = status::ok;
    } else {
      how.status = registry_.release(m.character, m.subject, m.epoch, now, out);
    }
    break;
  case operation::move: {
    std::uint64_t const ticket = next_ticket_++;
    asked_moves_.emplace(ticket, std::pair{link, m});
    registry_.move(m.character, static_cast<incarnation>(m.number), ticket, now, out);
    return answer_moves(out);
  }
  case operation::apply:
    how.status = apply(m, now, out);
    break;
  case operation::game:
    ++counters_.game_requests;
    how.status = registry_.holds(m.character, m.subject, m.epoch, now, out) ? status::ok : status::stale;
    break;
  case operation::unreachable:
    ++counters_.unreachable_reports;
    how.status =
        registry_.unreachable(static_cast<incarnation>(m.number), m.subject, now, out) ? status::fenced : status::busy;
    break;
  case operation::attach:
    how.status = attach(link, m, now, out);
    break;
  case operation::claim: // see on_message
  case operation::drain:
  case operation::granted:
  case operation::notification:
  case operation::fenced:
    return; // the others are only ever sent by us
  }
  answer_moves(out);
  reply(link, m, how, out);
  // Sent first: a proxy accepts nothing from a sol that does not know it.
  if (m.op == operation::announce)
    std::rotate(out.send.begin() + static_cast<std::ptrdiff_t>(first), out.send.end() - 1, out.send.end());
}

void sol::answer_asked_moves(sol_actions& out) {
  std::erase_if(out.moves, [&](sol_actions::move_result const& result) {
    auto const at = asked_moves_.find(result.ticket);
    if (at == asked_moves_.end()) return false;
    message done = at->second.second;
    done.status = result.granted ? status::ok : status::none;
    out.send.push_back({at->second.first, done});
    asked_moves_.erase(at);
    return true;
  });
}

void sol::on_tick(time_point now, sol_actions& out) {
  registry_.tick(now, out);
  answer_moves(out);
}

status sol::apply(message const& m, time_point now, sol_actions& out) {
  bool const seen = m.number != 0 && applied_.contains(m.number);
  // A request that was applied stays applied, whoever owns the session by now.
  if (!seen && !registry_.holds(m.character, m.subject, m.epoch, now, out)) {
    ++counters_.refused;
    return status::stale;
  }
  journal::sol_event event{};
  event.at_ns = now;
  event.request = m.number;
  event.epoch = raw(m.epoch);
  event.incarnation = raw(m.subject);
  event.character = raw(m.character);
  event.sol = index_;
  event.kind = seen ? sol_event_kind::duplicate : sol_event_kind::applied;
  event.method = m.method;
  out.events.push_back(event);
  if (seen) {
    ++counters_.duplicates;
    return status::duplicate;
  }
  if (m.number != 0) applied_.insert(m.number);
  ++states_[m.character].applied;
  ++counters_.applied;
  return status::ok;
}

status sol::attach(link_id link, message const& m, time_point now, sol_actions& out) {
  game_state& g = states_[m.character];
  bool const same_session = g.attached_epoch == m.epoch && g.attached_at == m.subject;
  if (m.leaving != 0) {
    if (same_session) detach(g);
    return status::ok;
  }
  if (!registry_.holds(m.character, m.subject, m.epoch, now, out)) return status::stale;
  detach(g);
  bool const link_lost = same_session && g.attached_over != link;
  if (!same_session) g.attached_after = g.notified;
  g.attached_epoch = m.epoch;
  g.attached_at = m.subject;
  g.attached_over = link;
  std::uint64_t const seen = std::max(m.number, g.attached_after);
  for (std::uint64_t number = seen + 1; link_lost && number <= g.notified; ++number)
    push(m.character, g, number, now, out);
  g.notified = std::max(g.notified, m.number); // a sol that was restarted learns the numbers from those who saw them
  g.place = static_cast<std::uint32_t>(attached_.size());
  attached_.push_back(m.character);
  return status::ok;
}

void sol::detach(game_state& g) {
  if (g.place == nowhere) return;
  character_id const last = attached_.back();
  attached_[g.place] = last;
  states_[last].place = g.place;
  attached_.pop_back();
  g.place = nowhere;
}

void sol::on_disconnected(link_id link, time_point now, sol_actions& out) {
  registry_.disconnected(link, now, out);
  answer_moves(out);
  boost::unordered::erase_if(asked_moves_, [&](auto const& asked) { return asked.second.first == link; });
}

void sol::move(character_id character, std::uint16_t to_proxy, std::uint64_t ticket, time_point now, sol_actions& out) {
  ++counters_.moves;
  registry_.move(character, registry_.living(to_proxy).value_or(incarnation::none), ticket, now, out);
}

void sol::move_at_random(character_id character, std::uint64_t random, std::uint64_t ticket, time_point now,
                         sol_actions& out) {
  ++counters_.moves;
  incarnation const owner = registry_.find(character, now, out).owner;
  registry_.move(character, registry_.another(owner, random).value_or(incarnation::none), ticket, now, out);
}

void sol::notify_one(std::uint64_t random, time_point now, sol_actions& out) {
  while (!attached_.empty()) {
    character_id const character = attached_[random % attached_.size()];
    game_state& g = states_[character];
    // A session that moved or ended took its client with it. If its proxy is away, or is back on another link without
    // having attached its client there yet, the numbers are kept for later.
    if (!registry_.holds(character, g.attached_at, g.attached_epoch, now, out) ||
        registry_.link_of(g.attached_at) != g.attached_over) {
      detach(g);
      continue;
    }
    ++counters_.notifications;
    push(character, g, ++g.notified, now, out);
    return;
  }
}

void sol::push(character_id character, game_state const& g, std::uint64_t number, time_point now,
               sol_actions& out) const {
  out.send.push_back({g.attached_over, message{.op = operation::notification,
                                               .character = character,
                                               .subject = g.attached_at,
                                               .epoch = g.attached_epoch,
                                               .number = number,
                                               .sent_ns = now}});
}

std::vector<std::pair<character_id, std::uint64_t>> sol::notified() const {
  std::vector<std::pair<character_id, std::uint64_t>> all;
  for (auto const& [character, g] : states_) {
    if (g.notified != 0) all.emplace_back(character, g.notified);
  }
  std::sort(all.begin(), all.end());
  return all;
}

}
