#pragma once

#include "fakeproxy/cluster/types.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <random>

namespace fakeproxy::cluster {

/// How long a request is in service.
struct service_time {
  enum class shape : std::uint8_t { constant, exponential, lognormal };
  shape kind = shape::constant;
  duration mean = 0; // ns; of the time itself, for all shapes
  double sigma = 0;  // lognormal: of the logarithm

  /// One time; draws from `random` only where the shape needs it.
  duration draw(std::mt19937_64& random) const;
};

/// The shell's name for a request or an EVE client that waits for something.
using ticket = std::uint64_t;

/// `servers` that each serve one request at a time, and one queue in the order of arrival. 0 servers: no limit.
class station {
public:
  explicit station(std::uint32_t servers)
    : servers_(servers) {}

  /// True: service begins now. False: `who` waits, and `leave` will name it.
  bool enter(ticket who);
  /// A service ended. The next in the queue, whose service begins now.
  std::optional<ticket> leave();
  std::size_t queued() const { return queue_.size(); }
  std::uint32_t busy() const { return busy_; }

private:
  std::uint32_t servers_;
  std::uint32_t busy_ = 0;
  std::deque<ticket> queue_;
};

}
