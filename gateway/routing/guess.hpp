#pragma once

#include "base/randomness/draw.hpp"
#include "gateway/routing/guess_policy.hpp"
#include "gateway/routing/ids.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>

namespace gateway::routing {

/// What the balancer knows of one upstream for the purpose of guessing, as far as each request needs it. Small: a
/// hundred simulated balancers have a thousand upstreams each.
struct upstream_state {
  std::uint32_t in_flight = 0; // hops without a final outcome
  bool known : 1 = true;       // redirects and learnt entries may lead to it; false once it was removed
  bool in_rotation : 1 =
      true;                  // guesses may choose it; false for targets known from redirects only, and while it drains
  bool healthy : 1 = true;   // as its health checks say
  bool suspect : 1 = false;  // it failed so often that after `avoid_until` it is tried with one request at a time
  bool on_trial : 1 = false; // that request is under way
  bool failing : 1 = false;  // it has `failures`
};
static_assert(sizeof(upstream_state) == 8);

/// What is needed of it less often.
struct upstream_details {
  std::uint64_t name_hash = 0; // hash of HOST:PORT, the same on every balancer (for token_hash)
  std::uint32_t weight = 1;    // its share of guesses, by the sum of those that can be guessed
  std::uint32_t mentions = 0;  // routes under way that must not be sent there again
  time_ns avoid_until = 0;     // of a suspect one: others are preferred until then …
  time_ns avoided_for = 0;     // … since they were as long before
  std::uint32_t failures = 0;  // in a row
  std::int64_t turns = 0;      // round_robin: its credit
};

/// All upstreams, by id.
struct upstreams_view {
  std::span<upstream_state const> states;
  std::span<upstream_details> details;

  std::uint32_t size() const { return static_cast<std::uint32_t>(states.size()); }
};

/// What a guess may not choose: the upstreams to which this request was already sent without success.
using exclusions = std::span<upstream_id const>;

/// Chooses among upstreams. Excluded ones are never chosen; ones to be avoided (failing, on trial, unhealthy) only when
/// nothing else is left.
class guesser {
public:
  explicit guesser(guess_policy policy)
    : policy_(policy) {}

  /// `token_hash` is the shared hash, or 0 without a token. Returns `no_upstream` when every upstream is excluded.
  template<class Generator>
  upstream_id choose(upstreams_view upstreams, std::uint64_t token_hash, exclusions excluded, time_ns now,
                     Generator& generator) {
    upstream_id chosen = choose_among(upstreams, token_hash, excluded, now, generator);
    if (chosen == no_upstream) chosen = choose_among(upstreams, token_hash, excluded, no_avoidance, generator);
    return chosen;
  }

  guess_policy policy() const { return policy_; }
  /// Whether guesses depend on what is under way.
  bool compares_loads() const { return policy_ == guess_policy::least_conn || policy_ == guess_policy::two_choices; }
  /// Call after a weight has changed, and when an upstream is added whose weight differs from the first one's.
  void weigh(upstreams_view upstreams);

private:
  static constexpr time_ns no_avoidance = std::numeric_limits<time_ns>::max();

  static bool usable(upstreams_view upstreams, std::uint32_t index, exclusions excluded, time_ns now) {
    upstream_state const& state = upstreams.states[index];
    if (!state.in_rotation || is_excluded(index, excluded)) return false;
    if (now == no_avoidance) return true;
    if (state.on_trial || !state.healthy) return false;
    return !state.suspect || upstreams.details[index].avoid_until <= now;
  }
  static bool is_excluded(std::uint32_t index, exclusions excluded) { // mostly there is none
    return !excluded.empty() && std::find(excluded.begin(), excluded.end(), upstream_id{index}) != excluded.end();
  }
  static upstream_id rotate(upstreams_view upstreams, exclusions excluded, time_ns now);
  upstream_id rendezvous(upstreams_view upstreams, std::uint64_t token_hash, exclusions excluded, time_ns now) const;
  /// For comparisons: 1 if all weigh the same, which is not looked up then.
  std::uint64_t weight_of(upstreams_view upstreams, std::uint32_t index) const {
    return weighted_ ? upstreams.details[index].weight : 1;
  }

