#pragma once

#include "reports/ci/ci.hpp"
#include "reports/suite.hpp"
#include "sim/cli/output_directory.hpp"
#include "sim/cli/run_choice.hpp"

#include <exception>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace sim::cli {

/// The files that --ci writes beside the reports; removed with an earlier run's.
extern std::vector<std::string> const ci_files;

/// All that `run` writes into its directory.
std::vector<std::string> files_of_run();

/// What --ci asks for: annotations and the log's sections on stdout, files in the report's directory, and the step
/// summary of GitHub. Nothing without --ci.
class ci_output {
public:
  explicit ci_output(run_choice const& choice);

  bool wanted() const { return system_.has_value(); }

  /// `text` as a section of the log, which is what it is without --ci.
  std::string section(std::string const& id, std::string const& title, std::string const& text) const;

  /// Says what became of the run of `file`, or of a suite whose members' files are `files`. `directory`: of the report;
  /// empty: there is none. Returns a line for each file that could not be written.
  std::vector<std::string> report(sim::records::result const& r, std::string const& file,
                                  std::filesystem::path const& directory) const;
  std::vector<std::string> report(reports::suite const& s, std::vector<std::string> const& files,
                                  std::filesystem::path const& directory) const;

  /// The same of a command that `why` ended.
  void report(std::exception_ptr const& why, std::string const& file, output_directory const& out) const;

private:
  std::vector<std::string> publish(std::vector<reports::ci::annotation> const& annotations, std::string const& markdown,
                                   std::filesystem::path const& directory) const;

  std::optional<reports::ci::provider> system_;
};

/// What `work` returns. If it throws, --ci is told.
template<class Work>
int told_to_ci(ci_output const& ci, std::string const& file, output_directory const& out, Work const& work) {
  try {
    return work();
  } catch (...) {
    ci.report(std::current_exception(), file, out);
    throw;
  }
}

}
