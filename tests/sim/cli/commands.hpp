#pragma once

#include "sim/cli/command.hpp"

#include <CLI/CLI.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdlib.h>
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
struct scratch {
  scratch() {
    std::string name = (std::filesystem::temp_directory_path() / "crest-command-XXXXXX").string();
    path = ::mkdtemp(name.data());
  }
  ~scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
  scratch(scratch const&) = delete;
  scratch& operator=(scratch const&) = delete;

  /// Writes a file; its path.
  std::string file(std::string const& name, std::string const& text) const {
    std::filesystem::create_directories((path / name).parent_path());
    std::ofstream(path / name) << text;
    return (path / name).string();
  }

  std::filesystem::path path;
};

inline std::string text_of(std::filesystem::path const& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}
