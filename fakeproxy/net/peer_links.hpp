#pragma once

#include "fakeproxy/cluster/types.hpp"
#include "fakeproxy/net/sockets.hpp"

#include <functional>
#include <map>
#include <memory>

namespace fakeproxy::net {

/// Whether the other proxies can be reached: an idle connection to the HTTP port of each that was asked for.
/// A lost connection is tried once more before its owner counts as unreachable. One thread.
class peer_links {
public:
  /// `report` is told once that an owner can be reached, and once, later or at first, that it cannot.
  peer_links(boost::asio::io_context& io, std::function<void(cluster::incarnation, bool)> report);
  ~peer_links();

  void probe(cluster::incarnation owner, cluster::endpoint where);

private:
  struct link;
  void ended(cluster::incarnation owner);

  boost::asio::io_context& io_;
  std::function<void(cluster::incarnation, bool)> report_;
  std::map<cluster::incarnation, std::shared_ptr<link>> links_;
};

}
