// crest-sim plan: the cheapest topology that meets goals, in simulated time.
#include "base/os/directory_claim.hpp"
#include "base/os/write_file.hpp"
#include "sim/cli/command.hpp"
#include "sim/cli/old_results.hpp"
#include "sim/cli/plan_text.hpp"
#include "sim/cli/simulation.hpp"
#include "sim/engines/virtual/run.hpp"
#include "sim/records/result.hpp"
#include "sim/scenario/metrics.hpp"
#include "sim/studies/plan/report.hpp"

#include <CLI/Validators.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <memory>
#include <thread>
#include <unistd.h>

namespace sim::cli {
namespace {

namespace fs = std::filesystem;

struct plan_choice {
  scenario_choice what;
  std::string out;
  unsigned jobs = 0; // 0: as many as there are processors
  bool quiet = false;
};

/// Convergence after events is known only with a record of every request.
bool needs_records(plan::definition const& d) {
  return std::any_of(d.asked.begin(), d.asked.end(), [](scenario::threshold const& t) {
    return (scenario::find_metric(t.metric)->labels & scenario::by_event) != 0;
  });
}

/// Runs of candidates, counted and shown on a line of stderr.
class candidate_runs {
public:
  candidate_runs(bool shown, interruption const& interrupted)
    : shown_(shown)
    , interrupted_(interrupted) {}

  plan::evaluation of(plan::definition const& d) {
    return [this, &d](std::size_t candidate, std::size_t circumstance, std::uint32_t replication) {
      virtual_time::run_options options;
      using detail = virtual_time::run_options::detail;
      options.keep = needs_records(d) ? detail::full : detail::summary;
      options.progress = [this](virtual_time::run_progress const&) { return !interrupted_.happened(); };
      records::result const result =
          virtual_time::run(plan::scenario_of(d, candidate, circumstance, replication), options);
      std::size_t const count = ++count_;
      if (shown_) std::fprintf(stderr, "\r%zu runs \033[K", count);
      return plan::values_of(result, d.goals.size());
    };
  }
  void clear() const {
    if (shown_) std::fputs("\r\033[K", stderr);
  }
  std::size_t count() const { return count_; }

private:
  bool shown_;
  interruption const& interrupted_;
  std::atomic<std::size_t> count_{0};
};

int interrupted_plan() {
  std::cerr << "crest-sim: interrupted: nothing was written\n";
  return records::exit_interrupted;
}

/// All of it; what is not written for this plan must not stand there from another.
std::vector<std::string> const written = {"candidates.csv", "tornado.csv", "plan.json"};

void write(plan::outcome const& o, fs::path const& out) {
  os::write_file(out / "candidates.csv", plan::candidates_csv(o));
  if (!o.what.inputs.empty()) os::write_file(out / "tornado.csv", plan::tornado_csv(o));
  os::write_file(out / "plan.json",
                 plan::to_json(o).dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
}

int plan_scenario(plan_choice const& choice) {
  interruption const interrupted;
  plan::definition const d =
      or_without_results(choice.out, written, [&] { return plan::define(choice.what.file, choice.what.all()); });
  fs::path const out = choice.out.empty() ? fs::path("out") / (directory_name(d.name) + "-plan") : fs::path(choice.out);
  auto const claim = claim_directory(out);
  remove_results(out, written);
  candidate_runs runs(::isatty(STDERR_FILENO) == 1 && !choice.quiet, interrupted);
  plan::search_options options;
  options.jobs = choice.jobs > 0 ? choice.jobs : std::max(1u, std::thread::hardware_concurrency());
  options.stop = [&] { return interrupted.happened(); };
  plan::findings const found = plan::search(plan::problem_of(d), runs.of(d), options);
  if (found.interrupted) return interrupted_plan();
  auto const tornado = plan::sensitivity_of(
      d, found, [&](plan::definition const& varied) { return runs.of(varied); }, options);
  runs.clear();
  if (!tornado || interrupted.happened()) return interrupted_plan();
  plan::outcome const o{d, found, *tornado};
  write(o, out);
  if (!choice.quiet) std::cout << plan_text(o) << runs.count() << " runs; files are in " << out.string() << std::endl;
  return found.answer ? records::exit_passed : records::exit_failed;
}

}

void add_plan(CLI::App& app, action& chosen) {
  auto const choice = std::make_shared<plan_choice>();
  CLI::App& command =
      *app.add_subcommand("plan", "find the cheapest topology that meets goals, in simulated time (docs/planning.md)");
  add_scenario(command, choice->what);
  command.add_option("--out", choice->out, "directory for the plan (default: out/NAME-plan)")->type_name("DIR");
  command.add_option("--jobs", choice->jobs, "topologies at a time (default: one a processor); the answer is the same")
      ->type_name("J")
      ->check(CLI::Range(1u, 1024u));
  command.add_flag("--quiet", choice->quiet, "nothing on the terminal but errors");
  command.callback([choice, &chosen] { chosen = [choice] { return plan_scenario(*choice); }; });
}

}
