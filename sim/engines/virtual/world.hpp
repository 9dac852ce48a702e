#pragma once

#include "sim/engines/virtual/balancers.hpp"
#include "sim/engines/virtual/caches.hpp"
#include "sim/engines/virtual/clients.hpp"
#include "sim/engines/virtual/eve.hpp"
#include "sim/engines/virtual/http_exchanges.hpp"
#include "sim/engines/virtual/network.hpp"
#include "sim/engines/virtual/proxies.hpp"
#include "sim/engines/virtual/run_context.hpp"
#include "sim/engines/virtual/shared_maps.hpp"
#include "sim/engines/virtual/sols.hpp"
#include "sim/engines/virtual/timeline.hpp"
#include "sim/engines/virtual/work_meter.hpp"

#include <memory>
#include <utility>

namespace sim::virtual_time {

/// The parts of a run, put together: who talks to whom.
struct world : run_context {
  world(scenario::scenario const& s, load::plan const& p, std::unique_ptr<routers> decisions, bool full, bool early)
    : run_context(s, p, full, early)
    , net(*this)
    , sols(*this, net, proxies, clients)
    , proxies(*this, net, sols, balancers, exchanges, eve)
    , caches(*this, balancers, exchanges)
    , balancers(*this, net, proxies, caches, exchanges, shared_maps, clients, std::move(decisions))
    , exchanges(*this)
    , shared_maps(*this, net, balancers)
    , clients(*this, net, balancers, exchanges, timeline, work)
    , eve(*this, net, sols, proxies)
    , timeline(*this, sols, proxies, balancers, shared_maps, clients)
    , work(*this, proxies) {}

  network net;
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
};

}
