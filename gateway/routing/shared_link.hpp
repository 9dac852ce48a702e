#pragma once

#include "base/randomness/draw.hpp"
#include "gateway/routing/ids.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace gateway::routing {

/// How things stand with the shared map at the other end of one connection.
enum class link_condition : std::uint8_t {
  down,     // there is no connection, or no answer on it yet
  slow,     // an answer did not come in time
  refusing, // it answers with errors
  usable
};

/// Whether the shared map may be asked over one connection, and when it is tried again. It is trusted until something
/// goes wrong, and then again once an attempt succeeds: a connection and a command for `down`, else a command alone.
/// Attempts are made after pauses that double each time, from 10 ms to 5 s. Not thread-safe.
class shared_link {
public:
  static constexpr time_ns first_pause = 10'000'000, longest_pause = 5'000'000'000;

  link_condition condition() const { return condition_; }
  bool usable() const { return condition_ == link_condition::usable; }

  /// When the next attempt is to be made; nullopt while one is under way, and while none is needed.
  std::optional<time_ns> next_attempt() const { return attempt_at_; }
  void attempt_begins() { attempt_at_.reset(); }

  /// The attempt succeeded, in time.
  void recovered(time_ns now) {
    condition_ = link_condition::usable;
    usable_since_ = now;
    attempt_at_.reset();
  }

  /// Something went wrong, perhaps with an attempt. Pauses start again from the shortest only after the map has worked
  /// for as long as the longest pause, so a map that works on and off makes requests wait in vain no more often than
  /// that.
  template<class Generator>
  void fell(link_condition why, time_ns now, Generator& generator) {
    if (usable() && now - usable_since_ >= longest_pause) pause_ = first_pause;
    bool const waits = attempt_at_.has_value() && (condition_ == link_condition::down) == (why == link_condition::down);
    condition_ = why;
    if (waits) return;
    auto const half_us = static_cast<std::uint32_t>(pause_ / 2'000);
    attempt_at_ = now + time_ns{half_us + randomness::uniform_below(generator, half_us)} * 1'000;
    pause_ = std::min(2 * pause_, longest_pause);
  }

private:
  link_condition condition_ = link_condition::down;
  std::optional<time_ns> attempt_at_ = 0; // at once
  time_ns usable_since_ = 0;
  time_ns pause_ = first_pause;
};

}
