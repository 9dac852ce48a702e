#include "sim/engines/live/run.hpp"

#include "base/config/document.hpp"
#include "reports/reports.hpp"
#include "sim/cli/command.hpp"
#include "sim/cli/output_directory.hpp"
#include "sim/cli/replications.hpp"
#include "sim/cli/room.hpp"
#include "sim/cli/simulation.hpp"
#include "sim/cli/why.hpp"
#include "sim/engines/virtual/run.hpp"
#include "sim/scenario/load.hpp"

#include <CLI/Validators.hpp>

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <unistd.h>

namespace sim::cli {
namespace {

namespace fs = std::filesystem;

struct run_choice {
  scenario_choice what;
  std::string engine = "live";
  std::string detail = "auto";
  std::string out;
  bool quiet = false;
  bool keep = false;
  std::uint64_t replications = 0; // 0: one plain run
  std::uint64_t most = replication_plan{}.most;
  unsigned jobs = 0; // 0: one a core
  std::string precision;
  std::string confidence = "95%";
};

/// "1%" or "0.01". Throws config::bad_input unless it lies between 0 and 1.
double share_of(std::string const& option, std::string const& text) {
  char* end = nullptr;
  double value = std::strtod(text.c_str(), &end);
  std::string_view const rest = end;
  if (rest == "%") value /= 100;
  if (end == text.c_str() || (!rest.empty() && rest != "%") || !(value > 0 && value < 1))
    throw config::bad_input(option + ": found '" + text +
                            "'; allowed: more than 0 and less than 1, such as 1% or 0.01");
  return value;
}

replication_plan plan_of(run_choice const& choice) {
  replication_plan plan;
  plan.confidence = share_of("--confidence", choice.confidence);
  plan.jobs = choice.jobs != 0 ? choice.jobs : std::max(1u, std::thread::hardware_concurrency());
  plan.most = choice.most;
  plan.count = choice.replications;
  if (choice.precision.empty()) return plan;
  plan.precision = share_of("--precision", choice.precision);
  plan.count = std::max(plan.count, replications_between_looks);
  if (plan.most < plan.count)
    throw config::bad_input("--max-replications: found " + std::to_string(plan.most) + "; allowed: at least " +
                            std::to_string(plan.count));
  return plan;
}

bool replicated(run_choice const& choice) { return choice.replications != 0 || !choice.precision.empty(); }

bool shows_progress(run_choice const& choice) { return ::isatty(STDERR_FILENO) == 1 && !choice.quiet; }

/// The report; a signal that comes while it is made is in it as well. Returns the exit code.
int report(run_choice const& choice, records::result result, output_directory const& out, interruption const& signals) {
  reports::written written;
  bool known = false;
  result.provenance = out.provenance();
  do {
    known = signals.happened();
    if (known) mark_interrupted(result);
    written = reports::write_all(result, out.path());
  } while (signals.happened() != known);
  if (!written.not_drawn.empty()) std::cerr << "crest-sim: " << written.not_drawn << '\n';
  if (!choice.quiet) {
    std::cout << reports::summary_text(written.result) << std::flush;
    out.tell_where();
  } else {
    say_why(written.result);
  }
  for (std::string const& what : written.lost) std::cerr << "crest-sim: " << what << '\n';
  return written.result.exit_code;
}

int run_live(run_choice const& choice, scenario::scenario const& s, output_directory const& out,
             interruption const& signals) {
  fs::path const private_directory = out.path() / "run";
  try {
    live::run_options options{fs::absolute(private_directory), shows_progress(choice)};
    options.signals = &signals;
    int const exit_code = report(choice, live::run(s, options), out, signals);
    bool const passed = exit_code == records::exit_passed;
    if (passed && !choice.keep) {
      fs::remove_all(private_directory);
    } else if (!choice.quiet) {
      std::cerr << "crest-sim: configurations, logs and journals of the run are in " << private_directory.string()
                << '\n';
    }
    return exit_code;
  } catch (config::bad_input const&) {
    throw;
  } catch (std::exception const& error) {
    std::error_code none;
    fs::path const logs = private_directory / "logs";
    throw std::runtime_error(
        std::string("the run failed: ") + error.what() +
        (fs::is_directory(logs, none) ? "\ncrest-sim: its logs are in " + logs.string() : std::string()));
  }
}

int run_virtual(run_choice const& choice, scenario::scenario const& s, output_directory const& out,
                interruption const& interrupted) {
  simulation_line line(shows_progress(choice));
  virtual_time::run_options options;
  using keep = virtual_time::run_options::detail;
  options.keep = choice.detail == "full" ? keep::full : choice.detail == "summary" ? keep::summary : keep::automatic;
  options.progress = [&](virtual_time::run_progress const& now) {
    line.show(now);
    return !interrupted.happened();
  };
  auto const replications_progress_of = [&](replications_progress const& now) {
    std::string const of = now.planned != 0 ? " of " + std::to_string(now.planned) : "";
    line.show(now.running, "  " + std::to_string(now.done) + of + " replications");
    return !interrupted.happened();
  };
  records::result result = replicated(choice) ? run_replications(s, options, plan_of(choice), replications_progress_of)
                                              : virtual_time::run(s, options);
  line.clear();
  return report(choice, std::move(result), out, interrupted);
}

/// The scenario, of which `about` learns what it can, also where it is refused.
scenario::scenario read(run_choice const& choice, records::result& about) {
  if (choice.engine != "virtual" && replicated(choice))
    throw config::bad_input("--replications, --precision: found with --engine " + choice.engine +
                            "; allowed: with --engine virtual");
  if (replicated(choice)) static_cast<void>(plan_of(choice));
  config::document const document = choice.what.document();
  add_scenario_facts(about, document, choice.what.file);
  scenario::scenario s = scenario::load_document(document, choice.what.file);
  about.seed = s.seed;
  return s;
}

int run(run_choice const& choice) {
  interruption const signals;
  output_directory out(choice.out, reports::report_files, asked(choice.what.file, choice.what.all(), choice.engine));
  scenario::scenario const s = out.read([&] { return read(choice, out.about()); });
  bool const simulated = choice.engine == "virtual";
  out.take(fs::path("out") / directory_name(s.name), simulated ? room_of_reports : room_of_live_run(s));
  return out.work([&] { return simulated ? run_virtual(choice, s, out, signals) : run_live(choice, s, out, signals); });
}

}

void add_run(CLI::App& app, action& chosen) {
  auto const choice = std::make_shared<run_choice>();
  CLI::App& command = *app.add_subcommand("run", "run a scenario, report, and judge it");
  add_scenario(command, choice->what);
  command
      .add_option("--engine", choice->engine,
                  "live: real processes and sockets; virtual: the same decisions in simulated time")
      ->capture_default_str()
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
  command.add_option("--jobs", choice->jobs, "replications at a time (default: one a core); the result is the same")
      ->type_name("J")
      ->check(CLI::Range(1u, 1024u));
  command.add_option("--out", choice->out, "directory for the report (default: out/NAME)")->type_name("DIR");
  command.add_flag("--quiet", choice->quiet,
                   "no progress line and no summary on the terminal; if it does not pass, why, on stderr");
  command.add_flag("--keep", choice->keep, "keep a live run's configurations, logs and journals in DIR/run");
  command.callback([choice, &chosen] { chosen = [choice] { return run(*choice); }; });
}

}
