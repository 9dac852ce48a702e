#include "sim/live/run.hpp"

#include "config/document.hpp"
#include "reports/reports.hpp"
#include "sim/command/command.hpp"

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
  std::string out;
  bool quiet = false;
  bool keep = false;
};

int run(run_choice const& choice) {
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

}

void add_run(CLI::App& app, action& chosen) {
  auto const choice = std::make_shared<run_choice>();
  CLI::App& command = *app.add_subcommand("run", "run a scenario, report, and judge it");
  add_scenario(command, choice->what);
  command.add_option("--out", choice->out, "directory for the report (default: out/NAME)")->type_name("DIR");
  command.add_flag("--quiet", choice->quiet, "no progress line and no summary on the terminal");
  command.add_flag("--keep", choice->keep, "keep the run's configurations, logs and journals in DIR/run");
  command.callback([choice, &chosen] { chosen = [choice] { return run(*choice); }; });
}

}
