#pragma once

#include "gateway/routing/guess.hpp"
#include "gateway/routing/ids.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <span>

namespace gateway::routing {

enum class action_kind : std::uint8_t {
  send,    // send the request to `upstream`
  stream,  // pass the upstream's answer on to the client; the route is over
  respond, // answer the client with an error; the route is over
  wait,    // do nothing until somebody wakes this route's key, then call `on_wake`
  look_up  // ask the shared map for this route's key, then call `on_shared`
};

/// What the shared map is to be told of a route's key, beside what is to be done.
enum class shared_news : std::uint8_t {
  none,
  learnt, // it is at `upstream`; write it again even if it is known, since entries expire
  lost    // it is no longer at the upstream of the hop that has just ended
};

/// Why a hop is made.
enum class hop_kind : std::uint8_t { first, redirect, retry };

/// Why the balancer answers by itself.
enum class refusal : std::uint8_t {
  none,
  all_failed,         // nothing left to try
  redirect_limit,     // more X-Accel answers than allowed
  unknown_target,     // X-Accel to what is no known upstream
  malformed_redirect, // X-Accel that names no HOST:PORT
  other_target,       // X-Accel that names another path or query than the request's
  owner_unreachable,  // redirected to an upstream that failed this very request
  upstream_failed,    // broke off after it had, or may have had, the request
  upstream_timeout,   // silent after it had, or may have had, the request
  bad_answer,         // it answered what cannot be passed on
  no_room,            // the balancer itself lacks descriptors or memory
  overloaded          // the upstream has as many requests as it may, and so has its queue
};

/// The status with which the balancer answers.
constexpr std::uint16_t status_of(refusal why) {
  switch (why) {
  case refusal::owner_unreachable:
  case refusal::no_room:
  case refusal::overloaded:
    return 503;
  case refusal::upstream_timeout:
    return 504;
  case refusal::none:
  case refusal::all_failed:
  case refusal::redirect_limit:
  case refusal::unknown_target:
  case refusal::malformed_redirect:
  case refusal::other_target:
  case refusal::upstream_failed:
  case refusal::bad_answer:
    break;
  }
  return 502;
}

/// What to do next. `wake`: requests that wait on this route's key may go on.
struct action {
  action_kind kind = action_kind::respond;
  hop_kind hop = hop_kind::first; // send, look_up
  refusal why = refusal::none;    // respond
  bool from_map = false;          // send: the upstream is what the map said
  bool wake = false;
  bool learnt = false; // stream: the map did not know this of the key when the request came
  shared_news news = shared_news::none;
  upstream_id upstream = no_upstream; // send; stream: of `news`
};
static_assert(sizeof(action) == 12, "returned in registers");

/// One request's way through the balancer: a value, owned by the code that carries the request.
template<class Key>
struct route {
  static constexpr std::size_t max_failed = 4;

  Key key{};
  std::uint64_t token_hash = 0; // shared hash for `token_hash` guesses; 0 without a token
  time_ns started = 0;          // when the request's head was complete
  std::array<upstream_id, max_failed> failed{};
  upstream_id upstream = no_upstream;
  std::uint32_t map_hint = ~std::uint32_t{0}; // where the map had the key
  std::uint8_t failed_count = 0;
  std::uint8_t full = 0; // bits of those in `failed` that only had no room: not to be guessed, but not failed
  std::uint8_t redirects = 0;
  std::uint8_t retries = 0;
  bool has_key = false;
  bool idempotent = true;
  bool from_map = false;    // the present hop was chosen by the map
  bool guessed = false;     // the present hop was guessed
  bool holds_guess = false; // this route's guess is the one in flight for its key
  bool whole = true;
  bool waited_enough = false;        // for another's guess: it now guesses itself
  bool on_trial = false;             // the present hop tries an upstream that failed
  bool is_fresh = false;             // the present hop is a retry, which gets a connection of its own
  bool once = false;                 // redirected for this time only: nothing is to be learnt
  bool asked_shared = false;         // the shared map: it is asked once a request
  bool from_shared = false;          // the present hop was chosen by the shared map
  hop_kind resume = hop_kind::first; // the hop that waits for the shared map's answer

