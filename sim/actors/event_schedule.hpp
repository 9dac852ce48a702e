#pragma once

#include "sim/records/records.hpp"
#include "sim/scenario/scenario.hpp"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace sim::actors {

/// Decides when a scenario's events happen. Each is due at its time after the start of the load, or when its share of
/// all requests has been started. One is performed at a time, in the order in which they became due, those of one
/// moment in the order of the file. The driver performs what `take` returns, and reports when that is done. Times are
/// nanoseconds of any one clock. Not thread-safe.
class event_schedule {
public:
  using index = std::uint32_t; // of scenario.events

  /// `total_requests` of a closed load; 0: not known, so that shares are never reached. `events` outlive it.
  event_schedule(std::vector<scenario::event> const& events, std::uint64_t total_requests);

  /// The load begins.
  void begin(std::int64_t now_ns);

  /// `started` requests have been started. Returns whether that reached a share.
  bool on_started(std::uint64_t started, std::int64_t now_ns) {
    return started >= next_share_ && reach_shares(started, now_ns);
  }
  /// How many requests have to be started for the next share; the largest number: none waits for one.
  std::uint64_t next_share() const { return next_share_; }

  /// Somebody asks for one that is not in the scenario: it is due now. Its index follows all that there are.
  index add(std::int64_t now_ns);

  /// The event to perform now; nullopt: none is due, or another one is under way.
  std::optional<index> take(std::int64_t now_ns);
  /// The one that was taken has been performed.
  void on_done();
  /// The load is over: events that have not begun by now will not.
  void end() { begun_ = false; }

  /// Those that have not been taken, in the order of their numbers.
  std::vector<index> left() const;

  /// When `take` has one to give; nullopt: not before `on_done`, or before another share is reached.
  std::optional<std::int64_t> next_deadline() const;

  /// When it became due; 0: it has not.
  std::int64_t due_ns(index event) const { return slots_[event].due_ns; }

private:
  enum class state : std::uint8_t { waits_for_share, due, taken };
  struct slot {
    std::uint64_t share = 0; // requests to be started
    std::int64_t due_ns = 0;
    state now = state::due;
  };

  bool reach_shares(std::uint64_t started, std::int64_t now_ns);
  slot const* next() const;

  std::vector<scenario::event> const& events_;
  std::vector<slot> slots_; // as the events, then those that were added
  std::uint64_t next_share_ = std::numeric_limits<std::uint64_t>::max();
  bool begun_ = false, under_way_ = false;
};

/// Of an action, for its record.
records::event_kind kind_of(scenario::action const& action);

/// The node that an action is about; for a move the proxy that it takes sessions from, empty for any. `added`: the
/// balancers that the action adds, if it does.
std::string node_of(scenario::action const& action, std::vector<std::string> const& added);

/// What came of an action, for its sentence in a report.
struct action_result {
  bool ran_before = true;                  // of a restart: the node ran
  std::optional<std::uint64_t> restored{}; // likewise: tokens that its map knows from before; nullopt: it kept none
  std::uint64_t moved = 0, to_move = 0;    // sessions
  std::vector<std::string> not_running{};  // sols whose sessions nobody could move
};
/// "moved 3 of 4 sessions; not running: sol[1]".
std::string sentence_of(scenario::action const& action, std::string const& node, action_result const& what);

/// The record of an event for which the load left no time. `began`: its record so far, if it was under way when the
/// load ended, at `end_ns`; else it was never begun, and was due at `due_ns`, or not at all (0). `added` as above.
records::event_record left_record(scenario::event const& what, std::vector<std::string> const& added,
                                  std::optional<records::event_record> began, std::int64_t due_ns, std::int64_t end_ns);

/// Which of the characters whose sessions are at `from` a move takes: its share of them, drawn at random. Depends on
/// the seed, the event and the set of candidates alone.
std::vector<std::uint32_t> sessions_to_move(std::vector<std::uint32_t> candidates, scenario::move_sessions const& move,
                                            std::uint64_t seed, event_schedule::index event);

}
