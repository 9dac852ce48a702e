#pragma once

#include "sim/actors/connection_pool.hpp"
#include "sim/actors/load_driver.hpp"
#include "sim/engines/virtual/network.hpp"
#include "sim/engines/virtual/request_state.hpp"
#include "sim/engines/virtual/run_context.hpp"
#include "sim/engines/virtual/run_kind.hpp"
#include "sim/load/phase_clock.hpp"
#include "sim/load/plan.hpp"
#include "sim/records/records.hpp"

#include <boost/beast/http/verb.hpp>

#include <cstdint>
#include <optional>
#include <vector>

namespace sim::virtual_time {

class balancers;
class http_exchanges;
class timeline;
class work_meter;

/// The third-party applications: they issue the load as the live generator does, wait for answers, and time out.
class clients {
public:
  clients(run_context& run, network& net, virtual_time::balancers& balancers, virtual_time::http_exchanges& exchanges,
          virtual_time::timeline& timeline, virtual_time::work_meter& work);

  template<class Run>
  void begin();
  /// The load uses this balancer from now on.
  void add_balancer(std::size_t index);
  /// No more requests are issued.
  void stop_issuing() { load_.stop(); }

  /// When the next request is due; load_driver::never: not before another one is done.
  std::int64_t next_due() const { return load_.next_deadline(); }
  bool paced() const { return load_.paced(); }
  template<class Run>
  void issue_due();

  /// Whether connections are told apart, as in any run. A plain run only counts them, which is enough while none is
  /// short and no request late; from then on it is any run.
  bool tells_connections_apart() const { return apart_; }
  void tell_connections_apart();

  void on_timeouts_due();
  void on_answer(request_state& f);
  /// The request's balancer was not listening when it arrived.
  void on_refused(request_state& f);
  /// The request will get no answer.
  void on_failed(request_state& f, records::client_outcome what);
  /// The request's answer will arrive at `arrival_ns`. True: that is settled now, and the request is over.
  template<class Run>
  bool settle(request_state& f, std::int64_t arrival_ns);
  /// An answer that was settled early has arrived, and somebody waits for it.
  void on_connection_free(actors::connection_id connection);
  /// A balancer that ends closes its connections, and the clients learn of it.
  void on_balancer_ends(std::size_t index);
  void on_connections_closed(std::size_t index);

  bool finished() const { return in_flight_ == 0 && load_.exhausted(); }
  /// Requests that were due while all connections to their balancer were busy.
  std::uint64_t waited_for_connection() const { return pool_.waited(); }
  bool issued_all() const { return load_.issued_all(); }
  std::uint64_t started() const { return started_; }
  /// When the last answer that was settled early arrives.
  std::int64_t last_arrival_ns() const { return last_arrival_ns_; }
  /// The present phase.
  std::size_t phase() { return phases_.at(0, 0); }

private:
  template<class Run>
  void expect_drawn() const;
  template<class Run>
  void expect(load::planned_request const& request, load::balancer_chooser& chooser) const;
  template<class Run>
  void issue(load::planned_request const& request, std::int64_t intended_ns, std::uint32_t place);
  template<class Run>
  std::uint16_t choose_balancer(load::planned_request const& request);
  std::uint16_t choose_living(load::planned_request const& request, std::uint16_t chosen) const;
  template<class Run>
  void send(std::uint16_t balancer, request_state& f);
  template<class Run>
  void transmit(request_state& f);
  token_id token_of(load::planned_request const& request);
  /// An answer that was settled early: all that is left is that its connection is in use until `at_ns`.
  struct arrival {
    std::int64_t at_ns;
    std::uint32_t character; // nobody: its token is not the character's
    union {
      actors::connection_id connection;
      std::uint32_t balancer; // … to this one, while they are only counted
    };
  };
  void conclude(request_state& f, records::client_outcome outcome);
  void free(actors::connection_id connection, std::uint32_t character);
  template<class Run>
  void write_down(request_state& f, records::client_outcome outcome, std::int64_t at_ns);
  template<class Run>
  bool takes(arrival const& a);
  template<class Run>
  void take_arrived();
  template<class Run>
  void take_arrived_of(std::uint32_t character);
  void wait_for_connection(std::uint16_t balancer, request_state& f);
  template<class Run>
  bool has_room(std::uint16_t chosen, request_state const& f) const;
  std::int64_t oldest_deadline() const;
  void arm_timeouts(std::int64_t deadline_ns);

  run_context& run_;
  network& net_;
  virtual_time::balancers& balancers_;
  virtual_time::http_exchanges& exchanges_;
  virtual_time::timeline& timeline_;
  virtual_time::work_meter& meter_;
  actors::load_driver load_;
  load::balancer_chooser chooser_;
  std::vector<std::uint16_t> numbered_; // as the pool numbers them: index in scenario::balancers_of
  actors::connection_pool<request_index> pool_;
  bool apart_ = true;                 // else this many are in use, and the pool is empty:
  std::vector<std::uint32_t> in_use_; // by balancer
  std::vector<std::uint32_t>
      awaited_; // by connection: the character of an answer that was settled early, if somebody waits for it
  // If tokens change: each character's token, and its rotation number.
  std::vector<token_id> tokens_;
  std::vector<std::uint32_t> rotations_;
  std::uint32_t next_token_;
  struct method {
    boost::beast::http::verb verb;
    bool idempotent;
    std::vector<bool> needs_sol; // by target
  };
  std::vector<method> methods_; // of the plan
  bool some_need_sol_ = false;  // of these
  load::phase_clock phases_;
  bool timeouts_armed_ = false;
  std::vector<arrival> arriving_; // the first `on_way_` of these, in no order; some of them have arrived
  std::size_t on_way_ = 0;
  static constexpr std::size_t fewest_arrivals = 64;
  std::size_t many_arrivals_ = fewest_arrivals; // that it is time to look which have arrived
  std::int64_t last_arrival_ns_ = 0;
  std::uint64_t request_seed_;
  std::uint64_t started_ = 0, in_flight_ = 0;
};

}
