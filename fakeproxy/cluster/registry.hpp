#pragma once

#include "fakeproxy/cluster/rpc.hpp"
#include "fakeproxy/cluster/types.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace fakeproxy::cluster {

/// A connection of a proxy node, numbered by the shell; 0 is none.
using link_id = std::uint32_t;

/// What a sol wants done. The shell writes `events` to the journal first, then sends. Reused: the shell clears it.
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
/// fenced (declared dead, for good) when its lease ends, when its connection is lost and somebody could not reach it,
/// or when two could not. Epochs of a character only grow. Not thread-safe.
class registry {
public:
  struct settings {
    std::uint16_t sol = 0;
    duration lease = 3000 * millisecond;
  };
  explicit registry(settings s)
    : settings_(s) {}

  /// Takes in one record of this shard's own journal after a restart, oldest first, before anything else.
  void replay(journal::sol_event const& event);
  /// Ends the replay: incarnations that lived get a whole lease from `now` on to announce themselves again.
  void replayed(time_point now);

  /// `ok`: known and alive, its sessions stand. `fresh`: new here. `fenced`: dead; take a new incarnation.
  /// An older incarnation of the same proxy is fenced: at once if its connection is lost or this one, else when it is.
  status announce(incarnation who, endpoint where, link_id link, time_point now, sol_actions& out);
  status renew(incarnation who, time_point now, sol_actions& out);
  void disconnected(link_id link, time_point now, sol_actions& out);
  /// `witness` could not reach `accused`. True when `accused` is fenced now.
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
  answer claim(character_id character, incarnation by, time_point now, sol_actions& out);
  answer find(character_id character, time_point now, sol_actions& out);
  status release(character_id character, incarnation by, session_epoch epoch, time_point now, sol_actions& out);
  /// Whether `by` owns the session at `epoch`.
  bool holds(character_id character, incarnation by, session_epoch epoch, time_point now, sol_actions& out);

  /// Begins a move: the owner is asked to drain, then `to` is granted the next epoch, and `ticket` is reported done.
  void move(character_id character, incarnation to, std::uint64_t ticket, time_point now, sol_actions& out);
  answer drained(character_id character, incarnation by, session_epoch epoch, time_point now, sol_actions& out);

  /// Fences whose lease ended by `now`.
  void tick(time_point now, sol_actions& out);

  /// The newest living incarnation of a proxy.
  std::optional<incarnation> living(std::uint16_t proxy_index) const;
  /// A living incarnation other than `than`, chosen by `random` (uniform 64 bits).
  std::optional<incarnation> another(incarnation than, std::uint64_t random) const;
  link_id link_of(incarnation who) const;
  /// Who was granted the character's session last, as `answer::owner` and `answer::epoch`; says nothing of leases.
  answer last_granted(character_id character) const;
  std::size_t session_count() const { return sessions_.size(); }
  std::size_t living_count() const;

private:
  struct life {
    endpoint where{};
    time_point lease_until = 0;
    link_id link = 0;
    incarnation witness = incarnation::none;
    bool superseded = false; // a newer incarnation of the proxy is there
    bool fenced = false;
  };
  struct session {
    incarnation owner = incarnation::none;
    session_epoch epoch = session_epoch::none;
  };
  struct relocation {
    incarnation to;
    std::uint64_t ticket;
  };

  bool alive(incarnation who, time_point now, sol_actions& out);
  bool owned(session& s, time_point now, sol_actions& out);
  void fence(incarnation who, life& l, time_point now, sol_actions& out);
  void finish_move(character_id character, time_point now, sol_actions& out);
  void grant(character_id character, session& s, incarnation to, time_point now, sol_actions& out);
  void record(journal::sol_event_kind kind, incarnation who, character_id character, session_epoch epoch,
              time_point now, sol_actions& out) const;
  answer owner_of(session const& s) const;

  settings settings_;
  std::map<incarnation, life> lives_; // ordered: iterated where the order is seen
  boost::unordered_flat_map<character_id, session> sessions_;
  std::map<character_id, relocation> moves_;
};

}
