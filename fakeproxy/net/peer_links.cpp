#include "fakeproxy/net/peer_links.hpp"

#include <boost/asio/buffer.hpp>

#include <array>

namespace fakeproxy::net {

namespace asio = boost::asio;

namespace {
/// Longer than any connection on one machine takes, shorter than a lease.
constexpr std::chrono::milliseconds connect_time(500);
}

struct peer_links::link : std::enable_shared_from_this<link> {
  peer_links& owner;
  cluster::incarnation who;
  tcp::endpoint where;
  tcp::socket socket;
  asio::steady_timer timer;
  std::array<char, 64> unread{};
  bool reported = false;
  bool over = false;

  link(peer_links& o, cluster::incarnation w, tcp::endpoint at)
    : owner(o)
    , who(w)
    , where(at)
    , socket(o.io_)
    , timer(o.io_) {}

  void connect() {
    timer.expires_after(connect_time);
    timer.async_wait([self = shared_from_this()](error_code ec) {
      error_code ignored;
      if (!ec) self->socket.close(ignored);
    });
    socket.async_connect(where, [self = shared_from_this()](error_code ec) {
      self->timer.cancel();
      if (self->over) return;
      if (ec) return self->fail();
      if (!self->reported) self->owner.report_(self->who, true);
      self->reported = true;
      self->wait();
    });
  }

  /// The peer never says anything of itself; whatever comes but the end is ignored.
  void wait() {
    socket.async_read_some(asio::buffer(unread), [self = shared_from_this()](error_code ec, std::size_t) {
      if (self->over) return;
      if (!ec) return self->wait();
      error_code ignored;
      self->socket.close(ignored);
      self->connect();
    });
  }

  void fail() {
    auto const self = shared_from_this();
    stop();
    owner.ended(who);
  }

  void stop() {
    over = true;
    error_code ignored;
    socket.close(ignored);
    timer.cancel();
  }
};

peer_links::peer_links(asio::io_context& io, std::function<void(cluster::incarnation, bool)> report)
  : io_(io)
  , report_(std::move(report)) {}

peer_links::~peer_links() {
  for (auto& [who, l] : links_) l->stop();
}

void peer_links::probe(cluster::incarnation owner, cluster::endpoint where) {
  if (links_.contains(owner)) return report_(owner, true);
  auto const made =
      std::make_shared<link>(*this, owner, tcp::endpoint(asio::ip::address_v4(where.address), where.http_port));
  links_.emplace(owner, made);
  made->connect();
}

void peer_links::ended(cluster::incarnation owner) {
  links_.erase(owner);
  report_(owner, false);
}

}
