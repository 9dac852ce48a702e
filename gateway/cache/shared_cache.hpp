#pragma once

#include "gateway/cache/cache.hpp"
#include "gateway/cache/mutex.hpp"
#include "gateway/cache/session_facts.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gateway::cache {

/// A balancer's cache, as its configuration has it.
struct cache_settings {
  cache_rules rules;
  std::chrono::nanoseconds wait = std::chrono::seconds(5); // for another's fetch
  bool shows_status = true;                                // Cache-Status
  std::vector<std::string> targets{"cdn-cache-control"};   // names of answer fields, lower-case (RFC 9213)
  std::vector<std::string> session_facts;                  // likewise
  std::vector<std::string> ignored_inputs{};               // likewise, of requests (read_request)
  std::chrono::nanoseconds facts_max_age = std::chrono::seconds(10);
};

/// Counts of outcomes of requests.
struct cache_counters {
  std::atomic<std::uint64_t> hits{0};       // answered from the store, fresh
  std::atomic<std::uint64_t> stale_hits{0}; // answered from the store, stale: while it is validated, since the upstream
                                            // failed, or since the client took it so
  std::atomic<std::uint64_t> misses{0};     // went to an upstream although their method is cacheable
  std::atomic<std::uint64_t> validated{0};  // of these: what was stored is still valid
  std::atomic<std::uint64_t> waits{0};      // waited for another's fetch
  std::atomic<std::uint64_t> refreshes{0};  // validations of the gateway's own
  std::atomic<std::uint64_t> stored{0};
  std::atomic<std::uint64_t> invalidated{0}; // stored answers that unsafe requests invalidated
  std::atomic<std::uint64_t> purged{0};
};

/// The locks of a cache: one for its decisions, one for session facts.
struct cache_locks {
  std::unique_ptr<mutex_base> answers = std::make_unique<mutex_base>(), facts = std::make_unique<mutex_base>();
};

/// The cache that all threads of a balancer share, with the session facts: one lock around decisions; content is sent
/// outside of it. As thread-safe as its locks.
class shared_cache {
public:
  /// `key`: for the digests by which stored answers and facts are found; must not be guessable.
  shared_cache(cache_settings const& s, http::digest_key const& key, cache_locks locks = {});

  /// Takes over all rules except the number of bytes, the targets, the ignored inputs and the session facts.
  void reload(cache_settings const& s);

  /// Runs `decide(cache&)` under the lock.
  template<class Decide>
  auto with(Decide decide) {
    std::lock_guard const lock(*locks_.answers);
    return decide(cache_);
  }

  // Session facts; the last three of these only if some are configured.
  bool has_facts() const { return facts_.has_value(); }
  std::span<std::string const> fact_names() const;
  fact_values read_facts(http::message_head const& head, char const* base) const;
  void learn(http::token_digest const& token, fact_values const& said, moment asked);
  fact_values facts_of(http::token_digest const& token, moment now);

  variant_keys const& keys() const { return keys_; }
  /// Lower-case names of the fields meant for this cache (RFC 9213).
  std::span<std::string const> targets() const { return targets_; }
  std::span<std::string const> ignored_inputs() const { return ignored_inputs_; }
  std::shared_ptr<byte_counter> const& used() const { return used_; }
  bool shows_status() const { return shows_status_.load(std::memory_order_relaxed); }
  cache_counters& counts() { return counters_; }

  /// Forgets what is stored for a key, or for all keys that begin with it; returns how many answers.
  std::size_t purge(std::string_view key, bool and_below, moment now);

  struct status {
    std::size_t answers = 0, bytes = 0, budget = 0, sessions = 0;
    std::uint64_t evicted = 0;
  };
  status snapshot();

private:
  cache_locks const locks_;
  variant_keys const keys_;
  std::vector<std::string> const targets_, ignored_inputs_;
  cache cache_;
  std::shared_ptr<byte_counter> const used_;
  std::optional<session_facts> facts_;
  std::atomic<bool> shows_status_;
  cache_counters counters_;
};

}
