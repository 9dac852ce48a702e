#include "gateway/net/upstream/refresh.hpp"

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
  own->exchange_.start(
      {.head = own->cached_->head(), .facts = &own->facts_, .cached = own->cached_.get(), .is_own = true});
}

void refresh::on_answer() {
  answered_ = true;
  on_more();
}

void refresh::on_stored() {
  answered_ = true;
  close();
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
