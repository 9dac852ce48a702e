#include "sim/live/run.hpp"

#include "config/document.hpp"
#include "reports/reports.hpp"
#include "sim/command/command.hpp"
#include "sim/command/simulation.hpp"
#include "sim/virtual/run.hpp"

#include <CLI/Validators.hpp>

#include <exception>
#include <filesystem>
#include <iostream>
#include <memory>
#include <unistd.h>

namespace sim::command {
namespace {

namespace fs = std::filesystem;

struct run_choice {
  scenario_choice what;
  std::string engine = "live";
  std::string detail = "auto";
  std::string out;
  bool quiet = false;
  bool keep = false;
};

fs::path report_directory(run_choice const& choice, scenario::scenario const& s) {
  return choice.out.empty() ? fs::path("out") / directory_name(s.name) : fs::path(choice.out);
}

bool shows_progress(run_choice const& choice) { return ::isatty(STDERR_FILENO) == 1 && !choice.quiet; }

void report(run_choice const& choice, measure::result const& result, fs::path const& out) {
  for (std::string const& missing : reports::write_all(result, out)) std::cerr << "crest-sim: " << missing << '\n';
  if (!choice.quiet) std::cout << reports::summary_text(result) << std::flush;
}

int run_live(run_choice const& choice, scenario::scenario const& s) {
  fs::path const out = report_directory(choice, s);
  fs::path const private_directory = out / "run";
  try {
    measure::result const result = live::run(s, {fs::absolute(private_directory), shows_progress(choice)});
    report(choice, result, out);
    bool const passed = result.exit_code == measure::exit_passed;
    if (passed && !choice.keep) {
      fs::remove_all(private_directory);
    } else if (!choice.quiet) {
      std::cerr << "crest-sim: configurations, logs and journals of the run are in " << private_directory.string()
                << '\n';
    }
    return result.exit_code;
  } catch (config::bad_input const&) {
    throw;
  } catch (std::exception const& error) {
    std::cerr << "crest-sim: the run failed: " << error.what() << '\n';
    std::error_code none;
    if (fs::path const logs = private_directory / "logs"; fs::is_directory(logs, none))
      std::cerr << "crest-sim: its logs are in " << logs.string() << '\n';
    return measure::exit_could_not_run;
  }
}

int run_virtual(run_choice const& choice, scenario::scenario const& s) {
  interruption const interrupted;
  simulation_line line(shows_progress(choice));
  virtual_time::run_options options;
  using keep = virtual_time::run_options::detail;
  options.keep = choice.detail == "full" ? keep::full : choice.detail == "summary" ? keep::summary : keep::automatic;
  options.progress = [&](virtual_time::run_progress const& now) {
    line.show(now);
    return !interrupted.happened();
  };
  measure::result const result = virtual_time::run(s, options);
  line.clear();
  report(choice, result, report_directory(choice, s));
  return result.exit_code;
}

int run(run_choice const& choice) {
  scenario::scenario const s = choice.what.load();
  return choice.engine == "virtual" ? run_virtual(choice, s) : run_live(choice, s);
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
  command.add_option("--out", choice->out, "directory for the report (default: out/NAME)")->type_name("DIR");
  command.add_flag("--quiet", choice->quiet, "no progress line and no summary on the terminal");
  command.add_flag("--keep", choice->keep, "keep a live run's configurations, logs and journals in DIR/run");
  command.callback([choice, &chosen] { chosen = [choice] { return run(*choice); }; });
}

}
