#pragma once

#include "base/memory/prefetch.hpp"
#include "sim/judge/failures.hpp"
#include "sim/judge/reasons.hpp"
#include "sim/judge/trend.hpp"
#include "sim/records/histogram.hpp"
#include "sim/records/result.hpp"
#include "sim/records/run_view.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace sim::judge {

/// What one client request came to.
struct request_facts {
  std::uint32_t hops = 0;      // as proxies saw them
  std::uint32_t redirects = 0; // X-Accel answers of proxies
  std::uint32_t retries = 0;   // by the balancer's journal; else hops that follow neither nothing nor a redirect
  bool needed_proxy = false;   // at least one hop seen or tried
  bool answered = false;       // by anyone, completely
  std::optional<scenario::failure_cause> failed; // why it did, if it did; see `cause_of`
};

std::vector<request_facts> facts_of(records::run_view const& v);

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
  std::array<std::uint64_t, scenario::failure_cause_count> by_cause{}; // their sum is `failed`
  std::map<std::uint16_t, std::uint64_t> by_status;                    // of failure_cause::status
  records::histogram latency;

  void merge(cell const& other);
};

/// One request of the load that is over, as it counts.
struct counted_request {
  std::int64_t intended_ns = 0, sent_ns = 0, done_ns = 0; // sent_ns 0: it never was
  std::uint32_t hops = 0, redirects = 0, retries = 0;
  std::uint16_t balancer = records::no_balancer;
  std::uint16_t status = 0;
  std::uint8_t phase = 0;
  std::uint8_t first_reason = not_redirected; // of its first redirect; the others are `chained`
  choice first_choice = choice::unknown;
  bool stale = false; // see routing_history::stale
  bool needed_proxy = false, answered = false;
  std::optional<scenario::failure_cause> failed;
  bool trial = false; // see cell::trials
  bool asks_resource = false, from_cache = false;
};

/// A request that a proxy answered with success, after one redirect or none and without a retry, and that asked for no
/// resource. What most requests are.
struct served_request {
  std::int64_t intended_ns = 0, sent_ns = 0, done_ns = 0;
  std::uint16_t balancer = records::no_balancer;
  std::uint8_t phase = 0;
  bool redirected = false;
  std::uint8_t first_reason = not_redirected;
  choice first_choice = choice::unknown;
  bool stale = false, trial = false;

  /// Requests of one kind differ in their times only, and in phase and balancer.
  static constexpr std::size_t kinds = 512;
  [[gnu::always_inline]] std::size_t kind() const {
    return (first_reason & 15u) << 5 | static_cast<std::size_t>(first_choice) << 3 | std::size_t{redirected} << 2 |
           std::size_t{stale} << 1 | std::size_t{trial};
  }
  static counted_request of_kind(std::size_t kind);
};

/// Every slice of the load by phase and balancer, and each phase's schedule lag. Filled from the records of a run, or
/// request by request where none are kept.
class tally {
public:
  /// Empty; for `add` and then `close`. Requests due before start_ns + warm_up_ns are not counted.
  tally(scenario::scenario const& s, std::size_t balancers, std::int64_t start_ns, std::int64_t warm_up_ns = 0);
  void add(counted_request const& r) {
    last_ns_ = std::max({last_ns_, r.intended_ns, r.done_ns});
    if (!add_times(r.phase, r.intended_ns, r.sent_ns)) return;
    cell& s = cells_[cell_of(r.phase, r.balancer)];
    count(s, r, 1);
    if (r.answered) s.latency.record(r.done_ns - r.intended_ns);
  }
  /// The same, faster, for what most requests are.
  [[gnu::always_inline]] void add(served_request const& r) {
    last_ns_ = std::max(last_ns_, r.done_ns);
    if (!add_times(r.phase, r.intended_ns, r.sent_ns)) return;
    std::size_t const at = cell_of(r.phase, r.balancer);
    counted_soon& slot = soon_[next_soon_++ % soon_.size()];
    if (slot.kind != none) count(slot);
    std::int64_t const latency_ns = r.done_ns - r.intended_ns;
    slot = {static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(at * served_request::kinds + r.kind()),
            latency_ns, records::histogram::place_of(latency_ns)};
    memory::prefetch(&served_[slot.kind]);
    cells_[at].latency.prefetch(slot.place);
  }
  void add_session(std::size_t phase, std::int64_t at_ns) {
    if (at_ns >= counted_from_ns_) ++cells_[cell_of(phase, records::no_balancer)].sessions_created;
  }
  void add_move(std::size_t phase, std::int64_t at_ns) {
    if (at_ns >= counted_from_ns_) ++cells_[cell_of(phase, records::no_balancer)].sessions_moved;
  }
  /// The load is over. Nothing is added after this.
  void close(std::int64_t end_ns);
  /// Adds what another run of the same scenario came to; both are closed. Counts and times are sums then.
  void merge(tally const& other);

