#pragma once

#include "gateway/routing/route.hpp"
#include "gateway/routing/token_map.hpp"

#include <boost/unordered/unordered_flat_set.hpp>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace gateway::routing {

/// What is learnt of a token: the proxy, and when the request that taught it began, so that an answer that was long on
/// its way does not overwrite what a younger one taught.
struct learnt_backend {
  upstream_id upstream = no_upstream;
  std::uint32_t started_ms = 0; // wraps after 49 days; compared as a difference

  static learnt_backend make(upstream_id upstream, time_ns started) {
    return {upstream, static_cast<std::uint32_t>(started / 1'000'000)};
  }
  bool older_than(learnt_backend const& other) const {
    return static_cast<std::int32_t>(started_ms - other.started_ms) < 0;
  }
};

/// The route state machine: it is told what happened to a request and returns the next action. Owns the token map, the
/// guess policy and what is known of the upstreams. Never blocks; not thread-safe (the shell holds a lock, or one
/// thread).
///
/// For each route: `start`, then after each `send` exactly one of `on_redirect`, `on_answer`, `on_failure` or
/// `abandon`, and after a `wait` one of `on_wake` or `abandon`.
template<class Map, class Key, class Payload>
class basic_router {
public:
  using route_type = route<Key>;

  /// `map` is nullopt when nothing is to be remembered.
  basic_router(router_settings settings, guess_policy policy, std::optional<Map> map)
    : settings_(settings)
    , guesser_(policy)
    , map_(std::move(map)) {
    settings_.max_retries = std::min<std::uint32_t>(settings_.max_retries, route_type::max_failed);
  }

  upstream_id add_upstream(std::uint64_t name_hash, bool in_rotation) {
    upstreams_.push_back({name_hash, 0, 0, true, in_rotation});
    return upstream_id{static_cast<std::uint32_t>(upstreams_.size() - 1)};
  }
  upstream_state& upstream(upstream_id id) { return upstreams_[index_of(id)]; }
  upstream_state const& upstream(upstream_id id) const { return upstreams_[index_of(id)]; }
  std::size_t upstream_count() const { return upstreams_.size(); }

  /// For a new configuration; what is in the map stays.
  void reconfigure(router_settings settings, guess_policy policy) {
    settings_ = settings;
    settings_.max_retries = std::min<std::uint32_t>(settings_.max_retries, route_type::max_failed);
    guesser_ = guesser(policy);
  }

  template<class Generator>
  action start(route_type& r, request_facts<Key> const& facts, time_ns now, Generator& generator) {
    ++counters_.requests;
    r = {};
    r.has_key = facts.has_token;
    r.key = facts.key;
    r.token_hash = facts.token_hash;
    r.idempotent = facts.idempotent;
    r.started = now;
    return choose(r, hop_kind::first, now, generator);
  }

  /// The present upstream answered with X-Accel-Redirect.
  action on_redirect(route_type& r, redirect_facts const& facts) {
    ++counters_.redirects;
    if (r.from_map) ++counters_.stale_hits;
    leave(r);
    if (facts.malformed) return refuse(r, refusal::malformed_redirect, counters_.redirects_refused_malformed);
    if (facts.target == no_upstream || !upstream(facts.target).known)
      return refuse(r, refusal::unknown_target, counters_.redirects_refused_unknown);
    if (r.redirects >= settings_.max_redirects)
      return refuse(r, refusal::redirect_limit, counters_.redirects_refused_limit);
    exclusions const failed = r.excluded();
    if (std::find(failed.begin(), failed.end(), facts.target) != failed.end())
      return refuse(r, refusal::owner_unreachable, counters_.redirects_refused_unreachable);
    ++r.redirects;
    return send(r, facts.target, hop_kind::redirect);
  }

  /// The present upstream's final answer has begun. `backend` is what its X-Backend names: nullopt without one,
  /// no_upstream when it names none that is known.
  action on_answer(route_type& r, std::optional<upstream_id> backend) {
    if (r.guessed) ++counters_.guess_hits;
    leave(r);
    if (backend) learn(r, *backend);
    return finish(r, {action_kind::stream});
  }

