#include "gateway/net/refresh.hpp"

#include <utility>

namespace gateway::net {

refresh::refresh(worker& w, std::unique_ptr<cache::transaction> cached,
                 routing::request_facts<http::token_digest> const& facts)
  : worker_(w)
  , cached_(std::move(cached))
  , facts_(facts)
  , exchange_(w, *this) {}

void refresh::start(worker& w, std::unique_ptr<cache::transaction> cached,
                    routing::request_facts<http::token_digest> const& facts) {
  auto const own = std::make_shared<refresh>(w, std::move(cached), facts);
  w.began(own);
  w.set_deadline(*own, deadline::request);
  own->cached_->begin_refresh();
  own->send();
}

void refresh::send() { exchange_.start({.head = cached_->upstream_head(), .is_own = true}, facts_, monotonic_ns()); }

std::string_view refresh::on_other_target() { return cached_->answers_elsewhere(); }

void refresh::on_answer() {
  answered_ = true;
  switch (show_answer(*cached_, *exchange_.upstream())) {
  case cache::transaction::course::pass:
    on_more();
    break;
  case cache::transaction::course::serve:
    close();
    break;
  case cache::transaction::course::again:
    exchange_.end(journal::hop_result::answered);
    send();
    break;
  }
}

void refresh::on_more() {
  if (give_content(*cached_, exchange_.upstream()) != upstream_connection::body_state::pending) close();
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
