#include "gateway/net/refresh.hpp"

#include <utility>

namespace gateway::net {
namespace {

constexpr std::size_t max_pieces = 8;

}

refresh::refresh(worker& w, std::unique_ptr<cached_request> cached, std::string head,
                 routing::request_facts<http::token_digest> const& facts, journal::request_id lab_request)
  : worker_(w)
  , cached_(std::move(cached))
  , head_(std::move(head))
  , facts_(facts)
  , lab_request_(lab_request)
  , exchange_(w, *this) {}

void refresh::start(worker& w, std::unique_ptr<cached_request> cached, std::string head,
                    routing::request_facts<http::token_digest> const& facts, journal::request_id lab_request) {
  auto const own = std::make_shared<refresh>(w, std::move(cached), std::move(head), facts, lab_request);
  w.began(own);
  w.set_deadline(*own, deadline::request);
  own->cached_->begin_refresh(own->head_);
  own->send();
}

void refresh::send() {
  exchange_.start(
      {.head = cached_->upstream_head(), .lab_request = lab_request_, .is_own = true, .is_repeat = is_repeat_}, facts_,
      monotonic_ns());
}

void refresh::on_answer() {
  answered_ = true;
  upstream_connection const& from = *exchange_.upstream();
  std::optional<std::uint64_t> length;
  if (auto const stated = from.parser().content_length()) length = *stated;
  switch (cached_->on_answer(from.head(), from.base(), length)) {
  case cached_request::course::pass:
    on_more();
    break;
  case cached_request::course::serve:
    close();
    break;
  case cached_request::course::again:
    exchange_.end(journal::hop_result::answered);
    is_repeat_ = true;
    send();
    break;
  }
}

void refresh::on_more() {
  using state = upstream_connection::body_state;
  upstream_connection* const from = exchange_.upstream();
  state body = from ? state::more : state::broken;
  while (body == state::more && cached_->is_storing()) {
    body = from->next_body(pieces_, max_pieces);
    for (std::string_view const piece : pieces_) cached_->take(piece);
  }
  if (body == state::pending) return;
  if (body == state::done) cached_->complete();
  close();
}

void refresh::on_refused(routing::refusal) { close(); }

void refresh::close() {
  auto const self = shared_from_this();
  clear_deadline();
  exchange_.abandon(answered_ ? journal::hop_result::answered : journal::hop_result::failed);
  cached_.reset();
  worker_.ended(self);
}

}
