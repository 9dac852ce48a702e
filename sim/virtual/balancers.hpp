#pragma once

#include "base/random/distribution.hpp"
#include "fakeproxy/proxy/servers.hpp"
#include "gateway/cache/shared_cache.hpp"
#include "gateway/routing/route.hpp"
#include "sim/virtual/desks.hpp"
#include "sim/virtual/flight.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sim::virtual_time {

struct world;

/// The balancers' shells: they carry requests between clients and proxies as `desks` decides.
class balancers {
public:
  balancers(world& w, std::unique_ptr<desks> decisions);

  /// Starts number `index` of scenario::balancers_of.
  void start(std::size_t index);
  bool listening(std::size_t index) const { return all_[index].listening; }

  /// A request of `token` will be there soon.
  void expect(std::size_t index, token_id token) const { decisions_->prefetch(index, token); }
  void on_request(flight_id id);
  void on_worked(flight_id id);
  void on_answer(flight_id id);
  void on_hop_failed(flight_id id);
  /// What the shared map says of its token; no_upstream: nothing, or nothing in time.
  void on_shared(flight_id id, gateway::routing::upstream_id found);
  /// The shared map has lost what it was told.
  void share_anew(std::size_t index) { decisions_->share_anew(index); }
  /// It has waited for another's fetch long enough.
  void on_fetch_late(flight_id id);
  /// The client does not wait any more.
  void on_client_gone(flight_id id);

  /// SIGKILL: what it had in hand is lost.
  void kill(std::size_t index);
  /// Puts what the routers of the balancers that run have counted into the records.
  void read_counters();
  /// SIGTERM: takes nothing new.
  void stop_listening(std::size_t index) { all_[index].listening = false; }
  bool idle(std::size_t index) const { return all_[index].in_hand == 0; }

private:
  struct balancer {
    bool listening = false;
    std::int64_t started_ns = 0; // this life of it
    std::uint32_t in_hand = 0;   // requests
    fakeproxy::proxy::fifo_servers threads{1};
    load::small_stream random;
    desk_settings settings;
    std::optional<gateway::cache::cache_settings> cache;
    std::optional<scenario::shared_map_settings> shared_map;
  };

  void work(flight_id id);
  void route(flight_id id);
  void go_on(flight_id id);
  void consult_cache(flight_id id, bool may_wait);
  void serve_stored(flight_id id, bool confirmed);
  void begin_refresh(flight_id served);
  void look_again();
  void finish(flight_id id);
  bool has_company(flight_id id) const;
  void perform(flight_id id, gateway::routing::action const& next);
  void to_client(flight_id id, journal::request_result result);
  void let_go(flight_id id);

  world& w_;
  std::unique_ptr<desks> decisions_;
  std::vector<balancer> all_;
  base::random::time_sampler work_;
  bool looking_ = false;            // goes through those that were woken
  std::string head_text_, content_; // reused
};

}
