#pragma once

#include "sim/cli/command.hpp"
#include "tests/base/os/scratch.hpp"

#include <CLI/CLI.hpp>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

/// Commands of crest-sim in this process.
namespace command_test {

/// Returns its exit code; throws as commands do.
inline int run(std::vector<std::string> arguments) {
  CLI::App app{"crest-sim"};
  sim::cli::action chosen;
  sim::cli::add_run(app, chosen);
  sim::cli::add_check(app, chosen);
  sim::cli::add_verify(app, chosen);
  sim::cli::add_calibrate(app, chosen);
  sim::cli::add_sweep(app, chosen);
  sim::cli::add_merge(app, chosen);
  sim::cli::add_compare(app, chosen);
  sim::cli::add_plan(app, chosen);
  arguments.insert(arguments.begin(), "crest-sim");
  std::vector<char const*> words;
  for (std::string const& argument : arguments) words.push_back(argument.c_str());
  app.parse(static_cast<int>(words.size()), words.data());
  return chosen();
}

/// An empty directory, which goes with its contents.
struct scratch : files_test::scratch {
  /// Writes a file; its path.
  std::string file(std::string const& name, std::string const& text) const {
    std::filesystem::create_directories((path / name).parent_path());
    std::ofstream(path / name) << text;
    return (path / name).string();
  }
};

using files_test::text_of;

}
