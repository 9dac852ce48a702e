#include "sim/cli/sweep_report.hpp"

#include "base/config/joined.hpp"
#include "reports/reports.hpp"
#include "reports/wording.hpp"
#include "sim/cli/why.hpp"

#include <algorithm>
#include <iostream>
#include <numeric>
#include <utility>

namespace sim::cli {
namespace {

using sweep::evaluation;

constexpr std::size_t most_printed = 50; // on a terminal; summary.txt has all
constexpr std::size_t most_reasons = 10; // in summary.json
constexpr std::size_t longest_reason = 160;

bool passed(evaluation const& e) { return e.verdict == records::verdict::passed; }

std::string reasons_of(evaluation const& e) {
  std::string text;
  for (std::string const& reason : e.reasons) text += (text.empty() ? "" : "; ") + reports::one_line(reason);
  return text;
}

/// "4 passed, 1 failed".
std::string counts_of(std::vector<evaluation> const& trials) {
  std::vector<records::verdict> verdicts;
  for (evaluation const& e : trials) verdicts.push_back(e.verdict);
  return reports::counts_of(verdicts);
}

std::vector<reports::test_case> cases_of(sweep::manifest const& m, std::vector<evaluation> const& trials) {
  std::vector<reports::test_case> cases;
  for (std::size_t i = 0; i < trials.size(); ++i) {
    reports::test_case& c = cases.emplace_back(reports::test_case{"trial", sweep::describe(m, m.trials[i])});
    if (passed(trials[i])) continue;
    c.element = trials[i].verdict == records::verdict::failed ? "failure" : "error";
    c.message = std::string(sweep::verdict_name(trials[i].verdict));
    c.text = config::joined(trials[i].reasons, "\n");
  }
  return cases;
}

records::result verdict_of(sweep::manifest const& m, sweep::finished const& all,
                           std::vector<std::string> const& all_lost, output_directory const& out) {
  records::result r = out.about();
  r.verdict = all.verdict, r.exit_code = exit_code_of(all.verdict);
  r.provenance = out.provenance();
  std::size_t missing = 0;
  for (std::size_t i = 0; i < all.trials.size(); ++i) {
    if (passed(all.trials[i])) continue;
    if (r.reasons.size() < most_reasons) {
      r.reasons.push_back(sweep::describe(m, m.trials[i]) + ": " +
                          std::string(sweep::verdict_name(all.trials[i].verdict)) + ": " + reasons_of(all.trials[i]));
    } else {
      ++missing;
    }
  }
  if (missing > 0) r.reasons.push_back("and " + std::to_string(missing) + " more trials that did not pass");
  for (std::string const& lost : all_lost) reports::note_lost(r, lost);
  return r;
}

}

std::string sweep_text(sweep::manifest const& m, std::vector<evaluation> const& trials, std::size_t most) {
  std::vector<std::size_t> shown(trials.size());
  std::iota(shown.begin(), shown.end(), std::size_t{0});
  if (shown.size() > most) { // the worst first, so that what is left out is what is least missed
    std::stable_partition(shown.begin(), shown.end(), [&](std::size_t i) { return !passed(trials[i]); });
    shown.resize(most);
    std::sort(shown.begin(), shown.end());
  }
  std::size_t width = 0, widest_verdict = 0;
  for (std::size_t const i : shown) {
    width = std::max(width, sweep::describe(m, m.trials[i]).size());
    widest_verdict = std::max(widest_verdict, sweep::verdict_name(trials[i].verdict).size());
  }
  std::string text;
  for (std::size_t const i : shown) {
    std::string const why = passed(trials[i]) ? "" : reports::cut(reasons_of(trials[i]), longest_reason);
    std::string const verdict(sweep::verdict_name(trials[i].verdict));
    text += "  " + reports::padded(sweep::describe(m, m.trials[i]), width) + "  " +
            (why.empty() ? verdict : reports::padded(verdict, widest_verdict) + "  " + why) + "\n";
  }
  if (shown.size() < trials.size()) text += "  ... and " + std::to_string(trials.size() - shown.size()) + " more\n";
  return text + counts_of(trials) + "\n";
}

int report_sweep(sweep::manifest const& m, sweep::finished const& all, std::string const& heading,
                 output_directory const& out, bool quiet) {
  std::vector<std::string> all_lost = all.lost;
  if (all_lost.empty()) // the page is made of the tables
    if (std::string const problem = reports::try_report_of(out.path() / sweep::csv_name); !problem.empty())
      all_lost.push_back(problem);
  records::result const r = verdict_of(m, all, all_lost, out);
  auto const written = reports::write_verdict(r, "sweep", heading + sweep_text(m, all.trials, all.trials.size()),
                                              cases_of(m, all.trials), out.path());
  if (!quiet) {
    std::cout << heading << sweep_text(m, all.trials, most_printed) << std::flush;
    out.tell_where();
  }
  if (quiet) say_why(written.result);
  for (auto const* lost : {&std::as_const(all_lost), &written.lost})
    for (std::string const& what : *lost) std::cerr << "crest-sim: " << what << '\n';
  return written.result.exit_code;
}

}
