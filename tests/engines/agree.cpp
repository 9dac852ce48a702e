// engines-agree SCENARIO RUNS SUMMARY...: whether live runs of a scenario (their summaries) show what simulated time
// shows of it in RUNS runs with consecutive seeds. Prints a table; exit code 1 where they differ, 2 for bad input.
#include "base/config/words.hpp"
#include "reports/read_summary.hpp"
#include "sim/engines/virtual/run.hpp"
#include "sim/records/records.hpp"
#include "sim/scenario/load.hpp"
#include "sim/studies/verify/judge.hpp"

#include <boost/math/distributions/students_t.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <optional>
#include <string>
#include <vector>

namespace {

using sim::records::event_kind;
using sim::records::event_result;
using sim::records::result;
using sim::verify::sample;

/// Some three hundred figures are compared in one go of the tests: one in a thousand goes may find what is not there.
constexpr double chance_of_a_false_alarm = 3e-6;

/// What a live run may be off by besides chance: requests that a busy machine makes overlap, and what is cut off at its
/// end. A share of the figure, and for counts a few.
constexpr double share_of_machine = 0.01, ratio_of_machine = 0.005, count_of_machine = 5;

bool differs = false;

void say(char const* how, std::string const& what, double live, double simulated, double allowed) {
  std::printf("%-8s %-34s live %-12.6g simulated %-12.6g difference %-10.3g allowed %.3g\n", how, what.c_str(), live,
              simulated, live - simulated, allowed);
}

void compare(std::string const& metric, bool is_count, std::vector<result> const& live,
             std::vector<result> const& simulated) {
  sample const here = sim::verify::sample_of(live, metric), there = sim::verify::sample_of(simulated, metric);
  if (here.empty() && there.empty()) return;
  if (here.empty() || there.values.size() < 2) {
    std::printf("DIFFERS  %s: only one of the engines has it\n", metric.c_str());
    differs = true;
    return;
  }
  auto const runs = static_cast<double>(there.values.size()), live_runs = static_cast<double>(here.values.size());
  boost::math::students_t const t(runs - 1);
  double const multiple = boost::math::quantile(complement(t, chance_of_a_false_alarm / 2));
  double const chance = multiple * there.deviation().value() * std::sqrt(1 / live_runs + 1 / runs);
  double const machine = share_of_machine * std::abs(there.mean()) + (is_count ? count_of_machine : ratio_of_machine);
  bool const agrees = std::abs(here.mean() - there.mean()) <= chance + machine;
  say(agrees ? "agrees" : "DIFFERS", metric, here.mean(), there.mean(), chance + machine);
  differs = differs || !agrees;
}

/// The same events in the same order, none before the one before it was done, each when simulated time has it or when
/// the one before it was done; a live one may be late by what an operation may lag.
void compare_events(std::vector<event_result> const& live, std::vector<event_result> const& simulated, double lag_s) {
  if (live.size() != simulated.size()) {
    std::printf("DIFFERS  events: live %zu simulated %zu\n", live.size(), simulated.size());
    differs = true;
    return;
  }
  double live_done = 0, simulated_done = 0;
  for (std::size_t i = 0; i < live.size(); ++i) {
    event_result const &here = live[i], &there = simulated[i];
    constexpr double rounding_s = 1e-3;
    bool const waited = i > 0 && there.at_s <= simulated_done + rounding_s;
    double const expected = waited ? live_done : std::max(there.at_s, live_done);
    bool const in_order =
        here.name == there.name && here.at_s >= live_done - rounding_s && there.at_s >= simulated_done - rounding_s;
    bool const agrees = in_order && here.at_s <= expected + lag_s && here.at_s >= expected - rounding_s;
    say(agrees ? "agrees" : "DIFFERS", "event " + here.name, here.at_s, there.at_s, lag_s);
    if (here.name != there.name) std::printf("         which simulated time calls %s\n", there.name.c_str());
    differs = differs || !agrees;
    live_done = here.done_s, simulated_done = there.done_s;
  }
}

double took_s(event_result const& event) { return event.done_s - event.at_s; }

bool starts_something(event_result const& event) {
  auto const kind = config::value_of<event_kind>(event.kind);
  return kind == event_kind::restart || kind == event_kind::add_balancer;
}

/// What a process takes to start is the machine's: simulated time is told what the live runs took, where it shows. How
/// the one before it ends is not: no live one may end sooner than the simulated one, whose looks are never late.
void take_start_time(sim::scenario::scenario& scenario, std::vector<result> const& live) {
  sim::scenario::scenario no_time = scenario;
  no_time.simulated.start_time = {};
  std::vector<event_result> const simulated = sim::virtual_time::run(no_time).events;
  std::optional<double> least;
  for (result const& one : live)
    for (std::size_t i = 0; i < std::min(one.events.size(), simulated.size()); ++i) {
      if (!starts_something(one.events[i])) continue;
      constexpr double rounding_s = 0.01;
      double const start_s = took_s(one.events[i]) - took_s(simulated[i]);
      if (start_s < -rounding_s) {
        say("DIFFERS", "end of " + one.events[i].name, took_s(one.events[i]), took_s(simulated[i]), rounding_s);
        differs = true;
      }
      least = std::min(least.value_or(start_s), start_s);
    }
  if (least)
    scenario.simulated.start_time = std::chrono::nanoseconds(static_cast<std::int64_t>(std::max(0.0, *least) * 1e9));
}

int agree(std::string const& file, unsigned runs, std::vector<std::string> const& summaries) {
  sim::scenario::scenario scenario = sim::scenario::load_file(file);
  std::vector<result> live, simulated;
  for (std::string const& summary : summaries) live.push_back(reports::read_summary(summary));
  take_start_time(scenario, live);
  for (unsigned i = 0; i < runs; ++i, ++scenario.seed) simulated.push_back(sim::virtual_time::run(scenario));

  for (char const* ratio : {"redirect_ratio", "hops_per_request", "map_hit_ratio", "guess_hit_ratio", "stale_hit_ratio",
                            "cache_hit_ratio", "failed_ratio"})
    compare(ratio, false, live, simulated);
  for (sim::records::named_metrics const& phase : simulated.front().phases)
    compare("redirect_ratio{phase:" + phase.name + "}", false, live, simulated);
  for (char const* count : {"requests", "redirects", "hops", "retries", "sessions_created", "sessions_moved",
                            "failed_requests", "unavailable", "unauthorized", "refused"})
    compare(count, true, live, simulated);
  double const lag_s = std::chrono::duration<double>(scenario.load.max_schedule_lag).count();
  for (result const& one : live) compare_events(one.events, simulated.front().events, lag_s);
  return differs ? 1 : 0;
}

}

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: engines-agree SCENARIO RUNS SUMMARY...\n");
    return 2;
  }
  try {
    return agree(argv[1], static_cast<unsigned>(std::stoul(argv[2])), {argv + 3, argv + argc});
  } catch (std::exception const& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
}
