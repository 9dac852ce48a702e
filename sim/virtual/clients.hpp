#pragma once

#include "sim/actors/load_driver.hpp"
#include "sim/load/phase_clock.hpp"
#include "sim/load/plan.hpp"
#include "sim/measure/records.hpp"
#include "sim/virtual/flight.hpp"

#include <boost/beast/http/verb.hpp>

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace sim::virtual_time {

struct world;

/// The third-party applications: issue the load as the live generator does, wait for answers, lose patience.
class clients {
public:
  explicit clients(world& w);

  void begin();
  /// The load uses this balancer from now on.
  void add_balancer(std::size_t index);
  /// No more requests are issued.
  void stop_issuing() { load_.stop(); }

  /// When the next request is due; load_driver::never: not before another one is done.
  std::int64_t next_due() const { return load_.next_deadline(); }
  void issue_due();

  void on_timeouts_due();
  void on_answer(flight_id id);
  /// Its answer is on its way, and will be there at `arrival_ns`. True: that is settled, and the flight is over.
  bool settle(flight_id id, std::int64_t arrival_ns);
  void on_connection_free(std::uint16_t door, std::uint32_t character);
  /// The client has its outcome now.
  void conclude(flight_id id, measure::client_outcome outcome);

  bool finished() const { return load_.exhausted() && in_flight_ == 0; }
  bool issued_all() const { return load_.issued_all(); }
  std::uint64_t started() const { return started_; }
  /// When the last answer that was settled early is there.
  std::int64_t last_arrival_ns() const { return last_arrival_ns_; }
  /// The present one.
  std::size_t phase() { return phases_.at(0, 0); }

private:
  struct entrance {
    std::uint16_t balancer;
    std::uint32_t busy;            // connections with a request
    std::deque<flight_id> waiting; // for a connection
  };

  void expect_drawn() const;
  void expect(load::planned_request const& request) const;
  void issue(load::planned_request const& request, std::int64_t intended_ns, std::uint32_t origin);
  /// Where a request goes.
  std::size_t entrance_of(load::planned_request const& request);
  void send(flight_id id);
  token_id token_of(load::planned_request const& request);
  /// An answer of which nothing remains but that its connection is in use until `at_ns`.
  struct arrival {
    std::int64_t at_ns;
    std::uint32_t character; // nobody: its token is not the character's
    std::uint16_t door;
  };
  void write_down(flight_id id, measure::client_outcome outcome, std::int64_t at_ns);
  void take_arrived();
  void wait_for_connection(std::size_t door, flight_id id);
  void arm_timeouts();

  world& w_;
  actors::load_driver load_;
  load::balancer_chooser chooser_;
  std::vector<entrance> entrances_;
  // With changing tokens, of each character: its token, and the how-manieth that is.
  std::vector<token_id> tokens_;
  std::vector<std::uint32_t> rotations_;
  std::uint32_t next_token_;
  struct method {
    boost::beast::http::verb verb;
    bool idempotent;
    std::vector<bool> needs_sol; // by target
  };
  std::vector<method> methods_; // of the plan
  load::phase_clock phases_;
  flight_list<&flight::among_sent> sent_; // and not concluded
  bool timeouts_armed_ = false;
  std::vector<arrival> arriving_; // in no order; some of them have arrived
  std::size_t look_at_arrivals_ = fewest_arrivals;
  static constexpr std::size_t fewest_arrivals = 64;
  std::int64_t last_arrival_ns_ = 0;
  std::uint64_t request_seed_;
  std::uint64_t started_ = 0, in_flight_ = 0;
};

}
