#include "sim/cli/suite.hpp"

#include "base/os/terminal.hpp"
#include "reports/suite.hpp"
#include "reports/wording.hpp"
#include "sim/cli/checked_file.hpp"
#include "sim/cli/ci_output.hpp"
#include "sim/cli/room.hpp"
#include "sim/cli/suite_files.hpp"
#include "sim/cli/why.hpp"
#include "sim/studies/sweep/fingerprint.hpp"
#include "sim/studies/sweep/side_by_side.hpp"

#include <algorithm>
#include <exception>
#include <filesystem>
#include <iostream>
#include <mutex>
#include <utility>

namespace sim::cli {
namespace {

namespace fs = std::filesystem;

/// A scenario that is to be run.
struct entry {
  std::string file;
  checked_file checked;
  bool simulated = false;
  records::result about; // what is known before it runs
};

entry checked_entry(run_choice const& choice, std::string const& file) {
  entry e;
  e.file = file;
  scenario_choice one = choice.what;
  one.file = file;
  e.about = asked(file, choice.what.all(), choice.engine_at_first());
  config::document document;
  if (!e.checked.found.good([&] {
        document = one.document();
        sweep::refuse_stdin(document); // the check reads its log as well as the run
      }))
    return e;
  e.about.engine = choice.engine_of(document);
  e.simulated = e.about.engine == "virtual";
  add_scenario_facts(e.about, document, file);
  e.checked = check_document(document, file);
  config::faults& found = e.checked.found;
  if (!e.checked.what) {
    if (found.empty())
      found.add(file + ": found " + (e.checked.notes.empty() ? "no scenario" : e.checked.notes.front()) +
                "; allowed: a scenario");
    return e;
  }
  scenario::scenario const& s = *e.checked.what;
  e.about.seed = s.seed;
  found.good([&] { e.simulated ? virtual_time::refuse(s, simulation_options(choice)) : live::refuse(s); });
  return e;
}

class suite_run {
public:
  suite_run(run_choice const& choice, interruption const& signals, live_engine const& live, output_directory& out,
            suite_files files)
    : choice_(choice)
    , signals_(signals)
    , live_(live)
    , out_(out)
    , files_(std::move(files))
    , ci_(choice) {}

  int run() {
    std::vector<std::string> const directories = directory_names(files_.files);
    for (std::string const& file : files_.files) entries_.push_back(checked_entry(choice_, file));
    for (std::size_t i = 0; i != entries_.size(); ++i)
      suite_.members.push_back({directories[i], entries_[i].about, "the suite ended before"});
    for (std::string const& line : files_.left_out) std::cerr << "crest-sim: " << line << '\n';
    if (all_good()) {
      run_all();
    } else {
      refuse();
    }
    return report();
  }

private:
  /// Also that the options fit: of what is simulated, and of what is not.
  bool all_good() const {
    if (any(false)) {
      choice_.check("live");
    } else {
      choice_.check("virtual");
    }
    return std::all_of(entries_.begin(), entries_.end(), [](entry const& e) { return e.checked.found.empty(); });
  }

  /// Whether any is simulated, or any is not.
  bool any(bool simulated) const {
    return std::any_of(entries_.begin(), entries_.end(), [&](entry const& e) { return e.simulated == simulated; });
  }

  /// All that is wrong, and nothing is run.
  void refuse() {
    std::size_t faults = 0, bad = 0;
    for (std::size_t i = 0; i != entries_.size(); ++i) {
      config::faults const& found = entries_[i].checked.found;
      reports::suite_member& member = suite_.members[i];
      member.not_run = "other scenarios are bad input";
      if (found.empty()) continue;
      ++bad, faults += found.size();
      member.not_run.reset();
      member.result.verdict = records::verdict::error, member.result.exit_code = records::exit_bad_input;
      member.result.load_as_planned = false;
      for (std::size_t n = 0; n != found.size(); ++n) {
        member.result.reasons.push_back(found.line(n));
        std::cerr << "crest-sim: " << found.line(n) << '\n';
      }
    }
    std::cerr << "crest-sim: " << faults << (faults == 1 ? " error in " : " errors in ") << bad << " of "
              << entries_.size() << " scenarios; none was run" << std::endl;
  }

  void run_all() {
    std::vector<std::size_t> simulated, live;
    for (std::size_t i = 0; i != entries_.size(); ++i) (entries_[i].simulated ? simulated : live).push_back(i);
    auto const stopped = [this] { return signals_.happened(); };
    sweep::side_by_side(simulated.size(), choice_.threads(), stopped, [&](std::size_t i) { run_one(simulated[i]); });
    sweep::side_by_side(live.size(), 1, stopped, [&](std::size_t i) { run_one(live[i]); });
    if (choice_.shows_progress()) os::show_in_place("");
  }

