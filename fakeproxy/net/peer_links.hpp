#pragma once

#include "fakeproxy/cluster/types.hpp"
#include "fakeproxy/net/sockets.hpp"

#include <functional>
#include <map>
#include <memory>

namespace fakeproxy::net {

/// Idle connections to the HTTP ports of other proxies, as proxy::peer_probes asks for them. One thread.
class peer_links {
public:
  enum class event : std::uint8_t { connected, failed, lost };

  /// `connect_time`: an attempt that takes longer has failed.
  peer_links(boost::asio::io_context& io, cluster::duration connect_time,
             std::function<void(cluster::incarnation, event)> report);
  ~peer_links();

  void connect(cluster::incarnation owner, cluster::endpoint where);
  /// After `lost`.
  void connect_again(cluster::incarnation owner);

private:
  struct link;

  boost::asio::io_context& io_;
  std::chrono::nanoseconds connect_time_;
  std::function<void(cluster::incarnation, event)> report_;
  std::map<cluster::incarnation, std::shared_ptr<link>> links_;
};

}
