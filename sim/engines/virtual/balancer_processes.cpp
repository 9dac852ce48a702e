#include "sim/actors/gateway_settings.hpp"
#include "sim/engines/virtual/balancers.hpp"
#include "sim/engines/virtual/caches.hpp"
#include "sim/engines/virtual/proxies.hpp"
#include "sim/engines/virtual/shared_maps.hpp"
#include "sim/theory/expect.hpp"

#include <algorithm>
#include <utility>

namespace sim::virtual_time {

using gateway::exchange::awaiting;

namespace {

router_options options_of(scenario::balancer_group const& group, actors::gateway_settings const& as,
                          scenario::scenario const& s) {
  router_options settings{as.routing, as.guess, std::nullopt, s.topology.proxies.count};
  if (as.token_map_bytes) settings.map_entries = theory::map_entries(group, s.population.token_bytes);
  // If tokens never change there are as many as characters (junk tokens are not learnt): a map needs no more room.
  if (settings.map_entries && s.population.token_rotation_rps == 0)
    settings.map_entries = std::min<std::uint64_t>(*settings.map_entries, s.population.characters);
  return settings;
}

}

balancers::balancers(run_context& run, network& net, virtual_time::proxies& proxies, virtual_time::caches& caches,
                     virtual_time::http_exchanges& exchanges, virtual_time::shared_maps& shared_maps,
                     virtual_time::clients& clients, std::unique_ptr<routers> decisions)
  : run_(run)
  , net_(net)
  , proxies_(proxies)
  , caches_(caches)
  , exchanges_(exchanges)
  , shared_maps_(shared_maps)
  , clients_(clients)
  , decisions_(std::move(decisions))
  , dense_(dynamic_cast<dense_routers*>(decisions_.get()))
  , work_(run.scenario.simulated.balancer_time) {
  decisions_->watch(run.record);
  for (scenario::balancer_identity const& identity : scenario::balancers_of(run.scenario)) {
    balancer b;
    actors::gateway_settings const as = actors::settings_of(*identity.settings);
    b.threads = fakeproxy::proxy::fifo_servers(as.threads);
    b.random = small_stream_of(run.scenario.seed, "balancer", all_.size());
    b.settings = options_of(*identity.settings, as, run.scenario);
    b.knows_all = b.settings.map_entries && *b.settings.map_entries >= run.scenario.population.characters;
    b.keeps_map = as.keeps_map;
    b.cache = as.cache;
    b.shared_map = as.shared_map;
    all_.push_back(std::move(b));
    records::balancer_records records;
    records.name = identity.name;
    records.has_journal = true;
    run.record.records.balancers.push_back(std::move(records));
  }
}

std::optional<std::uint64_t> balancers::start(std::size_t index) {
  auto const restored = decisions_->open(index, all_[index].settings, run_.now());
  if (!restored) run_.record.restarted(index);
  caches_.open(index, all_[index].cache);
  shared_maps_.open(index, all_[index].shared_map);
  all_[index].listening = true;
  all_[index].started_ns = run_.now();
  return restored;
}

void balancers::keep_map(std::size_t index) {
  if (all_[index].keeps_map) decisions_->keep(index);
}

void balancers::read_counters() {
  for (std::size_t i = 0; i < all_.size(); ++i) {
    if (!all_[i].listening) continue;
    gateway::routing::router_counters const& c = decisions_->counters(i);
    records::balancer_records& book = run_.record.records.balancers[i];
    book.counters = {{"requests_total", c.requests},
                     {"guesses_total", c.guesses},
                     {"guess_hits_total", c.guess_hits},
                     {"map_hits_total", c.map_hits},
                     {"stale_hits_total", c.stale_hits},
                     {"redirects_total", c.redirects},
                     {"retries_total", c.retries},
                     {"learnt_total", c.learnt},
                     {"restored_total", c.restored},
                     {"evicted_total", c.evicted},
                     {"redirects_refused_limit_total", c.redirects_refused()}};
    book.counting_since_ns = all_[i].started_ns;
    book.counters_read_ns = run_.now();
  }
}

void balancers::reload(std::size_t index) { proxies_.close_idle_connections_of(index); }

void balancers::kill(std::size_t index) {
  balancer& b = all_[index];
  b.listening = false;
  b.in_hand = 0;
  b.threads.clear();
  b.guessers.clear();
  proxies_.close_idle_connections_of(index);
  caches_.close(index);
  shared_maps_.close(index);
  run_.requests.for_each([&](request_state& f) {
    bool const inside = f.carried && !f.abandoned && f.where != request_state::place::to_balancer;
    if (!inside || f.balancer != index) return;
    f.abandoned = true;
    bool const waited = f.course.awaits != awaiting::nothing; // nothing else will come back for it
    f.course.give_up();
    if (f.client.waits)
      run_.time.to_request(net_.client_arrival(f, purpose::way_back), event_kind::connection_lost, f.id, f.life);
    if (waited) let_go(f);
  });
}

}
