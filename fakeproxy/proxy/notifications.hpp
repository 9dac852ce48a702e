#pragma once

#include "base/randomness/generator.hpp"
#include "fakeproxy/cluster/sol.hpp"

#include <cstddef>
#include <optional>

namespace fakeproxy::proxy {

/// When a sol pushes notifications: a Poisson process for each attached EVE client. Processes of equal rate add up to
/// one of the sum of their rates, and since it has no memory, it may be drawn anew when the number of clients changes.
/// Draws from a 64-bit generator.
class notifications {
public:
  /// For each client.
  template<class Generator>
  void set_rate(double rate_rps, cluster::sol const& from, cluster::time_point now, Generator& random) {
    rate_rps_ = rate_rps;
    draw(from, now, random);
  }
  /// Clients may have come or gone. Returns whether that was so: the deadline may be another one.
  template<class Generator>
  bool look(cluster::sol const& from, cluster::time_point now, Generator& random) {
    if (from.attached_count() == attached_) return false;
    draw(from, now, random);
    return true;
  }
  /// Precondition: `now` is the deadline or later.
  template<class Generator>
  void on_deadline(cluster::sol& from, cluster::time_point now, Generator& random, cluster::sol_actions& out) {
    from.notify_one(random(), now, out);
    draw(from, now, random);
  }
  std::optional<cluster::time_point> next_deadline() const { return due_; }

private:
  template<class Generator>
  void draw(cluster::sol const& from, cluster::time_point now, Generator& random) {
    attached_ = from.attached_count();
    due_.reset();
    if (rate_rps_ <= 0 || attached_ == 0) return;
    double const rate = rate_rps_ * static_cast<double>(attached_);
    double const gap = randomness::exponential_ns(randomness::uniform_positive(random), rate);
    due_ = now + static_cast<cluster::duration>(gap);
  }

  double rate_rps_ = 0;
  std::size_t attached_ = 0;
  std::optional<cluster::time_point> due_;
};

}
