#pragma once

#include "base/memory/prefetch.hpp"
#include "gateway/routing/kept_map.hpp"
#include "gateway/routing/router.hpp"
#include "sim/load/stream.hpp"
#include "sim/scenario/scenario.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace sim::virtual_time {

/// A token's dense number, which simulated balancers use in place of a digest.
enum class token_id : std::uint32_t {};

/// A request in flight: routes are kept by these numbers, which are reused.
using request_index = std::uint32_t;

/// What one balancer's router is made from.
struct router_options {
  gateway::routing::router_settings routing;
  gateway::routing::guess_policy guess = gateway::routing::guess_policy::random;
  std::optional<std::uint64_t> map_entries; // nullopt: no map
  std::uint32_t upstreams = 0;
};

/// Who is told what balancers' maps cease to know.
class map_watcher {
public:
  /// The token was evicted or forgotten, or the balancer is about to start anew.
  virtual void left_map(std::size_t balancer, token_id token) = 0;

protected:
  ~map_watcher() = default;
};

/// The decisions of all balancers: one router of the live gateway for each, and the routes of all requests in flight.
/// An interface, since there are two implementations: dense keys for speed, and live digests for a test that shows that
/// both decide alike.
class routers {
public:
  using action = gateway::routing::action;
  using upstream_id = gateway::routing::upstream_id;

  struct request {
    std::optional<token_id> token;
    bool idempotent = true;
  };

  virtual ~routers() = default;

  /// Before any balancer is opened. `who` must outlive the calls of all that follows.
  virtual void watch(map_watcher& who) = 0;

  /// A new balancer, or the new life of one that was restarted: it knows what `keep` kept of the last one. Returns how
  /// many tokens these are, if anything was kept.
  virtual std::optional<std::uint64_t> open(std::size_t balancer, router_options const& settings,
                                            std::int64_t now_ns) = 0;
  /// What the balancer knows now is there for its next life.
  virtual void keep(std::size_t balancer) = 0;

  /// A request with `token` is on its way to the balancer: prefetches what it will need. Decides nothing.
  virtual void prefetch(std::size_t balancer, token_id token) const = 0;

  virtual action start(std::size_t balancer, request_index index, request const& what, std::int64_t now_ns,
                       load::small_stream& random) = 0;
  virtual action on_redirect(std::size_t balancer, request_index index, upstream_id target) = 0;
  virtual action on_answer(std::size_t balancer, request_index index, gateway::routing::answer_facts const& facts) = 0;
  virtual action on_failure(std::size_t balancer, request_index index, gateway::routing::failure const& what,
                            std::int64_t now_ns, load::small_stream& random) = 0;
  virtual action on_wake(std::size_t balancer, request_index index, std::int64_t now_ns,
                         load::small_stream& random) = 0;
  virtual action on_patience_end(std::size_t balancer, request_index index, std::int64_t now_ns,
                                 load::small_stream& random) = 0;
  virtual action on_shared(std::size_t balancer, request_index index, gateway::routing::shared_facts const& found,
                           std::int64_t now_ns, load::small_stream& random) = 0;
  /// The shared map has lost what it was told.
  virtual void share_anew(std::size_t balancer) = 0;
  /// Returns whether those who wait for its guess are to be woken.
  virtual bool abandon(std::size_t balancer, request_index index) = 0;
  virtual gateway::routing::router_counters const& counters(std::size_t balancer) const = 0;
};

/// `Keys` has `key` and `hash` as gateway::routing::token_map wants them, and `key of(token_id) const`. With
/// `token_of(stored)` too, the watcher is told.
template<class Keys>
class routers_of : public routers {
public:
  explicit routers_of(Keys keys = {})
    : keys_(std::move(keys)) {}

  void watch(map_watcher& who) override { watcher_ = &who; }

  std::optional<std::uint64_t> open(std::size_t balancer, router_options const& settings,
                                    std::int64_t now_ns) override {
    map_watch const left{watcher_, balancer};
    std::optional<map> remembered;
    if (settings.map_entries) remembered.emplace(static_cast<std::size_t>(*settings.map_entries), left);
    auto made = std::make_unique<router>(settings.routing, settings.guess, std::move(remembered));
    for (std::uint32_t i = 0; i < settings.upstreams; ++i)
      made->add_upstream(load::mix(i + 0x70726f7879000000u), true); // the same on every balancer
    if (routers_.size() <= balancer) routers_.resize(balancer + 1);
    if (routers_[balancer]) routers_[balancer]->for_each_known(left);
    routers_[balancer] = std::move(made);
    auto const kept = kept_.extract(balancer);
    if (!kept) return std::nullopt;
    for (kept_token const& token : kept.mapped()) routers_[balancer]->restore(token, now_ns);
    return kept.mapped().size();
  }

  void keep(std::size_t balancer) override {
    std::vector<kept_token>& all = kept_[balancer];
    all.clear();
    routers_[balancer]->for_each_kept([&all](kept_token const& token) { all.push_back(token); });
  }

