#pragma once

#include <boost/unordered/unordered_flat_map.hpp>

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace gateway::exchange {

/// Waiters by the key they wait for, in the order in which they came. A waiter that gives up is not removed: when it is
/// woken, its course knows. Not thread-safe.
template<class Key, class Who, class Hash>
class sleepers {
public:
  /// `is_gone(who)`: whether a waiter can be forgotten. Checked now and then.
  template<class IsGone>
  void add(Key const& key, Who who, IsGone is_gone) {
    std::vector<Who>& list = waiting_[key];
    if (list.size() % looked_at_each == looked_at_each - 1) std::erase_if(list, is_gone);
    list.push_back(std::move(who));
  }

  /// Takes out those that wait for the key.
  std::vector<Who> take(Key const& key) {
    auto const found = waiting_.find(key);
    if (found == waiting_.end()) return {};
    std::vector<Who> out = std::move(found->second);
    waiting_.erase(found);
    return out;
  }

  void clear() { waiting_.clear(); }

private:
  static constexpr std::size_t looked_at_each = 64;
  boost::unordered_flat_map<Key, std::vector<Who>, Hash> waiting_;
};

}
