#include "gateway/net/refresh.hpp"

#include <utility>

namespace gateway::net {

refresh::refresh(worker& w, std::unique_ptr<cache::transaction> cached, std::string head,
                 routing::request_facts<http::token_digest> const& facts, journal::request_id lab_request)
  : worker_(w)
  , cached_(std::move(cached))
  , head_(std::move(head))
  , facts_(facts)
  , lab_request_(lab_request)
  , exchange_(w, *this) {}

void refresh::start(worker& w, std::unique_ptr<cache::transaction> cached, std::string head,
                    routing::request_facts<http::token_digest> const& facts, journal::request_id lab_request) {
  auto const own = std::make_shared<refresh>(w, std::move(cached), std::move(head), facts, lab_request);
  w.began(own);
  w.set_deadline(*own, deadline::request);
  own->cached_->begin_refresh(own->head_);
  own->send();
}

void refresh::send() {
  exchange_.start({.head = cached_->upstream_head(), .lab_request = lab_request_, .is_own = true}, facts_,
                  monotonic_ns());
}

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
