#include "sim/judge/tally.hpp"

#include "sim/scenario/metrics.hpp"

#include <algorithm>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace sim::judge {

using records::client_outcome;
using records::client_record;
using records::run_view;

std::vector<request_facts> facts_of(run_view const& v) {
  std::vector<request_facts> facts(v.size());
  for (std::size_t i = 0; i != v.size(); ++i) {
    if (!v.issued(i)) continue;
    request_facts& f = facts[i];
    client_record const& c = v.client(i);
    for (std::uint32_t h : v.hops(i)) {
      ++f.hops;
      if (v.hop(h).hop.outcome == journal::hop_outcome::redirected) ++f.redirects;
    }
    bool tried = false;
    for (records::event_reference e : v.events(i)) {
      if (v.event(e).kind != journal::balancer_event_kind::hop) continue;
      tried = true;
      if (v.event(e).hop == journal::hop_kind::retry) ++f.retries;
    }
    bool const journal = c.balancer < v.balancers().size() && v.balancers()[c.balancer].journal;
    f.answered = c.outcome == client_outcome::answered;
    // A black box answers 502 and 504 only after it has tried an upstream.
    if (!journal) {
      tried = f.answered && (c.status == 502 || c.status == 504);
      if (f.hops > 1 + f.redirects) f.retries = f.hops - 1 - f.redirects;
    }
    f.needed_proxy = tried || f.hops != 0;
    f.failed = cause_of(v.records(), c);
  }
  return facts;
}

void cell::merge(cell const& o) {
  requests += o.requests, answered += o.answered, failed += o.failed, needed_proxy += o.needed_proxy;
  hops += o.hops, redirects += o.redirects, retries += o.retries;
  unauthorized += o.unauthorized, unavailable += o.unavailable, refused += o.refused;
  balancer_answers += o.balancer_answers, resources += o.resources, cache_hits += o.cache_hits;
  guesses += o.guesses, guess_hits += o.guess_hits, map_hits += o.map_hits, stale_hits += o.stale_hits;
  trials += o.trials, sessions_created += o.sessions_created, sessions_moved += o.sessions_moved;
  for (std::size_t r = 0; r != reason_count; ++r) by_reason[r] += o.by_reason[r];
  for (std::size_t c = 0; c != by_cause.size(); ++c) by_cause[c] += o.by_cause[c];
  for (auto const& [status, n] : o.by_status) by_status[status] += n;
  latency.merge(o.latency);
}

tally::tally(scenario::scenario const& s, std::size_t balancers, std::int64_t start_ns, std::int64_t warm_up_ns)
  : phase_names_(s.phases)
  , start_ns_(start_ns)
  , counted_from_ns_(warm_up_ns > 0 ? start_ns + warm_up_ns : std::numeric_limits<std::int64_t>::min())
  , first_ns_(std::max<std::size_t>(1, s.phases.size()), std::numeric_limits<std::int64_t>::max())
  , last_ns_(start_ns)
  , phases_(first_ns_.size())
  , balancers_(balancers + 1)
  , cells_(phases_.size() * balancers_.size())
  , last_phase_(phases_.size() - 1)
  , last_balancer_(balancers)
  , served_(cells_.size() * served_request::kinds)
  , phase_lags_(phases_.size())
  , in_time_(phases_.size()) {}

tally::tally(run_view const& v, std::vector<request_facts> const& facts, routing_history const& history,
             std::vector<std::uint8_t> const& trials)
  : tally(v.scenario(), v.balancers().size(), v.records().start_ns, v.records().warm_up_ns) {
  count_requests(v, facts, history, trials);
  measure_spans(v.records().end_ns);
  count_sessions(v);
  sum_up();
}

void tally::close(std::int64_t end_ns) {
  count_served();
  measure_spans(end_ns);
  sum_up();
}

void tally::merge(tally const& other) {
  auto const each = [](auto& into, auto const& from) {
    for (std::size_t i = 0; i != into.size(); ++i) into[i].merge(from[i]);
  };
  each(cells_, other.cells_);
  each(phases_, other.phases_);
  each(balancers_, other.balancers_);
  each(phase_lags_, other.phase_lags_);
  all_.merge(other.all_);
  lag_.merge(other.lag_);
  for (std::size_t p = 0; p != spans_.size(); ++p) {
    spans_[p].from_s += other.spans_[p].from_s;
    spans_[p].to_s += other.spans_[p].to_s;
  }
  seconds_ += other.seconds_;
  counted_seconds_ += other.counted_seconds_;
}

void tally::sum_up() {
  for (std::size_t p = 0; p != phases_.size(); ++p) {
    for (std::size_t b = 0; b != balancers_.size(); ++b) {
      phases_[p].merge(at(p, b));
      balancers_[b].merge(at(p, b));
    }
    all_.merge(phases_[p]);
    phase_lags_[p].record_zeroes(std::exchange(in_time_[p], 0));
    lag_.merge(phase_lags_[p]);
  }
}

