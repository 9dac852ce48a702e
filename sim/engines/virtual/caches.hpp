#pragma once

#include "gateway/cache/transaction.hpp"
#include "gateway/exchange/sleepers.hpp"
#include "sim/engines/virtual/request_state.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

namespace sim::virtual_time {

struct world;

/// The balancers' caches: gateway/cache as it is live, and who waits there for another's fetch.
class caches {
public:
  explicit caches(world& w)
    : w_(w) {}

  /// The balancer's process starts. `settings`: nullopt for one without a cache.
  void open(std::size_t balancer, std::optional<gateway::cache::cache_settings> const& settings);
  /// It ends: what was stored is lost, nobody waits any more, and no transaction of its is left.
  void close(std::size_t balancer);

  /// The request of a request with an exchange has come to its balancer; no effect where that has no cache.
  void enter(request_index id);
  /// Its transaction there are over.
  void leave(request_index id);

  /// The request waits for the fetch of what it was told to wait for.
  void wait(request_index id);

private:
  struct place final : gateway::cache::environment {
    place(caches& of, gateway::cache::cache_settings const& settings, gateway::http::digest_key const& secret)
      : all(of)
      , key(secret)
      , shared(settings, secret) {}
    gateway::cache::moment now() const override { return all.moment(); }
    gateway::http::answer_forwarding forwarding() const override { return {}; }
    void landed(gateway::http::token_digest const& request_state, gateway::cache::fetch_outcome how) override;

    caches& all;
    gateway::http::digest_key key;
    gateway::cache::shared_cache shared;
    gateway::exchange::sleepers<gateway::http::token_digest, sleeper, gateway::http::token_digest_hash> waiting;
  };

  gateway::cache::moment moment() const;

  world& w_;
  std::vector<std::unique_ptr<place>> places_; // by balancer; nullptr without a cache
};

}
