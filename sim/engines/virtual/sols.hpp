#pragma once

#include "base/memory/prefetch.hpp"
#include "fakeproxy/cluster/sol.hpp"
#include "fakeproxy/proxy/back_off.hpp"
#include "fakeproxy/proxy/notifications.hpp"
#include "sim/engines/virtual/network.hpp"
#include "sim/engines/virtual/run_context.hpp"
#include "sim/engines/virtual/run_kind.hpp"
#include "sim/engines/virtual/slot_pool.hpp"
#include "sim/load/stream.hpp"
#include "sim/scenario/scenario.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace sim::virtual_time {

class clients;
class proxies;

/// The sols, and the connections between them and the proxies. Messages of one connection do not overtake each other.
class sols {
public:
  sols(run_context& run, network& net, virtual_time::proxies& proxies, virtual_time::clients& clients);

  void start(std::size_t index);
  std::size_t count() const { return count_; }
  bool running(std::size_t index) const { return all_[index].state.has_value(); }
  fakeproxy::cluster::sol& at(std::size_t index) { return *all_[index].state; }

  // connections
  void connect(std::size_t proxy, std::uint32_t sol);
  void on_link_opens(std::size_t proxy, std::uint32_t sol);
  template<class Run>
  void send(std::size_t proxy, std::uint32_t sol, fakeproxy::cluster::message const& m);
  // A message arrives soon: prefetches what it is, or what it will need.
  void prefetch(std::uint32_t place) const { messages_.prefetch(place); }
  void prefetch_link(std::size_t proxy, std::uint32_t sol) const { memory::prefetch(&links_[proxy * count_ + sol]); }
  void expect_at_sol(std::uint32_t place) const;
  void expect_at_proxy(std::uint32_t place) const;
  void on_message_at_sol(std::uint32_t rpc_message);
  template<class Run>
  void on_message_at_proxy(std::uint32_t rpc_message);
  /// The connections across the partition end; they are made anew as soon as the network carries that.
  void break_links(sim::scenario::partition const& p);
  /// The proxy's process is gone.
  void proxy_gone(std::size_t proxy);

  /// Whether the registry granted this epoch, its last, to this incarnation. Also true while the sol is away.
  bool granted(std::uint32_t character, journal::incarnation_id to, std::uint64_t epoch) const;

  void tick();
  void kill(std::size_t index);
  /// What a sol wrote in its journal, in all its lives.
  std::vector<journal::sol_event> journal_of(std::size_t index) const;

  /// Moves to proxy `to`, or to another one at random. Results come in `moved`.
  void move(std::uint32_t character, std::optional<std::uint16_t> to);
  struct moves_done {
    std::uint64_t granted = 0, refused = 0;
  };
  moves_done const& moved() const { return moved_; }
  void perform(std::size_t index);

  // notifications
  void notify(double rate_rps);
  /// A restarted sol is told the rate again.
  void resume_notifications(std::size_t index);
  void on_notification_due(std::size_t index);
  /// The last number given to each character that was notified.
  std::map<std::uint32_t, std::uint64_t> notifications_sent() const;

private:
  struct link {
    fakeproxy::cluster::link_id id = 0; // 0: not connected
    fakeproxy::proxy::back_off tries;
    std::int64_t last_to_sol_ns = 0, last_to_proxy_ns = 0;
  };
  /// One cache line.
  struct alignas(64) rpc_message {
    fakeproxy::cluster::message what;
    fakeproxy::cluster::link_id link = 0;
  };
  struct sol_process {
    std::optional<fakeproxy::cluster::sol> state;
    fakeproxy::cluster::sol_actions actions;
    fakeproxy::proxy::notifications notifications;
    std::optional<std::int64_t> announced_ns; // the notification that an event was made for
    load::small_stream random;
  };

  link& link_of(std::size_t proxy, std::uint32_t sol) { return links_[proxy * count_ + sol]; }
  std::uint32_t put(fakeproxy::cluster::message const& m, fakeproxy::cluster::link_id over) {
    std::uint32_t const place = messages_.put();
    rpc_message& under_way = messages_.at(place);
    under_way.what = m;
    under_way.link = over;
    return place;
  }
  void retry(std::size_t proxy, std::uint32_t sol);
  void disconnect(std::size_t proxy, std::uint32_t sol);
  void arm_notifications(std::size_t index);
  void write_down(std::vector<journal::sol_event> const& events);
  void count(journal::sol_event const& event, journal::sol_event_kind next);

  run_context& run_;
  network& net_;
  virtual_time::proxies& proxies_;
  virtual_time::clients& clients_;
  std::size_t count_;
  std::vector<sol_process> all_;
  std::vector<link> links_;                                   // [proxy][sol]
  std::vector<std::pair<std::uint16_t, std::uint16_t>> ends_; // of each link id: proxy and sol
  slot_pool<rpc_message> messages_;
  std::int64_t rpc_delay_ns_;
  bool keeps_journals_; // counted runs need them for restarts and moves only
  double notification_rate_rps_ = 0;
  moves_done moved_;
};

}
