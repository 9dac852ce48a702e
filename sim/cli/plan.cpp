// crest-sim plan: the cheapest topology that meets goals, in simulated time; and which plans look for a value
// (limit.hpp).
#include "base/os/terminal.hpp"
#include "reports/reports.hpp"
#include "reports/wording.hpp"
#include "sim/cli/candidate_runs.hpp"
#include "sim/cli/command.hpp"
#include "sim/cli/limit.hpp"
#include "sim/cli/output_directory.hpp"
#include "sim/cli/plan_report.hpp"
#include "sim/cli/plan_text.hpp"
#include "sim/cli/simulation.hpp"
#include "sim/records/result.hpp"
#include "sim/studies/plan/report.hpp"
#include "sim/studies/plan/run_book.hpp"

#include <CLI/Validators.hpp>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <thread>
#include <unistd.h>

namespace sim::cli {
namespace {

namespace fs = std::filesystem;

struct plan_choice {
  scenario_choice what;
  std::string out, engine = "virtual";
  unsigned jobs = 0; // 0: as many as there are processors
  bool quiet = false;
};

/// A line on stderr of how far a plan is: of the first search, and of those by which its inputs are weighed.
class plan_line {
public:
  plan_line(plan::definition const& d, bool shown)
    : d_(d)
    , shown_(shown) {}

  /// Called by one thread at a time.
  void show(plan::search_progress const& now) {
    if (!shown_) return;
    double const seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
    double const left = seconds / static_cast<double>(std::max<std::size_t>(1, now.judged)) *
                        static_cast<double>(now.candidates - now.judged);
    std::string text = std::to_string(now.judged) + " of at most " + std::to_string(now.candidates) + " topologies";
    if (weighing_) text = "what moves the answer: " + text;
    if (now.accepted) {
      text += ", best so far: price " + d_.priced(reports::short_number(d_.prices[*now.accepted]));
    } else {
      text += ", none meets all goals so far, at price " + d_.priced(reports::short_number(d_.prices[*now.last]));
    }
    text += ", at most " + reports::fixed(left, 0) + " s left ";
    os::show_in_place(std::move(text));
  }
  /// Another search begins.
  void weigh() {
    weighing_ = true;
    began_ = std::chrono::steady_clock::now();
  }
  void clear() const {
    if (shown_) os::show_in_place("");
  }

private:
  plan::definition const& d_;
  bool shown_, weighing_ = false;
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

std::vector<std::string> files_of_plan() {
  std::vector<std::string> names = reports::verdict_files;
  names.insert(names.end(), {"candidates.csv", "tornado.csv", "plan.json", "report.html"});
  names.insert(names.end(), limit_files.begin(), limit_files.end());
  return names;
}

/// Whether the question has an answer, and why not.
records::result verdict_of(plan::outcome const& o, output_directory const& out) {
  records::result r = out.about();
  r.provenance = out.provenance();
  if (o.found.answer) return r;
  r.verdict = records::verdict::failed, r.exit_code = records::exit_failed;
  auto const miss = plan::nearest_miss(o.what, o.found);
  r.reasons.push_back(
      "no topology of the space meets all goals" +
      (miss ? "; the nearest miss: " + plan::reason_of(o.what, o.found.candidates[*miss]) : std::string()));
  return r;
}

/// All of it. Returns the exit code.
int report(plan::outcome const& o, std::string const& runs, output_directory const& out, bool quiet) {
  records::result const r = verdict_of(o, out);
  plan_report files(r, out);
  files.write("candidates.csv", plan::candidates_csv(o));
  if (!o.what.inputs.empty()) files.write("tornado.csv", plan::tornado_csv(o));
  files.write("plan.json",
              plan::to_json(o).dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
  files.write_page("plan.json");
  reports::test_case answer{"plan", "a topology of the space meets all goals"};
  if (!o.found.answer) answer.element = "failure", answer.message = "none", answer.text = r.reasons.front();
  return files.finish(plan_text(o) + runs + "\n", {answer}, quiet);
}

unsigned jobs_of(plan_choice const& choice) {
  return choice.jobs > 0 ? choice.jobs : std::max(1u, std::thread::hardware_concurrency());
}

int search_plan(plan_choice const& choice, plan::definition const& d, output_directory& out,
                interruption const& interrupted) {
  plan::run_book book(out.path() / "runs.jsonl");
  candidate_runs runs(simulated(interrupted), book);
  plan_line line(d, ::isatty(STDERR_FILENO) == 1 && !choice.quiet);
  plan::search_options options;
  options.report = [&](plan::search_progress const& now) { line.show(now); };
  options.jobs = jobs_of(choice);
  options.stop = [&] { return interrupted.happened(); };
  plan::findings found;
  std::optional<std::vector<plan::tornado_bar>> tornado;
  try {
    found = plan::search(plan::problem_of(d), runs.of(d), options);
    auto const weigh = [&](plan::definition const& varied) {
      line.weigh();
      return runs.of(varied);
    };
    if (!found.interrupted) tornado = plan::sensitivity_of(d, found, weigh, options);
  } catch (half_a_run const&) {
  }
  line.clear();
  if (!tornado || interrupted.happened()) return interrupted_plan(out);
  runs.tell_problem();
  return report({d, found, *tornado}, runs.text(), out, choice.quiet);
}

/// What the definition says of the plan.
plan::definition read(plan_choice const& choice, records::result& about) {
  choice.what.check_file();
  plan::definition d = plan::define(choice.what.file, choice.what.all(), choice.engine);
  add_scenario_facts(about, d.base, d.file);
  about.seed = d.seed;
  return d;
}

int plan_scenario(plan_choice const& choice, engine_source const& engines) {
  interruption const interrupted;
  output_directory out(choice.out, files_of_plan(), asked(choice.what.file, choice.what.all(), choice.engine));
  plan::definition const d = out.read([&] { return read(choice, out.about()); });
  std::uint64_t const room = d.find ? room_of_limit(d) : room_of_reports + d.points.size() * 1024;
  out.take(fs::path("out") / (directory_name(d.name) + "-plan"), room);
  return out.work([&] {
    if (!d.find) return search_plan(choice, d, out, interrupted);
    return find_value(d, {jobs_of(choice), choice.quiet, engines}, out, interrupted);
  });
}

}

void add_plan(CLI::App& app, action& chosen, engine_source const& engines) {
  auto const choice = std::make_shared<plan_choice>();
  CLI::App& command =
      *app.add_subcommand("plan", "find the cheapest topology that meets goals, or with plan.find the largest value of "
                                  "an input, such as the rate, at which they hold (docs/planning.md)");
  add_scenario(command, choice->what);
  command.add_option("--out", choice->out, "directory for the plan (default: out/NAME-plan)")->type_name("DIR");
  command
      .add_option("--engine", choice->engine,
                  "virtual (simulated time), or live (real processes, one run at a time): of a plan with find")
      ->capture_default_str()
      ->check(CLI::IsMember({"virtual", "live"}));
  command
      .add_option("--jobs", choice->jobs,
                  "simulated topologies, or runs of a value, at a time (default: one a processor); the answer is the "
                  "same")
      ->type_name("J")
      ->check(CLI::Range(1u, 1024u));
  command.add_flag("--quiet", choice->quiet, "nothing on the terminal but errors");
  command.callback(
      [choice, engines, &chosen] { chosen = [choice, engines] { return plan_scenario(*choice, engines); }; });
}

}
