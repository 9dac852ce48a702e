#pragma once

#include "sim/actors/load_driver.hpp"
#include "sim/engines/live/load_run.hpp"
#include "sim/load/phase_clock.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <optional>
#include <thread>

namespace sim::live {

/// One thread of a load_run: sends the requests of its share of the plan.
class load_run::worker final : public order_source {
public:
  worker(load_run& run, load::slice part);

  /// Runs the thread, which begins the load.
  void launch();
  void join();

  boost::asio::io_context& context() { return context_; }
  live::client& client() { return client_; }
  void add_balancer(boost::asio::ip::tcp::endpoint const& where, std::string const& forged);
  /// Issues nothing more. On the thread.
  void stop_issuing();
  void abandon();
  double cpu_seconds() const { return cpu_seconds_; }
  bool issued_all() const { return driver_.issued_all(); }

  void done(request_spec const& what, records::client_record const& record) override;

private:
  /// Sends what is due.
  void issue_due(std::int64_t now);
  /// Sends one, to a balancer of its choice.
  void issue(actors::load_driver::due_request const& due, std::int64_t now);
  void probe(std::uint16_t balancer);
  std::uint8_t phase_at(std::int64_t since_start_ns);
  void finish_if_done();

  load_run& run_;
  boost::asio::io_context context_{1};
  load::slice part_;
  actors::load_driver driver_;
  live::client client_;
  load::balancer_chooser chooser_;
  std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> work_;
  load::phase_clock phases_;
  boost::asio::steady_timer timer_; // for the next request that is due
  bool timer_armed_ = false;
  bool reported_ = false;
  double cpu_seconds_ = 0;
  std::thread thread_;
};

}
