#include "base/os/write_file.hpp"
#include "reports/plot.hpp"
#include "reports/reports.hpp"
#include "reports/suite.hpp"
#include "reports/wording.hpp"

#include <algorithm>
#include <functional>

namespace reports {
namespace {

namespace fs = std::filesystem;
using sim::records::result;

struct file {
  char const* name;
  std::function<std::string(result const&)> text;
};

/// Returns what went wrong, or nothing.
std::string write(file const& f, result const& r, fs::path const& directory) {
  try {
    os::write_file(directory / f.name, f.text(r));
    return {};
  } catch (std::exception const& error) {
    return error.what();
  }
}

void lose(written& out, std::string const& problem) {
  out.lost.push_back(problem);
  note_lost(out.result, problem);
}

/// These say whether the run passed, and so what is missing.
void write_all_of(std::vector<file> const& files, written& out, fs::path const& directory) {
  std::vector<file const*> done;
  for (file const& f : files) {
    std::string const problem = write(f, out.result, directory);
    if (problem.empty()) {
      done.push_back(&f);
      continue;
    }
    lose(out, problem);
    // What was written before says nothing of it yet. What cannot say so either must not say that all is well.
    std::erase_if(done, [&](file const* before) {
      if (write(*before, out.result, directory).empty()) return false;
      std::error_code ignored;
      fs::remove(directory / before->name, ignored);
      return true;
    });
  }
}

std::string short_junit(result const& r) { return junit_xml(r); }
std::string short_json(result const& r) { return summary_json(r); }
std::string short_text(result const& r) { return summary_text(r); }

}

// summary.json is last: if it is there, so are the others.
std::vector<std::string> const verdict_files = {"junit.xml", "summary.txt", "summary.json"};

std::vector<std::string> const report_files = {"summary.txt",    "summary.json",       "junit.xml",
                                               "timeseries.csv", "redirect-ratio.svg", "report.html"};

written write_all(result const& r, fs::path const& directory) {
  written out{r, {}, {}};
  if (!came_to_nothing(r)) {
    if (auto const problem = write({"timeseries.csv", timeseries_csv}, r, directory); !problem.empty())
      lose(out, problem);
    if (auto const problem = draw(r, directory / "redirect-ratio.svg"); !problem.empty())
      out.not_drawn = "redirect-ratio.svg was not drawn: " + problem;
  }
  write_all_of({{"junit.xml", short_junit},
                {"summary.txt", short_text},
                {"report.html", report_html},
                {"summary.json", short_json}},
               out, directory);
  return out;
}

written write_verdict(result const& r, std::string_view of, std::string const& text, std::vector<test_case> const& more,
                      fs::path const& directory) {
  written out{r, {}, {}};
  auto const junit = [&](result const& now) { return junit_xml(now, more); };
  auto const json = [&](result const& now) { return summary_json(now, of); };
  auto const whole_text = [&](result const& now) {
    std::string lost;
    for (std::string const& problem : out.lost) lost += one_line(problem) + "\n";
    return printable(text + lost + what_ran(now));
  };
  write_all_of({{"junit.xml", junit}, {"summary.txt", whole_text}, {"summary.json", json}}, out, directory);
  return out;
}

written write_suite(suite const& s, fs::path const& directory) {
  written out{s.whole, {}, {}};
  auto const with = [&](result const& now) { return suite{now, s.members}; };
  auto const text = [&](result const& now) { return suite_text(with(now)) + what_ran(now); };
  write_all_of({{"junit.xml", [&](result const& now) { return suite_junit(with(now)); }},
                {"summary.txt", text},
                {"summary.json", [&](result const& now) { return suite_json(with(now)); }}},
               out, directory);
  return out;
}

void note_lost(result& r, std::string const& problem) {
  if (r.verdict == sim::records::verdict::passed) { // others say more
    r.verdict = sim::records::verdict::error;
    r.exit_code = sim::records::exit_could_not_run;
  }
  r.reasons.push_back(problem);
}

bool came_to_nothing(result const& r) { return r.verdict == sim::records::verdict::error && r.metrics.empty(); }

result result_of_failure(std::string const& scenario, std::string const& why, int exit_code) {
  result r;
  r.scenario = scenario;
  r.verdict = sim::records::verdict::error;
  r.exit_code = exit_code;
  r.reasons = {why};
  r.load_as_planned = false;
  return r;
}

}
