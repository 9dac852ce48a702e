// What crest-sim plan does with a plan that looks for a value (plan.find).
#include "sim/cli/limit.hpp"

#include "base/os/terminal.hpp"
#include "reports/plots/plots.hpp"
#include "reports/wording.hpp"
#include "sim/cli/candidate_runs.hpp"
#include "sim/cli/limit_text.hpp"
#include "sim/cli/plan_report.hpp"
#include "sim/cli/room.hpp"
#include "sim/studies/plan/reading.hpp"
#include "sim/studies/plan/report.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <optional>
#include <unistd.h>

namespace sim::cli {
namespace {

namespace fs = std::filesystem;
using plan::ending;

/// A line on stderr of how far the search is.
class limit_line {
public:
  limit_line(plan::definition const& d, bool shown)
    : d_(d)
    , shown_(shown) {}

  void show(plan::limit_progress const& now) const {
    if (!shown_) return;
    double const seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
    double const left = seconds / static_cast<double>(now.tried) * static_cast<double>(now.left);
    auto const value = [&](std::size_t place) { return sweep::plain_text(plan::value_at(d_, place)); };
    std::string text = std::to_string(now.tried) + " of about " + std::to_string(now.tried + now.left) + " values";
    if (now.answer) text += ", holds at " + value(*now.answer);
    if (now.beyond) text += ", not at " + value(*now.beyond);
    os::show_in_place(text + ", about " + reports::fixed(left, 0) + " s left ");
  }
  void clear() const {
    if (shown_) os::show_in_place("");
  }

private:
  plan::definition const& d_;
  bool shown_;
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

/// Whether the question has an answer, and why not.
records::result verdict_of(plan::limit_outcome const& o, output_directory const& out) {
  records::result r = out.about();
  r.provenance = out.provenance();
  switch (o.found.how()) {
  case ending::inside:
  case ending::at_end:
    return r;
  case ending::nowhere:
    r.verdict = records::verdict::failed, r.exit_code = records::exit_failed;
    r.reasons.push_back(limit_sentence(o) + ": " + plan::reason_of(o.what, o.found.tried.at(0)));
    return r;
  case ending::untold:
    r.verdict = records::verdict::invalid, r.exit_code = records::exit_invalid, r.load_as_planned = false;
    r.reasons.push_back(limit_sentence(o) + ": " + o.found.tried.at(o.found.answer ? *o.found.beyond : 0).why);
    return r;
  }
  return r;
}

reports::test_case case_of(plan::limit_outcome const& o, records::result const& r) {
  reports::test_case answer{"plan", "all goals hold at a value of " + o.what.find->path};
  if (r.verdict == records::verdict::failed) answer.element = "failure", answer.message = "none";
  if (r.verdict == records::verdict::invalid) answer.element = "error", answer.message = "not known";
  if (!r.reasons.empty()) answer.text = r.reasons.front();
  return answer;
}

/// The picture beside the report; it is made of it.
void draw(fs::path const& directory) {
  reports::plots::order o;
  o.kind = "limit";
  o.results = {directory};
  try {
    reports::plots::draw(o, directory / "limit.svg");
  } catch (std::exception const& error) {
    std::cerr << "crest-sim: limit.svg was not drawn: " << error.what() << '\n';
  }
}

int report(plan::limit_outcome const& o, std::string const& runs, output_directory const& out, bool quiet) {
  records::result const r = verdict_of(o, out);
  plan_report files(r, out);
  files.write("limit.csv", plan::limit_csv(o));
  files.write("limit.json",
              plan::to_json(o).dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
  files.write_page("limit.json");
  int const code = files.finish(limit_text(o) + runs + "\n", {case_of(o, r)}, quiet);
  draw(out.path());
  return code;
}

/// Where live runs work: goes in the end.
struct live_scratch {
  live_scratch(fs::path const& out, bool measured)
    : path(fs::absolute(out / "run"))
    , wanted(measured) {}
  ~live_scratch() {
    std::error_code none;
    if (wanted) fs::remove_all(path, none);
  }
  live_scratch(live_scratch const&) = delete;
  live_scratch& operator=(live_scratch const&) = delete;

  fs::path path;
  bool wanted;
};

plan::limit_findings search(plan::definition const& d, limit_choice const& choice, candidate_runs& runs,
                            plan::limit_options& options) {
  plan::evaluation const evaluate = runs.of(d);
  if (d.measured()) {
    options.probes = 0;
    return plan::find_limit(plan::problem_of(d), d.points.size(), plan::repeated_if_invalid(evaluate, live_attempts),
                            options);
  }
  return plan::find_limit(plan::problem_of(d), d.points.size(), plan::run_ahead(evaluate, choice.jobs, d.rule),
                          options);
}

plan_runner runner_of(plan::definition const& d, limit_choice const& choice, fs::path const& scratch,
                      interruption const& interrupted) {
  if (!d.measured()) return simulated(interrupted);
  sweep::engine const engine = choice.engines(d.engine, {scratch, &interrupted});
  return [engine](plan::definition const&, scenario::scenario const& s) { return engine.evaluate(s); };
}

}

std::uint64_t room_of_limit(plan::definition const& d) {
  if (!d.measured()) return room_of_reports;
  return std::max(room_of_live_run(plan::scenario_of(d, 0, 0, 0)),
                  room_of_live_run(plan::scenario_of(d, d.points.size() - 1, 0, 0)));
}

int find_value(plan::definition const& d, limit_choice const& choice, output_directory& out,
               interruption const& interrupted) {
  plan::run_book book(out.path() / "runs.jsonl");
  live_scratch const scratch(out.path(), d.measured());
  candidate_runs runs(runner_of(d, choice, scratch.path, interrupted), book);
  limit_line const line(d, ::isatty(STDERR_FILENO) == 1 && !choice.quiet);
  plan::limit_options options;
  options.report = [&](plan::limit_progress const& now) { line.show(now); };
  options.stop = [&] { return interrupted.happened(); };
  std::optional<plan::limit_findings> found;
  try {
    found = search(d, choice, runs, options);
  } catch (half_a_run const&) {
  }
  line.clear();
  if (!found || found->interrupted || interrupted.happened()) return interrupted_plan(out);
  runs.tell_problem();
  return report({d, *found}, runs.text(), out, choice.quiet);
}

}
