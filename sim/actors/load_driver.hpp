#pragma once

#include "sim/load/plan.hpp"

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

namespace sim::actors {

/// Decides when each request of a load is sent. With a pace, each is sent at its time, whatever became of others. A
/// closed load, and a trace without pace, has a number of places with one request at a time each; when that is done,
/// the place rests for the think time and sends the next one. The driver sends what `next` returns, and reports what is
/// done. Times are nanoseconds of the driver's clock. Allocates nothing once it has begun. Not thread-safe.
class load_driver {
public:
  using place = std::uint32_t;
  static constexpr place no_place = std::numeric_limits<place>::max(); // of a load with a pace
  static constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();

  /// This share of the load, with its share of the places. `p` outlives the driver.
  explicit load_driver(load::plan const& p, load::slice part = {});

  /// The load starts at `start_ns`, which is now or was a moment ago.
  void begin(std::int64_t start_ns);

  struct due_request {
    load::planned_request const* what = nullptr; // until the next call; nullptr: none is due
    place from = no_place;
    std::int64_t at_ns = 0; // its intended start

    explicit operator bool() const { return what != nullptr; }
  };
  /// The next request that is to be sent now.
  due_request next(std::int64_t now_ns) {
    if (now_ns < due_ns_) return {};
    return paced_ ? next_of_pace() : next_of_places(now_ns);
  }
  /// The request of a place is done, whatever came of it.
  void on_done(place which, std::int64_t now_ns);
  /// Nothing more is sent.
  void stop();

  /// When `next` has one to give; never: not before a request is done, or not at all.
  std::int64_t next_deadline() const { return due_ns_; }
  /// Nothing more will be sent.
  bool exhausted() const { return exhausted_; }
  /// … and all that was planned has been.
  bool issued_all() const { return exhausted_ && !stopped_; }

  bool paced() const { return paced_; }
  /// Requests that the last call of `begin` or `next` drew ahead, all at once: those after the one that it returned.
  /// What they will touch may be prefetched together. Empty most of the time.
  std::span<load::planned_request const> drawn_ahead() const {
    return next_ == 0 ? std::span(ahead_).first(drawn_) : std::span<load::planned_request const>();
  }

private:
  struct ready_place {
    std::int64_t at_ns = 0;
    place which = no_place;
  };

  due_request next_of_pace() {
    load::planned_request const* what = &ahead_[next_++];
    if (next_ == drawn_) {
      last_ = *what;
      what = &last_;
      draw_ahead();
    } else {
      due_ns_ = start_ns_ + ahead_[next_].at_ns;
    }
    return {what, no_place, start_ns_ + what->at_ns};
  }
  due_request next_of_places(std::int64_t now_ns);
  std::optional<load::planned_request> draw_for(place which, std::int64_t now_ns);
  void draw_ahead();
  void make_ready(ready_place const& p);
  void note_due() { due_ns_ = ready_count_ == 0 ? never : ready_[ready_first_].at_ns; }

  std::int64_t due_ns_ = never, start_ns_ = 0;
  bool paced_, exhausted_ = false, stopped_ = false;
  std::size_t next_ = 1, drawn_ = 0;                             // of ahead_
  std::array<load::planned_request, load::drawn_at_once> ahead_; // with a pace: drawn, and not given
  load::planned_request last_;                                   // given
  std::optional<load::request_source> source_;                   // unless the load is closed
  std::optional<load::closed_plan> closed_;
  std::int64_t think_ns_;
  std::vector<std::optional<load::active_character>> places_;
  place first_place_ = 0;  // of this share among all places
  std::size_t active_ = 0; // places that may have another request
  std::vector<ready_place>
      ready_; // a ring: think time is the same for all, so that the first to rest is the first ready
  std::size_t ready_first_ = 0, ready_count_ = 0;
};

}
