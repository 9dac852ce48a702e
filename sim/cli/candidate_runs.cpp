#include "sim/cli/candidate_runs.hpp"

#include "sim/engines/virtual/run.hpp"
#include "sim/scenario/metrics.hpp"

#include <algorithm>
#include <iostream>

namespace sim::cli {
namespace {

/// Convergence after events is known only with a record of every request.
bool needs_records(plan::definition const& d) {
  return std::any_of(d.asked.begin(), d.asked.end(), [](scenario::threshold const& t) {
    return (scenario::find_metric(t.metric)->labels & scenario::by_event) != 0;
  });
}

}

plan_runner simulated(interruption const& interrupted) {
  return [&interrupted](plan::definition const& d, scenario::scenario const& s) {
    virtual_time::run_options options;
    using detail = virtual_time::run_options::detail;
    options.keep = needs_records(d) ? detail::full : detail::summary;
    options.progress = [&interrupted](virtual_time::run_progress const&) { return !interrupted.happened(); };
    return virtual_time::run(s, options);
  };
}

plan::evaluation candidate_runs::of(plan::definition const& d) {
  auto const evaluate = [this, &d](std::size_t candidate, std::size_t circumstance, std::uint32_t replication) {
    records::result const result = runner_(d, plan::scenario_of(d, candidate, circumstance, replication));
    if (result.verdict == records::verdict::interrupted) throw half_a_run{};
    ++count_;
    return plan::values_of(result, d.goals.size());
  };
  return plan::remembered(d, evaluate, book_);
}

std::string candidate_runs::text() const {
  return std::to_string(count_) + " runs" +
         (book_.found() == 0 ? "" : ", and " + std::to_string(book_.found()) + " from before");
}

void candidate_runs::tell_problem() const {
  if (!book_.problem().empty()) std::cerr << "crest-sim: " << book_.problem() << ": a later plan runs all again\n";
}

int interrupted_plan(output_directory& out) {
  out.report_interruption("plan", "interrupted before there was an answer");
  std::cerr << "crest-sim: interrupted: there is no answer yet; the same command goes on\n";
  return records::exit_interrupted;
}

}
