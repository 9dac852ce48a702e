#pragma once

#include "base/randomness/distribution.hpp"
#include "sim/engines/virtual/partitions.hpp"
#include "sim/engines/virtual/run_context.hpp"
#include "sim/engines/virtual/run_kind.hpp"

#include <cstdint>
#include <string_view>

namespace sim::virtual_time {

/// Delays of messages between two kinds of places.
class wire {
public:
  wire(scenario::service_time const& delay, scenario::virtual_settings const& settings, std::uint64_t seed,
       std::string_view name)
    : delay_(delay)
    , loss_(settings.loss)
    , loses_(settings.loss > 0)
    , retransmit_ns_(settings.retransmit.count())
    , random_(small_stream_of(seed, name)) {}

  void share_table(wire const& other) { delay_.share_table(other.delay_); }

  /// Of the next message, ns.
  std::int64_t operator()() { return of<any_run>(random_()); }
  /// Of the message that 64 uniform bits draw, ns.
  template<class Run>
  [[gnu::always_inline]] std::int64_t of(std::uint64_t bits) const {
    std::int64_t const time = delay_.of(bits);
    return Run::disturbances && loses_ ? time + sent_again_ns(bits) : time;
  }

private:
  [[gnu::noinline]] std::int64_t sent_again_ns(std::uint64_t bits) const {
    load::small_stream random(bits);
    std::int64_t time = 0;
    while (load::uniform_real(random) < loss_) time += retransmit_ns_;
    return time;
  }

  randomness::time_sampler delay_;
  double loss_;
  bool loses_;
  std::int64_t retransmit_ns_;
  load::small_stream random_;
};

/// How long messages take between the places of a run, and which partitions hold them up.
class network {
public:
  explicit network(run_context& run)
    : client_wire(run.scenario.simulated.client_delay, run.scenario.simulated, run.scenario.seed, "client wire")
    , proxy_wire(run.scenario.simulated.proxy_delay, run.scenario.simulated, run.scenario.seed, "proxy wire")
    , rpc_wire(run.scenario.simulated.rpc_delay, run.scenario.simulated, run.scenario.seed, "rpc wire")
    , redis_wire(run.scenario.simulated.redis_delay, run.scenario.simulated, run.scenario.seed, "redis wire")
    , run_(run)
    , partitions_(run.scenario.partitions)
    , parted_(!partitions_.none()) {
    for (wire* const one : {&proxy_wire, &rpc_wire, &redis_wire})
      for (wire const* const other : {&client_wire, &proxy_wire, &rpc_wire}) one->share_table(*other);
  }

  // When a message arrives, ns: between the request's client and its balancer, sent now …
  template<class Run = any_run>
  [[gnu::always_inline]] std::int64_t client_arrival(request_state const& f, purpose way) const {
    std::int64_t const free = run_.now() + client_wire.of<Run>(f.bits(way));
    return Run::disturbances && parted_ ? free + hold(scenario::partition::side::clients, 0, f.balancer, run_.now())
                                        : free;
  }
  /// … between its balancer and the proxy that it asks …
  template<class Run = any_run>
  [[gnu::always_inline]] std::int64_t proxy_arrival(request_state const& f, purpose way, std::int64_t sent_ns) const {
    std::int64_t const free = sent_ns + proxy_wire.of<Run>(f.bits(way));
    return Run::disturbances && parted_
               ? free + hold(scenario::partition::side::balancer, f.balancer, f.hop.proxy, sent_ns)
               : free;
  }
  /// … and between a proxy and a sol, sent now.
  std::int64_t rpc_arrival(std::size_t proxy, std::size_t sol) {
    std::int64_t const free = run_.now() + rpc_wire();
    return parted_ ? free + hold(scenario::partition::side::proxy, proxy, sol, run_.now()) : free;
  }

  wire client_wire, proxy_wire, rpc_wire, redis_wire;

private:
  [[gnu::noinline]] std::int64_t hold(scenario::partition::side from, std::size_t a, std::size_t b,
                                      std::int64_t sent_ns) const {
    return run_.start_ns == 0 ? 0 : partitions_.hold_ns(from, a, b, sent_ns - run_.start_ns);
  }

  run_context& run_;
  partitions partitions_;
  bool parted_; // there are partitions
};

}
