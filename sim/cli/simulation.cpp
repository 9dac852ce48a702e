#include "sim/cli/simulation.hpp"

#include "base/os/terminal.hpp"

#include <algorithm>
#include <cstdio>

namespace sim::cli {

void mark_interrupted(records::result& r) {
  if (r.verdict == records::verdict::interrupted) return;
  r.verdict = records::verdict::interrupted;
  r.exit_code = records::exit_interrupted;
  r.reasons.insert(r.reasons.begin(), "interrupted: by a signal, after the load had ended");
}

void simulation_line::show(virtual_time::run_progress const& now, std::string const& what_else) {
  auto const time = std::chrono::steady_clock::now();
  if (!wanted_ || time - shown_ < std::chrono::milliseconds(200)) return;
  shown_ = time;
  double const seconds = std::chrono::duration<double>(time - began_).count();
  double const rate = static_cast<double>(now.started) / std::max(seconds, 1e-3);
  double share = 0;
  if (now.total && *now.total > 0) {
    share = static_cast<double>(now.started) / static_cast<double>(*now.total);
  } else if (now.duration_s > 0) {
    share = now.simulated_s / now.duration_s;
  }
  char text[160];
  int size = std::snprintf(text, sizeof text, "simulated %.1f s  %llu requests  %.2f M/s", now.simulated_s,
                           static_cast<unsigned long long>(now.started), rate / 1e6);
  if (share > 0 && share < 1)
    size += std::snprintf(text + size, sizeof text - static_cast<std::size_t>(size), "  %.0f %%  %.0f s left",
                          100 * share, seconds / share - seconds);
  os::show_in_place(std::string(text, static_cast<std::size_t>(size)) + what_else);
  written_ = true;
}

void simulation_line::clear() {
  if (written_) os::show_in_place("");
  written_ = false;
}

}
