#pragma once

#include "sim/judge/findings.hpp"
#include "sim/judge/sampled_figure.hpp"
#include "sim/judge/thresholds.hpp"
#include "sim/records/result.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sim::judge {

/// What one of several independent runs of a scenario came to: by itself, and in a form that can be put together.
struct replication {
  records::result alone;
  tally counts;
  theory_fit fit; // without trials
  std::vector<records::balancer_facts> balancers;
  std::vector<records::eve_record> eve;
  records::histogram eve_latency, notification_latency;
  bool interrupted = false, complete = true;
  std::optional<std::string> aborted_by, bad_log;
  std::vector<records::metric_set> slices;    // in the order of annotate_parts; with every reason
  std::vector<std::optional<figure>> watched; // as watched_by
  records::proxy_work_by_phase work;
  std::uint64_t waited_for_connection = 0;
};

/// Of everything but `alone`.
replication replication_of(findings const& f);

/// The figures whose precision counts: the scenario's thresholds, or without any the redirect ratio and p(99) of the
/// latency.
std::vector<scenario::threshold> watched_by(scenario::scenario const& s);

/// Independent replications of a scenario, put together one by one; their order decides the last bits. Ratios are sums
/// over sums, durations come from the merged histogram (so a quantile has its relative error, 1/256, as that of one
/// run), counters and values are means; each with a confidence interval by Student's t, across replications. A
/// quantile's reaches to the ends of the histogram's buckets.
///
/// Holds a reference to the scenario, which must outlive it. Memory does not grow with the number of replications.
class replicated {
public:
  /// `confidence` of the intervals, 0 < c < 1.
  replicated(scenario::scenario const& s, double confidence);

  void add(replication r);
  /// The run ended before all replications were made.
  void interrupt() { interrupted_ = true; }
  std::uint64_t count() const { return count_; }
  /// A replication was interrupted, or aborted by a threshold: more of them say nothing.
  bool ended() const { return interrupted_ || aborted_by_; }

  /// Half of the interval's width ÷ the figure.
  struct precision {
    std::string figure;
    double relative = 0; // infinite when unknown
  };
  /// The watched figure that is least precise; figures without samples do not count.
  precision widest() const;

  /// Judges the combined figures: thresholds with @confidence by a one-sided Student's t bound across replications;
  /// invariants by the sums over all. Time series and times of events are those of the first replication.
  /// Precondition: at least one was added.
  records::result conclude() const;

private:
  using figures =
      std::map<std::string, std::vector<sampled_figure>>; // of a metric: one, or as `quantities` of durations

  static void add(figures& into, records::metric_set const& set);
  void add_invariants(records::result const& alone);
  void add_events(records::result const& alone);
  double combined(std::size_t watched) const;
  bool is_quantile(std::size_t watched) const;
  std::optional<records::interval> bounds_of(std::size_t watched, double value) const;
  findings pooled() const;
  records::threshold_result judge(scenario::threshold const& t, std::size_t watched) const;
  void by_confidence(records::threshold_result& r, std::size_t watched, double confidence, bool below,
                     double bound) const;
  void annotate(records::metric_set& set, figures const& of) const;
  void annotate_parts(records::result& r) const;
  void annotate_events(records::result& r) const;

  scenario::scenario const& scenario_;
  double confidence_;
  std::uint64_t count_ = 0;
  std::vector<scenario::threshold> watched_;
  std::vector<sampled_figure> watched_figures_;

  // of the first, others added to it
  std::optional<replication> first_;
  theory_fit fit_;
  double per_token_mean_ = 0, per_token_variance_ = 0; // weighted by tokens
  std::vector<records::invariant_result> invariants_;
  std::uint64_t hash_ = 0;
  bool interrupted_ = false, complete_ = true;
  std::optional<std::string> aborted_by_;

  figures whole_;
  std::vector<figures> slices_;
  std::vector<std::map<std::string, sampled_figure>> events_;
};

}
