#pragma once

#include "fakeproxy/cluster/types.hpp"

#include <algorithm>

namespace fakeproxy::proxy {

/// How long a proxy waits before it tries again to connect to one sol.
class back_off {
public:
  struct settings {
    cluster::duration first = 10 * cluster::millisecond;
    cluster::duration longest = 160 * cluster::millisecond;
  };

  back_off()
    : back_off(settings{}) {}
  explicit back_off(settings s)
    : settings_(s)
    , next_(s.first) {}

  void on_opened() { next_ = settings_.first; }
  /// The connection was lost or could not be opened. Returns the wait before the next attempt, doubled each time in a
  /// row.
  cluster::duration on_closed() {
    cluster::duration const pause = next_;
    next_ = std::min(2 * next_, settings_.longest);
    return pause;
  }

private:
  settings settings_;
  cluster::duration next_;
};

}
