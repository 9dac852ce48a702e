#include "sim/studies/sweep/run.hpp"

#include "base/os/write_file.hpp"
#include "sim/studies/sweep/manifest.hpp"
#include "sim/studies/sweep/side_by_side.hpp"
#include "sim/studies/sweep/table.hpp"

#include <exception>
#include <fstream>
#include <iterator>
#include <mutex>
#include <stdexcept>
#include <vector>

namespace sim::sweep {
namespace {

namespace fs = std::filesystem;

/// The trials of a shard, processed by several threads.
class workers {
public:
  workers(definition const& d, engine const& with, store const& results, run_options const& options)
    : definition_(d)
    , engine_(with)
    , results_(results)
    , options_(options) {}

  outcome run() {
    find_work();
    side_by_side(
        work_.size(), options_.jobs, [this] { return stops(); },
        [this](std::size_t i) { evaluate(definition_.trials[work_[i]]); });
    return {progress_, interrupted_};
  }

private:
  void find_work() {
    for (std::size_t i = options_.shard.number - 1; i < definition_.trials.size(); i += options_.shard.of) {
      ++progress_.trials;
      if (results_.find(definition_.trials[i].fingerprint)) {
        ++progress_.found;
      } else {
        work_.push_back(i);
      }
    }
    progress_.finished = progress_.found;
    options_.report(progress_);
  }

  bool stops() {
    std::lock_guard const lock(mutex_);
    interrupted_ = interrupted_ || options_.stopped();
    return interrupted_;
  }

  void evaluate(trial const& t) {
    evaluation const e = evaluated(t);
    if (e.verdict == records::verdict::interrupted) { // half a run is no result
      std::lock_guard const lock(mutex_);
      interrupted_ = true;
      return;
    }
    results_.keep(t.fingerprint, resolved_text(definition_, t), e);
    std::lock_guard const lock(mutex_);
    ++progress_.finished;
    options_.report(progress_);
  }

  evaluation evaluated(trial const& t) const {
    std::string const where = "at point " + std::to_string(t.point_index) + " (" +
                              describe(definition_.paths(), shown_of(definition_.points[t.point_index])) + "): ";
    try {
      return evaluation_of(engine_.evaluate(scenario_of(definition_, t)));
    } catch (config::bad_input const& error) {
      throw config::bad_input(where + error.what());
    } catch (std::exception const& error) {
      throw std::runtime_error(where + error.what());
    }
  }

  definition const& definition_;
  engine const& engine_;
  store const& results_;
  run_options const& options_;
  std::vector<std::size_t> work_; // indices of trials
  std::mutex mutex_;              // of what follows
  progress progress_;
  bool interrupted_ = false;
};

}

bool holds(manifest const& m, store const& results) {
  std::ifstream in(results.directory() / "sweep.json", std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {}) == manifest_text(m);
}

void begin(manifest const& m, store const& results) {
  if (holds(m, results)) return;
  std::error_code none;
  for (std::string const& name : table_files) fs::remove(results.directory() / name, none);
  os::write_file(results.directory() / "sweep.json", manifest_text(m));
}

outcome run(definition const& d, engine const& with, store const& results, run_options const& options) {
  if (options.jobs > 1 && !with.concurrent) {
    throw config::bad_input("--jobs: found " + std::to_string(options.jobs) + "; allowed: 1 with the engine " +
                            with.name + ", which uses the whole machine");
  }
  begin(manifest_of(d), results);
  return workers(d, with, results, options).run();
}

}
