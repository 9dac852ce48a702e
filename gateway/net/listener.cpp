#include "gateway/net/listener.hpp"

#include "gateway/http/accel.hpp"
#include "gateway/net/note.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/socket_base.hpp>

#include <stdexcept>
#include <sys/socket.h>
#include <utility>

namespace gateway::net {
namespace {

using reuse_port = boost::asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

constexpr auto pause_time = std::chrono::milliseconds(500); // as nginx

}

listener::listener(executor const& where, endpoint const& at, options const& o, std::atomic<std::uint64_t>& pauses)
  : acceptor_(where)
  , timer_(where)
  , pauses_(pauses) {
  boost::system::error_code ec;
  acceptor_.open(at.protocol(), ec);
  if (!ec) acceptor_.set_option(boost::asio::socket_base::reuse_address(true), ec);
  if (!ec && o.share_port) acceptor_.set_option(reuse_port(true), ec);
  if (!ec) acceptor_.bind(at, ec);
  if (!ec) acceptor_.listen(o.backlog, ec);
  if (ec)
    throw std::runtime_error("listening at " + http::host_port{at.address().to_string(), at.port()}.text() + ": " +
                             ec.message());
}

void listener::start(std::function<void(tcp_socket)> accepted) {
  accepted_ = std::move(accepted);
  accept();
}

void listener::close() {
  boost::system::error_code ignored;
  acceptor_.close(ignored);
  timer_.cancel();
}

void listener::accept() {
  acceptor_.async_accept([this](boost::system::error_code ec, tcp_socket socket) {
    if (!acceptor_.is_open()) return;
    if (ec) {
      pause(ec);
      return;
    }
    in_trouble_ = false;
    accepted_(std::move(socket));
    if (acceptor_.is_open()) accept();
  });
}

void listener::pause(boost::system::error_code why) {
  pauses_.fetch_add(1, std::memory_order_relaxed);
  if (!std::exchange(in_trouble_, true))
    note("cannot accept connections, and tries again every 500 ms: " + why.message());
  timer_.expires_after(pause_time);
  timer_.async_wait([this](boost::system::error_code stopped) {
    if (!stopped && acceptor_.is_open()) accept();
  });
}

}
