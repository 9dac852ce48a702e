#include "sim/judge/counters.hpp"

#include "sim/judge/upstream_name.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace sim::judge {

using records::run_view;

namespace {

using journal::balancer_event;
using journal::balancer_event_kind;
using journal::hop_kind;
using journal::hop_result;
using journal::request_result;

constexpr std::int64_t settling_ns = 1'000'000'000; // what is under way when counters are read is no older

/// Sums over the journal of one life of a balancer.
struct sums {
  // requests by what became of them
  std::uint64_t forwarded = 0, failed = 0, refused = 0, refused_by_server_error = 0, not_found = 0, cached = 0,
                gone = 0;
  std::uint64_t gone_without_hop = 0;
  // hops
  std::uint64_t hops = 0, hits = 0, stale = 0, guesses = 0, guess_hits = 0, retries = 0, raced = 0, own = 0;
  std::uint64_t redirected = 0, redirects_refused = 0, answered = 0;
  struct upstream {
    std::uint64_t hops = 0, redirects = 0, failures = 0;
  };
  std::map<std::string, upstream> upstreams;
  // what may be in one book only
  std::uint64_t unanswered = 0, late = 0;

  std::uint64_t hop_slack() const { return 8 * unanswered + late; }
  /// With a cache, a request may be routed more than once, or not at all.
  std::uint64_t cache_slack() const { return cached + own > 0 ? hops + cached : 0; }
};

class journal_sums {
public:
  journal_sums(run_view const& v, std::size_t balancer)
    : v_(v)
    , balancer_(balancer)
    , book_(v.records().balancers[balancer]) {}

  sums run() {
    for (std::uint32_t i = 0; i != v_.size(); ++i) {
      if (!v_.issued(i) || v_.client(i).balancer != balancer_) continue;
      if (v_.client(i).outcome != records::client_outcome::answered && v_.client(i).sent_ns != 0) ++out_.unanswered;
      balancer_event const* before = nullptr;
      bool hopped = false, gone = false;
      for (records::event_reference r : v_.events(i)) {
        if (r.balancer != balancer_ || !counts(v_.event(r))) continue;
        balancer_event const& e = v_.event(r);
        gone = gone || (e.kind == balancer_event_kind::request && e.outcome == request_result::client_gone);
        if (e.kind == balancer_event_kind::hop) hopped = true;
        add(e, before);
        if (e.kind == balancer_event_kind::hop) before = &e;
      }
      out_.gone_without_hop += gone && !hopped;
    }
    for (records::event_reference r : v_.stray_events())
      if (r.balancer == balancer_ && counts(v_.event(r))) add(v_.event(r), nullptr);
    return out_;
  }

private:
  bool counts(balancer_event const& e) const { return e.at_ns >= book_.counting_since_ns; }

  void add(balancer_event const& e, balancer_event const* before) {
    if (e.kind == balancer_event_kind::request)
      add_request(e);
    else
      add_hop(e, before);
  }

  void add_request(balancer_event const& e) {
    switch (e.outcome) {
    case request_result::forwarded:
      ++out_.forwarded;
      break;
    case request_result::failed:
      ++out_.failed;
      break;
    case request_result::refused:
      ++out_.refused;
      out_.refused_by_server_error += e.status >= 502;
      out_.not_found += e.status == 404;
      break;
    case request_result::cached:
      ++out_.cached;
      break;
    case request_result::client_gone:
    case request_result::pending:
      ++out_.gone;
      break;
    }
  }

  void add_hop(balancer_event const& e, balancer_event const* before) {
    bool const own = e.hop == hop_kind::own;
    bool const chosen = e.hop == hop_kind::first || e.hop == hop_kind::retry;
    // On a fresh connection to the same upstream, after a kept one had been closed: neither guess nor map chose it.
    bool const again = before && e.hop == hop_kind::retry && e.hit == 0 && before->upstream_port == e.upstream_port &&
                       before->upstream_address == e.upstream_address &&
                       (before->result == hop_result::failed || before->result == hop_result::not_delivered);
    bool const redirected = e.result == hop_result::redirected || e.result == hop_result::refused_redirect;
    bool const failed = e.result == hop_result::failed || e.result == hop_result::not_delivered;
    ++out_.hops;
    out_.own += own;
    out_.late += own && e.at_ns >= book_.counters_read_ns - settling_ns;
    out_.retries += e.hop == hop_kind::retry;
    out_.raced += again;
    out_.hits += e.hit;
    out_.stale += e.hit && redirected;
    out_.guesses += chosen && !e.hit && !again;
    out_.guess_hits += chosen && !e.hit && !again && e.result == hop_result::answered;
    out_.redirected += redirected;
    out_.redirects_refused += e.result == hop_result::refused_redirect;
    out_.answered += e.result == hop_result::answered;
    sums::upstream& u = out_.upstreams[upstream_name(e)];
    ++u.hops;
    u.redirects += redirected;
    u.failures += failed;
  }

