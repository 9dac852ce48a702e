#pragma once

// Long because a route's ways from event to event are read side by side.

#include "base/contract/expects.hpp"
#include "base/memory/prefetch.hpp"
#include "gateway/routing/kept_map.hpp"
#include "gateway/routing/learnt_backend.hpp"
#include "gateway/routing/route.hpp"
#include "gateway/routing/token_map.hpp"
#include "gateway/routing/upstream_list.hpp"

#include <boost/unordered/unordered_flat_set.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

namespace gateway::routing {

/// The route state machine: it is told what happened to a request and returns the next action. Owns the token map, the
/// guess policy and what is known of the upstreams. Never blocks; not thread-safe (the shell holds a lock, or has one
/// thread).
///
/// For each route: `start`, then after each `send` exactly one of `on_redirect`, `on_answer`, `on_failure` or
/// `abandon`, after a `wait` one of `on_wake`, `on_patience_end` or `abandon`, and after a `look_up` one of `on_shared`
/// or `abandon`. `on_bad_answer` ends a hop, too.
///
/// With a map that balancers share (`shared_ttl`), a key that is not known here is looked up there before it is
/// guessed, once a request. With `single_guess` the one request that may guess does this, so a key is looked up once,
/// however many requests ask. Only tokens that were answered with success are shared: made-up ones would fill the map.
template<class Map, class Key, class Payload>
class basic_router {
public:
  using route_type = route<Key>;

  /// `map` is nullopt when nothing is to be remembered. `unproven` is for tokens that were never answered with success;
  /// without it they go into `map`.
  basic_router(router_settings settings, guess_policy policy, std::optional<Map> map,
               std::optional<Map> unproven = std::nullopt)
    : settings_(settings)
    , guesser_(policy)
    , map_(std::move(map))
    , unproven_(std::move(unproven))
    , retry_budget_(settings.retry_burst) {
    settings_.max_retries = std::min<std::uint32_t>(settings_.max_retries, route_type::max_failed);
  }

  /// `may_reuse(id)`: whether the shell holds no reference any more to an upstream that was removed.
  template<class MayReuse = upstream_list::anything>
  upstream_id add_upstream(std::uint64_t name_hash, bool in_rotation, std::uint32_t weight = 1,
                           MayReuse may_reuse = {}) {
    if (upstreams_.is_full_of_removed())
      upstreams_.reclaim(may_reuse, [this](std::vector<bool> const& is_going) {
        for (std::optional<Map>* const m : {&map_, &unproven_})
          if (*m)
            counters_.forgotten += (*m)->forget_all([&](Payload const& p) { return is_going[index_of(p.upstream)]; });
      });
    upstream_id const id = upstreams_.add({.in_rotation = in_rotation}, {.name_hash = name_hash, .weight = weight});
    CREST_EXPECTS(index_of(id) < Payload::most_upstreams);
    guesser_.weigh(upstreams_.all());
    return id;
  }

  /// Nothing is sent there from now on; requests under way finish. Its id may be reused later, when no route holds it
  /// and the map has no entry for it; the map is searched once for many removed upstreams.
  void remove_upstream(upstream_id id) {
    upstreams_.remove(id);
    guesser_.weigh(upstreams_.all());
  }
  std::vector<upstream_id> const& removed_upstreams() const { return upstreams_.removed(); }
  /// The same upstream is back: what is known of its tokens is valid.
  void restore_upstream(upstream_id id, bool in_rotation, std::uint32_t weight) {
    upstreams_.restore(id, in_rotation, weight);
    guesser_.weigh(upstreams_.all());
  }
  upstream_state& upstream(upstream_id id) { return upstreams_[id]; }
  upstream_state const& upstream(upstream_id id) const { return upstreams_[id]; }
  upstream_details& details_of(upstream_id id) { return upstreams_.details_of(id); }
  upstream_details const& details_of(upstream_id id) const { return upstreams_.details_of(id); }
  std::size_t upstream_count() const { return upstreams_.count(); }
  void set_weight(upstream_id id, std::uint32_t weight) {
    details_of(id).weight = weight;
    guesser_.weigh(upstreams_.all());
  }

