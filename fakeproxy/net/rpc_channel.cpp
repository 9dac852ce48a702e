#include "fakeproxy/net/rpc_channel.hpp"

#include <boost/asio/buffer.hpp>

namespace fakeproxy::net {

namespace asio = boost::asio;

rpc_channel::rpc_channel(tcp::socket socket)
  : stream_(std::move(socket)) {
  stream_.binary(true);
  stream_.auto_fragment(false);
  stream_.secure_prng(false); // masking hides nothing here
}

void rpc_channel::accept(events on) {
  on_ = std::move(on);
  stream_.async_accept([self = shared_from_this()](error_code ec) { ec ? self->fail() : self->open(); });
}

void rpc_channel::connect(tcp::endpoint const& where, events on) {
  on_ = std::move(on);
  stream_.next_layer().async_connect(where, [self = shared_from_this(), host = to_text(where)](error_code ec) {
    if (ec || self->over_) return self->fail();
    self->stream_.next_layer().set_option(tcp::no_delay(true), ec);
    self->stream_.async_handshake(host, "/rpc", [self](error_code refused) { refused ? self->fail() : self->open(); });
  });
}

void rpc_channel::open() {
  if (over_) return;
  open_ = true;
  if (on_.opened) on_.opened();
  read();
}

void rpc_channel::read() {
  stream_.async_read(in_, [self = shared_from_this()](error_code ec, std::size_t) {
    if (ec || self->over_) return self->fail();
    auto const* const bytes = static_cast<unsigned char const*>(self->in_.data().data());
    std::size_t const size = self->in_.size();
    self->received_.clear();
    for (std::size_t at = 0; at + cluster::message_bytes <= size; at += cluster::message_bytes) {
      auto const m = cluster::decode(bytes + at);
      if (!m) return self->fail();
      self->received_.push_back(*m);
    }
    if (size % cluster::message_bytes != 0) return self->fail();
    self->in_.consume(size);
    self->on_.received(self->received_);
    if (!self->over_) self->read();
  });
}

void rpc_channel::send(cluster::message const& m) {
  if (!open_ || over_) return;
  std::size_t const at = out_.size();
  out_.resize(at + cluster::message_bytes);
  cluster::encode(m, out_.data() + at);
  if (!busy_) write();
}

void rpc_channel::write() {
  busy_ = true;
  writing_.swap(out_);
  out_.clear();
  stream_.async_write(asio::buffer(writing_), [self = shared_from_this()](error_code ec, std::size_t) {
    self->busy_ = false;
    if (ec || self->over_) return self->fail();
    if (!self->out_.empty()) self->write();
  });
}

void rpc_channel::fail() {
  if (over_) return;
  auto const closed = std::move(on_.closed);
  close();
  if (closed) closed();
}

void rpc_channel::close() {
  over_ = true;
  error_code ignored;
  stream_.next_layer().close(ignored);
}

}
