#pragma once

#include "fakeproxy/net/sockets.hpp"

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>

#include <functional>

namespace fakeproxy::net {

/// A small HTTP server for control: requests are held whole in memory (64 MB at most), answers are sent when they are
/// ready.
class admin_server {
public:
  using request = boost::beast::http::request<boost::beast::http::string_body>;
  /// Status and JSON text. Call once, now or later, on the same thread.
  using respond = std::function<void(unsigned, std::string)>;
  using handler = std::function<void(request const&, respond)>;

  /// Binds; throws what the listener throws.
  admin_server(boost::asio::io_context& io, tcp::endpoint const& where, handler handle);
  void start();
  tcp::endpoint address() const { return listener_.local(); }
  void close() { listener_.close(); }

private:
  listener listener_;
  handler handle_;
};

}
