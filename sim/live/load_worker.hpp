#pragma once

#include "sim/live/load_run.hpp"
#include "sim/load/phase_clock.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <deque>
#include <optional>
#include <thread>

namespace sim::live {

/// One thread of a load_run: turns its share of the plan into orders.
class load_run::worker : public order_source {
public:
  worker(load_run& run, load::slice part);
  ~worker() override = default;

  /// Runs the thread; `begin` is called on it first.
  void launch();
  void join();

  boost::asio::io_context& context() { return context_; }
  live::client& client() { return client_; }
  void add_balancer(boost::asio::ip::tcp::endpoint const& where, std::string const& forged);
  void abandon();
  double cpu_seconds() const { return cpu_seconds_; }
  bool issued_all() const { return issued_all_; }

  void done(order const& what, measure::client_record const& record) final;

protected:
  virtual void begin() = 0;
  /// The order of `origin` is done: what next?
  virtual void on_done(std::uint32_t origin) = 0;

  /// Sends a planned request, with its balancer and phase.
  void issue(load::planned_request const& request, std::int64_t intended_ns, std::uint32_t origin);
  /// All planned requests of this worker were issued (or will not be, when stopped).
  void issued_all(bool complete);
  bool stopped() const { return run_.stopped_.load(std::memory_order_relaxed); }
  std::int64_t start_ns() const { return run_.start_ns_; }

  load_run& run_;
  boost::asio::io_context context_{1};

private:
  void probe(std::uint16_t balancer);
  std::uint8_t phase_at(std::int64_t since_start_ns);
  void finish_if_done();

  load::slice part_;
  live::client client_;
  load::balancer_chooser chooser_;
  std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> work_;
  load::phase_clock phases_;
  bool exhausted_ = false;
  bool issued_all_ = false;
  bool reported_ = false;
  double cpu_seconds_ = 0;
  std::thread thread_;
};

/// Closed load, and traces without pace: a fixed number of places, each with one request at a time.
class load_run::closed_worker : public load_run::worker {
public:
  closed_worker(load_run& run, load::slice part);

private:
  struct resting {
    std::int64_t until_ns;
    std::uint32_t place;
  };
  void begin() override;
  void on_done(std::uint32_t place) override;
  void advance(std::uint32_t place);
  std::optional<load::planned_request> next_of(std::uint32_t place, std::int64_t now);
  void arm();

  std::optional<load::closed_plan> plan_;
  std::optional<load::request_source> trace_; // without pace
  std::vector<std::optional<load::active_character>> places_;
  std::size_t active_ = 0;
  std::uint32_t first_place_ = 0; // of this worker among all workers' places
  std::deque<resting> resting_;   // think time is the same for all: first in, first out
  boost::asio::steady_timer timer_;
};

/// Open load: one timer for the next due arrival, which issues everything that is due.
class load_run::open_worker : public load_run::worker {
public:
  open_worker(load_run& run, load::slice part);

private:
  void begin() override;
  void on_done(std::uint32_t) override {}
  void issue_due();

  load::request_source source_;
  std::optional<load::planned_request> next_;
  boost::asio::steady_timer timer_;
};

}
