#pragma once

#include "gateway/net/cached_exchange.hpp"
#include "gateway/net/exchange.hpp"

#include <memory>
#include <string>

namespace gateway::net {

/// An exchange of the gateway's own: validates what was served stale (RFC 5861 3). Lives until the answer is in the
/// store, or does not come. One thread.
class refresh final : public exchange_user, public deadline_owner, public std::enable_shared_from_this<refresh> {
public:
  /// `cached`: the request that was served; `head` and `facts` are what it would have been sent with.
  static void start(worker& w, std::unique_ptr<cache::transaction> cached, std::string head,
                    routing::request_facts<http::token_digest> const& facts, journal::request_id lab_request);

  refresh(worker& w, std::unique_ptr<cache::transaction> cached, std::string head,
          routing::request_facts<http::token_digest> const& facts, journal::request_id lab_request);

  void close();

private:
  void send();
  void on_answer() override;
  void on_more() override;
  void on_refused(routing::refusal why) override;
  std::shared_ptr<void> holder() override { return shared_from_this(); }
  void on_deadline() override { close(); }

  worker& worker_;
  std::unique_ptr<cache::transaction> cached_;
  std::string const head_;
  routing::request_facts<http::token_digest> const facts_;
  journal::request_id const lab_request_;
  exchange exchange_;
  bool answered_ = false;
};

}
