// The command run: one scenario, or a suite of several.
#include "base/config/document.hpp"
#include "base/config/words.hpp"
#include "reports/ci/ci.hpp"
#include "reports/reports.hpp"
#include "reports/wording.hpp"
#include "sim/cli/ci_output.hpp"
#include "sim/cli/command.hpp"
#include "sim/cli/output_directory.hpp"
#include "sim/cli/run_choice.hpp"
#include "sim/cli/scenario_run.hpp"
#include "sim/cli/suite.hpp"
#include "sim/cli/suite_files.hpp"
#include "sim/cli/why.hpp"
#include "sim/scenario/load.hpp"
#include "sim/studies/sweep/fingerprint.hpp"

#include <CLI/Validators.hpp>

#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

namespace sim::cli {
namespace {

namespace fs = std::filesystem;

/// Says on the terminal what became of the run. Returns the exit code.
int tell(run_choice const& choice, run_outcome const& outcome, output_directory const& out, ci_output const& ci) {
  reports::written const& written = outcome.written;
  if (!written.not_drawn.empty()) std::cerr << "crest-sim: " << written.not_drawn << '\n';
  if (!choice.quiet) {
    std::string const title =
        written.result.scenario + ": " + std::string(reports::verdict_name(written.result.verdict));
    std::cout << ci.section("report", title, reports::summary_text(written.result)) << std::flush;
    out.tell_where();
  } else {
    say_why(written.result);
  }
  for (std::string const& what : written.lost) std::cerr << "crest-sim: " << what << '\n';
  records::result told = written.result;
  for (std::string const& what : ci.report(told, choice.what.file, out.path())) {
    std::cerr << "crest-sim: " << what << '\n';
    reports::note_lost(told, what);
  }
  if (!outcome.remark.empty() && !choice.quiet) std::cerr << "crest-sim: " << outcome.remark << '\n';
  return told.exit_code;
}

/// The scenario, of which `about` learns what it can, also where it is refused.
scenario::scenario read(run_choice const& choice, records::result& about) {
  if (!choice.engine.empty()) choice.check(choice.engine);
  config::document const document = choice.what.document();
  about.engine = choice.engine_of(document);
  add_scenario_facts(about, document, choice.what.file);
  scenario::scenario s = scenario::load_document(document, choice.what.file);
  choice.check(about.engine);
  if (choice.retry_invalid > 0) sweep::refuse_stdin(document);
  about.seed = s.seed;
  return s;
}

int run_one(run_choice const& choice, interruption const& signals, live_engine const& live) {
  ci_output const ci(choice);
  output_directory out(choice.out, files_of_run(),
                       asked(choice.what.file, choice.what.all(), choice.engine_at_first()));
  return told_to_ci(ci, choice.what.file, out, [&] {
    scenario::scenario const s = out.read([&] { return read(choice, out.about()); });
    bool const simulated = out.about().engine == "virtual";
    out.take(fs::path("out") / directory_name(s.name), room_of_run(choice, s, simulated));
    run_outcome const outcome = out.work([&] {
      return run_scenario(choice, s, simulated, out, {signals, live, choice.shows_progress(), choice.threads()});
    });
    return tell(choice, outcome, out, ci);
  });
}

std::vector<std::string> ci_systems() {
  auto const words = config::words_of<reports::ci::provider>();
  return {words.begin(), words.end()};
}

int run(run_choice const& choice, live_engine const& live) {
  interruption const signals;
  if (is_suite(choice.files)) return run_suite(choice, signals, live);
  run_choice one = choice;
  one.what.file = choice.files.front();
  return run_one(one, signals, live);
}

}

void add_run(CLI::App& app, action& chosen, live_engine const& live) {
  auto const choice = std::make_shared<run_choice>();
  CLI::App& command = *app.add_subcommand("run", "run scenarios, report, and judge them");
  add_scenarios(command, choice->files, choice->what, "; or a directory of scenarios; several are a suite");
  command
      .add_option("--engine", choice->engine,
                  "live: real processes and sockets; virtual: the same decisions in simulated time (default: what the "
                  "scenario says, or live)")
      ->check(CLI::IsMember({"live", "virtual"}));
  command
      .add_option("--detail", choice->detail,
                  "virtual: full keeps records of every request, summary only counts; auto: full up to a million")
      ->capture_default_str()
      ->check(CLI::IsMember({"auto", "full", "summary"}));
  command
      .add_option("--replications", choice->replications,
                  "virtual: so many independent runs, each with a seed of its own, put together with confidence "
                  "intervals; with --precision the least number")
      ->type_name("N")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000}));
  command
      .add_option("--precision", choice->precision,
                  "virtual: replicates until the interval of every figure with a threshold (without thresholds: "
                  "redirect_ratio and p(99) of latency_ms) is within so much of it, such as 1%")
      ->type_name("SHARE");
  command.add_option("--max-replications", choice->most, "with --precision: at most so many")
      ->type_name("N")
      ->capture_default_str();
  command.add_option("--confidence", choice->confidence, "of the intervals across replications")
      ->type_name("SHARE")
      ->capture_default_str();
  command
      .add_option(
          "--jobs", choice->jobs,
          "replications, or a suite's simulated scenarios, at a time (default: one a core); the result is the same")
      ->type_name("J")
      ->check(CLI::Range(1u, 1024u));
  command.add_option("--out", choice->out, "directory for the report (default: out/NAME)")->type_name("DIR");
  command
      .add_option("--retry-invalid", choice->retry_invalid,
                  "live: run again, up to so many times, while the run is invalid; the report counts the attempts")
      ->type_name("N")
      ->capture_default_str()
      ->check(CLI::Range(std::uint64_t{0}, std::uint64_t{100}));
  command
      .add_option("--ci", choice->ci,
                  "annotations at the lines of what failed, and a summary in markdown, as this CI system takes them")
      ->type_name("SYSTEM")
      ->check(CLI::IsMember(ci_systems()));
  command.add_flag("--quiet", choice->quiet,
                   "no progress line and no summary on the terminal; if it does not pass, why, on stderr");
  command.add_flag("--keep", choice->keep, "keep a live run's configurations, logs and journals in DIR/run");
  command
      .add_option("--metrics", choice->metrics,
                  "live: serve Prometheus metrics while the run goes on, at PORT of 127.0.0.1 or at ADDRESS:PORT; "
                  "port 0 picks one, and stderr says which (docs/metrics.md)")
      ->type_name("PORT");
  command.add_flag(
      "--watch", choice->watch,
      "live: serve the report while the run goes on, with buttons for events by hand, at an address of this "
      "machine that stderr says (docs/watching.md)");
  auto* const watch_port =
      command.add_option("--watch-port", choice->watch_port, "the same at this port of 127.0.0.1; 0 picks one")
          ->type_name("PORT")
          ->check(CLI::Range(0u, 65535u));
  auto* const keep_requests =
      command
          .add_option("--keep-requests", choice->keep_requests,
                      "keep the whole way of so many requests, or of all (about 1 kB each), in DIR/requests.jsonl for "
                      "`crest-sim trace`: of failed ones, of slow ones, the rest evenly")
          ->type_name("N")
          ->capture_default_str();
  command.callback([choice, live, keep_requests, watch_port, &chosen] {
    choice->watch = choice->watch || watch_port->count() != 0;
    choice->keep_requests_asked = keep_requests->count() != 0;
    chosen = [choice, live] { return run(*choice, live); };
  });
}

}
