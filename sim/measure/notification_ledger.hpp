#pragma once

#include <cstdint>
#include <set>

namespace sim::measure {

/// Judges the numbers of one character's notifications, 1, 2, …, over all logins of a run.
class notification_ledger {
public:
  void receive(std::uint64_t number) {
    ++received_;
    if (number > last_) {
      for (std::uint64_t skipped = last_ + 1; skipped < number; ++skipped) missing_.insert(skipped);
      last_ = number;
    } else if (missing_.erase(number) > 0) {
      ++reordered_;
    } else {
      ++doubled_;
    }
  }
  /// The sol gave out numbers up to `sent`.
  bool has_all(std::uint64_t sent) const { return last_ >= sent && missing_.empty(); }

  std::uint64_t received() const { return received_; }
  std::uint64_t doubled() const { return doubled_; }
  std::uint64_t reordered() const { return reordered_; }
  std::uint64_t lost(std::uint64_t sent) const { return missing_.size() + (sent > last_ ? sent - last_ : 0); }

private:
  std::uint64_t last_ = 0;
  std::uint64_t received_ = 0, doubled_ = 0, reordered_ = 0;
  std::set<std::uint64_t> missing_; // below last_
};

}
