#pragma once

#include <boost/intrusive/list.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>

namespace gateway::net {

using steady_time = std::chrono::steady_clock::time_point;

/// Something with at most one deadline at a time; leaves its queue when destroyed.
class deadline_owner
  : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
public:
  deadline_owner() = default;
  deadline_owner(deadline_owner const&) = delete;
  deadline_owner& operator=(deadline_owner const&) = delete;
  virtual ~deadline_owner() = default;

  /// Called once when the deadline has passed; it is no longer set then.
  virtual void on_deadline() = 0;

  bool has_deadline() const { return is_linked(); }
  void clear_deadline() { unlink(); }

private:
  friend class deadline_queues;
  steady_time due_{};
};

/// Deadlines in one first-in-first-out queue per duration: setting and clearing take a few instructions and no system
/// call, because all deadlines of a class are equally long and so expire in the order in which they were set. One
/// thread.
class deadline_queues {
public:
  static constexpr std::size_t classes = 15;

  void set_duration(std::size_t duration_class, std::chrono::nanoseconds duration) {
    queues_[duration_class].duration = duration;
  }

  /// Replaces the deadline that `owner` had in any queue; returns when the new one is due.
  steady_time set(deadline_owner& owner, std::size_t duration_class, steady_time now) {
    owner.unlink();
    owner.due_ = now + queues_[duration_class].duration;
    queues_[duration_class].waiting.push_back(owner);
    return owner.due_;
  }

  /// The earliest deadline; nullopt when none is set.
  std::optional<steady_time> next() const {
    std::optional<steady_time> earliest;
    for (queue const& q : queues_)
      if (!q.waiting.empty() && (!earliest || q.waiting.front().due_ < *earliest)) earliest = q.waiting.front().due_;
    return earliest;
  }

  /// Calls `on_deadline` of every owner whose deadline has passed.
  void expire(steady_time now) {
    for (queue& q : queues_)
      while (!q.waiting.empty() && q.waiting.front().due_ <= now) {
        deadline_owner& owner = q.waiting.front();
        owner.unlink();
        owner.on_deadline();
      }
  }

private:
  using list = boost::intrusive::list<deadline_owner, boost::intrusive::constant_time_size<false>>;
  struct queue {
    std::chrono::nanoseconds duration{0};
    list waiting;
  };
  std::array<queue, classes> queues_;
};

}
