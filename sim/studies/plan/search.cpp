#include "sim/studies/plan/search.hpp"

#include <algorithm>
#include <exception>
#include <limits>
#include <mutex>
#include <numeric>
#include <thread>

namespace sim::plan {
namespace {

/// Thrown between runs when the search is to end.
struct stopped {};

/// One candidate, run until it is decided.
class trial {
public:
  trial(problem const& p, evaluation const& evaluate, search_options const& options, std::size_t candidate)
    : p_(p)
    , evaluate_(evaluate)
    , options_(options)
    , candidate_(candidate) {}

  judgement run() {
    if (!options_.exhaustive && objected()) return std::move(out_);
    for (std::size_t c = 0; c < p_.circumstances; ++c)
      if (!withstands(c)) return std::move(out_);
    out_.how = fate::accepted;
    return std::move(out_);
  }

private:
  bool objected() {
    auto const objection = p_.objects(candidate_);
    if (!objection) return false;
    out_.how = fate::ruled_out;
    out_.goal = objection->goal;
    out_.value = objection->value;
    out_.why = objection->why;
    return true;
  }

  /// Whether all goals are met in a circumstance; records why not.
  bool withstands(std::size_t circumstance) {
    std::vector<std::vector<std::optional<double>>> values(p_.goals.size());
    std::vector<estimate>& estimates = out_.estimates.emplace_back(p_.goals.size());
    for (std::uint32_t r = 0; r < p_.rule.replications; ++r) {
      if (options_.stop()) throw stopped{};
      run_values const run = evaluate_(candidate_, circumstance, r);
      ++out_.runs;
      out_.invalid = run.invalid;
      if (!run.refusal.empty()) return refuse(circumstance, std::nullopt, run.refusal);
      for (std::size_t g = 0; g < p_.goals.size(); ++g) {
        values[g].push_back(run.values[g]);
        estimates[g] = estimate_of(p_.goals[g], values[g], p_.rule);
      }
      if (auto const missed = worst(estimates, standing::missed)) return refuse(circumstance, missed, "");
      if (!worst(estimates, standing::undecided)) return true;
    }
    return refuse(circumstance, worst(estimates, standing::undecided),
                  "undecided after " + std::to_string(p_.rule.replications) + " replications");
  }

  /// The goal of that standing whose value is furthest beyond its bound.
  std::optional<std::size_t> worst(std::vector<estimate> const& estimates, standing how) const {
    std::optional<std::size_t> found;
    double furthest = 0;
    for (std::size_t g = 0; g < estimates.size(); ++g) {
      if (estimates[g].how != how) continue;
      double const far =
          estimates[g].mean ? shortfall(p_.goals[g], *estimates[g].mean) : std::numeric_limits<double>::infinity();
      if (found && far <= furthest) continue;
      found = g;
      furthest = far;
    }
    return found;
  }

  bool refuse(std::size_t circumstance, std::optional<std::size_t> goal, std::string why) {
    out_.how = fate::refused;
    out_.circumstance = circumstance;
    out_.goal = goal;
    if (goal) {
      out_.value = out_.estimates.back()[*goal].mean;
      if (!out_.value) why = "no samples";
    }
    out_.why = std::move(why);
    return false;
  }

  problem const& p_;
  evaluation const& evaluate_;
  search_options const& options_;
  std::size_t candidate_;
  judgement out_;
};

/// The candidates by price, processed by several threads.
class workers {
public:
  workers(problem const& p, evaluation const& evaluate, search_options const& options)
    : p_(p)
    , evaluate_(evaluate)
    , options_(options)
    , order_(by_price(p.prices))
    , first_accepted_(order_.size())
    , first_failed_(order_.size()) {
    out_.candidates.resize(order_.size());
  }

  findings run() {
    std::vector<std::thread> others;
    for (unsigned i = 1; i < options_.jobs && i < order_.size(); ++i) others.emplace_back([this] { work(); });
    work();
    for (std::thread& other : others) other.join();
    if (error_ && first_failed_ < first_accepted_) std::rethrow_exception(error_);
    if (!out_.interrupted && first_accepted_ < order_.size()) out_.answer = order_[first_accepted_];
    // What other threads have begun meanwhile does not count.
    for (std::size_t i = first_accepted_ + 1; i < order_.size() && !options_.exhaustive; ++i)
      out_.candidates[order_[i]] = {};
    return std::move(out_);
  }

private:
  void work() {
    while (auto const place = next()) {
      try {
        judgement j = trial(p_, evaluate_, options_, order_[*place]).run();
        std::lock_guard const lock(mutex_);
        if (j.how == fate::accepted) first_accepted_ = std::min(first_accepted_, *place);
        fate const how = j.how;
        out_.candidates[order_[*place]] = std::move(j);
        tell(*place, how);
      } catch (stopped const&) {
        std::lock_guard const lock(mutex_);
        out_.interrupted = true;
      } catch (...) {
        std::lock_guard const lock(mutex_);
        if (*place < first_failed_) error_ = std::current_exception();
        first_failed_ = std::min(first_failed_, *place);
      }
    }
  }

  std::optional<std::size_t> next() {
    std::lock_guard const lock(mutex_);
    bool const enough = next_ > std::min(first_accepted_, first_failed_) && !options_.exhaustive;
    if (next_ == order_.size() || enough || error_ || out_.interrupted) return std::nullopt;
    return next_++;
  }

  void tell(std::size_t place, fate how) {
    search_progress now{order_.size(), ++judged_, std::nullopt, order_[place], how};
    if (first_accepted_ < order_.size()) now.accepted = order_[first_accepted_];
    options_.report(now);
  }

  problem const& p_;
  evaluation const& evaluate_;
  search_options const& options_;
  std::vector<std::size_t> order_;
  std::mutex mutex_;     // of what follows
  std::size_t next_ = 0; // a place in the order, as are the following
  std::size_t first_accepted_, first_failed_;
  std::size_t judged_ = 0;
  std::exception_ptr error_;
  findings out_;
};

}

std::vector<std::size_t> by_price(std::vector<double> const& prices) {
  std::vector<std::size_t> order(prices.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return prices[a] < prices[b]; });
  return order;
}

std::optional<judgement> judge(problem const& p, evaluation const& evaluate, search_options const& options,
                               std::size_t candidate) {
  try {
    return trial(p, evaluate, options, candidate).run();
  } catch (stopped const&) {
    return std::nullopt;
  }
}

findings search(problem const& p, evaluation const& evaluate, search_options const& options) {
  return workers(p, evaluate, options).run();
}

}
