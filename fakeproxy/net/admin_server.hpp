#pragma once

#include "fakeproxy/net/sockets.hpp"

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace fakeproxy::net {

/// A small HTTP server for control: requests are held whole in memory (64 MB at most), answers are sent when they are
/// ready.
class admin_server {
public:
  using request = boost::beast::http::request<boost::beast::http::string_body>;
  struct answer {
    unsigned status;
    std::string text;
    std::string_view type = "application/json";
  };
  /// Call once, now or later, on the same thread.
  class respond {
  public:
    explicit respond(std::function<void(answer)> send)
      : send_(std::move(send)) {}
    void operator()(unsigned status, std::string json) const { send_({status, std::move(json)}); }
    void operator()(answer other) const { send_(std::move(other)); }

  private:
    std::function<void(answer)> send_;
  };
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
