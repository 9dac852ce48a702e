#pragma once

#include "base/memory/prefetch.hpp"
#include "base/memory/zeroed_array.hpp"
#include "sim/engines/virtual/request_state.hpp"
#include "sim/judge/findings.hpp"
#include "sim/records/result.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sim::virtual_time {

/// What became of each token that a balancer's map does not hold now: two bits, in place of a run's records. Nothing
/// is noted while a map holds all that it learns.
class map_knowledge {
public:
  enum class of : std::uint8_t { never, known, forgotten, restarted }; // known: it was evicted

  explicit map_knowledge(std::size_t balancers)
    : words_(balancers) {}

  of at(std::size_t balancer, token_id token) const {
    auto const [word, shift] = place(token);
    auto const& words = words_[balancer];
    return word < words.size() ? static_cast<of>(words[word] >> shift & 3) : of::never;
  }
  void set(std::size_t balancer, token_id token, of what) {
    auto const [word, shift] = place(token);
    auto& words = words_[balancer];
    if (word >= words.size()) words.resize(word + word / 2 + 1);
    words[word] = (words[word] & ~(std::uint64_t{3} << shift)) | static_cast<std::uint64_t>(what) << shift;
  }
  /// The balancer has restarted: all that its map knew is from before.
  void restart(std::size_t balancer);

private:
  struct position {
    std::size_t word;
    unsigned shift;
  };
  static position place(token_id token) {
    auto const number = static_cast<std::uint32_t>(token);
    return {number / 32, number % 32 * 2};
  }
  std::vector<std::vector<std::uint64_t>> words_;
};

/// Counts a run while it goes on, so that memory grows neither with its length nor with its requests. Gives reasons to
/// redirects from what the maps were told.
class summary {
public:
  summary(scenario::scenario const& s, std::size_t balancers, std::int64_t start_ns,
          std::vector<std::uint32_t> const& logged_in);

  /// The character will send a request soon.
  void expect(std::uint32_t character) const { memory::prefetch(&characters_[character]); }
  template<class Run>
  void issued(request_state const& f);
  /// The router sends `f` to its first proxy; `guessed`: without knowledge. `in_flight`, of a guess: an earlier request
  /// of its token is at the same balancer, or at another that shares its map.
  void chosen(request_state& f, bool guessed, bool in_flight, std::int64_t now_ns);
  void hop_sent() { ++books_.sent; }
  void hop_seen() { ++books_.seen; }
  void hop_undelivered() { ++books_.undelivered; }
  void redirect_received(request_state& f);
  void redirect_followed() { ++books_.followed; }
  void redirect_refused() { ++books_.refused; }
  void learnt(request_state const& f, std::int64_t now_ns) {
    if (patience_ns_[f.balancer] >= 0) learnt_in_shared_map(f.token, now_ns);
  }
  /// The balancer's map holds the token no more.
  void left_map(std::size_t balancer, token_id token) { knowledge_.set(balancer, token, map_knowledge::of::known); }
  /// … because the upstream that it named failed; told after `left_map`.
  void forgotten(request_state const& f);
  void restarted(std::size_t balancer) { knowledge_.restart(balancer); }
  void granted(std::uint32_t character, std::size_t phase, std::int64_t at_ns);
  void moved(std::size_t phase, std::int64_t at_ns) { counts_.add_move(phase, at_ns); }
  template<class Run>
  void client_done(request_state const& f, records::client_outcome outcome, std::int64_t done_ns);
  /// One of the character's own requests is no longer under way.
  void left(std::uint32_t character) {
    std::uint8_t& who = characters_[character];
    if ((who & under_way_mask) != 0 && (who & under_way_mask) != under_way_mask) --who;
  }
  /// One served request was compared with the registry.
  void place_checked(bool right) {
    ++places_checked_;
    places_wrong_ += !right;
  }

  /// Requests of the character that are under way.
  unsigned under_way(std::uint32_t character) const { return characters_[character] & under_way_mask; }

  /// The load is over.
  void close(std::int64_t end_ns, bool interrupted);
  judge::tally const& counts() const { return counts_; }
  judge::theory_fit const& fit() const { return fit_; }
  /// All invariants but the one judged from records that are kept in any case (notifications).
  std::vector<records::invariant_result> invariants() const;
  std::vector<records::time_slice> timeseries(std::vector<std::string> const& balancers) const;
  std::vector<records::event_result> events(std::vector<records::event_record> const& done) const;

private:
  // Of a character: requests under way (saturating), and two facts.
  static constexpr std::uint8_t under_way_mask = 63, has_session = 64, asked = 128;
  static constexpr std::size_t most_slices = 1200;
  static constexpr std::int64_t narrowest_slice_ns = 1'000'000;

