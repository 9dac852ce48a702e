#pragma once

#include "base/contract/expects.hpp"
#include "base/memory/prefetch.hpp"
#include "gateway/routing/guess.hpp"
#include "gateway/routing/ids.hpp"
#include "gateway/routing/route.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace gateway::routing {

/// The upstreams by id: the present ones, and the ids of removed ones, which are reused only when nothing refers to
/// their previous owners any more.
class upstream_list {
public:
  struct anything { // may be reused, as far as the shell is concerned
    bool operator()(upstream_id) const { return true; }
  };

  /// Of one that was added: not no_upstream, which routes have while no hop is under way.
  upstream_state& operator[](upstream_id id) {
    CREST_EXPECTS(index_of(id) < added_);
    return states_[index_of(id)];
  }
  upstream_state const& operator[](upstream_id id) const { return states_[index_of(id)]; }
  /// Brings its state into the processor's caches, for a call that comes soon.
  void prefetch(upstream_id id) const { memory::prefetch(states_.data() + index_of(id)); }
  upstream_details& details_of(upstream_id id) { return details_[index_of(id)]; }
  upstream_details const& details_of(upstream_id id) const { return details_[index_of(id)]; }

  /// It has answered a request that began at `started`, so it works.
  void answered(upstream_id id, bool on_trial, time_ns started) {
    if (upstream_state const& present = (*this)[id]; present.failing || present.suspect) recover(id, on_trial, started);
  }
  /// A request that began at `started` failed there. Returns whether guesses begin to avoid it.
  bool failed(upstream_id id, bool on_trial, time_ns started, time_ns now, router_settings const& settings) {
    upstream_state& lost = (*this)[id];
    upstream_details& details = details_of(id);
    ++details.failures;
    lost.failing = true;
    if (details.failures < settings.max_failures && !on_trial) return false;
    bool const again = lost.suspect && (on_trial || details.avoid_until <= started);
    if (lost.suspect && !again) return false; // a request that was under way when it began to be avoided
    details.avoided_for =
        again ? std::min(2 * details.avoided_for, most_avoidances * settings.avoid_for) : settings.avoid_for;
    details.avoid_until = now + details.avoided_for;
    bool const begins = !lost.suspect;
    lost.suspect = true;
    return begins;
  }

  /// Includes removed ones, which no guess may choose. Valid until one is added.
  upstreams_view all() { return {states_, details_}; }
  /// Without removed ones.
  std::size_t count() const { return states_.size() - removed_.size() - free_.size(); }

  /// Whether ids should be reclaimed before the next `add`: `most_removed` of them are worth the search.
  bool is_full_of_removed() const { return free_.empty() && removed_.size() >= most_removed; }
  upstream_id add(upstream_state const& fresh, upstream_details const& details) {
    if (free_.empty()) {
      states_.push_back(fresh);
      details_.push_back(details);
      ++added_;
      return upstream_id{static_cast<std::uint32_t>(states_.size() - 1)};
    }
    upstream_id const id = free_.back();
    free_.pop_back();
    (*this)[id] = fresh;
    details_of(id) = details;
    return id;
  }
  void remove(upstream_id id) {
    (*this)[id].known = (*this)[id].in_rotation = false;
    removed_.push_back(id);
  }
  /// Those whose ids have not been reused yet.
  std::vector<upstream_id> const& removed() const { return removed_; }
  /// It is back, and nothing is known of it except what is under way.
  void restore(upstream_id id, bool in_rotation, std::uint32_t weight) {
    std::erase(removed_, id);
    (*this)[id] = {.in_flight = (*this)[id].in_flight, .in_rotation = in_rotation};
    upstream_details const before = details_of(id);
    details_of(id) = {.name_hash = before.name_hash, .weight = weight, .mentions = before.mentions};
  }

  /// Frees ids that neither a route nor the shell refers to, after `forget_entries(is_going)` has erased all entries
  /// that lead there; `is_going` is by index.
  template<class MayReuse, class ForgetEntries>
  void reclaim(MayReuse may_reuse, ForgetEntries forget_entries) {
    auto const kept = std::stable_partition(removed_.begin(), removed_.end(), [&](upstream_id id) {
      return (*this)[id].in_flight != 0 || details_of(id).mentions != 0 || !may_reuse(id);
    });
    if (kept == removed_.end()) return;
    std::vector<bool> is_going(states_.size());
    for (auto id = kept; id != removed_.end(); ++id) is_going[index_of(*id)] = true;
    forget_entries(is_going);
    free_.insert(free_.end(), kept, removed_.end());
    removed_.erase(kept, removed_.end());
  }

private:
  static constexpr std::size_t most_removed = 64;
  static constexpr time_ns most_avoidances = 16; // times `avoid_for` at most

  [[gnu::noinline]] void recover(upstream_id id, bool on_trial, time_ns started) {
    upstream_state& present = (*this)[id];
    upstream_details& details = details_of(id);
    details.failures = 0;
    present.failing = false;
    if (!present.suspect || (!on_trial && details.avoid_until > started)) return;
    present.suspect = false;
    details.avoid_until = 0;
  }

  std::vector<upstream_state> states_;
  std::uint32_t added_ = 0; // as many as these
  std::vector<upstream_details> details_;
  std::vector<upstream_id> removed_, free_;
};

}
