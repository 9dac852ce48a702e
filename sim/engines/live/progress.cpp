#include "sim/engines/live/progress.hpp"

#include "base/os/terminal.hpp"

#include <algorithm>
#include <cstdio>
#include <string>

namespace sim::live {

progress_line::progress_line(scenario::scenario const& s, std::optional<std::uint64_t> total_requests)
  : scenario_(s)
  , total_(total_requests) {}

progress_line::~progress_line() {
  if (shown_) os::show_in_place("");
}

void progress_line::show(load_progress const& now, std::uint64_t redirects, std::int64_t since_start_ns) {
  double const seconds = static_cast<double>(since_start_ns - last_ns_) * 1e-9;
  double const rate = seconds > 0 ? static_cast<double>(now.done - last_done_) / seconds : 0;
  double const ratio = now.done > 0 ? static_cast<double>(redirects) / static_cast<double>(now.done) : 0;
  double const since = static_cast<double>(since_start_ns) * 1e-9;
  double left = -1; // unknown
  if (scenario_.load.duration.count() > 0) {
    left = std::max(0.0, static_cast<double>(scenario_.load.duration.count()) * 1e-9 - since);
  } else if (total_ && now.done > 0) {
    left = since * (static_cast<double>(*total_) / static_cast<double>(now.done) - 1);
  }
  char time[32] = "";
  if (left >= 0) std::snprintf(time, sizeof time, "  %.0f s left", std::max(0.0, left));
  char numbers[160];
  std::snprintf(numbers, sizeof numbers, "  %.0f requests/s  redirect ratio %.4f  %llu errors%s", rate, ratio,
                static_cast<unsigned long long>(now.failed), time);
  os::show_in_place(scenario_.phases[now.phase].name + numbers);
  last_done_ = now.done;
  last_ns_ = since_start_ns;
  shown_ = true;
}

}
