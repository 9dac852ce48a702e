#pragma once

#include "sim/load/plan.hpp"
#include "sim/scenario/scenario.hpp"
#include "sim/virtual/agenda.hpp"
#include "sim/virtual/balancers.hpp"
#include "sim/virtual/clients.hpp"
#include "sim/virtual/eve.hpp"
#include "sim/virtual/law.hpp"
#include "sim/virtual/partitions.hpp"
#include "sim/virtual/proxies.hpp"
#include "sim/virtual/recorder.hpp"
#include "sim/virtual/sols.hpp"
#include "sim/virtual/timeline.hpp"
#include "sim/virtual/work_meter.hpp"

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

  /// Of one message, ns.
  std::int64_t operator()() {
    std::int64_t time = delay_(random_);
    if (loss_ > 0)
      while (load::uniform_real(random_) < loss_) time += retransmit_ns_;
    return time;
  }

private:
  law delay_;
  double loss_;
  std::int64_t retransmit_ns_;
  load::small_stream random_;
};

/// One run: its clock, its parts, and what is taken down. The parts know each other through it.
struct world {
  world(scenario::scenario const& s, load::plan const& p, std::unique_ptr<desks> decisions, bool full);
  world(world const&) = delete;
  world& operator=(world const&) = delete;

  scenario::scenario const& scenario;
  load::plan const& plan;
  bool full_detail; // else requests are counted, not recorded
  agenda time;
  virtual_time::flights flights;
  recorder record;
  std::int64_t start_ns = 0; // of the load; 0 before
  wire client_wire, proxy_wire, rpc_wire;
  virtual_time::partitions partitions;
  virtual_time::sols sols;
  virtual_time::proxies proxies;
  virtual_time::balancers balancers;
  virtual_time::clients clients;
  eve_clients eve;
  virtual_time::timeline timeline;
  work_meter work;

  std::int64_t now() const { return time.now_ns; }

  // When a message arrives that is sent now over a wire, ns.
  std::int64_t client_arrival(std::size_t balancer) {
    return now() + client_wire() + hold(sim::scenario::partition::side::clients, 0, balancer);
  }
  std::int64_t proxy_arrival(std::size_t balancer, std::size_t proxy) {
    return now() + proxy_wire() + hold(sim::scenario::partition::side::balancer, balancer, proxy);
  }
  std::int64_t rpc_arrival(std::size_t proxy, std::size_t sol) {
    return now() + rpc_wire() + hold(sim::scenario::partition::side::proxy, proxy, sol);
  }

private:
  std::int64_t hold(sim::scenario::partition::side from, std::size_t a, std::size_t b) const {
    return partitions.none() || start_ns == 0 ? 0 : partitions.hold_ns(from, a, b, now() - start_ns);
  }
};

}
