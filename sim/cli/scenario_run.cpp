#include "sim/cli/scenario_run.hpp"

#include "base/config/document.hpp"
#include "sim/cli/kept_requests.hpp"
#include "sim/cli/replications.hpp"
#include "sim/cli/room.hpp"
#include "sim/cli/watch.hpp"

#include <exception>
#include <filesystem>
#include <iostream>
#include <optional>
#include <stdexcept>

namespace sim::cli {
namespace {

namespace fs = std::filesystem;

/// Runs it until it is not invalid, as often as is allowed.
records::result measured(run_choice const& choice, scenario::scenario const& s, live::run_options const& options,
                         run_watch const& watch) {
  records::attempt_facts attempts{choice.retry_invalid + 1, {}};
  while (true) {
    records::result r = watch.live(s, options);
    bool const again = r.verdict == records::verdict::invalid && attempts.count() < attempts.most;
    if (!again || watch.signals.happened()) {
      if (choice.retry_invalid > 0) r.attempts = std::move(attempts);
      return r;
    }
    attempts.invalid.push_back({std::move(r.reasons), r.duration_s});
  }
}

run_outcome report(run_choice const& choice, records::result result, request_keeper const& kept,
                   output_directory const& out, interruption const& signals) {
  std::string const requests_lost = kept.write(out.path());
  if (!requests_lost.empty()) reports::note_lost(result, requests_lost);
  if (choice.keep_requests_asked && kept.most() != 0 && !kept.kept_any())
    std::cerr << "crest-sim: no requests were kept: the run only counted them; --detail full keeps them\n";
  result.provenance = out.provenance();
  run_outcome outcome{write_with(std::move(result), signals,
                                 [&](records::result const& r) { return reports::write_all(r, out.path()); }),
                      ""};
  if (!requests_lost.empty()) outcome.written.lost.push_back(requests_lost);
  return outcome;
}

run_outcome run_live(run_choice const& choice, scenario::scenario const& s, output_directory const& out,
                     run_watch const& watch) {
  fs::path const private_directory = out.path() / "run";
  std::optional<watch_page> page;
  if (choice.watch) {
    page.emplace(s, choice.watch_port);
    std::cerr << "crest-sim: watch at " << page->url() << std::endl;
  }
  try {
    live::run_options options{fs::absolute(private_directory), watch.progress};
    options.signals = &watch.signals;
    request_keeper kept(choice.requests_kept(), "live");
    options.observe = kept.observer();
    options.metrics = choice.metrics;
    options.metrics_at = [](std::string const& url) { std::cerr << "crest-sim: metrics at " << url << std::endl; };
    options.onlooker = page ? &*page : nullptr;
    records::result result = measured(choice, s, options, watch);
    run_outcome outcome = report(choice, std::move(result), kept, out, watch.signals);
    if (page) page->tell_outcome(outcome.written.result, out.path() / "report.html");
    bool const passed = outcome.written.result.exit_code == records::exit_passed;
    if (passed && !choice.keep) {
      fs::remove_all(private_directory);
    } else {
      outcome.remark = "configurations, logs and journals of the run are in " + private_directory.string();
    }
    return outcome;
  } catch (config::bad_input const&) {
    throw;
  } catch (std::exception const& error) {
    if (page) page->tell_failure(error.what());
    std::error_code none;
    fs::path const logs = private_directory / "logs";
    throw std::runtime_error(
        std::string("the run failed: ") + error.what() +
        (fs::is_directory(logs, none) ? "\ncrest-sim: its logs are in " + logs.string() : std::string()));
  }
}

run_outcome run_virtual(run_choice const& choice, scenario::scenario const& s, output_directory const& out,
                        run_watch const& watch) {
  simulation_line line(watch.progress);
  virtual_time::run_options options = simulation_options(choice);
  options.progress = [&](virtual_time::run_progress const& now) {
    line.show(now);
    return !watch.signals.happened();
  };
  auto const replications_progress_of = [&](replications_progress const& now) {
    std::string const of = now.planned != 0 ? " of " + std::to_string(now.planned) : "";
    line.show(now.running, "  " + std::to_string(now.done) + of + " replications");
    return !watch.signals.happened();
  };
  request_keeper kept(choice.requests_kept(), "virtual");
  if (!choice.replicated()) options.observe = kept.observer();
  replication_plan plan;
  if (choice.replicated()) plan = choice.plan(), plan.jobs = watch.jobs;
  records::result result = choice.replicated() ? run_replications(s, options, plan, replications_progress_of)
                                               : virtual_time::run(s, options);
  line.clear();
  return report(choice, std::move(result), kept, out, watch.signals);
}

}

std::uint64_t room_of_run(run_choice const& choice, scenario::scenario const& s, bool simulated) {
  return (simulated ? room_of_reports : room_of_live_run(s)) + room_of_kept_requests(s, choice.requests_kept());
}

virtual_time::run_options simulation_options(run_choice const& choice) {
  virtual_time::run_options options;
  using keep = virtual_time::run_options::detail;
  options.keep = choice.detail == "full" ? keep::full : choice.detail == "summary" ? keep::summary : keep::automatic;
  return options;
}

run_outcome run_scenario(run_choice const& choice, scenario::scenario const& s, bool simulated,
                         output_directory const& out, run_watch const& watch) {
  return simulated ? run_virtual(choice, s, out, watch) : run_live(choice, s, out, watch);
}

}
