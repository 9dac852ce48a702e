#pragma once

#include "base/contract/expects.hpp"
#include "gateway/routing/guess.hpp"
#include "gateway/routing/ids.hpp"

#include <algorithm>
#include <cstddef>
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
    // In bytes, which takes no division.
    CREST_EXPECTS(std::size_t{index_of(id)} * sizeof(upstream_state) < states_.size() * sizeof(upstream_state));
    return states_[index_of(id)];
  }
  upstream_state const& operator[](upstream_id id) const { return states_[index_of(id)]; }
  /// Includes removed ones, which no guess may choose.
  std::vector<upstream_state>& states() { return states_; }
  std::vector<upstream_state> const& states() const { return states_; }
  /// Without removed ones.
  std::size_t count() const { return states_.size() - removed_.size() - free_.size(); }

  /// Whether ids should be reclaimed before the next `add`: `most_removed` of them are worth the search.
  bool is_full_of_removed() const { return free_.empty() && removed_.size() >= most_removed; }
  upstream_id add(upstream_state const& fresh) {
    if (free_.empty()) {
      states_.push_back(fresh);
      return upstream_id{static_cast<std::uint32_t>(states_.size() - 1)};
    }
    upstream_id const id = free_.back();
    free_.pop_back();
    (*this)[id] = fresh;
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
    upstream_state const before = (*this)[id];
    (*this)[id] = {.name_hash = before.name_hash,
                   .in_flight = before.in_flight,
                   .weight = weight,
                   .mentions = before.mentions,
                   .in_rotation = in_rotation};
  }

  /// Frees ids that neither a route nor the shell refers to, after `forget_entries(is_going)` has erased all entries
  /// that lead there; `is_going` is by index.
  template<class MayReuse, class ForgetEntries>
  void reclaim(MayReuse may_reuse, ForgetEntries forget_entries) {
    auto const kept = std::stable_partition(removed_.begin(), removed_.end(), [&](upstream_id id) {
      upstream_state const& state = (*this)[id];
      return state.in_flight != 0 || state.mentions != 0 || !may_reuse(id);
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

  std::vector<upstream_state> states_;
  std::vector<upstream_id> removed_, free_;
};

}
