// The commands about all scenarios: schema, list.
#include "sim/cli/command.hpp"
#include "sim/engines/live/paths.hpp"
#include "sim/engines/live/process.hpp"
#include "sim/records/result.hpp"
#include "sim/scenario/load.hpp"

#include <algorithm>
#include <filesystem>
#include <iostream>

namespace sim::cli {
namespace {

namespace fs = std::filesystem;

int list() {
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
  return records::exit_passed;
}

}

void add_schema(CLI::App& app, action& chosen) {
  app.add_subcommand("schema", "print the JSON Schema of scenarios")->callback([&chosen] {
    chosen = [] {
      std::cout << scenario::scenario_schema << '\n';
      return records::exit_passed;
    };
  });
}

void add_list(CLI::App& app, action& chosen) {
  app.add_subcommand("list", "list the shipped scenarios")->callback([&chosen] { chosen = list; });
}

}
