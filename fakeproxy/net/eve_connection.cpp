#include "fakeproxy/net/eve_connection.hpp"

#include "fakeproxy/net/proxy_server.hpp"

#include <boost/asio/buffer.hpp>
#include <nlohmann/json.hpp>

namespace fakeproxy::net {

namespace asio = boost::asio;
using cluster::eve_event;

namespace {

constexpr auto linger_time = std::chrono::seconds(1);

std::string eve_address(cluster::endpoint const& where) {
  return to_text({asio::ip::address_v4(where.address), where.eve_port});
}

}

eve_connection::eve_connection(proxy_server& server, tcp::socket socket, cluster::ticket name)
  : server_(server)
  , stream_(std::move(socket))
  , patience_(stream_.get_executor())
  , name_(name) {
  stream_.text(true);
  stream_.auto_fragment(false);
  stream_.read_message_max(64 * 1024);
}

void eve_connection::start() {
  stream_.async_accept([self = shared_from_this()](error_code ec) { ec ? self->gone() : self->read(); });
}

void eve_connection::read() {
  stream_.async_read(in_, [self = shared_from_this()](error_code ec, std::size_t) {
    if (ec || self->over_) return self->gone();
    bool const understood = self->on_text({static_cast<char const*>(self->in_.data().data()), self->in_.size()});
    self->in_.consume(self->in_.size());
    self->server_.perform();
    if (!understood) self->tell({.client = self->name_, .what = eve_event::kind::refused, .reason = "not understood"});
    if (!self->over_) self->read();
  });
}

bool eve_connection::on_text(std::string_view text) {
  auto const message = nlohmann::json::parse(text, nullptr, false);
  if (!message.is_object() || !message.contains("op") || !message["op"].is_string()) return false;
  auto const& op = message["op"].get_ref<std::string const&>();
  cluster::proxy_node& node = server_.node();
  if (op == "login") {
    if (!message.contains("token") || !message["token"].is_string()) return false;
    auto const token = cluster::parse_token(server_.token_key(), message["token"].get_ref<std::string const&>());
    if (!token) {
      tell({.client = name_, .what = eve_event::kind::refused, .reason = "unknown token"});
    } else {
      node.on_login(name_, static_cast<cluster::character_id>(token->character), now(), server_.actions());
    }
    return true;
  }
  if (op == "request") {
    if (!message.contains("id") || !message["id"].is_number_unsigned()) return false;
    node.on_game_request(name_, message["id"].get<std::uint64_t>(), server_.actions());
    return true;
  }
  if (op == "logout") {
    node.on_logout(name_, server_.actions());
    return true;
  }
  return false;
}

void eve_connection::tell(eve_event const& event) {
  switch (event.what) {
  case eve_event::kind::welcome:
    send("{\"op\":\"welcome\",\"epoch\":" + std::to_string(event.number) + '}');
    break;
  case eve_event::kind::elsewhere:
    send("{\"op\":\"elsewhere\",\"eve\":\"" + eve_address(event.where) + "\"}");
    break;
  case eve_event::kind::refused:
    last_ = true;
    send("{\"op\":\"refused\",\"reason\":\"" + std::string(event.reason) + "\"}");
    break;
  case eve_event::kind::answer:
    send("{\"op\":\"answer\",\"id\":" + std::to_string(event.number) + '}');
    break;
  case eve_event::kind::notification:
    send("{\"op\":\"notification\",\"number\":" + std::to_string(event.number) +
         ",\"sent_ns\":" + std::to_string(event.sent_ns) + '}');
    break;
  case eve_event::kind::moved:
    send("{\"op\":\"moved\",\"eve\":\"" + eve_address(event.where) + "\"}");
    break;
  case eve_event::kind::goodbye:
    send("{\"op\":\"goodbye\"}");
    break;
  }
}

void eve_connection::send(std::string_view text) {
  if (over_) return;
  out_.emplace_back(text);
  if (out_.size() == 1) write();
}

void eve_connection::write() {
  stream_.async_write(asio::buffer(out_.front()), [self = shared_from_this()](error_code ec, std::size_t) {
    if (ec || self->over_) return self->gone();
    self->out_.pop_front();
    if (!self->out_.empty()) return self->write();
    if (self->last_) self->linger();
  });
}

// Closing with unread input makes the kernel reset the connection, and what was written last may then never be read:
// the client is given a short time to close it first.
void eve_connection::linger() {
  error_code ignored;
  stream_.next_layer().shutdown(tcp::socket::shutdown_send, ignored);
  patience_.expires_after(linger_time);
  patience_.async_wait([weak = weak_from_this()](error_code stopped) {
    auto const self = weak.lock();
    if (!stopped && self) self->gone();
  });
}

void eve_connection::gone() {
  if (over_) return;
  close();
  server_.client_gone(name_);
}

void eve_connection::close() {
  over_ = true;
  patience_.cancel();
  error_code ignored;
  stream_.next_layer().shutdown(tcp::socket::shutdown_both, ignored);
  stream_.next_layer().close(ignored);
}

}
