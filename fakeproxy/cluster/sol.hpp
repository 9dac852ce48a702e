#pragma once

#include "fakeproxy/cluster/registry.hpp"

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

#include <span>
#include <string>
#include <utility>
#include <vector>

namespace fakeproxy::cluster {

/// A sol: a registry shard, the game state of its characters, and the notifications that it pushes to their EVE
/// clients. Events in, actions out; not thread-safe.
///
/// Notifications are numbered 1, 2, … per character. A proxy that attaches a client over a new link says which number
/// it had last; what was pushed over the old link after that is lost with it, and is pushed again. What was pushed
/// before the session had a client is not: it went to another proxy, of which this one knows nothing.
class sol {
public:
  explicit sol(registry::settings s)
    : registry_(s)
    , index_(s.sol) {}

  /// After a restart: its own journal, oldest first. Applied request ids, epochs and owners are as they were.
  void replay(std::span<journal::sol_event const> events, time_point now);

  void on_message(link_id link, message const& m, time_point now, sol_actions& out) {
    if (m.op != operation::claim) return on_other_message(link, m, now, out);
    ++counters_.claims;
    registry::answer const how = registry_.claim(m.character, m.subject, now, out);
    answer_moves(out);
    reply(link, m, how, out);
  }
  void on_disconnected(link_id link, time_point now, sol_actions& out);
  /// Fences incarnations whose lease has ended. Call every 50 ms or so.
  void on_tick(time_point now, sol_actions& out);

  /// For the admin endpoint: moves to the given proxy, or to another one drawn by `random`.
  void move(character_id character, std::uint16_t to_proxy, std::uint64_t ticket, time_point now, sol_actions& out);
  void move_at_random(character_id character, std::uint64_t random, std::uint64_t ticket, time_point now,
                      sol_actions& out);

  /// Pushes the next notification to one of the attached EVE clients, drawn by `random` (uniform 64 bits).
  void notify_one(std::uint64_t random, time_point now, sol_actions& out);
  std::size_t attached_count() const { return attached_.size(); }

  /// Characters with notifications, and the last number given to each, by character.
  std::vector<std::pair<character_id, std::uint64_t>> notified() const;

  struct counters {
    std::uint64_t finds = 0, claims = 0, renewals = 0, applied = 0, duplicates = 0, refused = 0, game_requests = 0,
                  notifications = 0, moves = 0, unreachable_reports = 0;
  };
  counters const& counts() const { return counters_; }
  registry const& shard() const { return registry_; }

private:
  static constexpr std::uint32_t nowhere = ~std::uint32_t{0};
  struct game_state {
    std::uint64_t applied = 0;
    std::uint64_t notified = 0;
    // The session whose EVE client is attached, or was last, and the link used for it.
    session_epoch attached_epoch = session_epoch::none;
    incarnation attached_at = incarnation::none;
    link_id attached_over = 0;
    std::uint64_t attached_after = 0; // numbers up to this one came before the session had a client
    std::uint32_t place = nowhere;    // in attached_; nowhere: no EVE client
  };

  void on_other_message(link_id link, message const& m, time_point now, sol_actions& out);
  static void reply(link_id link, message const& m, registry::answer const& how, sol_actions& out) {
    out.send.push_back({link, m});
    message& reply = out.send.back().what;
    reply.status = how.status;
    reply.where = how.where;
    reply.subject = how.owner;
    reply.epoch = how.epoch;
  }
  status apply(message const& m, time_point now, sol_actions& out);
  status attach(link_id link, message const& m, time_point now, sol_actions& out);
  void detach(game_state& g);
  void push(character_id character, game_state const& g, std::uint64_t number, time_point now, sol_actions& out) const;
  /// Moves that a proxy asked for are answered when they are done.
  void answer_moves(sol_actions& out) {
    if (!asked_moves_.empty()) answer_asked_moves(out);
  }
  void answer_asked_moves(sol_actions& out);

  registry registry_;
  std::uint16_t index_;
  boost::unordered_flat_map<character_id, game_state> states_;
  boost::unordered_flat_set<std::uint64_t> applied_; // request ids; grows during the run, 8 bytes each plus slack
  std::vector<character_id> attached_;
  boost::unordered_flat_map<std::uint64_t, std::pair<link_id, message>> asked_moves_; // by ticket, from proxies
  std::uint64_t next_ticket_ = std::uint64_t{1} << 63;
  counters counters_;
};

}