  exclusions excluded() const { return {failed.data(), failed_count}; }
  /// Not only full.
  bool has_failed(upstream_id id) const {
    for (std::size_t i = 0; i != failed_count; ++i)
      if (failed[i] == id && (full >> i & 1) == 0) return true;
    return false;
  }
};

/// What the head of a request tells the router.
template<class Key>
struct request_facts {
  bool has_token = false;
  Key key{};
  std::uint64_t token_hash = 0;
  bool idempotent = true; // RFC 9110 9.2.2
  bool whole = true;      // its body is complete: it takes no longer than its upstream does
};

/// What the kernel had accepted of the request when the upstream failed.
enum class sent : std::uint8_t { nothing, something };

struct failure {
  sent how_much = sent::something;
  bool timed_out = false;
  bool no_room = false;    // for lack of descriptors or memory here: says nothing of the upstream, and nothing was sent
  bool was_reused = false; // a kept-alive connection that the upstream may just have closed: says nothing of its health
};

/// The X-Accel answer: the upstream it names, or that it is malformed or unknown (then `target` is no_upstream).
struct redirect_facts {
  upstream_id target = no_upstream;
  bool malformed = false;
  bool once = false;         // for this request only, as Redis' ASK: what is known of the token stays
  bool other_target = false; // other than the request's path and query; not to be followed
};

/// The final answer's head.
struct answer_facts {
  std::optional<upstream_id> backend{}; // that X-Backend names: nullopt without one, no_upstream if none that is known
  bool success = true;                  // the client was authorised: status below 400
  std::optional<std::uint64_t> epoch{}; // X-Session-Epoch: raised whenever the session moves
};

/// What the shared map says of a route's key: `backend` is no_upstream if it says nothing, says nothing in time, or
/// names no known upstream.
struct shared_facts {
  upstream_id backend = no_upstream;
  std::optional<std::uint64_t> epoch{}; // X-Session-Epoch of the answer that taught it
};

struct router_settings {
  std::uint32_t max_redirects = 3;
  std::uint32_t max_retries = 2;  // at most route::max_failed
  std::uint32_t max_failures = 1; // in a row, after which guesses avoid an upstream …
  time_ns avoid_for =
      1'000'000'000; // … for so long; then one request tries it, and after each that fails for twice as long
  double retries_per_request = 0;  // retry budget: what each request adds to it and each retry takes 1 from; 0: none
  std::uint32_t retry_burst = 100; // and how much it holds, at first too
  bool single_guess = false;       // at most one guess in flight per token; the others wait for what it learns
  time_ns shared_ttl = 0;          // how long the map shared between balancers keeps an entry; 0: there is none
};

struct router_counters {
  std::uint64_t requests = 0;
  std::uint64_t guesses = 0;    // hops chosen by the guess policy
  std::uint64_t guess_hits = 0; // guesses that were answered, not redirected
  std::uint64_t map_hits = 0;   // hops chosen by the map
  std::uint64_t stale_hits = 0; // map hits that were redirected
  std::uint64_t redirects = 0;  // X-Accel answers received
  std::uint64_t redirects_refused_limit = 0;
  std::uint64_t redirects_refused_unknown = 0;
  std::uint64_t redirects_refused_malformed = 0;
  std::uint64_t redirects_refused_unreachable = 0;
  std::uint64_t redirects_refused_path = 0;
  std::uint64_t retries = 0;
  std::uint64_t retries_refused = 0; // the retry budget was used up
  std::uint64_t ejections = 0;       // upstreams that guesses began to avoid
  std::uint64_t learnt = 0;          // entries added or changed
  std::uint64_t restored = 0;        // entries of an earlier life (kept_map.hpp)
  std::uint64_t forgotten = 0;
  std::uint64_t evicted = 0;
  std::uint64_t answers_refused = 0;  // that cannot be passed on
  std::uint64_t backends_refused = 0; // X-Backend that is no known upstream
  std::uint64_t waits = 0;
  std::uint64_t shared_hits = 0;       // of map_hits: those that only the shared map knew
  std::uint64_t shared_stale_hits = 0; // of these: redirected

  std::uint64_t redirects_refused() const {
    return redirects_refused_limit + redirects_refused_unknown + redirects_refused_malformed +
           redirects_refused_unreachable + redirects_refused_path;
  }
};

}
