#pragma once

#include "base/memory/prefetch.hpp"
#include "fakeproxy/cluster/node.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace fakeproxy::proxy {

/// Waiters that all wait equally long, ordered by when their patience ends; any of them may stop waiting. Allocates
/// only when it holds more at once than ever before.
class patience {
public:
  using place = std::uint32_t;
  static constexpr place none = 0xffffffffu;

  explicit patience(cluster::duration lasts)
    : lasts_(lasts) {}

  /// Calls come in order of `now`. `stop` gives the place back.
  place wait(cluster::ticket who, cluster::time_point now) {
    place at = static_cast<place>(all_.size());
    if (free_ != none) {
      at = free_;
      free_ = all_[at].newer;
    } else {
      all_.emplace_back();
    }
    all_[at] = {who, now + lasts_, newest_, none};
    (newest_ == none ? oldest_ : all_[newest_].newer) = at;
    newest_ = at;
    return at;
  }
  void stop(place at) {
    waiting const& w = all_[at];
    (w.older == none ? oldest_ : all_[w.older].newer) = w.newer;
    (w.newer == none ? newest_ : all_[w.newer].older) = w.older;
    all_[at].newer = free_;
    free_ = at;
  }

  /// Brings the place that `wait` will give into the processor's caches, for a call that comes soon.
  void prefetch() const {
    if (free_ != none) memory::prefetch(&all_[free_]);
  }

  /// When the patience of the longest waiter ends.
  std::optional<cluster::time_point> next_deadline() const {
    if (oldest_ == none) return std::nullopt;
    return all_[oldest_].until;
  }
  /// Precondition: there is a deadline.
  cluster::ticket oldest() const { return all_[oldest_].who; }

private:
  struct waiting {
    cluster::ticket who = 0;
    cluster::time_point until = 0;
    place older = none, newer = none; // newer: also of free places
  };

  cluster::duration lasts_;
  std::vector<waiting> all_;
  place oldest_ = none, newest_ = none, free_ = none;
};

}