  using cause_counts = std::array<std::uint64_t, scenario::failure_cause_count>;
  struct slice_counts {
    std::uint64_t requests = 0, redirects = 0, failed = 0;
  };
  void count_unusual(request_state const& f, records::client_outcome outcome, std::int64_t done_ns);
  void count_in_slice(std::int64_t intended_ns, std::size_t balancer, std::uint32_t redirects, bool failed);
  void count_cause_in_slice(std::size_t balancer, scenario::failure_cause cause);
  void make_slice_of(std::int64_t since_ns);
  void widen_slices();
  std::size_t slice_of(std::int64_t since_ns) const {
    return static_cast<std::size_t>(since_ns / narrowest_slice_ns) >> widenings_;
  }
  std::int64_t slice_width_ns() const { return narrowest_slice_ns << widenings_; }
  void learnt_in_shared_map(token_id token, std::int64_t now_ns);
  /// Whether what another balancer learnt may not have been in the map that they share; see judge::reconstruct.
  bool raced_in_shared_map(request_state const& f, std::int64_t now_ns) const;

  scenario::scenario const& scenario_;
  std::int64_t start_ns_;
  judge::tally counts_;
  map_knowledge knowledge_;
  std::vector<bool> has_map_;                 // by balancer
  std::vector<std::int64_t> patience_ns_;     // by balancer: of look-ups in the shared map; below 0 without one
  std::vector<std::int64_t> first_learnt_ns_; // by token, where maps are shared: by any of them; 0: not yet
  memory::zeroed_array<std::uint8_t> characters_;
  std::uint64_t overlapped_ = 0, failed_ = 0, lost_ = 0, sessions_asked_ = 0;
  judge::theory_fit fit_;
  std::size_t balancer_count_;
  unsigned widenings_ = 0;                     // of slices: each doubles their width
  std::size_t slice_ = 0;                      // where the one counted last begins in slices_
  std::vector<slice_counts> slices_;           // [time][balancer]
  std::vector<cause_counts> causes_in_slices_; // as slices_, as far as requests have failed
  std::uint64_t places_checked_ = 0, places_wrong_ = 0;
  std::uint64_t resources_ = 0, not_theirs_ = 0, too_old_ = 0; // answers for resources, and what was wrong with them
  struct {
    std::uint64_t sent = 0, seen = 0, undelivered = 0, received = 0, followed = 0, refused = 0;
  } books_;
  bool lossless_books_ = true; // nothing was cut off by a kill or an end before its time
};

[[gnu::always_inline]] inline void summary::count_in_slice(std::int64_t intended_ns, std::size_t balancer,
                                                           std::uint32_t redirects, bool failed) {
  std::int64_t const since_ns = std::max<std::int64_t>(0, intended_ns - start_ns_);
  slice_ = slice_of(since_ns) * balancer_count_;
  if (slice_ >= slices_.size()) [[unlikely]]
    make_slice_of(since_ns);
  slice_counts& s = slices_[slice_ + balancer];
  ++s.requests;
  s.redirects += redirects;
  s.failed += failed;
}

template<class Run>
[[gnu::always_inline]] inline void summary::client_done(request_state const& f, records::client_outcome outcome,
                                                        std::int64_t done_ns) {
  bool const own = !Run::other_tokens || f.plan.kind == load::token_kind::own;
  bool const unhindered = !Run::events || (f.book.seen_hops == f.course.hops && f.course.retries == 0);
  bool const from_proxy = !Run::exchanges || (!f.answer.asks_resource && !f.answer.from_cache);
  bool const usual = own && outcome == records::client_outcome::answered && f.answer.status < 400 && unhindered &&
                     f.course.redirects <= 1 && f.book.seen_hops == f.course.redirects + 1 && from_proxy;
  if (!usual) return count_unusual(f, outcome, done_ns);
  counts_.add(judge::served_request{.intended_ns = f.client.intended_ns,
                                    .sent_ns = f.client.sent_ns,
                                    .done_ns = done_ns,
                                    .balancer = f.balancer,
                                    .phase = Run::phases ? f.client.phase : std::uint8_t{0},
                                    .redirected = f.course.redirects != 0,
                                    .first_reason = f.book.first_reason,
                                    .first_choice = f.book.first_from_map ? judge::choice::map : judge::choice::guess,
                                    .stale = f.book.first_stale,
                                    .trial = f.book.trial});
  count_in_slice(f.client.intended_ns, f.balancer, f.course.redirects, false);
}

template<class Run>
[[gnu::always_inline]] inline void summary::issued(request_state const& f) {
  std::uint8_t& who = characters_[f.plan.character];
  if (Run::other_tokens && f.plan.kind != load::token_kind::own) return;
  if ((who & under_way_mask) != 0) ++overlapped_;
  if ((who & under_way_mask) != under_way_mask) ++who;
  ++fit_.requests;
  if ((!Run::other_tokens || f.plan.rotation == 0) && (who & asked) == 0) {
    who |= asked;
    ++fit_.tokens;
    sessions_asked_ += (who & has_session) != 0;
  }
}

}