  /// The present upstream failed before its answer's head was complete.
  template<class Generator>
  action on_failure(route_type& r, failure const& what, time_ns now, Generator& generator) {
    upstream_id const lost = r.upstream;
    leave(r);
    if (what.no_room) return finish(r, {.kind = action_kind::respond, .why = refusal::no_room});
    bool const healthy_race = what.was_reused && !what.timed_out;
    bool const may_retry = (what.how_much == sent::nothing || r.idempotent) && r.retries < settings_.max_retries;
    if (!healthy_race) {
      upstream(lost).avoid_until = now + settings_.avoid_for;
      forget(r, lost);
    }
    if (!may_retry)
      return finish(r, {.kind = action_kind::respond,
                        .why = what.timed_out                   ? refusal::upstream_timeout
                               : what.how_much == sent::nothing ? refusal::all_failed
                                                                : refusal::upstream_failed});
    ++r.retries;
    ++counters_.retries;
    if (healthy_race) return send(r, lost, hop_kind::retry); // the same upstream, on a fresh connection
    r.failed[r.failed_count++] = lost;
    return choose(r, hop_kind::retry, now, generator);
  }

  /// Another route of this key has finished.
  template<class Generator>
  action on_wake(route_type& r, time_ns now, Generator& generator) {
    return choose(r, hop_kind::first, now, generator);
  }

  /// The request is given up (the client went away, or its time is over) while a hop or a wait is under way.
  /// Returns whether those who wait on its key are to be woken.
  bool abandon(route_type& r) {
    leave(r);
    return finish(r, {}).wake;
  }

  router_counters const& counters() const { return counters_; }
  router_settings const& settings() const { return settings_; }
  guess_policy policy() const { return guesser_.policy(); }
  bool has_map() const { return map_.has_value(); }
  std::size_t map_entries() const { return map_ ? map_->size() : 0; }
  std::size_t map_capacity() const { return map_ ? map_->capacity() : 0; }
  std::size_t map_bytes() const { return map_ ? map_->bytes() : 0; }

private:
  template<class Generator>
  action choose(route_type& r, hop_kind hop, time_ns now, Generator& generator) {
    if (map_ && r.has_key) {
      if (Payload const* known = map_->find(r.key)) {
        upstream_id const owner = known->upstream;
        exclusions const failed = r.excluded();
        if (upstream(owner).known && std::find(failed.begin(), failed.end(), owner) == failed.end()) {
          ++counters_.map_hits;
          action next = send(r, owner, hop);
          r.from_map = next.from_map = true;
          return next;
        }
        forget(r, owner);
      }
      if (settings_.single_guess && !r.holds_guess) {
        if (!guessing_.insert(r.key).second) {
          ++counters_.waits;
          return {action_kind::wait};
        }
        r.holds_guess = true;
      }
    }
    upstream_id const guess = guesser_.choose(upstreams_, r.token_hash, r.excluded(), now, generator);
    if (guess == no_upstream) return finish(r, {.kind = action_kind::respond, .why = refusal::all_failed});
    ++counters_.guesses;
    action const next = send(r, guess, hop);
    r.guessed = true;
    return next;
  }

  action send(route_type& r, upstream_id to, hop_kind hop) {
    r.upstream = to;
    r.from_map = r.guessed = false;
    ++upstream(to).in_flight;
    return {.kind = action_kind::send, .hop = hop, .upstream = to};
  }

  void leave(route_type& r) {
    if (r.upstream == no_upstream) return;
    --upstream(r.upstream).in_flight;
    r.upstream = no_upstream;
  }

  action finish(route_type& r, action last) {
    if (r.holds_guess) {
      guessing_.erase(r.key);
      r.holds_guess = false;
      last.wake = true;
    }
    return last;
  }

  action refuse(route_type& r, refusal why, std::uint64_t& counter) {
    ++counter;
    return finish(r, {.kind = action_kind::respond, .why = why});
  }

  void learn(route_type& r, upstream_id backend) {
    if (!map_ || !r.has_key) return;
    if (backend == no_upstream || !upstream(backend).known) {
      ++counters_.backends_refused;
      return;
    }
    Payload const fresh = Payload::make(backend, r.started);
    if (Payload const* old = map_->peek(r.key)) {
      if (old->upstream == backend || fresh.older_than(*old)) return;
    }
    auto const result = map_->learn(r.key, fresh);
    ++counters_.learnt;
    if (result.evicted) ++counters_.evicted;
  }

  void forget(route_type& r, upstream_id lost) {
    if (!map_ || !r.has_key) return;
    Payload const* known = map_->peek(r.key);
    if (known && known->upstream == lost && map_->forget(r.key)) ++counters_.forgotten;
  }

  router_settings settings_;
  guesser guesser_;
  std::optional<Map> map_;
  std::vector<upstream_state> upstreams_;
  boost::unordered_flat_set<Key, typename Map::hash_type> guessing_; // single_guess: keys whose guess is in flight
  router_counters counters_;
};

}
