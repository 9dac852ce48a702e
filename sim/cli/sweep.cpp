// The commands about many runs of one scenario: sweep, merge.
#include "base/os/terminal.hpp"
#include "reports/reports.hpp"
#include "reports/wording.hpp"
#include "sim/cli/command.hpp"
#include "sim/cli/output_directory.hpp"
#include "sim/cli/simulation.hpp"
#include "sim/cli/sweep_report.hpp"
#include "sim/records/result.hpp"
#include "sim/studies/sweep/manifest.hpp"
#include "sim/studies/sweep/merge.hpp"
#include "sim/studies/sweep/run.hpp"
#include "sim/studies/sweep/table.hpp"

#include <CLI/Validators.hpp>

#include <algorithm>
#include <charconv>
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

struct sweep_choice {
  scenario_choice what;
  std::string out, engine = "virtual", shard;
  unsigned jobs = 0; // 0: as many as there are processors
  std::uint32_t replications = 1;
  bool quiet = false;
};

/// "2/8".
sweep::shard shard_of(std::string const& text) {
  if (text.empty()) return {};
  sweep::shard result{0, 0};
  char const* const end = text.data() + text.size();
  auto const number = std::from_chars(text.data(), end, result.number);
  if (number.ec == std::errc{} && number.ptr != end && *number.ptr == '/') {
    auto const of = std::from_chars(number.ptr + 1, end, result.of);
    bool const whole = of.ec == std::errc{} && of.ptr == end;
    if (whole && result.number >= 1 && result.number <= result.of) return result;
  }
  throw config::bad_input("--shard: found '" + text + "'; allowed: I/N with 1 <= I <= N, such as 2/8");
}

/// A line on stderr that is overwritten; nothing where nobody looks.
std::function<void(sweep::progress const&)> progress_line(bool wanted) {
  if (!wanted) return [](sweep::progress const&) {};
  auto const start = std::chrono::steady_clock::now();
  return [start](sweep::progress const& p) {
    double const seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    std::size_t const done = p.finished - p.found;
    double const left =
        done == 0 ? 0 : seconds / static_cast<double>(done) * static_cast<double>(p.trials - p.finished);
    os::show_in_place(std::to_string(p.finished) + " of " + std::to_string(p.trials) + " trials, " +
                      reports::fixed(left, 0) + " s left ");
    if (p.finished == p.trials) os::show_in_place("");
  };
}

/// All that a whole sweep writes anew; its points are kept.
std::vector<std::string> files_of_sweep() {
  std::vector<std::string> names = reports::verdict_files;
  names.insert(names.end(), sweep::table_files.begin(), sweep::table_files.end());
  return names;
}

/// A whole sweep has its directory alone, and reports there; shards of one sweep share it, and leave that to `merge`.
void take_directory(output_directory& out, sweep_choice const& choice, fs::path const& path, sweep::manifest const& m) {
  constexpr std::uint64_t of_a_trial = 24u << 10; // its file, its rows of the tables
  std::uint64_t const room = room_of_reports + m.trials.size() * of_a_trial;
  if (choice.shard.empty()) return out.take(path, room);
  sweep::store const results(path);
  out.take(path, room,
           os::directory_claim::together(
               path, [&] { return sweep::holds(m, results); }, [&] { sweep::begin(m, results); }));
}

/// Where live runs work: in a directory of the shard's own, which goes in the end.
class live_scratch {
public:
  live_scratch(sweep_choice const& choice, sweep::shard shard, fs::path const& out)
    : path(out / "run") {
    if (choice.engine != "live") return;
    wanted_ = true;
    if (choice.shard.empty()) return;
    fs::path const own = out / ("shard-" + std::to_string(shard.number) + "-of-" + std::to_string(shard.of));
    claim_.emplace(claim_directory(own));
    path = own / "run";
  }
  ~live_scratch() {
    std::error_code none;
    if (wanted_) fs::remove_all(path, none);
  }
  live_scratch(live_scratch const&) = delete;
  live_scratch& operator=(live_scratch const&) = delete;

  fs::path path;

private:
  bool wanted_ = false;
  std::optional<os::directory_claim> claim_;
};

/// What the definition says of the sweep.
sweep::definition read(sweep_choice const& choice, records::result& about) {
  choice.what.check_file();
  sweep::definition d = sweep::define(choice.what.file, {choice.what.all(), choice.engine, choice.replications});
  add_scenario_facts(about, d.base, d.file);
  return d;
}