  /// For a new configuration; the map's content stays.
  void reconfigure(router_settings settings, guess_policy policy) {
    settings_ = settings;
    settings_.max_retries = std::min<std::uint32_t>(settings_.max_retries, route_type::max_failed);
    guesser_ = guesser(policy);
    guesser_.weigh(upstreams_.all());
    retry_budget_ = std::min<double>(retry_budget_, settings.retry_burst);
  }

  template<class Generator>
  [[gnu::always_inline]] action start(route_type& r, request_facts<Key> const& facts, time_ns now,
                                      Generator& generator) {
    ++counters_.requests;
    if (settings_.retries_per_request > 0)
      retry_budget_ = std::min<double>(retry_budget_ + settings_.retries_per_request, settings_.retry_burst);
    r = unused_;
    r.has_key = facts.has_token;
    r.key = facts.key;
    r.token_hash = facts.token_hash;
    r.idempotent = facts.idempotent;
    r.whole = facts.whole;
    r.started = now;
    return choose(r, hop_kind::first, now, generator);
  }

  /// The present upstream answered with X-Accel-Redirect.
  action on_redirect(route_type& r, redirect_facts const& facts) {
    ++counters_.redirects;
    upstream_id const left = r.upstream;
    bool const is_stale = r.from_map && !facts.once && shares() && is_known_at(r.key, left);
    if (r.from_map) ++counters_.stale_hits;
    if (r.from_shared) ++counters_.shared_stale_hits;
    answered(r);
    if (facts.malformed) return refuse(r, refusal::malformed_redirect, counters_.redirects_refused_malformed);
    if (facts.other_target) return refuse(r, refusal::other_target, counters_.redirects_refused_path);
    if (facts.target == no_upstream || !upstream(facts.target).known)
      return refuse(r, refusal::unknown_target, counters_.redirects_refused_unknown);
    if (r.redirects >= settings_.max_redirects)
      return refuse(r, refusal::redirect_limit, counters_.redirects_refused_limit);
    if (r.has_failed(facts.target))
      return refuse(r, refusal::owner_unreachable, counters_.redirects_refused_unreachable);
    ++r.redirects;
    r.once = facts.once;
    action next = send(r, facts.target, hop_kind::redirect);
    if (is_stale && facts.target != left) next.news = shared_news::lost;
    return next;
  }

  /// The present upstream's final answer has begun.
  action on_answer(route_type& r, answer_facts const& facts) {
    if (r.guessed) ++counters_.guess_hits;
    answered(r);
    action next{action_kind::stream};
    if (facts.backend && !r.once && !is_known(r, facts)) next = learn(r, *facts.backend, facts);
    return finish(r, next);
  }

  /// The same when nothing else is known of the answer.
  action on_answer(route_type& r, std::optional<upstream_id> backend) {
    return on_answer(r, answer_facts{.backend = backend});
  }

  /// `on_answer` ahead of its time, for a driver that knows an answer before it arrives, as in simulated time: if the
  /// answer tells nothing new, and no other request can meet what its end changes. Returns whether that was so; else
  /// nothing has changed. Precondition: until it arrives no upstream fails, comes or goes, and the map loses nothing.
  [[gnu::always_inline]] bool on_known_answer(route_type& r, answer_facts const& facts) {
    upstream_state const& at = upstream(r.upstream);
    bool const concerns_others =
        at.failing || at.suspect || r.holds_guess || r.failed_count != 0 || guesser_.compares_loads();
    if (concerns_others || r.once || !facts.backend || !is_known(r, facts)) return false;
    if (r.guessed) ++counters_.guess_hits;
    leave(r);
    return true;
  }

