#pragma once

#include "fakeproxy/cluster/node.hpp"
#include "fakeproxy/net/sockets.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <memory>
#include <string>

namespace fakeproxy::net {

class proxy_server;

/// An EVE client's connection to its proxy: JSON in WebSocket text frames, as docs/wire.md says. One thread.
class eve_connection : public std::enable_shared_from_this<eve_connection> {
public:
  eve_connection(proxy_server& server, tcp::socket socket, cluster::ticket name);

  void start();
  void tell(cluster::eve_event const& event);
  void close();

private:
  void read();
  bool on_text(std::string_view text);
  void send(std::string_view text);
  void write();
  void linger();
  void gone();

  proxy_server& server_;
  boost::beast::websocket::stream<tcp::socket> stream_;
  boost::asio::steady_timer patience_; // with a client that should close
  cluster::ticket name_;
  boost::beast::flat_buffer in_;
  std::deque<std::string> out_; // the first is being written
  bool over_ = false;
  bool last_ = false; // close when all is written
};

}
