#include "sim/cli/plan_report.hpp"

#include "base/os/write_file.hpp"
#include "sim/cli/why.hpp"

#include <exception>
#include <iostream>

namespace sim::cli {

void plan_report::lose(std::string const& problem) {
  lost_.push_back(problem);
  reports::note_lost(result_, problem);
}

void plan_report::write(char const* name, std::string const& text) {
  try {
    os::write_file(out_.path() / name, text);
  } catch (std::exception const& error) {
    lose(error.what());
  }
}

void plan_report::write_page(char const* main) {
  if (!lost_.empty()) return;
  if (std::string const problem = reports::try_report_of(out_.path() / main); !problem.empty()) lose(problem);
}

int plan_report::finish(std::string const& text, std::vector<reports::test_case> const& cases, bool quiet) {
  auto const written = reports::write_verdict(result_, "plan", text, cases, out_.path());
  if (quiet) say_why(written.result);
  lost_.insert(lost_.end(), written.lost.begin(), written.lost.end());
  if (!quiet) {
    std::cout << text << std::flush;
    out_.tell_where();
  }
  for (std::string const& what : lost_) std::cerr << "crest-sim: " << what << '\n';
  return written.result.exit_code;
}

}
