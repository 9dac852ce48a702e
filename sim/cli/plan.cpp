// crest-sim plan: the cheapest topology that meets goals, in simulated time.
#include "base/os/terminal.hpp"
#include "base/os/write_file.hpp"
#include "reports/reports.hpp"
#include "reports/wording.hpp"
#include "sim/cli/command.hpp"
#include "sim/cli/output_directory.hpp"
#include "sim/cli/plan_text.hpp"
#include "sim/cli/simulation.hpp"
#include "sim/cli/why.hpp"
#include "sim/engines/virtual/run.hpp"
#include "sim/records/result.hpp"
#include "sim/scenario/metrics.hpp"
#include "sim/studies/plan/report.hpp"
#include "sim/studies/plan/run_book.hpp"

#include <CLI/Validators.hpp>

#include <algorithm>
#include <atomic>
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
  std::string out;
  unsigned jobs = 0; // 0: as many as there are processors
  bool quiet = false;
};

/// Convergence after events is known only with a record of every request.
bool needs_records(plan::definition const& d) {
  return std::any_of(d.asked.begin(), d.asked.end(), [](scenario::threshold const& t) {
    return (scenario::find_metric(t.metric)->labels & scenario::by_event) != 0;
  });
}

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
      text += ", best so far: price " + reports::short_number(d_.prices[*now.accepted]);
    } else {
      text += ", none meets all goals so far, at price " + reports::short_number(d_.prices[*now.last]);
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

/// A signal came during a run.
struct half_a_run {};

/// Runs of candidates, counted.
class candidate_runs {
public:
  candidate_runs(interruption const& interrupted, plan::run_book& book)
    : interrupted_(interrupted)
    , book_(book) {}

  plan::evaluation of(plan::definition const& d) {
    auto const evaluate = [this, &d](std::size_t candidate, std::size_t circumstance, std::uint32_t replication) {
      virtual_time::run_options options;
      using detail = virtual_time::run_options::detail;
      options.keep = needs_records(d) ? detail::full : detail::summary;
      options.progress = [this](virtual_time::run_progress const&) { return !interrupted_.happened(); };
      records::result const result =
          virtual_time::run(plan::scenario_of(d, candidate, circumstance, replication), options);
      if (result.verdict == records::verdict::interrupted) throw half_a_run{}; // is no result
      ++count_;
      return plan::values_of(result, d.goals.size());
    };
    return plan::remembered(d, evaluate, book_);
  }
  std::size_t count() const { return count_; }

private:
  interruption const& interrupted_;
  plan::run_book& book_;
  std::atomic<std::size_t> count_{0};
};

int interrupted_plan(output_directory& out) {
  out.report_interruption("plan", "interrupted before there was an answer");
  std::cerr << "crest-sim: interrupted: there is no answer yet; the same command goes on\n";
  return records::exit_interrupted;
}

std::vector<std::string> files_of_plan() {
  std::vector<std::string> names = reports::verdict_files;
  names.insert(names.end(), {"candidates.csv", "tornado.csv", "plan.json", "report.html"});
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

/// All of it; if one file cannot be written, the others are. Returns the exit code.
int report(plan::outcome const& o, std::string const& runs, output_directory const& out, bool quiet) {
  records::result r = verdict_of(o, out);
  std::vector<std::string> lost;
  auto const lose = [&](std::string const& problem) {
    lost.push_back(problem);
    reports::note_lost(r, problem);
  };
  auto const write = [&](char const* name, std::string const& text) {
    try {
      os::write_file(out.path() / name, text);
    } catch (std::exception const& error) {
      lose(error.what());
    }
  };
  write("candidates.csv", plan::candidates_csv(o));
  if (!o.what.inputs.empty()) write("tornado.csv", plan::tornado_csv(o));
  write("plan.json", plan::to_json(o).dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
  if (lost.empty()) // the page is made of these
    if (std::string const problem = reports::try_report_of(out.path() / "plan.json"); !problem.empty()) lose(problem);
  std::string const text = plan_text(o) + runs + "\n";
  reports::test_case answer{"plan", "a topology of the space meets all goals"};
  if (!o.found.answer) answer.element = "failure", answer.message = "none", answer.text = r.reasons.front();
  auto const written = reports::write_verdict(r, "plan", text, {answer}, out.path());
  if (quiet) say_why(written.result);
  lost.insert(lost.end(), written.lost.begin(), written.lost.end());
  if (!quiet) {
    std::cout << text << std::flush;
    out.tell_where();
  }
  for (std::string const& what : lost) std::cerr << "crest-sim: " << what << '\n';
  return written.result.exit_code;
}

int search_plan(plan_choice const& choice, plan::definition const& d, output_directory& out,
                interruption const& interrupted) {
  plan::run_book book(out.path() / "runs.jsonl");
  candidate_runs runs(interrupted, book);
  plan_line line(d, ::isatty(STDERR_FILENO) == 1 && !choice.quiet);
  plan::search_options options;
  options.report = [&](plan::search_progress const& now) { line.show(now); };
  options.jobs = choice.jobs > 0 ? choice.jobs : std::max(1u, std::thread::hardware_concurrency());
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
  if (!book.problem().empty()) std::cerr << "crest-sim: " << book.problem() << ": a later plan runs all again\n";
  std::string const count = std::to_string(runs.count()) + " runs" +
                            (book.found() == 0 ? "" : ", and " + std::to_string(book.found()) + " from before");
  return report({d, found, *tornado}, count, out, choice.quiet);
}

/// What the definition says of the plan.
plan::definition read(plan_choice const& choice, records::result& about) {
  choice.what.check_file();
  plan::definition d = plan::define(choice.what.file, choice.what.all());
  add_scenario_facts(about, d.base, d.file);
  about.seed = d.seed;
  return d;
}

int plan_scenario(plan_choice const& choice) {
  interruption const interrupted;
  output_directory out(choice.out, files_of_plan(), asked(choice.what.file, choice.what.all(), "virtual"));
  plan::definition const d = out.read([&] { return read(choice, out.about()); });
  out.take(fs::path("out") / (directory_name(d.name) + "-plan"), room_of_reports + d.points.size() * 1024);
  return out.work([&] { return search_plan(choice, d, out, interrupted); });
}

}

void add_plan(CLI::App& app, action& chosen) {
  auto const choice = std::make_shared<plan_choice>();
  CLI::App& command =
      *app.add_subcommand("plan", "find the cheapest topology that meets goals, in simulated time (docs/planning.md)");
  add_scenario(command, choice->what);
  command.add_option("--out", choice->out, "directory for the plan (default: out/NAME-plan)")->type_name("DIR");
  command.add_option("--jobs", choice->jobs, "topologies at a time (default: one a processor); the answer is the same")
      ->type_name("J")
      ->check(CLI::Range(1u, 1024u));
  command.add_flag("--quiet", choice->quiet, "nothing on the terminal but errors");
  command.callback([choice, &chosen] { chosen = [choice] { return plan_scenario(*choice); }; });
}

}