  /// The present upstream's answer cannot be passed on: too large a head, not HTTP, a coding that nobody asked for. The
  /// upstream has had the request, so it is not sent elsewhere. Such an answer says nothing about the upstream's health
  /// or the session's place.
  action on_bad_answer(route_type& r) {
    leave(r);
    return refuse(r, refusal::bad_answer, counters_.answers_refused);
  }

  /// The present upstream failed before its answer's head was complete.
  template<class Generator>
  action on_failure(route_type& r, failure const& what, time_ns now, Generator& generator) {
    upstream_id const lost = r.upstream;
    bool const was_trial = r.on_trial;
    leave(r);
    if (what.no_room) return finish(r, {.kind = action_kind::respond, .why = refusal::no_room});
    bool const healthy_race = what.was_reused && !what.timed_out && !r.is_fresh;
    bool const repeatable = what.how_much == sent::nothing || r.idempotent;
    // The same upstream, on a new connection, where this cannot happen again: limits of retries do not count it.
    if (healthy_race && repeatable) {
      ++counters_.retries;
      return send(r, lost, hop_kind::retry);
    }
    bool was_known = false;
    if (!healthy_race) {
      counters_.ejections += upstreams_.failed(lost, was_trial, r.started, now, settings_);
      was_known = forget(r, lost);
    }
    action next{.kind = action_kind::respond,
                .why = what.timed_out                   ? refusal::upstream_timeout
                       : what.how_much == sent::nothing ? refusal::all_failed
                                                        : refusal::upstream_failed};
    if (!repeatable || r.retries >= settings_.max_retries || !budget_allows()) {
      next = finish(r, next);
    } else {
      ++r.retries;
      exclude(r, lost, false);
      next = counted(hop_kind::retry, choose(r, hop_kind::retry, now, generator));
    }
    if (was_known && shares()) next.news = shared_news::lost;
    return next;
  }

  /// The present upstream has as many requests as it may: nothing was sent. A guess goes elsewhere, a session cannot.
  template<class Generator>
  action on_full(route_type& r, time_ns now, Generator& generator) {
    upstream_details& full = details_of(r.upstream);
    if (r.on_trial) full.avoid_until = now + full.avoided_for; // it still holds requests that it does not answer
    action next{.kind = action_kind::respond};
    upstream_id const passed_over = r.upstream;
    hop_kind const hop = r.is_fresh ? hop_kind::retry : hop_kind::first;
    bool const may_choose = r.guessed && r.failed_count < route_type::max_failed;
    leave(r);
    if (may_choose) {
      exclude(r, passed_over, true);
      next = choose(r, hop, now, generator);
    }
    if (next.kind != action_kind::respond) return next;
    return finish(r, {.kind = action_kind::respond, .why = refusal::overloaded, .wake = next.wake});
  }

  /// Another route of this key has finished.
  template<class Generator>
  action on_wake(route_type& r, time_ns now, Generator& generator) {
    return choose(r, hop_kind::first, now, generator);
  }

  /// Its patience for another route is over.
  template<class Generator>
  action on_patience_end(route_type& r, time_ns now, Generator& generator) {
    r.waited_enough = true;
    return choose(r, hop_kind::first, now, generator);
  }

  /// The shared map's answer, or that there is none.
  template<class Generator>
  action on_shared(route_type& r, shared_facts const& facts, time_ns now, Generator& generator) {
    bool const leads = facts.backend != no_upstream && upstream(facts.backend).known && !r.has_failed(facts.backend);
    if (!leads || known(r.key)) // learnt in the meantime, which is newer
      return counted(r.resume, choose(r, r.resume, now, generator));
    Payload fresh = Payload::make(facts.backend, r.started, facts.epoch);
    fresh.set_shared_in(shared_period(now));
    ++counters_.learnt;
    if (map_->learn(r.key, fresh).evicted) ++counters_.evicted;
    ++counters_.map_hits;
    ++counters_.shared_hits;
    action const next = counted(r.resume, send(r, facts.backend, r.resume, true));
    r.from_shared = true;
    return finish(r, next); // those who wait know it now, too
  }