int run_sweep(sweep_choice const& choice, engine_source const& engines, sweep::run_options options,
              sweep::definition const& d, output_directory& out, interruption const& signals) {
  sweep::store const results(out.path());
  live_scratch const scratch(choice, options.shard, out.path());
  sweep::engine const engine = engines(choice.engine, {fs::absolute(scratch.path), &signals});
  sweep::outcome const outcome = sweep::run(d, engine, results, options);

  std::string const count = std::to_string(outcome.progress.finished) + " of " +
                            std::to_string(outcome.progress.trials) + " trials" +
                            (choice.shard.empty() ? "" : " of shard " + choice.shard) + ", " +
                            std::to_string(outcome.progress.found) + " of them from before";
  if (outcome.interrupted || signals.happened()) {
    if (choice.shard.empty()) out.report_interruption("sweep", "interrupted: " + count);
    std::cerr << "crest-sim: interrupted: " << count << "; the same command goes on" << std::endl;
    return records::exit_interrupted;
  }
  auto const finished = sweep::write_table(sweep::manifest_of(d), results);
  if (finished && choice.shard.empty())
    return report_sweep(sweep::manifest_of(d), *finished, d.name + ": " + count + "\n", out, choice.quiet);
  if (!choice.quiet) std::cout << d.name + ": " + count << (finished ? "" : ", for crest-sim merge") << std::endl;
  if (!choice.quiet) out.tell_where();
  for (std::string const& lost : finished ? finished->lost : std::vector<std::string>())
    std::cerr << "crest-sim: " << lost << '\n';
  return finished && !finished->lost.empty() ? records::exit_could_not_run : records::exit_passed;
}

int sweep_scenario(sweep_choice const& choice, engine_source const& engines) {
  interruption const signals;
  bool const whole = choice.shard.empty();
  output_directory out(whole ? choice.out : "", whole ? files_of_sweep() : std::vector<std::string>(),
                       asked(choice.what.file, choice.what.all(), choice.engine));
  sweep::run_options options;
  options.shard = shard_of(choice.shard);
  bool const parallel = choice.engine != "live";
  options.jobs = choice.jobs > 0 ? choice.jobs : parallel ? std::max(1u, std::thread::hardware_concurrency()) : 1;
  options.stopped = [&signals] { return signals.happened(); };
  options.report = progress_line(::isatty(STDERR_FILENO) == 1 && !choice.quiet);
  sweep::definition const d = out.read([&] { return read(choice, out.about()); });
  take_directory(out, choice,
                 choice.out.empty() ? fs::path("out") / (directory_name(d.name) + "-sweep") : fs::path(choice.out),
                 sweep::manifest_of(d));
  return out.work([&] { return run_sweep(choice, engines, options, d, out, signals); });
}

struct merge_choice {
  std::vector<std::string> directories;
  std::string out;
  bool quiet = false;
};

int merge(merge_choice const& choice) {
  std::vector<fs::path> const directories(choice.directories.begin(), choice.directories.end());
  output_directory out(choice.out, files_of_sweep(), asked(directories.front(), {}, ""));
  out.take(choice.out, room_of_reports);
  return out.work([&] {
    sweep::merged const m = sweep::merge(directories, out.path());
    out.about().scenario = m.of.scenario, out.about().file = m.of.file, out.about().engine = m.of.engine;
    return report_sweep(m.of, m.all, m.of.scenario + ": " + std::to_string(m.all.trials.size()) + " trials\n", out,
                        choice.quiet);
  });
}

}

void add_sweep(CLI::App& app, action& chosen, engine_source const& engines) {
  auto const choice = std::make_shared<sweep_choice>();
  CLI::App& command = *app.add_subcommand("sweep", "run a scenario at every point of its axes, into one table");
  add_scenario(command, choice->what);
  command
      .add_option("--out", choice->out,
                  "directory of the results (default: out/NAME-sweep); what is finished there is kept")
      ->type_name("DIR");
  command.add_option("--jobs", choice->jobs, "points at a time (default: one a processor; live: 1)")
      ->type_name("J")
      ->check(CLI::Range(1u, 1024u));
  command.add_option("--engine", choice->engine, "virtual (simulated time) or live (real processes)")
      ->capture_default_str();
  command
      .add_option("--shard", choice->shard, "only every N-th point, from the I-th on; `crest-sim merge` puts together")
      ->type_name("I/N");
  command.add_option("--replications", choice->replications, "runs of each point, with different seeds")
      ->capture_default_str()
      ->check(CLI::Range(1u, 10000u));
  command.add_flag("--quiet", choice->quiet, "nothing on the terminal but errors");
  command.callback(
      [choice, engines, &chosen] { chosen = [choice, engines] { return sweep_scenario(*choice, engines); }; });
}

void add_merge(CLI::App& app, action& chosen) {
  auto const choice = std::make_shared<merge_choice>();
  CLI::App& command = *app.add_subcommand("merge", "put the shards of a sweep together");
  command.add_option("DIR", choice->directories, "the shards' directories")->required();
  command.add_option("--out", choice->out, "directory of the whole sweep")->required()->type_name("DIR");
  command.add_flag("--quiet", choice->quiet, "nothing on the terminal but errors");
  command.callback([choice, &chosen] { chosen = [choice] { return merge(*choice); }; });
}

}