  run_view const& v_;
  std::size_t balancer_;
  records::balancer_records const& book_;
  sums out_;
};

/// A counter, and what the journal has in its place: `low` at least, `high` at most.
struct equation {
  std::string_view counter;
  std::uint64_t (*low)(sums const&);
  std::uint64_t (*slack)(sums const&); // above `low`; and below it by what is unanswered or late
};

std::uint64_t none(sums const&) { return 0; }
std::uint64_t by_cache(sums const& s) { return s.cache_slack(); }

constexpr equation equations[] = {
    {"requests_total", [](sums const& s) { return s.forwarded + s.failed; },
     [](sums const& s) { return s.refused_by_server_error + s.gone + s.cache_slack(); }},
    {"guesses_total", [](sums const& s) { return s.guesses; }, [](sums const& s) { return s.raced + s.cache_slack(); }},
    {"guess_hits_total", [](sums const& s) { return s.guess_hits; }, by_cache},
    {"map_hits_total", [](sums const& s) { return s.hits; }, none},
    {"stale_hits_total", [](sums const& s) { return s.stale; }, none},
    {"redirects_total", [](sums const& s) { return s.redirected; }, none},
    {"retries_total", [](sums const& s) { return s.retries; }, by_cache},
    {"failed_total", [](sums const& s) { return s.failed + s.refused_by_server_error; }, by_cache},
    {"refused_total", [](sums const& s) { return s.refused - s.refused_by_server_error; }, by_cache},
    {"client_gone_total", [](sums const& s) { return s.gone; }, none},
    {"internal_probes_total", [](sums const& s) { return s.not_found; }, none},
    {"request_duration_seconds_count", [](sums const& s) { return s.forwarded + s.failed + s.refused + s.cached; },
     none},
};

constexpr std::string_view refused_redirects[] = {
    "redirects_refused_limit_total", "redirects_refused_unknown_total", "redirects_refused_malformed_total",
    "redirects_refused_unreachable_total", "redirects_refused_path_total"};
constexpr std::string_view of_upstreams[] = {"upstream_hops_total", "upstream_redirects_total",
                                             "upstream_failures_total", "upstream_bad_answers_total"};

/// Of the map: what it learnt is at most the answers that could teach, and these at most that and what it was given.
constexpr std::string_view never_more_than_had[] = {"evicted_total", "token_map_entries"};

constexpr auto uncompared = std::to_array<std::string_view>({"answers_refused_total",
                                                             "odd_names_total",
                                                             "backends_malformed_total",
                                                             "epochs_malformed_total",
                                                             "forwarded_for_malformed_total",
                                                             "bodies_not_kept_total",
                                                             "log_lines_lost_total",
                                                             "journal_records_lost_total",
                                                             "retries_refused_total",
                                                             "ejections_total",
                                                             "restored_total",
                                                             "forgotten_total",
                                                             "backends_refused_total",
                                                             "guess_waits_total",
                                                             "connections_total",
                                                             "truncated_answers_total",
                                                             "connections_refused_total",
                                                             "queued_total",
                                                             "overloaded_total",
                                                             "rate_limited_total",
                                                             "tls_handshakes_total",
                                                             "tls_resumed_total",
                                                             "tls_failures_total",
                                                             "accept_pauses_total",
                                                             "tunnels_total",
                                                             "tunnel_bytes_up_total",
                                                             "tunnel_bytes_down_total",
                                                             "open_tunnels",
                                                             "shared_lookups_total",
                                                             "shared_hits_total",
                                                             "shared_stale_hits_total",
                                                             "shared_timeouts_total",
                                                             "shared_skipped_total",
                                                             "shared_writes_total",
                                                             "shared_errors_total",
                                                             "shared_map_connected",
                                                             "cache_hits_total",
                                                             "cache_stale_hits_total",
                                                             "cache_misses_total",
                                                             "cache_validated_total",
                                                             "cache_waits_total",
                                                             "cache_refreshes_total",
                                                             "cache_stored_total",
                                                             "cache_invalidated_total",
                                                             "cache_purged_total",
                                                             "cache_evicted_total",
                                                             "cache_answers",
                                                             "cache_bytes",
                                                             "cache_budget_bytes",
                                                             "cache_sessions",
                                                             "open_connections",
                                                             "token_map_unproven",
                                                             "token_map_capacity",
                                                             "token_map_bytes",
                                                             "token_map_file_refused",
                                                             "token_map_file_dropped",
                                                             "upstream_in_flight",
                                                             "upstream_waiting",
                                                             "upstream_healthy",
                                                             "upstream_avoided",
                                                             "request_duration_seconds_bucket",
                                                             "request_duration_seconds_sum"});

class comparison {
public:
  comparison(run_view const& v, std::size_t balancer, invariant_check& j)
    : counters_(v.records().balancers[balancer].counters)
    , name_(v.records().balancers[balancer].name)
    , sums_(journal_sums(v, balancer).run())
    , j_(j) {}

