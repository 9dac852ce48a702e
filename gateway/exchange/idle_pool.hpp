#pragma once

#include "gateway/routing/ids.hpp"
#include "gateway/routing/route.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

namespace gateway::exchange {

/// The connections to each upstream that one worker keeps for later hops. A hop gets the one that was used last, so
/// that those which only a burst needed stay idle until their time is over. `Connection` is whatever the driver uses
/// for one. Not thread-safe.
template<class Connection>
class idle_pool {
public:
  /// One for a hop of that kind; nullopt: open a new one. A retry always gets a new one: no upstream closes it just as
  /// the request arrives.
  std::optional<Connection> take(routing::upstream_id to, routing::hop_kind hop) {
    std::size_t const at = routing::index_of(to);
    if (hop == routing::hop_kind::retry || at >= idle_.size() || idle_[at].empty()) return std::nullopt;
    std::optional<Connection> last = std::move(idle_[at].back());
    idle_[at].pop_back();
    return last;
  }

  /// Keeps one whose hop is over; false: there are `most` already, close it.
  bool keep(routing::upstream_id to, Connection connection, std::size_t most) {
    std::size_t const at = routing::index_of(to);
    if (at >= idle_.size()) idle_.resize(at + 1);
    if (idle_[at].size() >= most) return false;
    idle_[at].push_back(std::move(connection));
    return true;
  }

  /// It was closed, by either side: `is_closed(connection)`.
  template<class IsClosed>
  void forget_if(routing::upstream_id to, IsClosed is_closed) {
    std::size_t const at = routing::index_of(to);
    if (at < idle_.size()) std::erase_if(idle_[at], is_closed);
  }

  /// Takes out those that are not to be used any more, of all upstreams; close them.
  template<class Is>
  std::vector<Connection> remove_if(Is is_unwanted) {
    std::vector<Connection> removed;
    for (std::vector<Connection>& those : idle_) {
      auto const from = std::stable_partition(those.begin(), those.end(),
                                              [&](Connection const& connection) { return !is_unwanted(connection); });
      removed.insert(removed.end(), std::make_move_iterator(from), std::make_move_iterator(those.end()));
      those.erase(from, those.end());
    }
    return removed;
  }

  std::size_t size(routing::upstream_id to) const {
    std::size_t const at = routing::index_of(to);
    return at < idle_.size() ? idle_[at].size() : 0;
  }

private:
  std::vector<std::vector<Connection>> idle_; // by upstream id, used last at the end
};

}
