/// crest-sim: runs scenarios. The list of its commands, and what becomes of errors; what they do is in sim/cli.

#include "base/config/document.hpp"
#include "base/config/version.hpp"
#include "base/os/standard_output.hpp"
#include "sim/cli/command.hpp"
#include "sim/records/result.hpp"

#include <CLI/CLI.hpp>

#include <exception>
#include <iostream>
#include <string>

namespace {

using namespace sim;

int main_of(int argc, char** argv) {
  CLI::App app{"CREST Lab: runs routing scenarios against real balancers and simulated EVE proxies.\n"
               "Exit codes: 0 passed, 99 a threshold or invariant failed, 2 bad input, 3 invalid run (the load\n"
               "generator could not keep its rate), 1 could not run, or what it found could not be\n"
               "written, 130 interrupted."};
  app.set_version_flag("--version", "crest-sim " + std::string(config::version));
  app.require_subcommand(1);

  command::action chosen;
  command::add_run(app, chosen);
  command::add_check(app, chosen);
  command::add_schema(app, chosen);
  command::add_list(app, chosen);
  command::add_load(app, chosen);
  command::add_explain(app, chosen);
  command::add_verify(app, chosen);
  command::add_calibrate(app, chosen);
  command::add_sweep(app, chosen);
  command::add_merge(app, chosen);
  command::add_compare(app, chosen);
  command::add_plot(app, chosen);
  command::add_plan(app, chosen);

  try {
    app.parse(argc, argv);
  } catch (CLI::ParseError const& error) {
    int const code = app.exit(error);
    return code == 0 ? measure::exit_passed : measure::exit_bad_input;
  }
  return chosen();
}

}

int main(int argc, char** argv) {
  files::standard_output output;
  int code = measure::exit_could_not_run;
  try {
    code = main_of(argc, argv);
  } catch (config::bad_input const& error) {
    std::cerr << "crest-sim: " << error.what() << '\n';
    code = measure::exit_bad_input;
  } catch (std::exception const& error) {
    std::cerr << "crest-sim: " << error.what() << '\n';
  }
  if (std::string const lost = output.finish(); !lost.empty()) {
    std::cerr << "crest-sim: " << lost << '\n';
    if (code == measure::exit_passed) code = measure::exit_could_not_run; // others say more
  }
  return code;
}
