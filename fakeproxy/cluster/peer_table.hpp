#pragma once

#include "base/memory/prefetch.hpp"
#include "fakeproxy/cluster/types.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace fakeproxy::cluster {

/// Which other proxies can be reached. Of nearly all it is known that they can, and there may be a thousand of these
/// tables of a thousand proxies: eight bytes for each of those. Not thread-safe.
class peer_table {
public:
  enum class state : std::uint8_t { unknown, probing, up, down };
  struct known {
    state is = state::unknown;
    time_point since = 0; // down
  };

  bool is_up(incarnation who) const {
    std::size_t const proxy = proxy_index_of(who);
    if (proxy < up_.size() && up_[proxy] == who) return true;
    return !others_.empty() && of(who).is == state::up;
  }
  known of(incarnation who) const {
    std::size_t const proxy = proxy_index_of(who);
    if (proxy < up_.size() && up_[proxy] == who) return {state::up};
    auto const at = others_.find(who);
    return at == others_.end() ? known{} : at->second;
  }
  void set(incarnation who, known now) {
    std::size_t const proxy = proxy_index_of(who);
    while (up_.size() <= proxy) up_.push_back(vacant(up_.size()));
    incarnation& newest = up_[proxy];
    if (newest == who) {
      if (now.is == state::up) return;
      newest = vacant(proxy);
    }
    others_.erase(who);
    if (now.is == state::up && (newest == vacant(proxy) || newest < who)) {
      if (newest != vacant(proxy)) others_[newest] = {state::up}; // an earlier life of the same proxy
      newest = who;
    } else {
      others_[who] = now;
    }
  }
  /// Brings what is known of it into the processor's caches, for a call that comes soon.
  void prefetch(incarnation who) const { memory::prefetch(up_.data() + proxy_index_of(who)); }

private:
  /// What stands at a proxy's place while none of its lives is known to be up: one of another proxy.
  static constexpr incarnation vacant(std::size_t proxy) {
    return proxy == 0 ? make_incarnation(1, 0) : incarnation::none;
  }

  std::vector<incarnation> up_; // by proxy index
  boost::unordered_flat_map<incarnation, known> others_;
};

}
