#pragma once

#include "base/memory/prefetch.hpp"
#include "fakeproxy/cluster/incarnation_table.hpp"
#include "fakeproxy/cluster/rpc.hpp"
#include "fakeproxy/cluster/session_table.hpp"
#include "fakeproxy/cluster/types.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace fakeproxy::cluster {

/// A connection of a proxy node, numbered by the shell; 0 is none.
using link_id = std::uint32_t;

/// The actions that a sol asks for. The shell writes `events` to the journal first, then sends. Reused: the shell
/// clears it.
struct sol_actions {
  struct outgoing {
    link_id link;
    message what;
  };
  struct move_result {
    std::uint64_t ticket;
    bool granted; // false: there was no session, or nobody to take it
  };
  std::vector<journal::sol_event> events;
  std::vector<outgoing> send;
  std::vector<move_result> moves;

  void clear() {
    events.clear();
    send.clear();
    moves.clear();
  }
};

/// One shard of the session registry: who owns the session of which character.
///
/// Leases belong to incarnations; a session lives as long as its owner's lease, or until released. An incarnation is
/// fenced (declared dead, for good) when its lease ends, when its connection is lost and another proxy could not reach
/// it, or when two other proxies could not. Epochs of a character only grow. Not thread-safe.
class registry {
public:
  struct settings {
    std::uint16_t sol = 0;
    duration lease = 3000 * millisecond;
  };
  explicit registry(settings s)
    : settings_(s) {}

  /// Replays one record of this shard's own journal after a restart: oldest first, before any other call.
  void replay(journal::sol_event const& event);
  /// Ends the replay: living incarnations get a full lease from `now` to announce themselves again.
  void replayed(time_point now);

  /// `ok`: known and alive, its sessions stand. `fresh`: new here. `fenced`: dead; take a new incarnation. An older
  /// incarnation of the same proxy is fenced: at once if its connection is lost or is `link`, otherwise when it is
  /// lost.
  status announce(incarnation who, endpoint where, link_id link, time_point now, sol_actions& out);
  status renew(incarnation who, time_point now, sol_actions& out);
  void disconnected(link_id link, time_point now, sol_actions& out);
  /// `witness` could not reach `accused`. Returns whether `accused` is now fenced.
  bool unreachable(incarnation accused, incarnation witness, time_point now, sol_actions& out);
  /// The incarnation ends itself.
  void leave(incarnation who, time_point now, sol_actions& out);

  struct answer {
    cluster::status status = status::none;
    incarnation owner = incarnation::none;
    session_epoch epoch = session_epoch::none;
    endpoint where{};
  };
  /// Atomic create-if-absent. `granted` also when `by` has it already: asking twice changes nothing; `busy` while it
  /// is being moved away from `by`.
  answer claim(character_id character, incarnation by, time_point now, sol_actions& out) {
    std::uint32_t const* const claimant = by_id_.find(by);
    if (!claimant || !alive(lives_[*claimant], now, out)) return {status::fenced, by, session_epoch::none, {}};
    if (character == character_id::none) return {};
    session& s = sessions_[character];
    if (!owned(s, now, out)) grant(character, s, *claimant, now, out);
    if (s.owner != *claimant) return owner_of(s);
    // It may already have said that it serves nothing of this epoch: after the move it may ask again.
    if (moves_.contains(character)) return {status::busy, by, s.number(), {}};
    return {status::granted, by, s.number(), {}};
  }
  answer find(character_id character, time_point now, sol_actions& out);
  status release(character_id character, incarnation by, session_epoch epoch, time_point now, sol_actions& out);
  /// Whether `by` owns the session at `epoch`.
  bool holds(character_id character, incarnation by, session_epoch epoch, time_point now, sol_actions& out);

  /// Begins a move: the owner is asked to drain, then `to` is granted the next epoch, and `ticket` is reported done.
  void move(character_id character, incarnation to, std::uint64_t ticket, time_point now, sol_actions& out);
  answer drained(character_id character, incarnation by, session_epoch epoch, time_point now, sol_actions& out);

  /// Fences every incarnation whose lease has ended by `now`.
  void tick(time_point now, sol_actions& out);

  /// The newest living incarnation of a proxy.
  std::optional<incarnation> living(std::uint16_t proxy_index) const;
  /// A living incarnation other than `than`, chosen by `random` (uniform 64 bits).
  std::optional<incarnation> another(incarnation than, std::uint64_t random) const;
  link_id link_of(incarnation who) const;
  /// The last grant of the character's session, as `answer::owner` and `answer::epoch`; says nothing about leases.
  answer last_granted(character_id character) const;
  /// See session_table.
  void prefetch(character_id character) const { sessions_.prefetch(character); }
  /// The same for a claim that is about to arrive.
  void prefetch(character_id character, incarnation by) const {
    sessions_.prefetch(character);
    if (std::uint32_t const* const place = by_id_.find(by)) memory::prefetch(&lives_[*place]);
  }
  std::size_t session_count() const { return sessions_.size(); }
  std::size_t living_count() const;

private:
  struct life {
    incarnation id = incarnation::none;
    endpoint where{};
    time_point lease_until = 0;
    link_id link = 0;
    incarnation witness = incarnation::none;
    bool superseded = false; // a newer incarnation of the proxy is there
    bool fenced = false;
  };
  static constexpr std::uint32_t nobody = ~std::uint32_t{0};
  struct session {
    std::uint32_t owner = nobody; // in lives_
    std::uint32_t epoch = 0;      // a character that moves every second needs 136 years for them
    session_epoch number() const { return static_cast<session_epoch>(epoch); }
  };
  struct relocation {
    incarnation to;
    std::uint64_t ticket;
  };

  life* life_of(incarnation who);
  life const* life_of(incarnation who) const;
  /// Its index in lives_; it is added if it was not known.
  std::uint32_t enrol(incarnation who);
  incarnation owner_id(session const& s) const { return s.owner == nobody ? incarnation::none : lives_[s.owner].id; }
  bool alive(life& l, time_point now, sol_actions& out) {
    if (!l.fenced && l.lease_until <= now) fence(l, now, out);
    return !l.fenced;
  }
  bool owned(session& s, time_point now, sol_actions& out) {
    while (s.owner != nobody) {
      std::uint32_t const before = s.owner;
      if (alive(lives_[before], now, out)) return true;
      if (s.owner == before) s.owner = nobody; // else fencing finished a move of this session
    }
    return false;
  }
  void fence(life& l, time_point now, sol_actions& out);
  void finish_move(character_id character, time_point now, sol_actions& out);
  void grant(character_id character, session& s, std::uint32_t to, time_point now, sol_actions& out);
  void record(journal::sol_event_kind kind, incarnation who, character_id character, session_epoch epoch,
              time_point now, sol_actions& out) const;
  answer owner_of(session const& s) const {
    life const& owner = lives_[s.owner];
    return {owner.where.known() ? status::owned : status::busy, owner.id, s.number(), owner.where};
  }

  settings settings_;
  std::vector<life> lives_;
  incarnation_table<std::uint32_t> by_id_; // of lives_; ordered: iterated where the order is seen
  session_table<session> sessions_;
  std::map<character_id, relocation> moves_;
};

}
