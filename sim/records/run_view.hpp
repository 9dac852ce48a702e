#pragma once

#include "sim/records/records.hpp"
#include "sim/scenario/scenario.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace sim::records {

/// What is known of one balancer besides its records.
struct balancer_facts {
  std::string name;
  std::string kind;                                // "gateway", "nginx", …
  scenario::balancer_group const* group = nullptr; // of the scenario; null when the scenario does not know the name
  std::size_t group_key = 0;                       // equal for balancers that the scenario has as one
  std::string group_name = {};                     // as labels have it; empty when the scenario does not know the name
  bool map = false;                                // remembers token -> proxy
  bool map_known = false;                          // its rules of learning are known to us
  bool forgets_on_silence = false;                 // an answer without X-Backend erases the entry (the article's Lua)
  bool journal = false;
  std::vector<log_message> log = {}; // as its records have it
  std::optional<std::vector<std::string>> retries_on = {};
};

/// The facts of each balancer that has records, as the scenario has them.
std::vector<balancer_facts> know_balancers(scenario::scenario const& s, std::vector<balancer_records> const& records);

struct event_reference {
  std::uint16_t balancer;
  std::uint32_t index; // in balancers[balancer].events
};

/// A node was killed or restarted: from `began_ns` on, whatever it did before is lost.
struct fault {
  std::string node;
  std::int64_t began_ns, done_ns;
  bool restarted;        // came back
  bool map_kept = false; // a balancer, with the map that it had
};

/// Kills and restarts that happened, by time.
std::vector<fault> faults_of(run_records const& r);

inline constexpr std::uint16_t no_proxy = 0xffff;
inline constexpr std::uint32_t no_index = 0xffffffffu;

/// The records of a run joined by request id: for each client request its hops (as proxies saw them) and its events (as
/// its balancers noted them), each in time order. Holds references to the scenario and the records, which must outlive
/// it. Immutable after construction.
class run_view {
public:
  run_view(scenario::scenario const& s, run_records const& r);

  scenario::scenario const& scenario() const { return scenario_; }
  run_records const& records() const { return records_; }
  std::size_t size() const { return records_.clients.size(); }
  client_record const& client(std::size_t i) const { return records_.clients[i]; }

  /// Whether slot `i` holds a request that was sent (a slot whose `request` is 0 was never used).
  bool issued(std::size_t i) const { return records_.clients[i].request != 0; }

  /// Whether slot `i` is part of the load: probes of the closed door are in the books, but in no metric.
  bool is_load(std::size_t i) const { return issued(i) && records_.clients[i].probe == probe_kind::none; }

  /// Whether metrics are about slot `i`: it is load, and the warm-up was over when it was due.
  bool is_counted(std::size_t i) const {
    return is_load(i) &&
           (records_.warm_up_ns <= 0 || records_.clients[i].intended_ns >= records_.start_ns + records_.warm_up_ns);
  }

  /// Whether slot `i` carried a token of ours to a balancer: what a map can know is judged by these.
  bool shows_token(std::size_t i) const {
    return issued(i) && client(i).kind == token_kind::own && client(i).sent_ns != 0;
  }

  /// Indices into records().hops, by arrival.
  std::span<std::uint32_t const> hops(std::size_t i) const { return slice(hop_begin_, hop_order_, i); }
  located_hop const& hop(std::uint32_t index) const { return records_.hops[index]; }
  /// Events of balancers about request `i`, by time.
  std::span<event_reference const> events(std::size_t i) const { return slice(event_begin_, event_order_, i); }
  journal::balancer_event const& event(event_reference e) const {
    return records_.balancers[e.balancer].events[e.index];
  }

  /// Hops and events whose request id is no client request's (0: none, or unreadable).
  std::vector<std::uint32_t> const& stray_hops() const { return stray_hops_; }
  std::vector<event_reference> const& stray_events() const { return stray_events_; }

  /// Slot of a request id, `no_index` when no client sent it.
  std::uint32_t slot(journal::request_id id) const;

  std::vector<balancer_facts> const& balancers() const { return balancers_; }
  /// The balancer's name, "?" for `no_balancer`.
  std::string const& balancer_name(std::uint16_t index) const;

  /// Index of the proxy that listens at an address, `no_proxy` when unknown.
  std::uint16_t proxy_at(std::uint32_t address, std::uint16_t port) const;

  /// Kills and restarts that happened, by time.
  std::vector<fault> const& faults() const { return faults_; }
  bool had_fault(std::string const& node) const;
  bool proxy_had_fault(std::uint16_t proxy) const; // any proxy, for `no_proxy`
  /// Whether links of the sol were lost before `at_ns`, as far as the time line tells: it died, or was parted.
  bool link_lost(std::uint16_t sol, std::int64_t at_ns) const;

private:
  template<class T>
  static std::span<T const> slice(std::vector<std::uint32_t> const& begin, std::vector<T> const& order, std::size_t i) {
    return std::span<T const>(order).subspan(begin[i], begin[i + 1] - begin[i]);
  }
  void join_hops();
  void join_events();

  scenario::scenario const& scenario_;
  run_records const& records_;
  std::vector<balancer_facts> balancers_;
  std::vector<std::uint32_t> hop_begin_, hop_order_, event_begin_, stray_hops_;
  std::vector<event_reference> event_order_, stray_events_;
  std::vector<fault> faults_;
};

/// "POST /a%20b"
std::string request_line(run_view const& v, client_record const& c);

/// "request 17 at nginx[0], POST /a%20b"
std::string describe(run_view const& v, std::size_t i);

}
