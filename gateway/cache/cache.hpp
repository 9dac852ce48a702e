#pragma once

#include "gateway/cache/packed_time.hpp"
#include "gateway/cache/request.hpp"
#include "gateway/cache/store.hpp"
#include "gateway/routing/token_map.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string_view>

namespace gateway::cache {

struct cache_rules {
  std::size_t bytes = 64u << 20;
  std::size_t max_answer = 1u << 20; // content that is longer is not stored
  bool obey_clients = true;          // Cache-Control and Pragma of requests (RFC 9111 5.2.1)
  heuristic guess;
  cookie_rule set_cookie = cookie_rule::if_public;
  std::int64_t stale_if_unreachable_s = 60;  // where no upstream answers at all (RFC 9111 4.2.4: disconnected)
  std::int64_t stale_if_error_s = 0;         // for answers that do not say
  std::int64_t pass_for_ns = 10 * second_ns; // for which nobody waits for what cannot be shared
};

/// Why a request went on to an upstream (RFC 9211 2.2).
enum class forwarded : std::uint8_t { no, bypass, method, uri_miss, vary_miss, request, stale, partial };
std::string_view name_of(forwarded why);

/// What is done with a request.
struct decision {
  enum class kind : std::uint8_t {
    answer,     // serve `stored`
    fetch,      // ask an upstream
    validate,   // ask an upstream whether `stored` still holds
    wait,       // a fetch is under way: wait for `variant`
    unavailable // only-if-cached, and it is not cached: 504
  };
  kind what = kind::fetch;
  forwarded why = forwarded::no;
  store::answer_ptr stored;     // answer, validate; fetch: what may be served if the upstream fails
  bool refresh = false;         // answer: stale, and this request is the one to validate it meanwhile (RFC 5861 3)
  bool leads = false;           // others may wait for `variant`, which has to be ended
  http::token_digest variant{}; // the variant of `stored`, or of what is fetched, as far as is known
};

/// How a fetch that others wait for ended.
enum class fetch_outcome : std::uint8_t {
  stored,   // look again
  unshared, // the answer is only for the client that asked: each request goes on by itself
  failed    // one of the waiting requests may try
};

/// The cache's decisions: which request is served from the store, asks an upstream, or waits for another. Not
/// thread-safe.
///
/// For each request: `ask`; after a decision that `leads`, `complete_fetch` exactly once.
class cache {
public:
  cache(cache_rules const& rules, variant_keys const& keys);

  struct question {
    request_facts const& request;
    http::token_digest resource; // of `key`
    std::string_view key;
    std::string_view head; // as the upstream gets it
    fact_values facts{};   // of the token's session, now
    bool may_wait = true;  // else it goes on by itself
  };
  decision ask(question const& q, moment now);

  /// The fetch is over. Returns whether anybody waits for it.
  bool complete_fetch(http::token_digest const& variant);
  /// Answers of this resource turned out to be for one client each: for a while no request waits for another's.
  void pass(http::token_digest const& resource, moment now);

  /// Whether what is stored may be served since the upstream answered with a server error (RFC 5861 4), or
  /// (`unreachable`) since none answered.
  bool may_serve_on_error(stored_answer const& stored, bool unreachable, moment now) const;

  /// Stores an answer, unless its request is older than that of what is stored, or its resource was forgotten since.
  bool keep(http::token_digest const& resource, std::string_view key, http::token_digest const& variant,
            store::answer_ptr answer);
  /// Forgets what is stored and what is being fetched for a resource; returns how many answers. The second: for all
  /// keys that `matches` accepts, and everything that is being fetched.
  std::size_t forget(http::token_digest const& resource, moment now);
  std::size_t forget_if(std::function<bool(std::string_view key)> const& matches, moment now);

  store& answers() { return store_; }
  store const& answers() const { return store_; }
  cache_rules const& rules() const { return rules_; }
  /// For a reload; the budget stays.
  void set_rules(cache_rules const& rules);

private:
  struct passed {
    std::uint32_t until_s;
  };
  using pass_map = routing::token_map<http::token_digest, passed, http::token_digest_hash>;
  using forgotten_map = routing::token_map<http::token_digest, packed_time, http::token_digest_hash>;

  forwarded unusable(request_facts const& request, stored_answer const& stored, moment now) const;
  bool may_serve_stale(request_facts const& request, stored_answer const& stored, moment now) const;
  bool is_passed(http::token_digest const& resource, moment now);
  void lead(decision& out, question const& q, bool may_share, moment now);

  cache_rules rules_;
  store store_;
  pass_map passes_;
  forgotten_map forgotten_; // when, ns
  std::int64_t all_forgotten_ns_ = std::numeric_limits<std::int64_t>::min();
  boost::unordered_flat_map<http::token_digest, bool, http::token_digest_hash> fetches_; // whether any request waits
};

}
