#pragma once

#include <cstdint>
#include <type_traits>

/// What balancers, proxies and sols record during a run, and sim reads afterwards (and meanwhile).
///
/// All times are nanoseconds of CLOCK_MONOTONIC, which all processes of a machine share. Records are fixed-size,
/// written in place in a shared mapping, and so survive a kill of the process that wrote them.
namespace journal {

/// `Lab-Request`, the id that the load generator gave to a client request; 0 when there was none or it was unreadable.
using request_id = std::uint64_t;

/// One life of a proxy process: (proxy index << 48) | microseconds of its start. 0 is no incarnation.
using incarnation_id = std::uint64_t;

inline constexpr std::uint32_t no_character = 0xffffffffu;

enum class hop_outcome : std::uint8_t {
  received,     // arrived; the proxy has not decided yet (what a killed proxy leaves behind)
  served,       // this proxy holds the session, or no token was given; the answer is the application's
  redirected,   // X-Accel-Redirect to the owner
  unauthorized, // 401, unknown token
  unavailable,  // 503: owner unreachable, registry unreachable, draining for too long
  malformed,    // 400: the request did not parse
  aborted       // the balancer closed before the answer could be written
};

/// One request as one proxy saw it. Written with outcome `received` at arrival, completed before the answer's first
/// byte.
struct proxy_hop {
  std::int64_t received_ns;
  std::int64_t answered_ns; // when the outcome was written; 0 before
  request_id request;
  std::uint64_t epoch;        // the session's epoch under which it was served; 0 otherwise
  incarnation_id incarnation; // of this proxy: at the decision to serve, without one at arrival
  incarnation_id target;      // redirected: the owner; else 0
  std::uint32_t character;    // no_character without a valid token
  std::uint16_t status;       // HTTP status answered
  hop_outcome outcome;
  std::uint8_t method; // boost::beast::http::verb as integer
};

enum class sol_event_kind : std::uint8_t {
  registered, // a proxy incarnation announced itself
  granted,    // session of `character` created or moved: `incarnation` owns `epoch`
  released,   // session ended
  fenced,     // incarnation declared dead; all of its sessions end
  applied,    // a game-state request was applied (once per request id)
  duplicate,  // the same request id again; answered from the journal, not applied
  move_began, // draining of the old owner began
  move_done   // drained, and granted anew (the `granted` record precedes)
};

/// One event at a sol, in the order in which the sol decided. A restarted sol replays its own journal.
struct sol_event {
  std::int64_t at_ns;
  request_id request;         // applied, duplicate
  std::uint64_t epoch;        // granted, released, move_*
  incarnation_id incarnation; // registered, granted, released, fenced, move_began (old owner)
  std::uint32_t character;
  std::uint16_t sol; // index of the sol
  sol_event_kind kind;
  std::uint8_t method; // applied, duplicate: verb as integer
};

enum class balancer_event_kind : std::uint8_t {
  request, // a client request's head was accepted (counted as received); `detail` = balancer_detail
  hop      // a request was sent, or tried, to an upstream
};

enum class hop_kind : std::uint8_t { first, redirect, retry, own };

enum class hop_result : std::uint8_t {
  pending,          // no outcome yet
  answered,         // a final answer's head came back
  redirected,       // X-Accel came back and was followed
  refused_redirect, // X-Accel came back and was refused (unknown target, malformed, too many)
  not_delivered,    // the upstream cannot have seen it: connect failed, or no byte accepted by the kernel
  failed            // bytes were accepted, no usable answer came (reset, time-out, malformed answer)
};

/// What the balancer did with a client request itself.
enum class request_result : std::uint8_t {
  pending,
  forwarded,   // answered with an upstream's answer
  refused,     // answered by the balancer without any hop (400, 404 internal, 413, 414, 431 …)
  failed,      // answered by the balancer (502, 503, 504) after at least one hop
  client_gone, // the client went away before an answer's head could be written
  cached       // answered from the cache without any hop
};

/// One event at a balancer.
struct balancer_event {
  std::int64_t at_ns;
  request_id request;
  std::uint32_t upstream_address; // IPv4, host order (hop)
  std::uint16_t upstream_port;    // (hop)
  balancer_event_kind kind;
  hop_kind hop;           // (hop)
  hop_result result;      // (hop)
  request_result outcome; // (request)
  std::uint16_t status;   // (request) answered to the client
  std::uint8_t hit;       // (hop first/retry) 1: the token map chose the upstream
  std::uint8_t padding[3];
};

static_assert(sizeof(proxy_hop) == 56 && std::is_trivially_copyable_v<proxy_hop>);
static_assert(sizeof(sol_event) == 40 && std::is_trivially_copyable_v<sol_event>);
static_assert(sizeof(balancer_event) == 32 && std::is_trivially_copyable_v<balancer_event>);

}
