#pragma once

#include "sim/engines/virtual/calendar.hpp"
#include "sim/load/stream.hpp"

#include <cstdint>

namespace sim::virtual_time {

/// What can happen at a time.
enum class event_kind : std::uint8_t {
  // to a request; index: its request
  reaches_balancer,
  leaves_balancer, // a thread of the balancer is done with it
  reaches_proxy,
  service_ends,   // at a proxy with a queue in order of arrival
  answer_returns, // the proxy's answer is at the balancer
  hop_fails,      // the balancer learns that the proxy is gone
  wait_is_over,   // for another's guess, or another's fetch for the cache, unless it is over already
  reaches_client,
  connection_frees,   // index: of a client; the request itself was concluded before
  connection_refused, // the client learns that its balancer does not listen
  connection_lost,    // … or is gone
  connections_close,  // node: a balancer that has closed those that are idle
  // to the load
  timeouts_due, // some client's patience may be over
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

struct event {
  event_kind what;
  std::uint8_t life_high;
  std::uint16_t node; // to a request: the low bits of its request's life
  std::uint32_t index;

  /// Of the request: an event of an earlier life is void.
  std::uint32_t life() const { return std::uint32_t{life_high} << 16 | node; }
};
inline constexpr std::uint32_t life_mask = 0xffffff;
static_assert(sizeof(event) == 8);

/// The clock of a run, what is to come, and the hash of what came.
struct scheduler {
  calendar<event> queue;
  std::int64_t now_ns = 0;
  std::uint64_t history = 0;

  void at(std::int64_t time_ns, event_kind what, std::uint32_t index, std::uint16_t node = 0) {
    queue.push(time_ns, {what, 0, node, index});
  }
  void in(std::int64_t delay_ns, event_kind what, std::uint32_t index, std::uint16_t node = 0) {
    at(now_ns + delay_ns, what, index, node);
  }
  /// Something that happens to a request in its present life.
  void to_request(std::int64_t time_ns, event_kind what, std::uint32_t index, std::uint32_t life) {
    queue.push(time_ns, {what, static_cast<std::uint8_t>(life >> 16), static_cast<std::uint16_t>(life), index});
  }

  /// Takes a fact of the run into the hash of its history. Facts may come in any order: what is settled early has the
  /// same history as what is gone through step by step.
  void note(std::int64_t time_ns, std::uint64_t fact, std::uint64_t more = 0) {
    history += load::mix(fact ^ load::mix(more ^ load::mix(static_cast<std::uint64_t>(time_ns))));
  }
};

}
