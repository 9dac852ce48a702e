#pragma once

#include "sim/cli/command.hpp"
#include "tests/base/os/scratch.hpp"

#include <CLI/CLI.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

/// Commands of crest-sim in this process.
namespace command_test {

/// Returns its exit code; throws as commands do. `live`: what makes single live runs.
inline int run(std::vector<std::string> arguments, sim::cli::live_engine const& live = sim::live::run) {
  CLI::App app{"crest-sim"};
  sim::cli::action chosen;
  sim::cli::add_run(app, chosen, live);
  sim::cli::add_check(app, chosen);
  sim::cli::add_verify(app, chosen);
  sim::cli::add_calibrate(app, chosen);
  sim::cli::add_sweep(app, chosen);
  sim::cli::add_merge(app, chosen);
  sim::cli::add_compare(app, chosen);
  sim::cli::add_plan(app, chosen);
  sim::cli::add_init(app, chosen);
  sim::cli::add_export(app, chosen);
  sim::cli::add_trace(app, chosen);
  sim::cli::add_plot(app, chosen);
  arguments.insert(arguments.begin(), "crest-sim");
  std::vector<char const*> words;
  for (std::string const& argument : arguments) words.push_back(argument.c_str());
  app.parse(static_cast<int>(words.size()), words.data());
  return chosen();
}

/// What a command says on a stream, while this lives.
class heard {
public:
  explicit heard(std::ostream& stream)
    : stream_(stream)
    , before_(stream.rdbuf(text_.rdbuf())) {}
  ~heard() { stream_.rdbuf(before_); }
  heard(heard const&) = delete;
  heard& operator=(heard const&) = delete;
  std::string text() const { return text_.str(); }

private:
  std::ostringstream text_;
  std::ostream& stream_;
  std::streambuf* before_;
};

struct outcome {
  int code = 0;
  std::string out, errors;
  std::vector<std::string> lines() const {
    std::vector<std::string> all;
    std::istringstream in(errors);
    for (std::string line; std::getline(in, line);) all.push_back(line);
    return all;
  }
};

inline outcome outcome_of(std::vector<std::string> const& arguments) {
  heard const out(std::cout), errors(std::cerr);
  int const code = run(arguments);
  return {code, out.text(), errors.text()};
}

inline bool has_nginx() {
  return std::system("PATH=$PATH:/usr/sbin:/usr/local/sbin command -v nginx >/dev/null 2>&1") == 0; // NOLINT
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

inline std::vector<std::string> operator+(std::vector<std::string> a, std::vector<std::string> const& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// The same of both.
struct printed {
  heard out{std::cout}, errors{std::cerr};
};

}
