#include "sim/cli/ci_output.hpp"

#include "base/os/write_file.hpp"
#include "reports/reports.hpp"
#include "reports/traces/traces.hpp"
#include "sim/studies/sweep/fingerprint.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <random>
#include <system_error>

namespace sim::cli {
namespace {

namespace fs = std::filesystem;
using reports::ci::annotation;
using reports::ci::provider;

constexpr char const *code_quality_name = "gl-code-quality-report.json", *markdown_name = "summary.md";

std::string variable(char const* name) {
  char const* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

char const* root_variable(provider system) {
  switch (system) {
  case provider::github:
    return "GITHUB_WORKSPACE";
  case provider::gitlab:
    return "CI_PROJECT_DIR";
  }
  return "";
}

/// The file as the repository has it: from its root on, where the job says which that is, else from here on.
std::string in_repository(std::string const& file, provider system) {
  std::error_code none;
  fs::path const whole = fs::weakly_canonical(fs::absolute(file), none);
  for (std::string const& root : {variable(root_variable(system)), fs::current_path(none).string()}) {
    if (root.empty()) continue;
    fs::path const from = fs::weakly_canonical(root, none), within = whole.lexically_relative(from);
    if (!within.empty() && *within.begin() != "..") return within.string();
  }
  return whole.string();
}

/// Appends, since other commands of the job's step may have written there. Returns what went wrong, or nothing.
std::string append(std::string const& file, std::string const& text) {
  std::ofstream out(file, std::ios::binary | std::ios::app);
  out << text << std::flush;
  if (out) return "";
  return "cannot write the step summary " + file + ": " + std::generic_category().message(errno);
}

std::string step_summary(std::string const& markdown) {
  if (std::string const file = variable("GITHUB_STEP_SUMMARY"); !file.empty()) return append(file, markdown);
  std::cerr << "crest-sim: --ci github: GITHUB_STEP_SUMMARY is not set, so there is no step summary, only "
            << markdown_name << " beside the report\n";
  return "";
}

}

std::vector<std::string> const ci_files = {code_quality_name, markdown_name};

std::vector<std::string> files_of_run() {
  std::vector<std::string> names = reports::report_files;
  names.emplace_back(reports::traces::file_name);
  names.insert(names.end(), ci_files.begin(), ci_files.end());
  return names;
}

ci_output::ci_output(run_choice const& choice)
  : system_(choice.ci_system()) {}

std::string ci_output::section(std::string const& id, std::string const& title, std::string const& text) const {
  if (!system_) return text;
  auto const now = std::chrono::system_clock::now().time_since_epoch();
  std::random_device draw;
  std::string token = "crest-sim";
  for (int i = 0; i != 4; ++i) token += "-" + std::to_string(draw());
  return reports::ci::section(*system_, id, title, text, std::chrono::duration_cast<std::chrono::seconds>(now).count(),
                              token);
}

std::vector<std::string> ci_output::report(records::result const& r, std::string const& file,
                                           fs::path const& directory) const {
  if (!system_) return {};
  return publish(reports::ci::annotations_of(r, r.scenario, file, in_repository(file, *system_)),
                 reports::ci::step_summary(r), directory);
}

void ci_output::report(std::exception_ptr const& why, std::string const& file, output_directory const& out) const {
  fs::path const directory = out.has_failure() ? out.path() : fs::path(); // where another works, nothing is touched
  for (std::string const& line : report(out.result_of(why), file, directory))
    std::cerr << "crest-sim: " << line << '\n';
}

std::vector<std::string> ci_output::report(reports::suite const& s, std::vector<std::string> const& files,
                                           fs::path const& directory) const {
  if (!system_) return {};
  std::vector<annotation> all;
  for (std::size_t i = 0; i != s.members.size(); ++i) {
    if (s.members[i].not_run) continue;
    for (annotation& one : reports::ci::annotations_of(s.members[i].result, title_of(s, s.members[i]), files[i],
                                                       in_repository(files[i], *system_)))
      all.push_back(std::move(one));
  }
  return publish(all, reports::ci::step_summary(s), directory);
}

std::vector<std::string> ci_output::publish(std::vector<annotation> const& annotations, std::string const& markdown,
                                            fs::path const& directory) const {
  std::vector<std::string> lost;
  auto const write = [&](char const* name, std::string const& text) {
    if (directory.empty()) return;
    try {
      os::write_file(directory / name, text);
    } catch (std::exception const& error) {
      lost.emplace_back(error.what());
    }
  };
  write(markdown_name, markdown);
  switch (*system_) {
  case provider::github:
    std::cout << reports::ci::workflow_commands(annotations) << std::flush;
    if (std::string problem = step_summary(markdown); !problem.empty()) lost.push_back(std::move(problem));
    break;
  case provider::gitlab:
    write(code_quality_name, reports::ci::code_quality(annotations, sweep::digest));
    break;
  }
  return lost;
}

}
