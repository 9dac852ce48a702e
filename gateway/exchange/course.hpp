#pragma once

#include "base/journal/records.hpp"
#include "gateway/cache/transaction.hpp"
#include "gateway/routing/route.hpp"

#include <cstdint>
#include <string_view>
#include <utility>

/// A request's course through a balancer, between the cache, the router and the shared token map; sans-I/O. The live
/// gateway and the simulator carry out what is decided here.
namespace gateway::exchange {

/// How long a request waits for another request's guess, unless a configuration says otherwise. (For another's fetch:
/// cache::cache_settings.)
inline constexpr routing::time_ns default_guess_wait = 200'000'000;

/// The next step of a request.
enum class step : std::uint8_t {
  route,          // `start` the router, and pass its action to the course
  send,           // make the hop that the router's action names, and call `hop_made`
  stream,         // pass the upstream's answer on to the client
  serve_stored,   // send the client the stored answer; with `decision::refresh`, validate it as well
  respond,        // answer the client with an error; the reason is in the router's action
  not_stored,     // answer the client 504: it accepts only a stored answer (RFC 9111 5.2.1.7)
  wait_for_guess, // until the router's guess for the same token is over
  wait_for_fetch, // until the cache's fetch, `decision::variant`, is over
  look_up         // ask the shared map where the token's session is
};

/// What a request waits for.
enum class awaiting : std::uint8_t { nothing, guess, fetch, shared_map };

/// The state of one request: a value, owned by whoever carries the request, next to the router's route and the cache's
/// transaction (`cached`: nullptr without a cache; `head`: as an upstream would get it).
///
/// Call `begin`, then pass what the router and the cache say to `after`, which returns the next step. A waiting request
/// sleeps until `stops_waiting`. A request of the balancer's own (`is_own`), which validates an answer that was served
/// stale (RFC 5861 3), goes the same way but never asks the cache.
struct course {
  std::uint16_t hops = 0;
  std::uint16_t redirects = 0;                      // X-Accel answers received
  std::uint16_t retries = 0;                        // hops that were retries
  journal::hop_kind hop = journal::hop_kind::first; // the current one, or the last
  awaiting awaits = awaiting::nothing;
  bool is_own = false;
  bool is_routed = false; // the router has it, and must be told if the request is given up
  /// With a step that waits for a guess or a fetch: whether the waiting time begins now; otherwise it is already
  /// running. Each guess has a waiting time of its own; all fetches of a request share one.
  bool patience_begins = false;
  bool has_waited = false; // for a fetch

  step begin(cache::transaction* cached, std::string_view head) {
    return cached && !is_own ? ask(*cached, head, true) : to_router();
  }

  /// `next`: what the router says.
  step after(routing::action const& next, cache::transaction* cached) {
    if (next.kind == routing::action_kind::send) return step::send; // as most often, if it is not `stream`
    switch (next.kind) {
    case routing::action_kind::send:
      return step::send;
    case routing::action_kind::stream:
      is_routed = false;
      return step::stream;
    case routing::action_kind::respond:
      is_routed = false;
      return cached && !is_own && cached->on_failure() ? step::serve_stored : step::respond;
    case routing::action_kind::wait:
      awaits = awaiting::guess;
      patience_begins = true;
      return step::wait_for_guess;
    case routing::action_kind::look_up:
      awaits = awaiting::shared_map;
      return step::look_up;
    }
    return step::respond;
  }
  step after_redirect(routing::action const& next, cache::transaction* cached) {
    ++redirects;
    return after(next, cached);
  }

  /// `how`: what the cache says about the upstream's answer.
  step after(cache::transaction::course how) {
    switch (how) {
    case cache::transaction::course::pass:
      return step::stream;
    case cache::transaction::course::serve:
      return step::serve_stored;
    case cache::transaction::course::again:
      return to_router();
    }
    return step::stream;
  }

  /// The hop that `send` asked for is made. A hop after the router was started again is a retry.
  void hop_made(routing::action const& next) {
    hop = name_of(next.hop);
    if (hops != 0 && hop == journal::hop_kind::first) hop = journal::hop_kind::retry;
    if (is_own) hop = journal::hop_kind::own;
    retries = static_cast<std::uint16_t>(retries + (hop == journal::hop_kind::retry));
    ++hops;
  }

  /// Whether it was waiting for that, and so goes on; anything that comes later is ignored.
  bool stops_waiting(awaiting what) {
    if (awaits != what) return false;
    awaits = awaiting::nothing;
    return true;
  }
  /// The fetch that it waited for is over. After a failure, one of the waiting requests fetches and the others wait for
  /// it. A request that finds no answer to use although one was stored now goes to the upstream itself: it may not use
  /// that answer without validation, or the answer is another's.
  step on_fetch_complete(cache::transaction& cached, std::string_view head, cache::fetch_outcome how) {
    return ask(cached, head, how == cache::fetch_outcome::failed);
  }
  /// It has waited long enough for fetches.
  step on_fetch_late(cache::transaction& cached, std::string_view head) { return ask(cached, head, false); }

  /// The client has gone, or the request took too long. Returns whether the router is to `abandon` the route.
  bool give_up() {
    awaits = awaiting::nothing;
    return std::exchange(is_routed, false);
  }

  /// The result to record for a request that was answered in that way.
  journal::request_result result_of(step answered) const {
    if (answered == step::stream) return journal::request_result::forwarded;
    if (answered == step::serve_stored)
      return hops != 0 ? journal::request_result::forwarded : journal::request_result::cached;
    return hops != 0 ? journal::request_result::failed : journal::request_result::refused;
  }

private:
  step to_router() {
    is_routed = true;
    return step::route;
  }

  step ask(cache::transaction& cached, std::string_view head, bool may_wait) {
    switch (cached.ask(head, may_wait).what) {
    case cache::decision::kind::answer:
      return step::serve_stored;
    case cache::decision::kind::unavailable:
      return step::not_stored;
    case cache::decision::kind::wait:
      awaits = awaiting::fetch;
      patience_begins = !std::exchange(has_waited, true);
      return step::wait_for_fetch;
    case cache::decision::kind::fetch:
    case cache::decision::kind::validate:
      break;
    }
    return to_router();
  }

  static constexpr journal::hop_kind name_of(routing::hop_kind kind) {
    switch (kind) {
    case routing::hop_kind::first:
      break;
    case routing::hop_kind::redirect:
      return journal::hop_kind::redirect;
    case routing::hop_kind::retry:
      return journal::hop_kind::retry;
    }
    return journal::hop_kind::first;
  }
};

/// The result to record for a hop that was redirected (`next`: the router's action after it), …
constexpr journal::hop_result result_of_redirect(routing::action const& next) {
  return next.kind == routing::action_kind::send ? journal::hop_result::redirected
                                                 : journal::hop_result::refused_redirect;
}
/// … and one that failed.
constexpr journal::hop_result result_of_failure(routing::sent how_much) {
  return how_much == routing::sent::nothing ? journal::hop_result::not_delivered : journal::hop_result::failed;
}

}