  void run_one(std::size_t i) {
    entry const& e = entries_[i];
    show(e.about.scenario);
    output_directory out((out_.path() / suite_.members[i].directory).string(), files_of_run(), e.about);
    out.be_part();
    run_outcome outcome;
    try {
      out.take({}, room_of_run(choice_, *e.checked.what, e.simulated));
      outcome = out.work([&] {
        return run_scenario(choice_, *e.checked.what, e.simulated, out, {signals_, live_, false, 1});
      });
    } catch (...) {
      outcome.written.result = out.result_of(std::current_exception());
    }
    ended(i, std::move(outcome));
  }

  void show(std::string const& running) {
    std::lock_guard const lock(mutex_);
    if (choice_.shows_progress())
      os::show_in_place(std::to_string(ended_) + " of " + std::to_string(entries_.size()) + " scenarios; " +
                        reports::one_line(running) + " ");
  }

  void ended(std::size_t i, run_outcome outcome) {
    std::lock_guard const lock(mutex_);
    ++ended_;
    reports::suite_member& member = suite_.members[i];
    member.result = std::move(outcome.written.result);
    member.not_run.reset();
    for (std::string const& line : outcome.written.lost) std::cerr << "crest-sim: " << line << '\n';
    not_drawn_ = outcome.written.not_drawn.empty() ? not_drawn_ : outcome.written.not_drawn;
    if (choice_.quiet) return;
    if (!outcome.remark.empty()) std::cerr << "crest-sim: " << outcome.remark << '\n';
    if (ci_.wanted())
      std::cout << ci_.section(member.directory, member.result.scenario + ": " + std::string(verdict_name(member)),
                               reports::summary_text(member.result))
                << std::flush;
  }

  int report() {
    suite_.whole = out_.about();
    suite_.whole.engine = engines();
    suite_.whole.provenance = out_.provenance();
    for (reports::suite_member& m : suite_.members) m.result.timeseries.clear(); // its own report has it
    if (signals_.happened()) say_interrupted();
    reports::conclude(suite_);
    auto written = write_with(suite_.whole, signals_, [&](records::result const& whole) {
      return reports::write_suite({whole, suite_.members}, out_.path());
    });
    suite_.whole = written.result;
    auto const lost_ci = ci_.report(suite_, files_.files, out_.path());
    if (!not_drawn_.empty()) std::cerr << "crest-sim: " << not_drawn_ << '\n';
    if (!choice_.quiet) {
      std::cout << reports::suite_text(suite_) << std::flush;
      out_.tell_where();
    } else {
      say_why(suite_.whole);
    }
    for (auto const* lost : {&std::as_const(written.lost), &lost_ci})
      for (std::string const& line : *lost) std::cerr << "crest-sim: " << line << '\n';
    for (std::string const& line : lost_ci) reports::note_lost(suite_.whole, line);
    return suite_.whole.exit_code;
  }

  void say_interrupted() {
    auto const missing = std::count_if(suite_.members.begin(), suite_.members.end(),
                                       [](reports::suite_member const& m) { return m.not_run.has_value(); });
    suite_.whole.verdict = records::verdict::interrupted, suite_.whole.exit_code = records::exit_interrupted;
    suite_.whole.reasons.push_back("interrupted: " + std::to_string(missing) + " of " +
                                   std::to_string(entries_.size()) + " scenarios were not run");
  }

  std::string engines() const { return !any(true) ? "live" : any(false) ? "live and virtual" : "virtual"; }

  run_choice const& choice_;
  interruption const& signals_;
  live_engine const& live_;
  output_directory& out_;
  suite_files const files_;
  ci_output const ci_;
  std::vector<entry> entries_;
  std::mutex mutex_; // of what follows, while simulated runs go on
  reports::suite suite_;
  std::size_t ended_ = 0;
  std::string not_drawn_; // why a picture is missing, once for all
};

}

int run_suite(run_choice const& choice, interruption const& signals, live_engine const& live) {
  output_directory out(choice.out, files_of_run(),
                       asked(choice.files.front(), choice.what.all(), choice.engine_at_first()));
  return told_to_ci(ci_output(choice), choice.files.front(), out, [&] {
    suite_files files = out.read([&] { return files_of(choice.files); });
    out.about().scenario = files.name;
    std::string const name = files.name == "suite" ? files.name : files.name + "-suite";
    out.take(fs::path("out") / directory_name(name), room_of_reports * (files.files.size() + 1));
    return out.work([&] { return suite_run(choice, signals, live, out, std::move(files)).run(); });
  });
}

}