void tally::measure_spans(std::int64_t end_ns) {
  std::int64_t const end = end_ns > start_ns_ ? end_ns : last_ns_;
  std::vector<std::int64_t> first = first_ns_;
  first.push_back(end);
  first[0] = start_ns_;
  for (std::size_t p = phases_.size(); p-- > 1;) first[p] = std::min(first[p], first[p + 1]);
  auto const seconds = [&](std::int64_t ns) { return static_cast<double>(ns - start_ns_) / 1e9; };
  for (std::size_t p = 0; p != phases_.size(); ++p) {
    std::string const name = p < phase_names_.size() ? phase_names_[p].name : "all";
    std::int64_t const from = std::max(first[p], counted_from_ns_);
    spans_.push_back({name, seconds(from), seconds(std::max(from, first[p + 1]))});
  }
  seconds_ = seconds(end);
  counted_seconds_ = seconds_ - std::max(0.0, std::min(seconds_, seconds(std::max(start_ns_, counted_from_ns_))));
}

std::size_t tally::phase_at(std::int64_t ns) const {
  double const s = static_cast<double>(ns - start_ns_) / 1e9;
  std::size_t p = phases_.size() - 1;
  while (p > 0 && s < spans_[p].from_s) --p;
  return p;
}

void tally::count(cell& s, counted_request const& r, std::uint64_t times) {
  s.requests += times;
  if (r.failed) {
    s.failed += times;
    s.by_cause[static_cast<std::size_t>(*r.failed)] += times;
    if (*r.failed == scenario::failure_cause::status) s.by_status[r.status] += times;
  }
  s.needed_proxy += times * r.needed_proxy;
  s.hops += times * r.hops, s.redirects += times * r.redirects, s.retries += times * r.retries;
  s.trials += times * r.trial;
  if (r.redirects != 0 && r.first_reason != not_redirected) {
    s.by_reason[r.first_reason] += times;
    s.by_reason[static_cast<std::size_t>(reason::chained)] += times * (r.redirects - 1);
  }
  switch (r.first_choice) {
  case choice::unknown:
    break;
  case choice::map:
    s.map_hits += times;
    s.stale_hits += times * r.stale;
    break;
  case choice::guess:
    s.guesses += times;
    s.guess_hits += times * (r.redirects == 0);
    break;
  }
  if (!r.answered) return;
  s.answered += times;
  s.unauthorized += times * (r.status == 401);
  s.unavailable += times * (r.status == 503);
  s.resources += times * r.asks_resource;
  bool const own = !r.needed_proxy && !r.from_cache;
  s.cache_hits += times * (!r.needed_proxy && r.from_cache);
  s.balancer_answers += times * own;
  s.refused += times * (own && r.status >= 400 && r.status < 500);
}

counted_request served_request::of_kind(std::size_t kind) {
  counted_request r;
  r.hops = 1 + (kind >> 2 & 1);
  r.redirects = kind >> 2 & 1;
  r.status = 200;
  r.first_reason = static_cast<std::uint8_t>(kind >> 5);
  r.first_choice = static_cast<choice>(kind >> 3 & 3);
  r.stale = (kind >> 1 & 1) != 0;
  r.trial = (kind & 1) != 0;
  r.needed_proxy = r.answered = true;
  return r;
}

void tally::count_served() {
  for (counted_soon& r : soon_) {
    if (r.kind != none) count(r);
    r = {};
  }
  for (std::size_t i = 0; i != served_.size(); ++i)
    if (served_[i] != 0)
      count(cells_[i / served_request::kinds], served_request::of_kind(i % served_request::kinds), served_[i]);
  served_ = std::vector<std::uint64_t>(); // gives its memory back
}

void tally::count_requests(run_view const& v, std::vector<request_facts> const& facts, routing_history const& history,
                           std::vector<std::uint8_t> const& trials) {
  for (std::size_t i = 0; i != v.size(); ++i) {
    if (!v.is_load(i)) continue;
    client_record const& c = v.client(i);
    request_facts const& f = facts[i];
    counted_request r{.intended_ns = c.intended_ns,
                      .sent_ns = c.sent_ns,
                      .done_ns = c.done_ns,
                      .hops = f.hops,
                      .redirects = f.redirects,
                      .retries = f.retries,
                      .balancer = c.balancer,
                      .status = c.status,
                      .phase = c.phase,
                      .first_choice = history.first_choice[i],
                      .stale = history.stale[i] != 0,
                      .needed_proxy = f.needed_proxy,
                      .answered = f.answered,
                      .failed = f.failed,
                      .trial = !trials.empty() && trials[i] != 0,
                      .asks_resource = c.asks_resource,
                      .from_cache = c.from_cache};
    for (std::uint32_t h : v.hops(i)) {
      if (history.hop_reason[h] == not_redirected) continue;
      r.first_reason = history.hop_reason[h];
      break;
    }
    add(r);
  }
}