  void prefetch(std::size_t balancer, token_id token) const override { routers_[balancer]->prefetch(keys_.of(token)); }

  /// The same for a request that is about to be routed, or the answer of its present upstream.
  void prefetch(std::size_t balancer, request_index index, token_id token, upstream_id upstream) const {
    memory::prefetch(routes_.data() + index, sizeof routes_[0]);
    routers_[balancer]->prefetch(keys_.of(token), upstream);
  }

  [[gnu::always_inline]] action start(std::size_t balancer, request_index index, request const& what,
                                      std::int64_t now_ns, load::small_stream& random) override {
    if (index >= route_count_) [[unlikely]]
      add_routes(index);
    router& to = *routers_[balancer];
    gateway::routing::request_facts<key> facts;
    facts.has_token = what.token.has_value();
    if (what.token) {
      facts.key = keys_.of(*what.token);
      if (to.policy() == gateway::routing::guess_policy::token_hash)
        facts.token_hash = load::mix(static_cast<std::uint64_t>(*what.token) + 0x746f6b656e000000u) | 1;
    }
    facts.idempotent = what.idempotent;
    return to.start(routes_[index], facts, now_ns, random);
  }
  action on_redirect(std::size_t balancer, request_index index, upstream_id target) override {
    return routers_[balancer]->on_redirect(routes_[index], {.target = target});
  }
  action on_answer(std::size_t balancer, request_index index, gateway::routing::answer_facts const& facts) override {
    return routers_[balancer]->on_answer(routes_[index], facts);
  }
  /// Of an answer that is still on its way, see basic_router.
  [[gnu::always_inline]] bool on_known_answer(std::size_t balancer, request_index index,
                                              gateway::routing::answer_facts const& facts) {
    return routers_[balancer]->on_known_answer(routes_[index], facts);
  }
  action on_failure(std::size_t balancer, request_index index, gateway::routing::failure const& what,
                    std::int64_t now_ns, load::small_stream& random) override {
    return routers_[balancer]->on_failure(routes_[index], what, now_ns, random);
  }
  action on_wake(std::size_t balancer, request_index index, std::int64_t now_ns, load::small_stream& random) override {
    return routers_[balancer]->on_wake(routes_[index], now_ns, random);
  }
  action on_patience_end(std::size_t balancer, request_index index, std::int64_t now_ns,
                         load::small_stream& random) override {
    return routers_[balancer]->on_patience_end(routes_[index], now_ns, random);
  }
  action on_shared(std::size_t balancer, request_index index, gateway::routing::shared_facts const& found,
                   std::int64_t now_ns, load::small_stream& random) override {
    return routers_[balancer]->on_shared(routes_[index], found, now_ns, random);
  }
  void share_anew(std::size_t balancer) override { routers_[balancer]->share_anew(); }
  bool abandon(std::size_t balancer, request_index index) override {
    return routers_[balancer]->abandon(routes_[index]);
  }
  gateway::routing::router_counters const& counters(std::size_t balancer) const override {
    return routers_[balancer]->counters();
  }

private:
  using key = typename Keys::key;
  using payload = typename Keys::payload;
  struct map_watch {
    map_watcher* who = nullptr;
    std::size_t balancer = 0;
    template<class Stored>
    void operator()([[maybe_unused]] Stored const& left) const {
      if constexpr (requires { Keys::token_of(left); })
        if (who) who->left_map(balancer, Keys::token_of(left));
    }
  };
  using map = gateway::routing::token_map<typename Keys::stored, payload, typename Keys::hash, map_watch>;
  using router = gateway::routing::basic_router<map, key, payload>;
  using kept_token = gateway::routing::kept<typename Keys::stored>;

  [[gnu::noinline]] void add_routes(request_index index) {
    routes_.resize(index + 1);
    route_count_ = index + 1;
  }

  Keys keys_;
  map_watcher* watcher_ = nullptr;
  std::vector<std::unique_ptr<router>> routers_;        // by balancer
  std::map<std::size_t, std::vector<kept_token>> kept_; // likewise, until its next life
  std::vector<gateway::routing::route<key>> routes_;
  request_index route_count_ = 0; // routes_.size()
};

/// Tokens by their dense numbers.
struct dense_keys {
  using key = token_id;
  using stored = key;
  using payload = gateway::routing::compact_backend;
  /// Multiples of the golden ratio: neighbours are spread evenly (Knuth, TAOCP 3, 6.4).
  struct hash {
    std::size_t operator()(token_id token) const noexcept {
      return static_cast<std::uint64_t>(token) * 0x9e3779b97f4a7c15u;
    }
  };
  static key of(token_id token) { return token; }
  static token_id token_of(stored token) { return token; }
};

/// Those that runs use. The type is known to be the last one, so that its functions are called directly.
class dense_routers final : public routers_of<dense_keys> {};

}
