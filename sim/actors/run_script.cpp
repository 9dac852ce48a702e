#include "sim/actors/run_script.hpp"

namespace sim::actors {

bool stall_watch::look(std::uint64_t sent, std::uint64_t done, std::int64_t now_ns) {
  bool const rests = sent <= done && may_rest(now_ns - start_ns_);
  if (done != done_ || rests) {
    done_ = done;
    last_end_ns_ = now_ns;
  }
  return now_ns - last_end_ns_ > patience_ns_;
}

/// Whether nothing may be under way although the load goes on: characters think, a trace pauses, an open load's next
/// arrival is not due.
bool stall_watch::may_rest(std::int64_t since_start_ns) const {
  if (load_.kind == scenario::load_kind::closed) return load_.think_time.count() > 0;
  if (load_.kind == scenario::load_kind::trace) return true;
  std::chrono::nanoseconds planned = load_.duration;
  for (scenario::ramp_stage const& stage : load_.stages) planned += stage.duration;
  return since_start_ns < planned.count();
}

}
