#pragma once

#include "base/journal/records.hpp"
#include "gateway/cache/transaction.hpp"
#include "gateway/routing/route.hpp"

#include <cstdint>
#include <string_view>
#include <utility>

/// A request's course through a balancer, between the cache, the router and the map that balancers share; sans-I/O. The
/// live gateway and the simulator carry what is decided here.
namespace gateway::exchange {

/// How long a request waits for another's guess, unless a configuration says otherwise. (For another's fetch:
/// cache::cache_settings.)
inline constexpr routing::time_ns default_guess_wait = 200'000'000;

/// What is next for a request.
enum class step : std::uint8_t {
  route,          // `start` the router, and tell the course what it says
  send,           // make the hop that the router's action names, and call `hop_made`
  stream,         // pass the upstream's answer on to the client
  serve_stored,   // the client gets what the cache has stored; with `decision::refresh` it is to be validated as well
  respond,        // answer the client with an error, for the reason in the router's action
  not_stored,     // answer the client 504: it wants what is stored, or nothing (RFC 9111 5.2.1.7)
  wait_for_guess, // until the router's guess for the same token is over
  wait_for_fetch, // until the cache's fetch, `decision::variant`, is over
  look_up         // ask the shared map where the token's session is
};

/// What a request waits for.
enum class awaiting : std::uint8_t { nothing, guess, fetch, shared_map };

/// Where one request is on its way: a value, owned by whoever carries the request, beside the router's route and the
/// cache's transaction (`cached`: nullptr without a cache; `head`: as an upstream would get it).
///
/// `begin`; then what the router and the cache say goes to `after`, which returns what is next. Who waits is asleep
/// until `stops_waiting`. A request of the balancer's own (`is_own`), which validates what was served stale (RFC 5861
/// 3), goes the same way, but never asks the cache.
struct course {
  std::uint16_t hops = 0;
  std::uint16_t redirects = 0;                      // X-Accel answers received
  std::uint16_t retries = 0;                        // hops that were retries
  journal::hop_kind hop = journal::hop_kind::first; // the present one, or the last
  awaiting awaits = awaiting::nothing;
  bool is_own = false;
  bool is_routed = false; // the router has it: it wants to hear if the request is given up
  /// With a step that waits for a guess or a fetch: the time that it may take begins now, else it runs already. Each
  /// guess has its time; a request waits for fetches no longer than once that.
  bool patience_begins = false;
  bool has_waited = false; // for a fetch

  step begin(cache::transaction* cached, std::string_view head) {
    return cached && !is_own ? ask(*cached, head, true) : to_router();
  }

  /// `next`: what the router says.
  step after(routing::action const& next, cache::transaction* cached) {
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

  /// `how`: what the cache says of the upstream's answer.
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

  /// The hop that a `send` ordered is made. What is sent after the router was started anew is a retry.
  void hop_made(routing::action const& next) {
    hop = name_of(next.hop);
    if (hops != 0 && hop == journal::hop_kind::first) hop = journal::hop_kind::retry;
    if (is_own) hop = journal::hop_kind::own;
    retries = static_cast<std::uint16_t>(retries + (hop == journal::hop_kind::retry));
    ++hops;
  }

  /// Whether it waited for that, and so goes on; what comes later than that is for nobody.
  bool stops_waiting(awaiting what) {
    if (awaits != what) return false;
    awaits = awaiting::nothing;
    return true;
  }
  /// The fetch that it waited for is over. After a failure one of those who wait tries, and the others wait for that.
  /// Who finds nothing although there is something now goes himself: it may not be used unasked, or is not his.
  step on_landing(cache::transaction& cached, std::string_view head, cache::fetch_outcome how) {
    return ask(cached, head, how == cache::fetch_outcome::failed);
  }
  /// It has waited for fetches long enough.
  step on_fetch_late(cache::transaction& cached, std::string_view head) { return ask(cached, head, false); }

  /// The client has gone, or the request took too long. Returns whether the router is to `abandon` the route.
  bool give_up() {
    awaits = awaiting::nothing;
    return std::exchange(is_routed, false);
  }

  /// How the request is booked that was answered in that way.
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

/// How a hop is booked that was redirected (`next`: what the router said to that), …
constexpr journal::hop_result result_of_redirect(routing::action const& next) {
  return next.kind == routing::action_kind::send ? journal::hop_result::redirected
                                                 : journal::hop_result::refused_redirect;
}
/// … and one that failed.
constexpr journal::hop_result result_of_failure(routing::sent how_much) {
  return how_much == routing::sent::nothing ? journal::hop_result::not_delivered : journal::hop_result::failed;
}

}