/// Sessions granted while the load ran. A grant belongs to the balancer whose hop waited for it, if one did.
void tally::count_sessions(run_view const& v) {
  struct key {
    std::uint32_t character;
    std::uint64_t epoch;
    std::int64_t at_ns;
    std::uint32_t hop;
    bool operator<(key const& o) const {
      return std::tie(character, epoch, at_ns) < std::tie(o.character, o.epoch, o.at_ns);
    }
  };
  records::run_records const& r = v.records();
  std::vector<key> first_hops;
  for (std::uint32_t h = 0; h != r.hops.size(); ++h)
    if (r.hops[h].hop.outcome == journal::hop_outcome::served && r.hops[h].hop.character != journal::no_character)
      first_hops.push_back({r.hops[h].hop.character, r.hops[h].hop.epoch, r.hops[h].hop.received_ns, h});
  std::sort(first_hops.begin(), first_hops.end());
  std::unordered_map<std::uint32_t, cell*> granted_in;
  for (journal::sol_event const& e : r.sols) {
    if (e.at_ns < r.start_ns) continue;
    bool const done = e.kind == journal::sol_event_kind::move_done;
    bool const counts = e.at_ns >= counted_from_ns_;
    if (!done && e.kind != journal::sol_event_kind::granted) continue;
    std::size_t const phase = phase_at(e.at_ns);
    if (done) {
      cells_[cell_of(phase, records::no_balancer)].sessions_moved += counts;
      auto const own = granted_in.find(e.character); // the move's own grant, which precedes it
      if (own != granted_in.end()) --own->second->sessions_created;
      granted_in.erase(e.character);
      continue;
    }
    auto const at = std::lower_bound(first_hops.begin(), first_hops.end(), key{e.character, e.epoch, 0, 0});
    std::uint16_t balancer = records::no_balancer;
    if (at != first_hops.end() && at->character == e.character && at->epoch == e.epoch && at->at_ns <= e.at_ns) {
      std::uint32_t const slot = v.slot(r.hops[at->hop].hop.request);
      if (slot != records::no_index) balancer = v.client(slot).balancer;
    }
    if (!counts) continue;
    cell& s = cells_[cell_of(phase, balancer)];
    ++s.sessions_created;
    granted_in[e.character] = &s;
  }
}

records::ratio_metric ratio_of(std::uint64_t numerator, std::uint64_t denominator) {
  records::ratio_metric m;
  m.numerator = numerator;
  m.denominator = denominator;
  m.value = denominator ? static_cast<double>(numerator) / static_cast<double>(denominator) : 0;
  return m;
}

records::metric_set metrics_of(cell const& c, double seconds, bool every_part) {
  auto const counter = [](std::uint64_t n) { return records::counter_metric{static_cast<double>(n)}; };
  records::metric_set m;
  m["redirect_ratio"] = ratio_of(c.redirects, c.needed_proxy);
  m["map_hit_ratio"] = ratio_of(c.map_hits, c.map_hits + c.guesses);
  m["stale_hit_ratio"] = ratio_of(c.stale_hits, c.map_hits);
  m["guess_hit_ratio"] = ratio_of(c.guess_hits, c.guesses);
  m["cache_hit_ratio"] = ratio_of(c.cache_hits, c.resources);
  m["failed_ratio"] = ratio_of(c.failed, c.requests);
  m["hops_per_request"] = ratio_of(c.hops, c.needed_proxy);
  m["requests"] = counter(c.requests);
  m["failed_requests"] = counter(c.failed);
  m["redirects"] = counter(c.redirects);
  m["retries"] = counter(c.retries);
  m["hops"] = counter(c.hops);
  m["unauthorized"] = counter(c.unauthorized);
  m["unavailable"] = counter(c.unavailable);
  m["refused"] = counter(c.refused);
  m["balancer_answers"] = counter(c.balancer_answers);
  m["sessions_created"] = counter(c.sessions_created);
  m["sessions_moved"] = counter(c.sessions_moved);
  m["requests_per_second"] = records::counter_metric{seconds > 0 ? static_cast<double>(c.answered) / seconds : 0};
  m["latency_ms"] = trend_of(c.latency);
  for (std::size_t r = 0; r != reason_count; ++r) {
    if (c.by_reason[r] == 0 && !every_part) continue;
    std::string const label = "{reason:" + std::string(name_of(static_cast<reason>(r))) + "}";
    m["redirect_ratio" + label] = ratio_of(c.by_reason[r], c.needed_proxy);
    m["redirects" + label] = counter(c.by_reason[r]);
  }
  std::span<std::string_view const> const causes = scenario::failure_causes();
  for (std::size_t i = 0; i != causes.size(); ++i)
    if (c.by_cause[i] != 0 || every_part)
      m["failed_requests{cause:" + std::string(causes[i]) + "}"] = counter(c.by_cause[i]);
  for (auto const& [status, n] : c.by_status) m["failed_requests{status:" + std::to_string(status) + "}"] = counter(n);
  return m;
}

}
