#pragma once

#include "gateway/cache/transaction.hpp"
#include "gateway/exchange/sleepers.hpp"
#include "sim/engines/virtual/request_state.hpp"
#include "sim/engines/virtual/run_context.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

namespace sim::virtual_time {

class balancers;
class http_exchanges;

/// The balancers' caches: the live gateway's, and the requests that wait there for another's fetch.
class caches {
public:
  caches(run_context& run, virtual_time::balancers& balancers, virtual_time::http_exchanges& exchanges)
    : run_(run)
    , balancers_(balancers)
    , exchanges_(exchanges) {}

  /// The balancer's process starts. `settings`: nullopt for one without a cache.
  void open(std::size_t balancer, std::optional<gateway::cache::cache_settings> const& settings);
  /// The process ends: what was stored is lost, nobody waits any more, and none of its transactions is left.
  void close(std::size_t balancer);

  /// A request with an HTTP exchange has reached its balancer. No effect if that has no cache.
  void enter(request_index id);
  /// Ends the request's transaction there.
  void leave(request_index id);

  /// The request waits for the fetch that it was told to wait for.
  void wait(request_index id);

private:
  struct place final : gateway::cache::environment {
    place(caches& of, gateway::cache::cache_settings const& settings, gateway::http::digest_key const& secret)
      : all(of)
      , key(secret)
      , shared(settings, secret) {}
    gateway::cache::moment now() const override { return all.moment(); }
    gateway::http::answer_forwarding forwarding() const override { return {}; }
    void fetch_completed(gateway::http::token_digest const& request_state, gateway::cache::fetch_outcome how) override;

    caches& all;
    gateway::http::digest_key key;
    gateway::cache::shared_cache shared;
    gateway::exchange::sleepers<gateway::http::token_digest, sleeper, gateway::http::token_digest_hash> waiting;
  };

  gateway::cache::moment moment() const;

  run_context& run_;
  virtual_time::balancers& balancers_;
  virtual_time::http_exchanges& exchanges_;
  std::vector<std::unique_ptr<place>> places_; // by balancer; nullptr without a cache
};

}
