#pragma once

#include "sim/engines/virtual/run_context.hpp"
#include "sim/records/utilisation.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace sim::virtual_time {

class proxies;

/// Measures the service asked of the proxies in each phase of the load, from the first request to the last. Looks at
/// the proxies only when a phase begins or ends.
class work_meter {
public:
  work_meter(run_context& run, virtual_time::proxies& proxies);

  /// The load begins now.
  void begin();
  /// A request of this phase begins now.
  void enter(std::size_t phase) {
    if (phase != phase_) change(phase);
  }
  /// The load is over: the last request of an open one begins now, the last of a closed one was answered.
  void end();

  records::proxy_work_by_phase const& work() const { return work_; }

private:
  void change(std::size_t phase);
  /// What was asked for since the last call.
  void take();

  run_context& run_;
  virtual_time::proxies& proxies_;
  std::vector<records::proxy_work> before_; // at the last call
  records::proxy_work_by_phase work_;
  std::size_t phase_ = 0;
  bool ended_ = true; // or not begun
};

}
