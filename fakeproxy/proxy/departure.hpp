#pragma once

#include "fakeproxy/cluster/types.hpp"

#include <optional>

namespace fakeproxy::proxy {

/// How a process leaves (SIGTERM). From then on it takes no new connections, and says in each answer that it is the
/// connection's last one. A balancer may be about to use a connection that it believes idle: such requests are served
/// until it has been quiet for a while. Then the sessions are given back, and the process ends.
class departure {
public:
  struct settings {
    cluster::duration quiet = 300 * cluster::millisecond;    // so long without a request in progress
    cluster::duration longest = 5000 * cluster::millisecond; // then it leaves even if somebody waits
    cluster::duration farewell = 100 * cluster::millisecond; // for the last messages to the sols
    cluster::duration look = 50 * cluster::millisecond;      // between two checks of whether it is quiet
  };
  enum class step : std::uint8_t { stay, leave, end };

  departure()
    : departure(settings{}) {}
  explicit departure(settings s)
    : settings_(s) {}

  bool begun() const { return stage_ != stage::staying; }
  /// Whether the sessions were given back.
  bool has_left() const { return stage_ == stage::left; }

  /// `busy`: a request is in progress. Precondition: not begun.
  void begin(cluster::time_point now, bool busy) {
    stage_ = stage::leaving;
    began_ = now;
    note(now, busy);
    deadline_ = now + settings_.look;
  }
  /// The next check. leave: give the sessions back now, close what is idle; end: the process is done.
  step on_deadline(cluster::time_point now, bool busy) {
    if (stage_ == stage::left) return step::end;
    note(now, busy);
    bool const quiet = quiet_since_ && now - *quiet_since_ >= settings_.quiet;
    if (!quiet && now - began_ < settings_.longest) {
      deadline_ = now + settings_.look;
      return step::stay;
    }
    stage_ = stage::left;
    deadline_ = now + settings_.farewell;
    return step::leave;
  }
  std::optional<cluster::time_point> next_deadline() const { return deadline_; }

private:
  enum class stage : std::uint8_t { staying, leaving, left };

  void note(cluster::time_point now, bool busy) {
    if (busy)
      quiet_since_.reset();
    else if (!quiet_since_)
      quiet_since_ = now;
  }

  settings settings_;
  stage stage_ = stage::staying;
  cluster::time_point began_ = 0;
  std::optional<cluster::time_point> quiet_since_, deadline_;
};

}
