#pragma once

#include "fakeproxy/cluster/rpc.hpp"
#include "fakeproxy/net/sockets.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace fakeproxy::net {

/// A connection between a proxy node and a sol: `cluster::message`s in binary WebSocket frames, both ways.
/// Messages sent while a frame is being written go out together in the next one. One thread.
class rpc_channel : public std::enable_shared_from_this<rpc_channel> {
public:
  struct events {
    std::function<void()> opened;
    std::function<void(std::span<cluster::message const>)> received;
    std::function<void()> closed; // once, last, also when opening failed; not after `close`
  };

  explicit rpc_channel(tcp::socket socket);
  void accept(events on);
  void connect(tcp::endpoint const& where, events on);

  /// Queues the message; it is sent at once when nothing is being written. Only between `opened` and `closed`.
  void send(cluster::message const& m);
  void close();

private:
  void open();
  void read();
  void write();
  void fail();

  boost::beast::websocket::stream<tcp::socket> stream_;
  events on_;
  boost::beast::flat_buffer in_;
  std::vector<unsigned char> out_, writing_;
  std::vector<cluster::message> received_;
  bool open_ = false;
  bool busy_ = false;
  bool over_ = false;
};

}
