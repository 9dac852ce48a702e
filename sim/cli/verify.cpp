#include "sim/cli/verify.hpp"

#include "base/config/document.hpp"
#include "reports/agreement.hpp"
#include "sim/cli/command.hpp"
#include "sim/cli/output_directory.hpp"
#include "sim/cli/shipped.hpp"
#include "sim/cli/simulation.hpp"
#include "sim/engines/live/paths.hpp"
#include "sim/engines/live/process.hpp"
#include "sim/engines/live/run.hpp"
#include "sim/engines/virtual/run.hpp"
#include "sim/records/result.hpp"
#include "sim/scenario/load.hpp"

#include <CLI/Validators.hpp>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <unistd.h>

namespace sim::cli {
namespace {

namespace fs = std::filesystem;

struct verify_choice {
  std::vector<std::string> files, overrides;
  std::string seed, out = "out/verify";
  verify::options how;
  bool json = false, no_live = false, quiet = false;
};

/// SIGINT or SIGTERM came during a run.
struct interrupted {};

/// The same decisions in simulated time, which says itself what it cannot model.
verify::evaluate simulated_engine(interruption const& signals) {
  return [&signals](scenario::scenario const& s) {
    if (signals.happened()) throw interrupted{};
    virtual_time::run_options options;
    options.progress = [&](virtual_time::run_progress const&) { return !signals.happened(); };
    try {
      records::result r = virtual_time::run(s, options);
      if (r.verdict == records::verdict::interrupted) throw interrupted{};
      return r;
    } catch (config::bad_input const& error) {
      throw verify::refused(error.what());
    }
  };
}

/// Real processes, in a directory that later runs use again.
verify::evaluate live_engine(fs::path const& directory, interruption const& signals) {
  return [directory, &signals](scenario::scenario const& s) {
    live::run_options options{fs::absolute(directory)};
    options.signals = &signals;
    records::result r = live::run(s, options);
    if (r.verdict == records::verdict::interrupted) throw interrupted{};
    return r;
  };
}

verify::evaluate nginx_engine(fs::path const& directory, interruption const& signals) {
  return [run = live_engine(directory, signals)](scenario::scenario const& s) {
    try {
      live::find_nginx();
      live::find_nginx_modules();
    } catch (live::could_not_run const& error) {
      throw verify::refused(error.what());
    }
    return run(s);
  };
}

int verify_files(verify_choice const& choice) {
  interruption const signals;
  std::vector<std::string> overrides = choice.overrides;
  if (!choice.seed.empty()) overrides.push_back("seed=" + choice.seed);
  std::vector<scenario::scenario> scenarios;
  for (std::string const& file : choice.files) check_named(file);
  for (std::string const& file : choice.files) scenarios.push_back(scenario::load_file(file, overrides));
  fs::path const directory = fs::path(choice.out) / "run";
  std::optional<os::directory_claim> claim;
  if (!choice.no_live) claim.emplace(claim_directory(choice.out));
  verify::engines with;
  with.simulated = simulated_engine(signals);
  if (!choice.no_live) {
    with.gateway = live_engine(directory, signals);
    with.nginx = nginx_engine(directory, signals);
  }
  verify::options how = choice.how;
  if (::isatty(STDERR_FILENO) == 1 && !choice.quiet)
    how.progress = [](std::string const& what) { std::cerr << "crest-sim: " << what << '\n'; };
  try {
    int const code = verify_all(scenarios, with, how, choice.json, std::cout);
    std::error_code none;
    if (claim && code == records::exit_passed) fs::remove_all(directory, none);
    return code;
  } catch (interrupted const&) {
    std::cerr << "crest-sim: interrupted\n";
    return records::exit_interrupted;
  }
}

}

int verify_all(std::vector<scenario::scenario> const& scenarios, verify::engines const& with,
               verify::options const& how, bool json, std::ostream& out) {
  std::vector<verify::scenario_agreement> all;
  for (scenario::scenario const& s : scenarios) all.push_back(verify::verify(s, with, how));
  out << (json ? reports::agreement_json(all) : reports::agreement_text(all)) << std::flush;
  bool const agree =
      !all.empty() && std::all_of(all.begin(), all.end(), [](verify::scenario_agreement const& s) { return s.agrees; });
  return agree ? records::exit_passed : records::exit_failed;
}

void add_verify(CLI::App& app, action& chosen) {
  auto const choice = std::make_shared<verify_choice>();
  CLI::App& command =
      *app.add_subcommand("verify", "hold theory, simulated time and real processes against each other");
  takes_names(*command.add_option("FILE", choice->files, "scenarios, or names of shipped ones")->required());
  command.add_option("--set", choice->overrides, "override a value in all of them; may be repeated")
      ->type_name("PATH=VALUE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command.add_option("--seed", choice->seed, "the first run's seed, in place of the scenario's")->type_name("N");
  command.add_option("--runs", choice->how.simulated_runs, "simulated runs of each scenario, with consecutive seeds")
      ->capture_default_str()
      ->check(CLI::Range(2u, 10000u));
  command.add_option("--live-runs", choice->how.live_runs, "live runs of each scenario and kind of balancer")
      ->capture_default_str()
      ->check(CLI::Range(1u, 1000u));
  command.add_flag("--no-live", choice->no_live, "theory and simulated time only");
  command.add_flag("--latency", choice->how.latency,
                   "also mean, p50 and p99: for scenarios with this machine's profile (see calibrate)");
  command.add_option("--out", choice->out, "directory for the live runs' files")
      ->type_name("DIR")
      ->capture_default_str();
  command.add_flag("--json", choice->json, "for tools");
  command.add_flag("--quiet", choice->quiet, "do not say what runs");
  command.callback([choice, &chosen] { chosen = [choice] { return verify_files(*choice); }; });
}

}