  /// The shared map has lost entries, or missed some: from now on whatever is answered is written there again.
  void share_anew() { shared_shift_ += Payload::due_after; }

  /// The request is given up (the client went away, or its time is over) while a hop or a wait is under way.
  /// Returns whether those who wait on its key are to be woken.
  bool abandon(route_type& r) {
    leave(r);
    return finish(r, {}).wake;
  }

  /// A request with `key` comes soon; see token_map.
  void prefetch(Key const& key) const {
    if (map_) map_->prefetch(key);
  }
  /// … or the answer to one, from `upstream`.
  void prefetch(Key const& key, upstream_id upstream) const {
    memory::prefetch(this, sizeof *this);
    upstreams_.prefetch(upstream);
    prefetch(key);
  }

  /// What is known of a token; nullptr if nothing. It counts as a use.
  Payload const* known(Key const& key) {
    typename Map::hint ignored;
    return known(key, ignored);
  }

  /// Calls `f(key)` for each token of which something is known.
  template<class F>
  void for_each_known(F f) const {
    for (std::optional<Map> const* const m : {&map_, &unproven_})
      if (*m) (*m)->for_each_key(f);
  }

  /// Calls `f(kept)` for what the next life of this balancer is to know from its start.
  template<class F>
  void for_each_kept(F f) {
    if (map_)
      keep(
          *map_, [this](upstream_id id) { return upstream(id).known; }, f);
  }
  /// Knows it again, as the most recently used. For a new router, in the order of `for_each_kept`. Precondition: it has
  /// a map, and `what.upstream` is one of the present upstreams.
  void restore(kept<typename Map::key_type> const& what, time_ns now) {
    CREST_EXPECTS(map_ && upstream(what.upstream).known);
    ++counters_.restored;
    counters_.evicted += map_->learn(what.key, known_since<Payload>(what, now, shared_period(now))).evicted;
  }

  router_counters const& counters() const { return counters_; }
  router_settings const& settings() const { return settings_; }
  guess_policy policy() const { return guesser_.policy(); }
  bool has_map() const { return map_.has_value(); }
  std::size_t map_entries() const { return of_maps(&Map::size); }
  std::size_t unproven_entries() const { return unproven_ ? unproven_->size() : 0; }
  std::size_t proven_capacity() const { return map_ ? map_->capacity() : 0; }
  std::size_t map_capacity() const { return of_maps(&Map::capacity); }
  std::size_t map_bytes() const { return of_maps(&Map::bytes); }

private:
  /// `where`: in the map of the proven ones.
  [[gnu::always_inline]] Payload const* known(Key const& key, typename Map::hint& where) {
    if (!map_) return nullptr;
    Payload const* found = map_->find(key, where);
    if (!found && unproven_) found = unproven_->find(key);
    return found;
  }

  /// Most requests go where the map says: that is a part of whoever calls this.
  template<class Generator>
  [[gnu::always_inline]] action choose(route_type& r, hop_kind hop, time_ns now, Generator& generator) {
    CREST_EXPECTS(r.upstream == no_upstream);
    r.once = false;
    if (map_ && r.has_key) {
      if (Payload const* const found = known(r.key, r.map_hint)) {
        upstream_id const owner = found->upstream;
        if (upstream(owner).known && !r.has_failed(owner)) {
          ++counters_.map_hits;
          return send(r, owner, hop, true);
        }
        forget(r, owner);
      }
    }
    return choose_unknown(r, hop, now, generator);
  }
  /// The map does not know.
  template<class Generator>
  [[gnu::noinline]] action choose_unknown(route_type& r, hop_kind hop, time_ns now, Generator& generator) {
    if (map_ && r.has_key) {
      if (settings_.single_guess && !r.holds_guess && !r.waited_enough) {
        if (!guessing_.insert(r.key).second) {
          ++counters_.waits;
          return {action_kind::wait};
        }
        r.holds_guess = true;
      }
      if (shares() && !r.asked_shared) {
        r.asked_shared = true;
        r.resume = hop;
        return {.kind = action_kind::look_up, .hop = hop};
      }
    }
    upstream_id const guess = make_guess(r, now, generator);
    if (guess == no_upstream) return finish(r, {.kind = action_kind::respond, .why = refusal::all_failed});
    ++counters_.guesses;
    action const next = send(r, guess, hop);
    r.guessed = true;
    upstream_state& chosen = upstream(guess);
    if (chosen.suspect && details_of(guess).avoid_until <= now && !chosen.on_trial && r.whole)
      chosen.on_trial = r.on_trial = true;
    return next;
  }

