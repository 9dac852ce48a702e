#pragma once

#include "base/randomness/distribution.hpp"
#include "sim/engines/virtual/balancers.hpp"
#include "sim/engines/virtual/caches.hpp"
#include "sim/engines/virtual/clients.hpp"
#include "sim/engines/virtual/eve.hpp"
#include "sim/engines/virtual/http_exchanges.hpp"
#include "sim/engines/virtual/partitions.hpp"
#include "sim/engines/virtual/proxies.hpp"
#include "sim/engines/virtual/recorder.hpp"
#include "sim/engines/virtual/scheduler.hpp"
#include "sim/engines/virtual/shared_maps.hpp"
#include "sim/engines/virtual/sols.hpp"
#include "sim/engines/virtual/timeline.hpp"
#include "sim/engines/virtual/work_meter.hpp"
#include "sim/load/plan.hpp"
#include "sim/scenario/scenario.hpp"

#include <cstdint>
#include <memory>
#include <string_view>

namespace sim::virtual_time {

/// A random stream of eight bytes for one component of a run.
load::small_stream small_stream_of(std::uint64_t seed, std::string_view name, std::uint64_t number = 0);

/// Delays of messages between two kinds of places.
class wire {
public:
  wire(scenario::service_time const& delay, scenario::virtual_settings const& settings, std::uint64_t seed,
       std::string_view name)
    : delay_(delay)
    , loss_(settings.loss)
    , retransmit_ns_(settings.retransmit.count())
    , random_(small_stream_of(seed, name)) {}

  /// Of the next message, ns.
  std::int64_t operator()() { return of(random_()); }
  /// Of the message that 64 uniform bits draw, ns.
  std::int64_t of(std::uint64_t bits) const {
    std::int64_t const time = delay_.of(bits);
    return loss_ > 0 ? time + sent_again_ns(bits) : time;
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
  std::int64_t retransmit_ns_;
  load::small_stream random_;
};

/// One run: its clock, its parts, and its records. The parts reach each other through it.
struct world {
  world(scenario::scenario const& s, load::plan const& p, std::unique_ptr<routers> decisions, bool full, bool early);
  world(world const&) = delete;
  world& operator=(world const&) = delete;

  scenario::scenario const& scenario;
  load::plan const& plan;
  bool full_detail; // else requests are counted, not recorded
  /// Nothing in the scenario interferes with a request that a proxy serves, or whose answer has left its balancer: what
  /// becomes of it is settled at once, without an event for each step.
  bool settles_early;
  scheduler time;
  virtual_time::request_states requests;
  recorder record;
  std::int64_t start_ns = 0; // of the load; 0 before
  wire client_wire, proxy_wire, rpc_wire, redis_wire;
  virtual_time::partitions partitions;
  virtual_time::sols sols;
  virtual_time::proxies proxies;
  virtual_time::caches caches; // this and the next outlive the cache's transactions, which exchanges hold
  virtual_time::balancers balancers;
  virtual_time::http_exchanges exchanges;
  virtual_time::shared_maps shared_maps;
  virtual_time::clients clients;
  eve_clients eve;
  virtual_time::timeline timeline;
  work_meter work;

  std::int64_t now() const { return time.now_ns; }

  // When a message arrives, ns: between the request's client and its balancer, sent now …
  [[gnu::always_inline]] std::int64_t client_arrival(request_state const& f, purpose way) const {
    std::int64_t const free = now() + client_wire.of(f.bits(way));
    return partitions.none() ? free : free + hold(sim::scenario::partition::side::clients, 0, f.balancer, now());
  }
  /// … between its balancer and the proxy that it asks …
  [[gnu::always_inline]] std::int64_t proxy_arrival(request_state const& f, purpose way, std::int64_t sent_ns) const {
    std::int64_t const free = sent_ns + proxy_wire.of(f.bits(way));
    return partitions.none() ? free
                             : free + hold(sim::scenario::partition::side::balancer, f.balancer, f.proxy, sent_ns);
  }
  /// … and between a proxy and a sol, sent now.
  std::int64_t rpc_arrival(std::size_t proxy, std::size_t sol) {
    std::int64_t const free = now() + rpc_wire();
    return partitions.none() ? free : free + hold(sim::scenario::partition::side::proxy, proxy, sol, now());
  }

private:
  [[gnu::noinline]] std::int64_t hold(sim::scenario::partition::side from, std::size_t a, std::size_t b,
                                      std::int64_t sent_ns) const {
    return start_ns == 0 ? 0 : partitions.hold_ns(from, a, b, sent_ns - start_ns);
  }
};

}
