#pragma once

#include "base/randomness/distribution.hpp"
#include "fakeproxy/proxy/servers.hpp"
#include "gateway/cache/shared_cache.hpp"
#include "gateway/exchange/course.hpp"
#include "gateway/exchange/sleepers.hpp"
#include "gateway/routing/route.hpp"
#include "sim/engines/virtual/network.hpp"
#include "sim/engines/virtual/request_state.hpp"
#include "sim/engines/virtual/routers.hpp"
#include "sim/engines/virtual/run_context.hpp"
#include "sim/engines/virtual/run_kind.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sim::virtual_time {

class caches;
class clients;
class http_exchanges;
class proxies;
class shared_maps;

/// Drives the balancers: carries requests between clients and proxies as each request's course and `routers` decide.
class balancers {
public:
  balancers(run_context& run, network& net, virtual_time::proxies& proxies, virtual_time::caches& caches,
            virtual_time::http_exchanges& exchanges, virtual_time::shared_maps& shared_maps,
            virtual_time::clients& clients, std::unique_ptr<routers> decisions);

  /// Starts number `index` of scenario::balancers_of. Returns how many tokens it knows from an earlier life; nullopt:
  /// nothing was kept of one.
  std::optional<std::uint64_t> start(std::size_t index);
  bool listening(std::size_t index) const { return all_[index].listening; }

  /// The request, or the answer to its hop, is about to arrive: prefetches what it will need.
  void prefetch(request_state const& f) const {
    if (dense_) dense_->prefetch(f.balancer, f.id, f.token, gateway::routing::upstream_id{f.hop.proxy});
  }
  /// A request with `token` will arrive soon.
  template<class Run>
  void expect(std::size_t index, token_id token) const {
    return !Run::other_keys || dense_ ? dense_->prefetch(index, token) : decisions_->prefetch(index, token);
  }
  template<class Run>
  void on_request(request_state& f);
  void on_worked(request_state& f);
  /// The proxy's answer will be here at `at_ns`. An answer that tells the balancer nothing new is passed on at once,
  /// without an event: perhaps the request is over.
  template<class Run>
  void expect_answer(request_state& f, std::int64_t at_ns);
  template<class Run>
  void on_answer(request_state& f);
  void on_hop_failed(request_state& f);
  /// The shared map's answer for the request's token.
  void on_shared(request_state& f, gateway::routing::shared_facts const& found);
  /// The shared map has lost what it was told.
  void share_anew(std::size_t index) { decisions_->share_anew(index); }
  /// The request's wait may have timed out.
  void on_patience_end(request_state& f);
  /// Those who waited go on once the present event has been handled. `how`: the outcome, if they waited for a fetch.
  void wake(std::vector<sleeper> const& those, gateway::exchange::awaiting what, gateway::cache::fetch_outcome how);
  /// The client no longer waits.
  void on_client_gone(request_state& f);

  /// SIGKILL: the requests that it was handling are lost.
  void kill(std::size_t index);
  /// Copies the counters of all running balancers' routers into the records.
  void read_counters();
  /// It has drained: its map is there for its next life, if it has a token_map_file.
  void keep_map(std::size_t index);
  /// SIGTERM: accepts nothing new.
  void stop_listening(std::size_t index) { all_[index].listening = false; }
  /// SIGHUP: map, cache and requests stay; idle connections to proxies are closed.
  void reload(std::size_t index);
  bool idle(std::size_t index) const { return all_[index].in_hand == 0; }

private:
  struct balancer {
    bool listening = false;
    std::int64_t started_ns = 0; // of its present life
    std::uint32_t in_hand = 0;   // requests that it is handling; not counted in plain runs
    fakeproxy::proxy::fifo_servers threads{1};
    load::small_stream random;
    router_options settings;
    bool knows_all = false; // its map has room for all tokens
    bool keeps_map = false;
    std::optional<gateway::cache::cache_settings> cache;
    std::optional<scenario::shared_map_settings> shared_map;
    gateway::exchange::sleepers<token_id, sleeper, dense_keys::hash> guessers; // requests that wait for another's guess
  };
  struct woken {
    sleeper who;
    gateway::exchange::awaiting from;
    gateway::cache::fetch_outcome how;
  };

  template<class Run>
  void work(request_state& f);
  void occupy_thread(request_state& f);
  template<class Run>
  void worked(request_state& f);
  template<class Run>
  void begin(request_state& f);
  void begin_exchange(request_state& f);
  template<class Run = any_run>
  void perform(request_state& f, gateway::routing::action const& next);
  template<class Run>
  void tell_others(request_state const& f, gateway::routing::action const& next);
  void go_on(request_state& f, gateway::exchange::step next, gateway::routing::action const& how = {});
  template<class Run>
  void route(request_state& f);
  template<class Run>
  void send(request_state& f, gateway::routing::action const& next);
  template<class Run>
  void on_hop_over(request_state& f);
  void on_failed_hop(request_state& f);
  void drop_answer(request_state& f);
  gateway::exchange::step show_answer(request_state& f);
  template<class Run>
  void finish(request_state& f);
  void serve_stored(request_state& f);
  void begin_refresh(request_state const& served);
  void respond(request_state& f, gateway::exchange::step how, std::uint16_t status);
  template<class Run = any_run>
  void to_client(request_state& f, gateway::exchange::step answered);
  void let_go(request_state& f);
  void be_patient(request_state& f, std::int64_t time_ns);
  void wait_for_guess(request_state& f);
  void wake_guessers(request_state const& f);
  void look_again() {
    if (!woken_.empty()) wake_them();
  }
  /// Asks the routers; those that runs use, as a rule, without a virtual call.
  template<class Run, class Question>
  [[gnu::always_inline]] auto ask(Question question) {
    return !Run::other_keys || dense_ ? question(*dense_) : question(*decisions_);
  }
  void wake_them();
  gateway::cache::transaction* cached(request_state const& f);
  static gateway::routing::sent how_much_was_sent(request_state const& f);
  bool takes_ahead(request_state& f, std::int64_t at_ns);
  template<class Run>
  bool has_company(request_state const& f) const;
  bool finds_company(request_state const& f) const;

  run_context& run_;
  network& net_;
  virtual_time::proxies& proxies_;
  virtual_time::caches& caches_;
  virtual_time::http_exchanges& exchanges_;
  virtual_time::shared_maps& shared_maps_;
  virtual_time::clients& clients_;
  std::unique_ptr<routers> decisions_;
  dense_routers* dense_; // the same, if they are of this kind
  std::vector<balancer> all_;
  randomness::time_sampler work_;
  std::deque<woken> woken_;
  bool looking_ = false;            // look_again is going through woken_
  std::string head_text_, content_; // reused
};

}