  template<class Generator>
  upstream_id choose_among(upstreams_view upstreams, std::uint64_t token_hash, exclusions excluded, time_ns now,
                           Generator& generator) {
    switch (policy_) {
    case guess_policy::round_robin:
      return rotate(upstreams, excluded, now);
    case guess_policy::token_hash:
      if (token_hash != 0) return rendezvous(upstreams, token_hash, excluded, now);
      break;
    case guess_policy::least_conn:
      return least_busy(upstreams, excluded, now, generator);
    case guess_policy::two_choices:
      return less_busy_of_two(upstreams, excluded, now, generator);
    case guess_policy::random:
      break;
    }
    return drawn(upstreams, excluded, now, generator);
  }

  /// At random, in proportion to the weights, of those for which `may_be(index)` holds. If all weights are equal, the
  /// first draw is nearly always usable, and is then uniform over the usable ones, as is each redraw.
  template<class Generator, class MayBe>
  upstream_id drawn_of(upstreams_view upstreams, Generator& generator, MayBe may_be) const {
    std::uint32_t const count = upstreams.size();
    if (count == 0) return no_upstream;
    if (!weighted_) {
      std::uint32_t const index = randomness::uniform_below(generator, count);
      if (may_be(index)) return upstream_id{index};
    }
    return drawn_of_few(upstreams, generator, may_be);
  }
  template<class Generator, class MayBe>
  [[gnu::noinline]] upstream_id drawn_of_few(upstreams_view upstreams, Generator& generator, MayBe may_be) const {
    std::uint32_t const count = upstreams.size();
    for (int redraw = 0; !weighted_ && redraw < 3; ++redraw) {
      std::uint32_t const index = randomness::uniform_below(generator, count);
      if (may_be(index)) return upstream_id{index};
    }
    std::uint32_t total = 0;
    for (std::uint32_t i = 0; i < count; ++i) total += may_be(i) ? upstreams.details[i].weight : 0;
    if (total == 0) return no_upstream;
    std::uint32_t left = randomness::uniform_below(generator, total);
    for (std::uint32_t i = 0;; ++i) {
      if (!may_be(i)) continue;
      if (left < upstreams.details[i].weight) return upstream_id{i};
      left -= upstreams.details[i].weight;
    }
  }
  template<class Generator>
  upstream_id drawn(upstreams_view upstreams, exclusions excluded, time_ns now, Generator& generator) const {
    return drawn_of(upstreams, generator, [&](std::uint32_t i) { return usable(upstreams, i, excluded, now); });
  }

  // Not inlined: `choose_among` is on the way of each request, with another policy as a rule.
  template<class Generator>
  [[gnu::noinline]] upstream_id least_busy(upstreams_view upstreams, exclusions excluded, time_ns now,
                                           Generator& generator) const {
    upstream_id best = no_upstream;
    std::uint64_t best_load = 0, best_weight = 1; // compared by their quotient
    std::uint32_t ties = 0;
    for (std::uint32_t i = 0; i < upstreams.size(); ++i) {
      if (!usable(upstreams, i, excluded, now)) continue;
      std::uint64_t const weight = weight_of(upstreams, i);
      std::uint64_t const load = upstreams.states[i].in_flight * best_weight, present = best_load * weight;
      if (best == no_upstream || load < present) {
        best = upstream_id{i};
        best_load = upstreams.states[i].in_flight;
        best_weight = weight;
        ties = 1;
      } else if (load == present && randomness::uniform_below(generator, ++ties) == 0) {
        best = upstream_id{i}; // reservoir sampling: each of the tied is kept with equal probability
      }
    }
    return best;
  }

  /// Nearly as good as the least busy of all, without looking at all of them, and without a herd where several
  /// balancers know only their own requests (Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing",
  /// 2001).
  template<class Generator>
  [[gnu::noinline]] upstream_id less_busy_of_two(upstreams_view upstreams, exclusions excluded, time_ns now,
                                                 Generator& generator) const {
    upstream_id const one = drawn(upstreams, excluded, now, generator);
    if (one == no_upstream) return no_upstream;
    upstream_id const two = drawn_of(upstreams, generator, [&](std::uint32_t i) {
      return upstream_id{i} != one && usable(upstreams, i, excluded, now);
    });
    if (two == no_upstream) return one;
    std::uint32_t const a = index_of(one), b = index_of(two);
    return upstreams.states[b].in_flight * weight_of(upstreams, a) <
                   upstreams.states[a].in_flight * weight_of(upstreams, b)
               ? two
               : one;
  }

  guess_policy policy_;
  bool weighted_ = false; // not all upstreams weigh the same
};

}