  tally(records::run_view const& v, std::vector<request_facts> const& facts, routing_history const& history,
        std::vector<std::uint8_t> const& trials);

  cell const& all() const { return all_; }
  cell const& phase(std::size_t p) const { return phases_[p]; }
  cell const& balancer(std::size_t b) const { return balancers_[b]; }
  cell const& at(std::size_t p, std::size_t b) const { return cells_[p * balancers_.size() + b]; }
  records::histogram const& lag() const { return lag_; }
  records::histogram const& lag(std::size_t p) const { return phase_lags_[p]; }

  /// From the start of load, without the warm-up; phases without requests have no length.
  std::vector<records::phase_span> const& spans() const { return spans_; }
  /// Of the load.
  double seconds() const { return seconds_; }
  /// Of the load, without the warm-up: rates are over this time.
  double counted_seconds() const { return counted_seconds_; }

private:
  /// A served request whose counters are on their way from memory.
  struct counted_soon {
    std::uint32_t cell = 0, kind = none; // kind: in served_; none: there is no request
    std::int64_t latency_ns = 0;
    std::uint32_t place = 0; // in histograms
  };
  static constexpr std::uint32_t none = ~std::uint32_t{0};
  [[gnu::always_inline]] void count(counted_soon const& r) {
    ++served_[r.kind];
    cells_[r.cell].latency.record(r.latency_ns, r.place);
  }
  /// Counts `times` requests like `r`, but for their latencies.
  static void count(cell& s, counted_request const& r, std::uint64_t times);
  /// Returns whether the request counts.
  [[gnu::always_inline]] bool add_times(std::size_t of, std::int64_t intended_ns, std::int64_t sent_ns) {
    std::size_t const phase = std::min(of, last_phase_);
    first_ns_[phase] = std::min(first_ns_[phase], intended_ns);
    if (intended_ns < counted_from_ns_) return false;
    if (sent_ns == intended_ns && sent_ns != 0) {
      ++in_time_[phase]; // as most are
    } else if (sent_ns != 0) {
      phase_lags_[phase].record(sent_ns - intended_ns);
    }
    return true;
  }
  void count_requests(records::run_view const& v, std::vector<request_facts> const& facts,
                      routing_history const& history, std::vector<std::uint8_t> const& trials);
  void count_sessions(records::run_view const& v);
  void count_served();
  void measure_spans(std::int64_t end_ns);
  void sum_up();
  /// Index in cells_.
  [[gnu::always_inline]] std::size_t cell_of(std::size_t phase, std::uint16_t balancer) const {
    std::size_t const b = std::min<std::size_t>(balancer, last_balancer_);
    return std::min(phase, last_phase_) * (last_balancer_ + 1) + b;
  }
  std::size_t phase_at(std::int64_t ns) const;

  std::vector<scenario::phase> phase_names_;
  std::int64_t start_ns_, counted_from_ns_;
  std::vector<std::int64_t> first_ns_; // intended start of each phase's first request
  std::int64_t last_ns_;
  cell all_;
  std::vector<cell> phases_, balancers_, cells_; // the last balancer stands for `no_balancer`
  std::size_t last_phase_, last_balancer_;       // of these
  std::vector<std::uint64_t> served_;            // by cell and kind of served_request, until `close`
  std::array<counted_soon, 8> soon_;
  std::uint32_t next_soon_ = 0;
  records::histogram lag_;
  std::vector<records::histogram> phase_lags_;
  std::vector<std::uint64_t> in_time_; // by phase: requests without a lag, until `close`
  std::vector<records::phase_span> spans_;
  double seconds_ = 0, counted_seconds_ = 0;
};

/// A slice's metrics. `every_part`: also reasons and causes that did not occur.
records::metric_set metrics_of(cell const& c, double seconds, bool every_part);

records::ratio_metric ratio_of(std::uint64_t numerator, std::uint64_t denominator);

}
