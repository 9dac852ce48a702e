#pragma once

#include "sim/engines/virtual/calendar.hpp"
#include "sim/load/stream.hpp"

#include <cstdint>

namespace sim::virtual_time {

/// The kinds of events, with what their `index` and `node` refer to.
enum class event_kind : std::uint8_t {
  // to a request; index: its request
  reaches_balancer,
  leaves_balancer, // a thread of the balancer is done with it
  reaches_proxy,
  service_ends,   // at a proxy with a queue in order of arrival
  answer_returns, // the proxy's answer is at the balancer
  hop_fails,      // the balancer learns that the proxy is gone
  wait_is_over,   // its patience for another's guess or fetch ends, unless that wait is over already
  reaches_client,
  connection_frees,   // index: a client's connection; its request was concluded before
  connection_refused, // the client learns that its balancer does not listen
  connection_lost,    // … or is gone
  connections_close,  // node: a balancer that has closed those that are idle
  // to the load
  timeouts_due, // some client may time out
  // to the cluster
  proxy_due,      // node: a proxy; index: its life
  message_at_sol, // index: the message
  message_at_proxy,
  probe_ends,   // node: who asked; index: the message
  link_retries, // node: proxy; index: sol
  link_opens,
  tick,
  process_starts, // index: the event that starts it
  process_quiet,  // node: proxy that leaves; index: its life
  // to the shared map
  command_at_redis, // index: the message
  redis_replies,
  redis_is_due, // to be tried, or to have answered; node: balancer; index: its life
  // to EVE clients; index: the client
  eve_connects,
  eve_login_due,
  eve_message_at_proxy,
  eve_message_at_client,
  eve_request_due,
  notification_due, // node: sol
  // to the run
  event_due,        // index: of the scenario's events
  partition_begins, // index: of the scenario's partitions
  look_at_event,    // whether what it waits for has come to pass
  look_at_thresholds,
};

inline constexpr std::uint32_t life_mask = 0xffffff;

/// One word, so that it is moved at once.
struct event {
  std::uint64_t word; // the kind, in 8 bits; of a request's event its life, in 24, of others the node; the index, in 32

  static event of(event_kind what, std::uint32_t life_or_node, std::uint32_t index) {
    return {static_cast<std::uint64_t>(what) << 56 | std::uint64_t{life_or_node} << 32 | index};
  }
  event_kind what() const { return static_cast<event_kind>(word >> 56); }
  /// The request's life: an event of an earlier one is void.
  std::uint32_t life() const { return static_cast<std::uint32_t>(word >> 32) & life_mask; }
  std::uint16_t node() const { return static_cast<std::uint16_t>(word >> 32); }
  std::uint32_t index() const { return static_cast<std::uint32_t>(word); }
};
static_assert(sizeof(event) == 8);

/// The clock of a run, its events to come, and the hash of its history.
struct scheduler {
  calendar<event> queue;
  std::int64_t now_ns = 0;
  std::uint64_t history = 0;

  void at(std::int64_t time_ns, event_kind what, std::uint32_t index, std::uint16_t node = 0) {
    queue.push(time_ns, event::of(what, node, index));
  }
  [[gnu::noinline]] void in(std::int64_t delay_ns, event_kind what, std::uint32_t index, std::uint16_t node = 0) {
    at(now_ns + delay_ns, what, index, node);
  }
  /// An event for a request in its present life.
  [[gnu::always_inline]] void to_request(std::int64_t time_ns, event_kind what, std::uint32_t index,
                                         std::uint32_t life) {
    queue.push(time_ns, event::of(what, life, index));
  }

  /// Adds a fact of the run to the hash of its history. The order of facts does not matter: a run that settles requests
  /// early has the same history as one that goes step by step.
  [[gnu::always_inline]] void note(std::int64_t time_ns, std::uint64_t fact, std::uint64_t more = 0) {
    history += load::mix(fact ^ load::mix(more ^ load::mix(static_cast<std::uint64_t>(time_ns))));
  }
};

}