  template<class Generator>
  upstream_id make_guess(route_type const& r, time_ns now, Generator& generator) {
    upstream_id guess = guesser_.choose(upstreams_.all(), r.token_hash, r.excluded(), now, generator);
    if (r.whole || guess == no_upstream || !upstream(guess).suspect) return guess;
    // Not as a trial, since its client decides how long it takes: elsewhere, if possible.
    std::array<upstream_id, 2 * route_type::max_failed> passed{};
    std::size_t count = r.failed_count;
    std::copy(r.failed.begin(), r.failed.begin() + r.failed_count, passed.begin());
    while (count != passed.size()) {
      passed[count++] = guess;
      upstream_id const next = guesser_.choose(upstreams_.all(), r.token_hash, {passed.data(), count}, now, generator);
      if (next == no_upstream) break;
      guess = next;
      if (!upstream(guess).suspect) break;
    }
    return guess;
  }

  /// Excludes it from guesses for this request; without a place left, one that failed replaces one that was only full.
  void exclude(route_type& r, upstream_id id, bool is_full) {
    std::size_t at = r.failed_count;
    if (at == route_type::max_failed)
      for (at = 0; at != route_type::max_failed && (r.full >> at & 1) == 0;) ++at;
    if (at == route_type::max_failed) return;
    if (at < r.failed_count) --details_of(r.failed[at]).mentions;
    ++details_of(id).mentions;
    r.failed[at] = id;
    r.full = static_cast<std::uint8_t>((r.full & ~(1u << at)) | (is_full ? 1u << at : 0u));
    if (at == r.failed_count) ++r.failed_count;
  }

  [[gnu::always_inline]] action send(route_type& r, upstream_id to, hop_kind hop, bool from_map = false) {
    r.upstream = to;
    r.from_map = from_map;
    r.from_shared = r.guessed = false;
    r.is_fresh = hop == hop_kind::retry;
    ++upstream(to).in_flight;
    return {.kind = action_kind::send, .hop = hop, .from_map = from_map, .upstream = to};
  }

  void leave(route_type& r) {
    if (r.upstream == no_upstream) return;
    --upstream(r.upstream).in_flight;
    if (std::exchange(r.on_trial, false)) upstream(r.upstream).on_trial = false;
    r.upstream = no_upstream;
  }

  /// The upstream works, whatever it answered.
  void answered(route_type& r) {
    upstreams_.answered(r.upstream, r.on_trial, r.started);
    leave(r);
  }
  bool budget_allows() {
    if (settings_.retries_per_request <= 0 || retry_budget_ >= 1) return true;
    ++counters_.retries_refused;
    return false;
  }

  /// Counts `next` as a hop of that kind, unless the shared map is asked first.
  action counted(hop_kind hop, action next) {
    bool const is_made = next.kind != action_kind::respond && next.kind != action_kind::look_up;
    if (hop != hop_kind::retry || !is_made) return next;
    ++counters_.retries;
    if (settings_.retries_per_request > 0) retry_budget_ -= 1;
    return next;
  }

  /// Ends its guess, if it holds one, and the route unless it is sent on.
  [[gnu::always_inline]] action finish(route_type& r, action last) {
    return r.holds_guess || r.failed_count != 0 ? end_claims(r, last) : last;
  }
  [[gnu::noinline]] action end_claims(route_type& r, action last) {
    if (r.holds_guess) {
      guessing_.erase(r.key);
      r.holds_guess = false;
      last.wake = true;
    }
    if (last.kind != action_kind::send)
      while (r.failed_count != 0) --details_of(r.failed[--r.failed_count]).mentions;
    return last;
  }

