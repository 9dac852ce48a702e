#include "sim/cli/replications.hpp"

#include "sim/judge/replicated.hpp"
#include "sim/load/stream.hpp"

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <exception>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace sim::cli {
namespace {

std::string percent(double share) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g %%", 100 * share);
  return text;
}

/// Hands out numbers of replications to threads, and takes what they made in the order of the numbers.
class replication_crew {
public:
  replication_crew(scenario::scenario const& s, virtual_time::run_options const& options, replication_plan const& plan,
                   std::function<bool(replications_progress const&)> const& progress)
    : scenario_(s)
    , options_(options)
    , plan_(plan)
    , progress_(progress)
    , all_(s, plan.confidence)
    , limit_(plan.precision ? std::max(plan.most, plan.count) : plan.count) {}

  records::result run() {
    {
      std::vector<std::jthread> threads;
      for (unsigned i = 0; i != std::max(1u, plan_.jobs); ++i) threads.emplace_back([this] { work(); });
      collect();
    } // joined
    if (failure_) std::rethrow_exception(failure_);
    records::result r = all_.conclude();
    if (plan_.precision) say_precision(r);
    return r;
  }

private:
  struct made {
    std::optional<judge::replication> what;
    std::exception_ptr failure;
  };

  void work() {
    while (auto const number = next()) {
      made m;
      scenario::scenario s = scenario_;
      s.seed = replication_seed(scenario_.seed, *number);
      virtual_time::run_options options = options_;
      options.progress = [this, number](virtual_time::run_progress const& now) { return report(*number, now); };
      try {
        m.what = virtual_time::replicate(s, options);
      } catch (...) {
        m.failure = std::current_exception();
      }
      std::lock_guard const lock(mutex_);
      running_.erase(*number);
      if (m.what) issued_ += requests_of(m.what->alone);
      made_.emplace(*number, std::move(m));
      changed_.notify_all();
    }
  }

  /// The next number, not far ahead of what was taken: results that wait are in memory.
  std::optional<std::uint64_t> next() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return stopped_ || begun_ == limit_ || begun_ < all_.count() + 2 * plan_.jobs; });
    if (stopped_ || begun_ == limit_) return std::nullopt;
    return begun_++;
  }

  void collect() {
    for (std::uint64_t number = 0; number != limit_; ++number) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return made_.contains(number) || (stopped_ && begun_ <= number); });
      auto node = made_.extract(number);
      if (node.empty()) return cut_short();
      failure_ = node.mapped().failure;
      if (failure_) break;
      judge::replication& r = *node.mapped().what;
      if (r.interrupted && number != 0) return cut_short();
      lock.unlock(); // only this thread adds
      taken(std::move(r));
      if (enough()) break;
    }
    stop();
  }

  void cut_short() {
    all_.interrupt();
    changed_.notify_all();
  }

  void taken(judge::replication r) {
    std::lock_guard const lock(mutex_);
    all_.add(std::move(r));
    changed_.notify_all();
  }

  bool enough() {
    if (all_.ended()) return true;
    if (!plan_.precision || all_.count() < plan_.count) return false;
    if (all_.count() % replications_between_looks != 0) return false;
    return all_.widest().relative < *plan_.precision;
  }

  void stop() {
    std::lock_guard const lock(mutex_);
    stopped_ = true;
    changed_.notify_all();
  }

  static std::uint64_t requests_of(records::result const& r) {
    return static_cast<std::uint64_t>(std::get<records::counter_metric>(r.metrics.at("requests")).value);
  }

  /// Progress of one running replication. False: it is no longer wanted.
  bool report(std::uint64_t number, virtual_time::run_progress const& now) {
    std::lock_guard const lock(mutex_);
    running_[number] = now;
    if (stopped_) return false;
    if (!progress_) return true;
    replications_progress sum;
    sum.done = all_.count();
    sum.planned = plan_.precision ? 0 : plan_.count;
    sum.running.started = issued_;
    auto const done = static_cast<double>(begun_ - running_.size());
    sum.running.simulated_s = done * now.duration_s;
    for (auto const& [of, how_far] : running_) {
      sum.running.started += how_far.started;
      sum.running.simulated_s += how_far.simulated_s;
    }
    if (!plan_.precision) {
      sum.running.duration_s = now.duration_s * static_cast<double>(plan_.count);
      if (now.total) sum.running.total = *now.total * plan_.count;
    }
    if (!progress_(sum)) {
      stopped_ = true;
      changed_.notify_all();
    }
    return !stopped_;
  }

  void say_precision(records::result& r) const {
    auto const [figure, relative] = all_.widest();
    r.replications->wanted_precision = plan_.precision;
    r.replications->precision = relative;
    r.replications->last = figure;
    bool const reached = relative < *plan_.precision;
    r.notes.push_back("precision " + percent(*plan_.precision) +
                      (reached ? ": reached after " : ": not reached after ") + std::to_string(all_.count()) +
                      " replications; last was " + figure + ", ± " + percent(relative));
  }

  scenario::scenario const& scenario_;
  virtual_time::run_options const& options_;
  replication_plan const& plan_;
  std::function<bool(replications_progress const&)> const& progress_;
  judge::replicated all_; // changed under mutex_, by the collecting thread only
  std::uint64_t const limit_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::uint64_t, made> made_;
  std::map<std::uint64_t, virtual_time::run_progress> running_;
  std::uint64_t begun_ = 0, issued_ = 0;
  bool stopped_ = false;
  std::exception_ptr failure_;
};

}

std::uint64_t replication_seed(std::uint64_t seed, std::uint64_t number) {
  return number == 0 ? seed : load::mix(load::mix(seed) + number) >> 11;
}

records::result run_replications(scenario::scenario const& s, virtual_time::run_options const& options,
                                 replication_plan const& plan,
                                 std::function<bool(replications_progress const&)> const& progress) {
  return replication_crew(s, options, plan, progress).run();
}

}
