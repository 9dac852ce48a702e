#pragma once

#include "sim/judge/reasons.hpp"
#include "sim/judge/trend.hpp"
#include "sim/records/histogram.hpp"
#include "sim/records/result.hpp"
#include "sim/records/run_view.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

namespace sim::measure {

/// What one client request came to.
struct request_facts {
  std::uint32_t hops = 0;      // as proxies saw them
  std::uint32_t redirects = 0; // X-Accel answers of proxies
  std::uint32_t retries = 0;   // by the balancer's journal; else hops that follow neither nothing nor a redirect
  bool needed_proxy = false;   // at least one hop seen or tried
  bool answered = false;       // by anyone, completely
  bool failed = false;         // see `is_failure`
};

/// Whether the client did not get what it had a right to: no whole answer, a 5xx, or a 401 for a token that is good or
/// absent. A 401 for a junk token is right. A request without an end is a failure unless the run was cut short.
bool is_failure(run_records const& r, client_record const& c);

std::vector<request_facts> facts_of(run_view const& v);

/// The counts of one slice of a run: a phase, a balancer, both, or all.
struct cell {
  std::uint64_t requests = 0, answered = 0, failed = 0, needed_proxy = 0;
  std::uint64_t hops = 0, redirects = 0, retries = 0;
  std::uint64_t unauthorized = 0, unavailable = 0, refused = 0, balancer_answers = 0;
  std::uint64_t guesses = 0, guess_hits = 0, map_hits = 0, stale_hits = 0;
  std::uint64_t resources = 0, cache_hits = 0; // answered requests for resources; of these without a proxy
  std::uint64_t trials = 0; // requests that theory expects to be guessed while a session exists (theory_fit.hpp)
  std::uint64_t sessions_created = 0, sessions_moved = 0;
  std::array<std::uint64_t, reason_count> by_reason{};
  histogram latency;

  void merge(cell const& other);
};

/// One request of the load that is over, as it counts.
struct counted_request {
  std::int64_t intended_ns = 0, sent_ns = 0, done_ns = 0; // sent_ns 0: it never was
  std::uint32_t hops = 0, redirects = 0, retries = 0;
  std::uint16_t balancer = no_balancer;
  std::uint16_t status = 0;
  std::uint8_t phase = 0;
  std::uint8_t first_reason = not_redirected; // of its first redirect; the others are `chained`
  choice first_choice = choice::unknown;
  bool stale = false; // see routing_history::stale
  bool needed_proxy = false, answered = false, failed = false;
  bool trial = false; // see cell::trials
  bool asks_resource = false, from_cache = false;
};

/// Every slice of the load by phase and balancer, and each phase's schedule lag. Filled from the records of a run, or
/// request by request where none are kept.
class tally {
public:
  /// Empty; for `add` and then `close`. Requests due before start_ns + warm_up_ns are not counted.
  tally(scenario::scenario const& s, std::size_t balancers, std::int64_t start_ns, std::int64_t warm_up_ns = 0);
  void add(counted_request const& r) {
    std::size_t const phase = std::min<std::size_t>(r.phase, phases_.size() - 1);
    first_ns_[phase] = std::min(first_ns_[phase], r.intended_ns);
    last_ns_ = std::max({last_ns_, r.intended_ns, r.done_ns});
    if (r.intended_ns < counted_from_ns_) return;
    if (r.sent_ns != 0) phase_lags_[phase].record(r.sent_ns - r.intended_ns);
    cell& s = cell_of(phase, r.balancer);
    ++s.requests;
    s.hops += r.hops;
    s.needed_proxy += r.needed_proxy;
    if (r.redirects != 0) add_redirects(s, r);
    add_choice(s, r);
    if (!r.answered || !r.needed_proxy || r.failed || r.trial || r.retries != 0 || r.asks_resource || r.status >= 400)
      return add_unusual(s, r);
    ++s.answered;
    s.latency.record(r.done_ns - r.intended_ns);
  }
  void add_session(std::size_t phase, std::int64_t at_ns) {
    if (at_ns >= counted_from_ns_) ++cell_of(phase, no_balancer).sessions_created;
  }
  void add_move(std::size_t phase, std::int64_t at_ns) {
    if (at_ns >= counted_from_ns_) ++cell_of(phase, no_balancer).sessions_moved;
  }
  /// The load is over. Nothing is added after this.
  void close(std::int64_t end_ns);
  /// Adds what another run of the same scenario came to; both are closed. Counts and times are sums then.
  void merge(tally const& other);

  tally(run_view const& v, std::vector<request_facts> const& facts, routing_history const& history,
        std::vector<std::uint8_t> const& trials);

  cell const& all() const { return all_; }
  cell const& phase(std::size_t p) const { return phases_[p]; }
  cell const& balancer(std::size_t b) const { return balancers_[b]; }
  cell const& at(std::size_t p, std::size_t b) const { return cells_[p * balancers_.size() + b]; }
  histogram const& lag() const { return lag_; }
  histogram const& lag(std::size_t p) const { return phase_lags_[p]; }

  /// From the start of load, without the warm-up; phases without requests have no length.
  std::vector<phase_span> const& spans() const { return spans_; }
  /// Of the load.
  double seconds() const { return seconds_; }
  /// Of the load, without the warm-up: rates are over this time.
  double counted_seconds() const { return counted_seconds_; }

private:
  static void add_redirects(cell& s, counted_request const& r) {
    s.redirects += r.redirects;
    if (r.first_reason == not_redirected) return;
    ++s.by_reason[r.first_reason];
    s.by_reason[static_cast<std::size_t>(reason::chained)] += r.redirects - 1;
  }
  static void add_choice(cell& s, counted_request const& r) {
    switch (r.first_choice) {
    case choice::unknown:
      break;
    case choice::map:
      ++s.map_hits;
      s.stale_hits += r.stale;
      break;
    case choice::guess:
      ++s.guesses;
      s.guess_hits += r.redirects == 0;
      break;
    }
  }
  static void add_unusual(cell& s, counted_request const& r);
  void count_requests(run_view const& v, std::vector<request_facts> const& facts, routing_history const& history,
                      std::vector<std::uint8_t> const& trials);
  void count_sessions(run_view const& v);
  void measure_spans(std::int64_t end_ns);
  void sum_up();
  cell& cell_of(std::size_t phase, std::uint16_t balancer) {
    std::size_t const b = std::min<std::size_t>(balancer, balancers_.size() - 1);
    return cells_[std::min(phase, phases_.size() - 1) * balancers_.size() + b];
  }
  std::size_t phase_at(std::int64_t ns) const;

  std::vector<scenario::phase> phase_names_;
  std::int64_t start_ns_, counted_from_ns_;
  std::vector<std::int64_t> first_ns_; // intended start of each phase's first request
  std::int64_t last_ns_;
  cell all_;
  std::vector<cell> phases_, balancers_, cells_; // the last balancer stands for `no_balancer`
  histogram lag_;
  std::vector<histogram> phase_lags_;
  std::vector<phase_span> spans_;
  double seconds_ = 0, counted_seconds_ = 0;
};

/// A slice's metrics. `every_reason`: also reasons that did not occur.
metric_set metrics_of(cell const& c, double seconds, bool every_reason);

ratio_metric ratio_of(std::uint64_t numerator, std::uint64_t denominator);

}