  void run() {
    for (equation const& e : equations) compare(std::string(e.counter), e.low(sums_), e.slack(sums_));
    std::uint64_t refused = 0;
    bool known = false;
    for (std::string_view const part : refused_redirects)
      if (auto const at = counters_.find(std::string(part)); at != counters_.end()) known = true, refused += at->second;
    if (known) judged("redirects_refused_*", refused, sums_.redirects_refused, 0);
    for (auto const& [upstream, of] : sums_.upstreams) {
      std::string const label = "{upstream=\"" + upstream + "\"}";
      compare("upstream_hops_total" + label, of.hops, 0);
      compare("upstream_redirects_total" + label, of.redirects, 0);
      // The journal makes no difference between a hop that failed and one whose answer could not be passed on.
      auto const bad = counters_.find("upstream_bad_answers_total" + label);
      std::uint64_t const refused_here = bad == counters_.end() ? 0 : bad->second;
      if (auto const failed = counters_.find("upstream_failures_total" + label); failed != counters_.end())
        judged(failed->first, failed->second + refused_here, of.failures, 0);
    }
    auto const learnt = counters_.find("learnt_total");
    if (learnt == counters_.end()) return;
    at_most("learnt_total", sums_.answered + sums_.hits);
    auto const restored = counters_.find("restored_total");
    std::uint64_t const had = learnt->second + (restored == counters_.end() ? 0 : restored->second);
    for (std::string_view const part : never_more_than_had) at_most(std::string(part), had);
  }

private:
  void compare(std::string const& counter, std::uint64_t low, std::uint64_t slack) {
    if (auto const at = counters_.find(counter); at != counters_.end()) judged(counter, at->second, low, slack);
  }

  void judged(std::string const& counter, std::uint64_t found, std::uint64_t low, std::uint64_t slack) {
    j_.checked();
    std::uint64_t const either = sums_.hop_slack();
    if (found + either >= low && found <= low + slack + either) return;
    j_.violation(records::no_index, {"counter"}, [&] {
      return name_ + " says " + counter + " " + std::to_string(found) + ", its journal " + std::to_string(low) +
             (slack + either ? " (or " + std::to_string(slack + either) + " more)" : std::string());
    });
  }

  void at_most(std::string const& counter, std::uint64_t most) {
    auto const at = counters_.find(counter);
    if (at == counters_.end()) return;
    j_.checked();
    if (at->second <= most + sums_.hop_slack()) return;
    j_.violation(records::no_index, {"counter"}, [&] {
      return name_ + " says " + counter + " " + std::to_string(at->second) + ", which can be " + std::to_string(most) +
             " at most";
    });
  }

  std::map<std::string, std::uint64_t> const& counters_;
  std::string const& name_;
  sums sums_;
  invariant_check& j_;
};

template<class Range>
bool holds(Range const& range, std::string_view name) {
  return std::find(std::begin(range), std::end(range), name) != std::end(range);
}

}

void compare_counters(run_view const& v, invariant_check& j) {
  std::string unread;
  for (std::size_t b = 0; b != v.records().balancers.size(); ++b) {
    records::balancer_records const& book = v.records().balancers[b];
    if (!book.has_journal) continue;
    if (book.counters.empty())
      unread += (unread.empty() ? "" : ", ") + book.name;
    else
      comparison(v, b, j).run();
    auto const lost = book.counters.find("journal_records_lost_total");
    if (lost != book.counters.end() && lost->second != 0)
      j.note(book.name + " could not write " + std::to_string(lost->second) + " records of its journal");
  }
  if (!unread.empty()) j.note(unread + ": its own counters were not read, so they could not be compared");
}

std::span<std::string_view const> uncompared_counters() { return uncompared; }

bool is_compared(std::string_view name) {
  return name == "learnt_total" || holds(refused_redirects, name) || holds(of_upstreams, name) ||
         holds(never_more_than_had, name) ||
         std::any_of(std::begin(equations), std::end(equations), [&](equation const& e) { return e.counter == name; });
}

}
