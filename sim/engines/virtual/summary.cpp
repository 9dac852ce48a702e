#include "sim/engines/virtual/summary.hpp"

#include "sim/judge/invariants.hpp"
#include "sim/theory/expect.hpp"

#include <algorithm>

namespace sim::virtual_time {

using judge::reason;
using records::client_outcome;

namespace {

void add_causes(std::array<std::uint64_t, scenario::failure_cause_count>& into,
                std::array<std::uint64_t, scenario::failure_cause_count> const& from) {
  for (std::size_t c = 0; c != into.size(); ++c) into[c] += from[c];
}

}

void map_knowledge::restart(std::size_t balancer) {
  // In each pair of bits, known (01) becomes restarted (11).
  constexpr std::uint64_t low = 0x5555555555555555u;
  for (std::uint64_t& word : words_[balancer]) word |= (word & ~(word >> 1) & low) << 1;
}

summary::summary(scenario::scenario const& s, std::size_t balancers, std::int64_t start_ns,
                 std::vector<std::uint32_t> const& logged_in)
  : scenario_(s)
  , start_ns_(start_ns)
  , counts_(s, balancers, start_ns, s.simulated.warm_up.count())
  , knowledge_(balancers)
  , characters_(s.population.characters)
  , balancer_count_(balancers) {
  for (scenario::balancer_identity const& b : scenario::balancers_of(s)) {
    has_map_.push_back(b.settings->has_map());
    patience_ns_.push_back(b.settings->shared_map ? b.settings->shared_map->timeout.count() : -1);
  }
  for (std::uint32_t const character : logged_in) characters_[character] |= has_session;
  fit_.expected = theory::expect(s);
}

// ---- a request

void summary::learnt_in_shared_map(token_id token, std::int64_t now_ns) {
  auto const at = static_cast<std::size_t>(token);
  if (at >= first_learnt_ns_.size()) first_learnt_ns_.resize(at + at / 2 + 1);
  if (first_learnt_ns_[at] == 0) first_learnt_ns_[at] = now_ns;
}

bool summary::raced_in_shared_map(request_state const& f, std::int64_t now_ns) const {
  auto const at = static_cast<std::size_t>(f.token);
  if (patience_ns_[f.balancer] < 0 || at >= first_learnt_ns_.size() || first_learnt_ns_[at] == 0) return false;
  return now_ns <= first_learnt_ns_[at] + patience_ns_[f.balancer];
}

void summary::chosen(request_state& f, bool guessed, bool in_flight, std::int64_t now_ns) {
  if (f.plan.kind != load::token_kind::own) {
    f.book.first_reason = static_cast<std::uint8_t>(reason::no_token);
    return;
  }
  f.book.trial = guessed && (characters_[f.plan.character] & has_session) != 0;
  reason why = reason::moved;
  if (guessed) {
    bool const map = has_map_[f.balancer];
    switch (map ? knowledge_.at(f.balancer, f.token) : map_knowledge::of::never) {
    case map_knowledge::of::never: {
      bool const raced = map && raced_in_shared_map(f, now_ns);
      fit_.raced += raced && f.book.trial;
      why = !map ? reason::no_map : in_flight || raced ? reason::raced : reason::cold;
      break;
    }
    case map_knowledge::of::known:
      why = reason::evicted;
      break;
    case map_knowledge::of::forgotten:
      why = reason::forgotten;
      break;
    case map_knowledge::of::restarted:
      why = reason::restarted;
      break;
    }
  }
  f.book.first_reason = static_cast<std::uint8_t>(why);
}

void summary::redirect_received(request_state& f) {
  ++books_.received;
  if (f.course.redirects != 0) return;
  auto const why = static_cast<reason>(f.book.first_reason);
  lost_ += why == reason::evicted || why == reason::moved || why == reason::forgotten || why == reason::restarted;
}

void summary::forgotten(request_state const& f) {
  if (f.plan.kind == load::token_kind::own && knowledge_.at(f.balancer, f.token) == map_knowledge::of::known)
    knowledge_.set(f.balancer, f.token, map_knowledge::of::forgotten);
}

void summary::granted(std::uint32_t character, std::size_t phase, std::int64_t at_ns) {
  characters_[character] |= has_session;
  counts_.add_session(phase, at_ns);
}

void summary::count_unusual(request_state const& f, client_outcome outcome, std::int64_t done_ns) {
  bool const own = f.plan.kind == load::token_kind::own;
  judge::counted_request r{.intended_ns = f.client.intended_ns,
                           .sent_ns = f.client.sent_ns,
                           .done_ns = done_ns,
                           .hops = f.book.seen_hops,
                           .redirects = f.course.redirects,
                           .retries = f.course.retries,
                           .balancer = f.balancer,
                           .status = f.answer.status,
                           .phase = f.client.phase,
                           .first_reason = f.book.first_reason,
                           .first_choice = !own                    ? judge::choice::unknown
                                           : f.book.first_from_map ? judge::choice::map
                                           : f.book.seen_hops == 0 ? judge::choice::unknown
                                                                   : judge::choice::guess,
                           .stale = f.book.first_stale,
                           .needed_proxy = f.course.hops != 0,
                           .answered = outcome == client_outcome::answered,
                           .failed =
                               judge::cause_of(outcome, f.answer.status, static_cast<records::token_kind>(f.plan.kind)),
                           .trial = f.book.trial,
                           .asks_resource = f.answer.asks_resource,
                           .from_cache = f.answer.from_cache};
  failed_ += r.failed.has_value();
  if (r.answered && f.answer.asks_resource) {
    ++resources_;
    not_theirs_ += (f.answer.findings & (records::found_foreign | records::found_denied)) != 0;
    too_old_ += (f.answer.findings & records::found_too_old) != 0;
  }
  counts_.add(r);
  count_in_slice(r.intended_ns, r.balancer, r.redirects, r.failed.has_value());
  if (r.failed) count_cause_in_slice(r.balancer, *r.failed);
}

// ---- over time

/// Of the request that was counted last.
void summary::count_cause_in_slice(std::size_t balancer, scenario::failure_cause cause) {
  if (causes_in_slices_.size() <= slice_ + balancer) causes_in_slices_.resize(slices_.size());
  ++causes_in_slices_[slice_ + balancer][static_cast<std::size_t>(cause)];
}

void summary::make_slice_of(std::int64_t since_ns) {
  while (slice_of(since_ns) >= most_slices) widen_slices();
  slice_ = slice_of(since_ns) * balancer_count_;
  slices_.resize(slice_ + balancer_count_);
}

void summary::widen_slices() {
  auto const halve = [&](auto& all, auto const& add) {
    for (std::size_t i = 0; i != all.size(); ++i) {
      std::size_t const time = i / balancer_count_, of = i % balancer_count_;
      auto const s = all[i];
      auto& into = all[time / 2 * balancer_count_ + of];
      if (time % 2 == 0) into = {};
      add(into, s);
    }
    all.resize((all.size() / balancer_count_ + 1) / 2 * balancer_count_);
  };
  halve(slices_, [](slice_counts& into, slice_counts const& s) {
    into.requests += s.requests, into.redirects += s.redirects, into.failed += s.failed;
  });
  halve(causes_in_slices_, add_causes);
  ++widenings_;
}

std::vector<records::time_slice> summary::timeseries(std::vector<std::string> const& balancers) const {
  std::vector<records::time_slice> out;
  auto const add = [&](std::size_t time, std::string const& balancer, slice_counts const& counts,
                       cause_counts const& causes) {
    if (counts.requests == 0) return;
    records::time_slice s;
    s.from_s = static_cast<double>(static_cast<std::int64_t>(time) * slice_width_ns()) / 1e9;
    s.to_s = s.from_s + static_cast<double>(slice_width_ns()) / 1e9;
    s.balancer = balancer;
    s.requests = counts.requests, s.redirects = counts.redirects, s.failed = counts.failed;
    s.failed_by_cause = causes;
    out.push_back(s);
  };
  for (std::size_t at = 0; at != slices_.size(); at += balancer_count_) {
    slice_counts all;
    cause_counts all_causes{};
    auto const causes = [&](std::size_t i) {
      return i < causes_in_slices_.size() ? causes_in_slices_[i] : cause_counts{};
    };
    for (std::size_t b = 0; b != balancer_count_; ++b) {
      slice_counts const& s = slices_[at + b];
      all.requests += s.requests, all.redirects += s.redirects, all.failed += s.failed;
      add_causes(all_causes, causes(at + b));
    }
    add(at / balancer_count_, "", all, all_causes);
    for (std::size_t b = 0; b != balancer_count_; ++b)
      add(at / balancer_count_, balancers[b], slices_[at + b], causes(at + b));
  }
  return out;
}

std::vector<records::event_result> summary::events(std::vector<records::event_record> const& done) const {
  std::vector<records::event_result> out;
  for (records::event_record const& e : done) {
    auto const seconds = [&](std::int64_t ns) { return static_cast<double>(ns - start_ns_) / 1e9; };
    records::event_result r;
    r.name = e.name, r.kind = name_of(e.kind), r.node = e.node, r.detail = e.detail;
    r.at_s = seconds(e.began_ns != 0 ? e.began_ns : e.planned_ns);
    r.done_s = e.done_ns != 0 ? seconds(e.done_ns) : r.at_s;
    r.left = e.left;
    r.convergence_note = r.failures_back_note = r.latency_back_note = "needs records of single requests: --detail full";
    out.push_back(std::move(r));
  }
  return out;
}

// ---- the end

void summary::close(std::int64_t end_ns, bool interrupted) {
  counts_.close(end_ns);
  lossless_books_ = !interrupted && scenario_.events.empty() && failed_ == 0;
  if (fit_.tokens > 0) {
    scenario::scenario realised = scenario_;
    realised.population.logged_in = static_cast<double>(sessions_asked_) / static_cast<double>(fit_.tokens);
    fit_.expected = theory::expect(realised);
  }
  auto const some = [](std::uint64_t n, char const* what) { return std::to_string(n) + what; };
  fit_.broken = fit_.expected.broken;
  if (!fit_.broken.empty()) return;
  if (interrupted) fit_.broken = "the run was cut short";
  if (overlapped_) fit_.broken = some(overlapped_, " requests overlapped another of their character");
  if (failed_) fit_.broken = some(failed_, " requests failed");
  if (lost_) fit_.broken = some(lost_, " redirects of tokens that a map had known");
  bool const hashed = theory::guesses_follow(scenario_, theory::guess_law::by_hash);
  fit_.conditioned = fit_.broken.empty() && !hashed && scenario_.population.token_rotation_rps <= 0;
}

std::vector<records::invariant_result> summary::invariants() const {
  std::vector<records::invariant_result> all;
  auto const add = [&](std::string name, std::uint64_t checked, std::uint64_t violations, std::string note) {
    records::invariant_result i;
    i.name = std::move(name);
    i.checked = checked;
    i.violations = violations;
    i.passed = violations == 0;
    i.exercised = checked > 0;
    i.note = std::move(note);
    all.push_back(std::move(i));
  };
  std::string const records = "needs records of single requests: --detail full";
  add("one_session", 0, 0, records);
  add("right_place", places_checked_, places_wrong_, "one request in 64 was compared with the registry");
  add("intact", resources_, too_old_, judge::note_of_no_bytes);
  add("at_most_once", 0, 0, records);
  add("nobody_elses", resources_, not_theirs_, resources_ ? "only answers for resources are looked at" : records);
  add("closed_door", 0, 0, "simulated time has no fields that could be forged");
  if (lossless_books_) {
    std::uint64_t const wrong =
        (books_.sent != books_.seen + books_.undelivered) + (books_.received != books_.followed + books_.refused);
    add("books", 2, wrong, "in sum: hops sent = seen + not delivered, redirects received = followed + refused");
  } else {
    add("books", 0, 0, "requests were cut off: only records of single requests can tell");
  }
  return all;
}

}
