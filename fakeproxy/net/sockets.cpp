#include "fakeproxy/net/sockets.hpp"

#include <charconv>
#include <stdexcept>
#include <sys/socket.h>

namespace fakeproxy::net {

namespace asio = boost::asio;

std::int64_t wall_seconds(cluster::time_point at) {
  using namespace std::chrono;
  static auto const apart = duration_cast<nanoseconds>(system_clock::now().time_since_epoch()) - nanoseconds(now());
  return floor<seconds>(nanoseconds(at) + apart).count();
}

tcp::endpoint parse_endpoint(std::string_view text) {
  std::size_t const colon = text.rfind(':');
  std::string const all(text);
  if (colon == std::string_view::npos) throw std::invalid_argument("'" + all + "' is not HOST:PORT");
  error_code ec;
  auto const address = asio::ip::make_address_v4(std::string(text.substr(0, colon)), ec);
  if (ec) throw std::invalid_argument("'" + all + "': the host must be an IPv4 address");
  std::uint16_t port = 0;
  char const* const end = text.data() + text.size();
  auto const [stop, failed] = std::from_chars(text.data() + colon + 1, end, port);
  if (failed != std::errc{} || stop != end) throw std::invalid_argument("'" + all + "': the port must be 0 to 65535");
  return {address, port};
}

std::string to_text(tcp::endpoint const& where) {
  return where.address().to_string() + ':' + std::to_string(where.port());
}

struct listener::state : std::enable_shared_from_this<listener::state> {
  tcp::acceptor acceptor;
  asio::steady_timer pause;
  std::function<void(tcp::socket)> on_connection;

  explicit state(asio::io_context& io)
    : acceptor(io)
    , pause(io) {}

  void accept() {
    acceptor.async_accept([self = shared_from_this()](error_code ec, tcp::socket socket) {
      if (!self->acceptor.is_open()) return;
      if (ec) { // most likely out of descriptors, which passes
        self->pause.expires_after(std::chrono::milliseconds(10));
        self->pause.async_wait([self](error_code stopped) {
          if (!stopped && self->acceptor.is_open()) self->accept();
        });
        return;
      }
      socket.set_option(tcp::no_delay(true), ec);
      self->on_connection(std::move(socket));
      if (self->acceptor.is_open()) self->accept();
    });
  }
};

listener::listener(asio::io_context& io, tcp::endpoint const& where, bool shares_port)
  : state_(std::make_shared<state>(io)) {
  using reuse_port = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;
  error_code ec;
  state_->acceptor.open(where.protocol(), ec);
  if (!ec) state_->acceptor.set_option(tcp::acceptor::reuse_address(true), ec);
  if (!ec && shares_port) state_->acceptor.set_option(reuse_port(true), ec);
  if (!ec) state_->acceptor.bind(where, ec);
  if (!ec) state_->acceptor.listen(4096, ec);
  if (ec) throw std::runtime_error("cannot listen on " + to_text(where) + ": " + ec.message());
}

listener::~listener() { close(); }

void listener::start(std::function<void(tcp::socket)> on_connection) {
  state_->on_connection = std::move(on_connection);
  state_->accept();
}

tcp::endpoint listener::local() const { return state_->acceptor.local_endpoint(); }

void listener::close() {
  error_code ignored;
  state_->acceptor.close(ignored);
  state_->pause.cancel();
}

}