  action refuse(route_type& r, refusal why, std::uint64_t& counter) {
    ++counter;
    return finish(r, {.kind = action_kind::respond, .why = why});
  }

  /// Whether the answer tells just what the map says, so that there is nothing to learn, as is most often the case.
  [[gnu::always_inline]] bool is_known(route_type const& r, answer_facts const& facts) const {
    if (shares() || !facts.success || unproven_entries() != 0) return false;
    Payload const* const known = map_ ? map_->at(r.map_hint, r.key) : nullptr;
    return known && known->upstream == *facts.backend && known->tells(facts.epoch) && upstream(*facts.backend).known;
  }

  /// Returns what is next: to stream the answer, and whether there is something new, and whether the shared map is to
  /// be told.
  [[gnu::noinline]] action learn(route_type& r, upstream_id backend, answer_facts facts) {
    action next{action_kind::stream};
    if (!map_ || !r.has_key) return next;
    if (backend == no_upstream || !upstream(backend).known) {
      ++counters_.backends_refused;
      return next;
    }
    next.learnt = r.from_shared;
    Payload fresh = Payload::make(backend, r.started, facts.epoch);
    if (shares()) fresh.set_shared_in(shared_period(r.started));
    bool moved = true;
    auto const keeps = [&](Payload const& old) {
      moved = old.upstream != backend;
      if (fresh.older_than(old)) return true;
      if (moved || !fresh.is_as_good(old)) return false;
      if (!shares() || !fresh.is_due_after(old)) return true;
      fresh.take_time_of(old); // nothing new, but it is time to say it again
      return false;
    };
    bool const proven = facts.success || !unproven_ || map_->find(r.key);
    auto const result = proven ? map_->learn(r.key, fresh, keeps, r.map_hint) : unproven_->learn(r.key, fresh, keeps);
    if (proven && unproven_ && unproven_->size() != 0) unproven_->forget(r.key);
    if (!result.written) return next;
    next.learnt |= moved;
    if (moved) ++counters_.learnt;
    if (moved && result.evicted) ++counters_.evicted;
    if (!proven || !shares()) return next;
    next.news = shared_news::learnt;
    next.upstream = backend;
    return next;
  }

  /// Returns whether the map had it there.
  bool forget(route_type& r, upstream_id lost) {
    if (!map_ || !r.has_key) return false;
    auto const is_lost = [&](Payload const& known) { return known.upstream == lost; };
    bool const was_known = map_->forget(r.key, is_lost) || (unproven_ && unproven_->forget(r.key, is_lost));
    if (was_known) ++counters_.forgotten;
    return was_known;
  }

  // ---- the map that balancers share

  bool shares() const { return settings_.shared_ttl > 0; }

  bool is_known_at(Key const& key, upstream_id id) const {
    Payload const* const found = map_ ? map_->peek(key) : nullptr;
    return found && found->upstream == id;
  }

  std::uint32_t shared_period(time_ns now) const {
    time_ns const period = std::max<time_ns>(settings_.shared_ttl / (2 * Payload::due_after), 1);
    return static_cast<std::uint32_t>(now / period) + shared_shift_;
  }

  std::size_t of_maps(std::size_t (Map::*question)() const) const {
    return (map_ ? ((*map_).*question)() : 0) + (unproven_ ? ((*unproven_).*question)() : 0);
  }

  route_type const unused_{}; // copied whole: much faster than made in place, member by member
  router_settings settings_;
  guesser guesser_;
  std::optional<Map> map_, unproven_;
  double retry_budget_ = 0;
  std::uint32_t shared_shift_ = 0; // in periods
  upstream_list upstreams_;
  boost::unordered_flat_set<Key, typename Map::hash_type> guessing_; // single_guess: keys whose guess is in flight
  router_counters counters_;
};

}
