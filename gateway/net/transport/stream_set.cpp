#include "gateway/net/transport/stream_set.hpp"

#include "gateway/net/transport/stream.hpp"

#include <boost/asio/post.hpp>

#include <utility>

namespace gateway::net {

stream_set::stream_set(boost::asio::io_context& context)
  : context_(context)
  , ready_(context, [this](key k, std::uint32_t events) {
    if (stream* const s = find(k)) s->became(events);
    serve(k);
  }) {}

stream_set::key stream_set::enter(stream& s) {
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(places_.size()));
    places_.emplace_back();
  }
  std::uint32_t const at = free_.back();
  free_.pop_back();
  places_[at].who = &s;
  return key{++places_[at].life} << 32 | at;
}

void stream_set::leave(key k) {
  auto const at = static_cast<std::uint32_t>(k);
  places_[at].who = nullptr;
  free_.push_back(at);
}

stream* stream_set::find(key k) const {
  place const& p = places_[static_cast<std::uint32_t>(k)];
  return p.life == k >> 32 ? p.who : nullptr;
}

// Looked up again each time: one call may end the stream.
void stream_set::serve(key k) {
  if (stream* const s = find(k)) s->serve_opening();
  if (stream* const s = find(k)) s->serve_output();
  if (stream* const s = find(k)) s->serve_input();
}

void stream_set::serve_soon(key k) {
  soon_.push_back(k);
  if (soon_.size() > 1) return;
  boost::asio::post(context_, [this] {
    for (key const due : std::exchange(soon_, {})) serve(due);
  });
}

}
