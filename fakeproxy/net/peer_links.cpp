#include "fakeproxy/net/peer_links.hpp"

#include <boost/asio/buffer.hpp>

#include <array>

namespace fakeproxy::net {

namespace asio = boost::asio;

struct peer_links::link : std::enable_shared_from_this<link> {
  peer_links& owner;
  cluster::incarnation who;
  tcp::endpoint where;
  tcp::socket socket;
  asio::steady_timer timer;
  std::array<char, 64> unread{};
  bool over = false;

  link(peer_links& o, cluster::incarnation w, tcp::endpoint at)
    : owner(o)
    , who(w)
    , where(at)
    , socket(o.io_)
    , timer(o.io_) {}

  void connect() {
    timer.expires_after(owner.connect_time_);
    timer.async_wait([self = shared_from_this()](error_code ec) {
      error_code ignored;
      if (!ec) self->socket.close(ignored);
    });
    socket.async_connect(where, [self = shared_from_this()](error_code ec) {
      self->timer.cancel();
      if (self->over) return;
      if (ec) return self->fail();
      self->wait();
      self->owner.report_(self->who, event::connected);
    });
  }

  /// The peer never sends anything on its own; anything but the end of the connection is ignored.
  void wait() {
    socket.async_read_some(asio::buffer(unread), [self = shared_from_this()](error_code ec, std::size_t) {
      if (self->over) return;
      if (!ec) return self->wait();
      error_code ignored;
      self->socket.close(ignored);
      self->owner.report_(self->who, event::lost);
    });
  }

  void fail() {
    auto const self = shared_from_this();
    stop();
    owner.links_.erase(who);
    owner.report_(who, event::failed);
  }

  void stop() {
    over = true;
    error_code ignored;
    socket.close(ignored);
    timer.cancel();
  }
};

peer_links::peer_links(asio::io_context& io, cluster::duration connect_time,
                       std::function<void(cluster::incarnation, event)> report)
  : io_(io)
  , connect_time_(connect_time)
  , report_(std::move(report)) {}

peer_links::~peer_links() {
  for (auto& [who, l] : links_) l->stop();
}

void peer_links::connect(cluster::incarnation owner, cluster::endpoint where) {
  auto const made =
      std::make_shared<link>(*this, owner, tcp::endpoint(asio::ip::address_v4(where.address), where.http_port));
  links_.insert_or_assign(owner, made);
  made->connect();
}

void peer_links::connect_again(cluster::incarnation owner) { links_.at(owner)->connect(); }

}
