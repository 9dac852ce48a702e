#pragma once

#include "gateway/net/client/cached_exchange.hpp"
#include "gateway/net/upstream/exchange.hpp"

#include <memory>

namespace gateway::net {

/// An exchange of the gateway's own: validates an answer that was served stale (RFC 5861 3). Lives until the new answer
/// is stored, or cannot be had. One thread.
class refresh final : public exchange_user, public deadline_owner, public std::enable_shared_from_this<refresh> {
public:
  /// `cached`: the request that was served; `facts`: what it would have been routed by.
  static void start(worker& w, std::unique_ptr<cache::transaction> cached,
                    routing::request_facts<http::token_digest> const& facts);

  refresh(worker& w, std::unique_ptr<cache::transaction> cached,
          routing::request_facts<http::token_digest> const& facts);

  void close();

private:
  void on_answer() override;
  void on_stored() override;
  void on_not_stored() override { close(); }
  void on_more() override;
  void on_refused(routing::refusal why) override;
  std::shared_ptr<void> holder() override { return shared_from_this(); }
  void on_deadline() override { close(); }

  worker& worker_;
  std::unique_ptr<cache::transaction> cached_;
  routing::request_facts<http::token_digest> const facts_;
  exchange exchange_;
  bool answered_ = false;
};

}
