#pragma once

#include "fakeproxy/cluster/incarnation_table.hpp"
#include "fakeproxy/cluster/types.hpp"

#include <vector>

namespace fakeproxy::proxy {

/// Whether the other proxies can be reached: an idle connection to the HTTP port of each that was asked for. A lost
/// connection is tried once more before its owner counts as unreachable.
class peer_probes {
public:
  struct settings {
    /// For one attempt. Longer than connecting takes on one machine, shorter than a lease.
    cluster::duration connect_time = 500 * cluster::millisecond;
  };

  /// What to do: connect to the owner and say `on_connected` or `on_failed`, or tell the node.
  enum class action : std::uint8_t { nothing, connect, tell_reachable, tell_unreachable };

  /// The node asks.
  action probe(cluster::incarnation owner) {
    auto const [is, fresh] = peers_.try_emplace(owner, state::asked);
    if (fresh) return action::connect;
    if (is == state::open) return action::tell_reachable;
    is = state::asked;
    return action::nothing; // until the attempt that is under way has ended
  }

  action on_connected(cluster::incarnation owner) {
    state& is = peers_[owner]; // known: it was connected to
    bool const told = is == state::again;
    is = state::open;
    return told ? action::nothing : action::tell_reachable;
  }
  action on_failed(cluster::incarnation owner) {
    peers_.erase(owner);
    return action::tell_unreachable;
  }
  /// An open connection ended.
  action on_lost(cluster::incarnation owner) {
    peers_[owner] = state::again;
    return action::connect;
  }

  /// The owners to whom a connection is open.
  std::vector<cluster::incarnation> open() const {
    std::vector<cluster::incarnation> all;
    peers_.for_each([&](cluster::incarnation owner, state is) {
      if (is == state::open) all.push_back(owner);
    });
    return all;
  }
  bool is_open(cluster::incarnation owner) const {
    state const* const is = peers_.find(owner);
    return is && *is == state::open;
  }

private:
  enum class state : std::uint8_t { asked, open, again }; // asked: the node waits for the result
  cluster::incarnation_table<state> peers_;
};

}
