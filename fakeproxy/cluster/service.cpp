#include "fakeproxy/cluster/service.hpp"

#include <cmath>
#include <numbers>

namespace fakeproxy::cluster {

namespace {

/// Uniform in (0, 1].
double uniform(std::mt19937_64& random) { return (static_cast<double>(random() >> 11) + 1) * 0x1p-53; }

}

duration service_time::draw(std::mt19937_64& random) const {
  auto const mean_ns = static_cast<double>(mean);
  switch (kind) {
  case shape::constant:
    return mean;
  case shape::exponential:
    return static_cast<duration>(-std::log(uniform(random)) * mean_ns);
  case shape::lognormal: {
    // Box-Muller; exp(mu + sigma²/2) is the mean.
    double const radius = std::sqrt(-2 * std::log(uniform(random)));
    double const normal = radius * std::cos(2 * std::numbers::pi * uniform(random));
    return static_cast<duration>(mean_ns * std::exp(sigma * normal - sigma * sigma / 2));
  }
  }
  return mean;
}

bool station::enter(ticket who) {
  if (servers_ != 0 && busy_ == servers_) {
    queue_.push_back(who);
    return false;
  }
  ++busy_;
  return true;
}

std::optional<ticket> station::leave() {
  if (queue_.empty()) {
    --busy_;
    return std::nullopt;
  }
  ticket const next = queue_.front();
  queue_.pop_front();
  return next;
}

}
