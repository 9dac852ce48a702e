// The command check: all that is wrong with scenario files, and with what they name.
#include "sim/cli/checked_file.hpp"
#include "sim/cli/command.hpp"
#include "sim/records/result.hpp"

#include <iostream>
#include <memory>

namespace sim::cli {
namespace {

struct check_choice {
  std::vector<std::string> files;
  scenario_choice what; // its file is each of them in turn
};

int check(check_choice const& choice) {
  std::size_t faults = 0, bad_files = 0;
  for (std::string const& file : choice.files) {
    scenario_choice one = choice.what;
    one.file = file;
    checked_file const result = check_file(one);
    faults += result.found.size();
    bad_files += result.found.empty() ? 0 : 1;
    for (std::size_t i = 0; i < result.found.size(); ++i) std::cerr << "crest-sim: " << result.found.line(i) << '\n';
    if (result.found.size() == config::faults::most)
      std::cerr << "crest-sim: " << file << ": more than " << config::faults::most
                << " errors: the rest is not shown\n";
    if (result.found.empty()) std::cout << file << (result.what ? ": good: " + result.what->name : "") << '\n';
    for (std::string const& note : result.notes) std::cout << "    " << note << '\n';
  }
  if (faults == 0) return records::exit_passed;
  std::cout << std::flush;
  if (faults > 1 || choice.files.size() > 1)
    std::cerr << "crest-sim: " << faults << (faults == 1 ? " error in " : " errors in ") << bad_files << " of "
              << choice.files.size() << (choice.files.size() == 1 ? " file\n" : " files\n");
  return records::exit_bad_input;
}

}

void add_check(CLI::App& app, action& chosen) {
  auto const choice = std::make_shared<check_choice>();
  CLI::App& command = *app.add_subcommand(
      "check", "read scenarios, with their axes, plans, templates and logs, and say all that is wrong with them");
  add_scenarios(command, choice->files, choice->what);
  command.callback([choice, &chosen] { chosen = [choice] { return check(*choice); }; });
}

}
