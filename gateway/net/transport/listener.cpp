#include "gateway/net/transport/listener.hpp"

#include "gateway/net/log.hpp"
#include "gateway/net/resolve.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/socket_base.hpp>

#include <cerrno>
#include <fcntl.h>
#include <stdexcept>
#include <sys/socket.h>
#include <utility>

namespace gateway::net {
namespace {

using reuse_port = boost::asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

constexpr int most_at_once = 16;                            // before existing connections get their turn
constexpr auto pause_time = std::chrono::milliseconds(500); // as in nginx

[[noreturn]] void refuse(endpoint const& at, boost::system::error_code why) {
  std::string text = "listening at " + text_of(at) + ": " + why.message();
  if (why == boost::asio::error::address_in_use)
    text += " (where several gateways shall serve one address, each needs \"reuse_port\": true)";
  throw std::runtime_error(text);
}

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
  if (!ec) acceptor_.non_blocking(true, ec);
  if (ec) refuse(at, ec);
}

listener::listener(executor const& where, listener& same)
  : acceptor_(where)
  , timer_(where)
  , pauses_(same.pauses_)
  , is_shared_(true) {
  same.is_shared_ = true;
  boost::system::error_code ec;
  int const fd = ::fcntl(same.acceptor_.native_handle(), F_DUPFD_CLOEXEC, 0);
  if (fd < 0)
    ec.assign(errno, boost::system::system_category());
  else
    acceptor_.assign(same.at().protocol(), fd, ec);
  if (ec) refuse(same.at(), ec);
}

void listener::start(std::function<void(int, endpoint const&)> accepted) {
  accepted_ = std::move(accepted);
  wait();
}

void listener::close() {
  boost::system::error_code ignored;
  acceptor_.close(ignored);
  timer_.cancel();
}

void listener::wait() {
  acceptor_.async_wait(tcp_acceptor::wait_read, [this](boost::system::error_code ec) {
    if (acceptor_.is_open() && !ec) accept();
  });
}

// Not into an Asio socket, which would be registered with Asio's own epoll set.
void listener::accept() {
  int const most = is_shared_ ? 1 : most_at_once; // a burst is to be spread over the threads
  for (int i = 0; i != most && acceptor_.is_open(); ++i) {
    endpoint from;
    auto size = static_cast<socklen_t>(from.capacity());
    int const fd = ::accept4(acceptor_.native_handle(), from.data(), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0 && (errno == EAGAIN || errno == ECONNABORTED || errno == EINTR)) break;
    if (fd < 0) {
      pause({errno, boost::system::system_category()});
      return;
    }
    from.resize(size);
    in_trouble_ = false;
    accepted_(fd, from);
  }
  if (acceptor_.is_open()) wait();
}

void listener::pause(boost::system::error_code why) {
  pauses_.fetch_add(1, std::memory_order_relaxed);
  if (!std::exchange(in_trouble_, true))
    note("cannot accept connections, and tries again every 500 ms: " + why.message());
  timer_.expires_after(pause_time);
  timer_.async_wait([this](boost::system::error_code stopped) {
    if (!stopped && acceptor_.is_open()) wait();
  });
}

}
