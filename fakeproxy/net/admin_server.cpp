#include "fakeproxy/net/admin_server.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>

#include <memory>
#include <optional>

namespace fakeproxy::net {

namespace http = boost::beast::http;

namespace {

constexpr std::uint64_t body_limit = 64u << 20;

class session : public std::enable_shared_from_this<session> {
public:
  session(tcp::socket socket, admin_server::handler const& handle)
    : socket_(std::move(socket))
    , handle_(handle) {}

  void read() {
    parser_.emplace();
    parser_->body_limit(body_limit);
    http::async_read(socket_, buffer_, *parser_, [self = shared_from_this()](error_code ec, std::size_t) {
      if (ec) return;
      self->handle_(self->parser_->get(),
                    admin_server::respond([self](admin_server::answer what) { self->write(std::move(what)); }));
    });
  }

private:
  void write(admin_server::answer what) {
    answer_ = {static_cast<http::status>(what.status), parser_->get().version()};
    answer_.set(http::field::content_type, boost::beast::string_view(what.type.data(), what.type.size()));
    answer_.keep_alive(parser_->get().keep_alive());
    answer_.body() = std::move(what.text);
    answer_.prepare_payload();
    http::async_write(socket_, answer_, [self = shared_from_this()](error_code ec, std::size_t) {
      if (ec) return;
      if (self->answer_.keep_alive()) return self->read();
      error_code ignored;
      self->socket_.shutdown(tcp::socket::shutdown_send, ignored);
    });
  }

  tcp::socket socket_;
  admin_server::handler handle_;
  boost::beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  http::response<http::string_body> answer_;
};

}

admin_server::admin_server(boost::asio::io_context& io, tcp::endpoint const& where, handler handle)
  : listener_(io, where, false)
  , handle_(std::move(handle)) {}

void admin_server::start() {
  listener_.start([this](tcp::socket socket) { std::make_shared<session>(std::move(socket), handle_)->read(); });
}

}
