#pragma once

#include "gateway/cache/cache.hpp"
#include "gateway/cache/session_facts.hpp"
#include "gateway/net/settings.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gateway::net {

/// Counts of what became of requests.
struct cache_counters {
  std::atomic<std::uint64_t> hits{0};       // answered from the store, fresh
  std::atomic<std::uint64_t> stale_hits{0}; // answered from the store, stale: while it is validated, since the upstream
                                            // failed, or since the client took it so
  std::atomic<std::uint64_t> misses{0};     // went to an upstream although their method can be cached
  std::atomic<std::uint64_t> validated{0};  // of these: what was stored still held
  std::atomic<std::uint64_t> waits{0};      // waited for another's fetch
  std::atomic<std::uint64_t> refreshes{0};  // validations of the gateway's own
  std::atomic<std::uint64_t> stored{0};
  std::atomic<std::uint64_t> invalidated{0}; // stored answers that unsafe requests made untrue
  std::atomic<std::uint64_t> purged{0};
};

/// The cache that all threads share: one lock around decisions; content is sent outside of it.
class answer_cache {
public:
  explicit answer_cache(cache_settings const& s);

  /// Takes over all rules but the number of bytes, the targets and the session facts.
  void reload(cache_settings const& s);

  /// Runs `decide(cache::cache&)` under the lock.
  template<class Decide>
  auto with(Decide decide) {
    std::lock_guard const lock(mutex_);
    return decide(cache_);
  }

  // Session facts (none of these without any).
  bool has_facts() const { return facts_.has_value(); }
  std::span<std::string const> fact_names() const;
  cache::fact_values read_facts(http::message_head const& head, char const* base) const;
  void learn(http::token_digest const& token, cache::fact_values const& said, cache::moment asked);
  cache::fact_values facts_of(http::token_digest const& token, cache::moment now);

  cache::variant_keys const& keys() const { return keys_; }
  /// Names, lower-case, of the fields that are for this cache (RFC 9213).
  std::span<std::string const> targets() const { return targets_; }
  std::shared_ptr<cache::ledger> const& used() const { return used_; }
  bool shows_status() const { return shows_status_.load(std::memory_order_relaxed); }
  cache_counters& counts() { return counters_; }

  /// Forgets what is stored for a key, or for all keys that begin with it; returns how many answers.
  std::size_t purge(std::string_view key, bool and_below);

  struct status {
    std::size_t answers = 0, bytes = 0, budget = 0, sessions = 0;
    std::uint64_t evicted = 0;
  };
  status snapshot();

private:
  std::mutex mutex_;
  cache::variant_keys const keys_;
  std::vector<std::string> const targets_;
  cache::cache cache_;
  std::shared_ptr<cache::ledger> const used_;
  std::mutex facts_mutex_;
  std::optional<cache::session_facts> facts_;
  std::atomic<bool> shows_status_;
  cache_counters counters_;
};

/// The clocks, as the cache wants them.
cache::moment cache_now();

}
