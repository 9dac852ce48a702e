#pragma once

#include "base/metrics/latency_histogram.hpp"
#include "sim/records/records.hpp"
#include "sim/scenario/failure_cause.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace sim::live {

/// What the load has come to so far at each balancer, for /metrics. Thread-safe.
class load_meter {
public:
  struct of_balancer {
    std::uint64_t requests = 0;                                        // that are over
    std::array<std::uint64_t, scenario::failure_cause_count> failed{}; // those of each cause
    metrics::latency_histogram latency;                                // from when they were due
  };

  /// A request of the load is over. Some 50 ns.
  void count(records::client_record const& r, std::optional<scenario::failure_cause> failed) {
    std::lock_guard const lock(mutex_);
    of_balancer& b = all_[r.balancer];
    ++b.requests;
    if (failed) ++b.failed[static_cast<std::size_t>(*failed)];
    metrics::latency_histogram::clock::time_point const now{std::chrono::nanoseconds(r.done_ns)};
    b.latency.record(std::chrono::nanoseconds(r.done_ns - r.intended_ns), now, [&] {
      return metrics::labels{{"lab_request", std::to_string(r.request)}};
    });
  }

  /// Shows each balancer's number, as the load counts them, and counts to `look`.
  template<class Look>
  void each(Look const& look) const {
    std::lock_guard const lock(mutex_);
    for (auto const& [balancer, b] : all_) look(balancer, b);
  }

private:
  mutable std::mutex mutex_;
  std::map<std::uint16_t, of_balancer> all_;
};

}
