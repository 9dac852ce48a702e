/// crest-sim: runs scenarios. The list of its commands, and what becomes of errors; what they do is in sim/cli.

#include "base/command_line/parse.hpp"
#include "base/config/document.hpp"
#include "base/config/version.hpp"
#include "base/os/directory_claim.hpp"
#include "base/os/standard_output.hpp"
#include "sim/cli/closing_line.hpp"
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
               "written, 130 interrupted.",
               "crest-sim"};
  app.set_version_flag("--version", "crest-sim " + std::string(config::version) +
                                        (config::commit.empty() ? "" : " (" + std::string(config::commit) + ")"));
  app.require_subcommand(1);

  cli::action chosen;
  cli::add_init(app, chosen);
  cli::add_run(app, chosen);
  cli::add_check(app, chosen);
  cli::add_schema(app, chosen);
  cli::add_list(app, chosen);
  cli::add_load(app, chosen);
  cli::add_explain(app, chosen);
  cli::add_verify(app, chosen);
  cli::add_calibrate(app, chosen);
  cli::add_sweep(app, chosen);
  cli::add_merge(app, chosen);
  cli::add_compare(app, chosen);
  cli::add_plot(app, chosen);
  cli::add_plan(app, chosen);
  cli::add_report(app, chosen);
  cli::add_export(app, chosen);
  cli::add_trace(app, chosen);
  command_line::add_help(app);

  if (auto const code = command_line::parse(app, argc, argv)) return *code;
  return chosen();
}

}

int main(int argc, char** argv) {
  os::standard_output output;
  int code = records::exit_could_not_run;
  try {
    code = main_of(argc, argv);
  } catch (config::bad_input const& error) {
    std::cerr << "crest-sim: " << error.what() << '\n';
    code = records::exit_bad_input;
  } catch (os::directory_in_use const& error) {
    std::cerr << "crest-sim: " << error.what() << '\n';
    code = records::exit_bad_input;
  } catch (std::exception const& error) {
    std::cerr << "crest-sim: " << error.what() << '\n';
  }
  std::cerr << std::flush;
  if (!cli::closing_line().empty()) std::cout << cli::closing_line() << std::endl;
  if (std::string const lost = output.finish(); !lost.empty()) {
    std::cerr << "crest-sim: " << lost << '\n';
    if (code == records::exit_passed) code = records::exit_could_not_run; // others say more
  }
  return code;
}
