/// crest-sim: runs scenarios. The commands, and nothing else: what they do is in sim/live, sim/scenario and reports.

#include "config/document.hpp"
#include "config/version.hpp"
#include "reports/reports.hpp"
#include "sim/live/places.hpp"
#include "sim/live/process.hpp"
#include "sim/live/quick.hpp"
#include "sim/live/run.hpp"
#include "sim/measure/result.hpp"
#include "sim/scenario/load.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cctype>
#include <exception>
#include <filesystem>
#include <iostream>
#include <string>
#include <unistd.h>
#include <vector>

namespace {

namespace fs = std::filesystem;
using namespace sim;

struct scenario_choice {
  std::string file;
  std::vector<std::string> overrides;
  std::string seed;

  scenario::scenario load() const {
    std::vector<std::string> all = overrides;
    if (!seed.empty()) all.push_back("seed=" + seed);
    return scenario::load_file(file, all);
  }
};

struct run_choice {
  scenario_choice what;
  std::string out;
  bool quiet = false;
  bool keep = false;
};

// "new balancer joins" → "new-balancer-joins"
std::string directory_name(std::string const& name) {
  std::string text;
  for (char const c : name) {
    bool const plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.';
    if (plain) {
      text += c;
    } else if (!text.empty() && text.back() != '-') {
      text += '-';
    }
  }
  return text.empty() || text.front() == '.' ? "scenario" : text;
}

int run_command(run_choice const& choice) {
  scenario::scenario const s = choice.what.load();
  fs::path const out = choice.out.empty() ? fs::path("out") / directory_name(s.name) : fs::path(choice.out);
  fs::path const private_directory = out / "run";
  bool const terminal = ::isatty(STDERR_FILENO) == 1;
  try {
    measure::result const result = live::run(s, {fs::absolute(private_directory), terminal && !choice.quiet});
    for (std::string const& missing : reports::write_all(result, out)) std::cerr << "crest-sim: " << missing << '\n';
    if (!choice.quiet) std::cout << reports::summary_text(result) << std::flush;
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

int check_command(scenario_choice const& choice) {
  scenario::scenario const s = choice.load();
  std::cout << choice.file << ": good: " << s.name << '\n';
  return measure::exit_passed;
}

int list_command() {
  fs::path const directory = live::find_scenarios();
  if (directory.empty()) throw live::could_not_run("the shipped scenarios are not beside crest-sim");
  std::vector<fs::path> files;
  for (fs::directory_entry const& entry : fs::directory_iterator(directory)) {
    std::string const name = entry.path().filename().string();
    if (name.ends_with(".json") && !name.ends_with(".schema.json")) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  for (fs::path const& file : files) {
    scenario::scenario const s = scenario::load_file(file);
    std::cout << file.string() << "\n    " << s.name << (s.description.empty() ? "" : ": ") << s.description << '\n';
  }
  return measure::exit_passed;
}

void add_scenario(CLI::App& command, scenario_choice& choice) {
  command.add_option("FILE", choice.file, "scenario, JSON with comments (see `crest-sim schema`)")->required();
  command.add_option("--set", choice.overrides, "override a value, such as topology.proxies.count=8; may be repeated")
      ->type_name("PATH=VALUE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command.add_option("--seed", choice.seed, "override the scenario's seed")->type_name("N");
}

int main_of(int argc, char** argv) {
  CLI::App app{"CREST Lab: runs routing scenarios against real balancers and simulated EVE proxies.\n"
               "Exit codes: 0 passed, 99 a threshold or invariant failed, 2 bad input, 3 invalid run (the load\n"
               "generator could not keep its rate), 1 could not run, 130 interrupted."};
  app.set_version_flag("--version", "crest-sim " + std::string(config::version));
  app.require_subcommand(1);

  run_choice run;
  CLI::App& run_app = *app.add_subcommand("run", "run a scenario, report, and judge it");
  add_scenario(run_app, run.what);
  run_app.add_option("--out", run.out, "directory for the report (default: out/NAME)")->type_name("DIR");
  run_app.add_flag("--quiet", run.quiet, "no progress line and no summary on the terminal");
  run_app.add_flag("--keep", run.keep, "keep the run's configurations, logs and journals in DIR/run");

  scenario_choice check;
  CLI::App& check_app = *app.add_subcommand("check", "read a scenario and say what is wrong with it");
  add_scenario(check_app, check);

  CLI::App& schema_app = *app.add_subcommand("schema", "print the JSON Schema of scenarios");
  CLI::App& list_app = *app.add_subcommand("list", "list the shipped scenarios");

  live::quick_settings quick;
  double seconds = 10;
  CLI::App& load_app = *app.add_subcommand("load", "closed load on one URL, without a scenario");
  load_app.add_option("URL", quick.url, "http://IPV4:PORT/target")->required();
  load_app.add_option("--connections", quick.connections, "kept-alive connections, one request at a time on each")
      ->capture_default_str()
      ->check(CLI::Range(1u, 100000u));
  load_app.add_option("--duration", seconds, "seconds")->capture_default_str()->check(CLI::Range(0.01, 86400.0));

  try {
    app.parse(argc, argv);
  } catch (CLI::ParseError const& error) {
    int const code = app.exit(error);
    return code == 0 ? measure::exit_passed : measure::exit_bad_input;
  }
  if (run_app.parsed()) return run_command(run);
  if (check_app.parsed()) return check_command(check);
  if (list_app.parsed()) return list_command();
  if (schema_app.parsed()) {
    std::cout << scenario::scenario_schema << '\n';
    return measure::exit_passed;
  }
  quick.duration = std::chrono::nanoseconds(static_cast<std::int64_t>(seconds * 1e9));
  live::quick_result const result = live::quick_load(quick);
  std::cout << live::describe(result);
  return result.requests > 0 && result.failed == 0 ? measure::exit_passed : measure::exit_failed;
}

}

int main(int argc, char** argv) {
  try {
    return main_of(argc, argv);
  } catch (config::bad_input const& error) {
    std::cerr << "crest-sim: " << error.what() << '\n';
    return measure::exit_bad_input;
  } catch (std::exception const& error) {
    std::cerr << "crest-sim: " << error.what() << '\n';
    return measure::exit_could_not_run;
  }
}
