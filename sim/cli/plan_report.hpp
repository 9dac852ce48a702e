#pragma once

#include "reports/reports.hpp"
#include "sim/cli/output_directory.hpp"

#include <string>
#include <vector>

namespace sim::cli {

/// The files in which a plan says what it found: if one cannot be written, the others are, and it is said.
class plan_report {
public:
  /// `verdict`: whether the question has an answer, and why not.
  plan_report(records::result verdict, output_directory const& out)
    : result_(std::move(verdict))
    , out_(out) {}

  void write(char const* name, std::string const& text);
  /// report.html, from `main` and the files beside it, if all were written.
  void write_page(char const* main);
  /// The verdict's files, and `text` on the terminal unless `quiet`. Returns the exit code.
  int finish(std::string const& text, std::vector<reports::test_case> const& cases, bool quiet);

private:
  void lose(std::string const& problem);

  records::result result_;
  output_directory const& out_;
  std::vector<std::string> lost_;
};

}
