#pragma once

#include "sim/records/records.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <vector>

namespace sim::records {

/// Judges the numbers of one character's notifications, 1, 2, …, over all logins of a run, and keeps when each of those
/// that went wrong can have gone wrong. O(log n) each in the numbers that are missing.
class notification_log {
public:
  /// Number `number` arrives at `at_ns`, CLOCK_MONOTONIC or simulated.
  void receive(std::uint64_t number, std::int64_t at_ns) {
    ++received_;
    if (number > last_) {
      if (number > last_ + 1) missing_.emplace(number - 1, gap{last_ + 1, last_at_ns_, at_ns});
      last_ = number;
      last_at_ns_ = at_ns;
    } else if (fill(number)) {
      ++reordered_;
      faults_.push_back({notification_fault::kind::reordered, 1, at_ns, at_ns});
    } else {
      ++doubled_;
      faults_.push_back({notification_fault::kind::doubled, 1, at_ns, at_ns});
    }
  }
  /// The sol gave out numbers up to `sent`.
  bool has_all(std::uint64_t sent) const { return last_ >= sent && missing_.empty(); }

  /// Writes what became of the notifications into their client's record; `sent`: the last number that the sol gave out.
  void complete(eve_record& record, std::uint64_t sent) const {
    record.received = received_;
    record.doubled = doubled_;
    record.reordered = reordered_;
    record.lost = lost(sent);
    record.faults = faults(sent);
  }

  std::uint64_t received() const { return received_; }
  std::uint64_t doubled() const { return doubled_; }
  std::uint64_t reordered() const { return reordered_; }
  std::uint64_t lost(std::uint64_t sent) const {
    std::uint64_t sum = sent > last_ ? sent - last_ : 0;
    for (auto const& [end, g] : missing_) sum += end - g.first + 1;
    return sum;
  }

  /// What went wrong, by the time it was noticed. Numbers above the last that came, up to `sent`, are lost between that
  /// one and the end of the run.
  std::vector<notification_fault> faults(std::uint64_t sent) const {
    std::vector<notification_fault> all = faults_;
    for (auto const& [end, g] : missing_)
      all.push_back({notification_fault::kind::lost, end - g.first + 1, g.after_ns, g.before_ns});
    std::stable_sort(all.begin(), all.end(),
                     [](notification_fault const& a, notification_fault const& b) { return a.until_ns < b.until_ns; });
    if (sent > last_)
      all.push_back(
          {notification_fault::kind::lost, sent - last_, last_at_ns_, std::numeric_limits<std::int64_t>::max()});
    return all;
  }

private:
  struct gap {
    std::uint64_t first;              // its last number is the key
    std::int64_t after_ns, before_ns; // when the numbers around it arrived
  };

  /// Takes `number` out of the gap that it is missing in; false when it is in none.
  bool fill(std::uint64_t number) {
    auto const at = missing_.lower_bound(number);
    if (at == missing_.end() || at->second.first > number) return false;
    gap const whole = at->second;
    if (at->first == number)
      missing_.erase(at);
    else
      at->second.first = number + 1;
    if (whole.first < number) missing_.emplace(number - 1, gap{whole.first, whole.after_ns, whole.before_ns});
    return true;
  }

  std::uint64_t last_ = 0;
  std::int64_t last_at_ns_ = 0; // 0: none has come
  std::uint64_t received_ = 0, doubled_ = 0, reordered_ = 0;
  std::map<std::uint64_t, gap> missing_; // below last_, by the last number of each gap
  std::vector<notification_fault> faults_;
};

}
