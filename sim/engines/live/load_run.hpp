#pragma once

#include "sim/engines/live/client.hpp"
#include "sim/engines/live/load_meter.hpp"
#include "sim/load/plan.hpp"
#include "sim/records/records.hpp"
#include "sim/scenario/scenario.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace sim::live {

/// What the load did, when it is over.
struct load_records {
  std::vector<records::client_record> clients; // by request id, without gaps
  std::map<journal::request_id, std::string> observed;
  std::vector<std::string> targets;
  bool complete = true;   // everything planned was issued
  double cpu_seconds = 0; // of the threads
  std::uint64_t tls_handshakes = 0, tls_resumed = 0;
  std::uint64_t waited_for_connection = 0; // see run_records; not in a snapshot
};

/// Counts for the progress line.
struct load_progress {
  std::uint64_t sent = 0, done = 0, failed = 0;
  std::size_t phase = 0;
};

/// A scenario's load over sockets: `load.threads` threads, each with its share of the plan, its own connections and
/// its own io_context. Methods are called from one control thread; callbacks run on `control`.
class load_run {
public:
  /// `s` and `p` must outlive it.
  load_run(boost::asio::any_io_executor control, scenario::scenario const& s, load::plan const& p,
           fakeproxy::cluster::token_key key);
  load_run(load_run const&) = delete;
  load_run& operator=(load_run const&) = delete;
  /// Abandons what is in flight.
  ~load_run();

  /// Counts requests in `meter`, which must outlive this. Before `start`.
  void count_in(load_meter& meter) { meter_ = &meter; }

  /// Before `start` or during the run; balancers are numbered in this order. `forged` is HOST:PORT of a proxy, for the
  /// probes of the closed door, of which each balancer gets a few.
  void add_balancer(boost::asio::ip::tcp::endpoint where, std::string forged);

  /// `finished` is called once, when all is issued and answered (or given up).
  void start(std::function<void()> finished);
  std::int64_t start_ns() const { return start_ns_; }

  /// Calls `reached` once, from the control loop, when that many requests have been started. One at a time.
  void when_started(std::uint64_t requests, std::function<void()> reached);

  /// Issues nothing more; `finished` follows when what is in flight is done.
  void stop_issuing();
  /// Ends at once: what is in flight stays `pending`. Joins the threads; `finished` is not called any more.
  void abandon();

  load_progress progress() const;
  /// What is recorded so far, while it runs.
  load_records snapshot();
  /// After `finished` or `abandon`: what is recorded.
  load_records take();

private:
  class worker;
  load_records gather(std::vector<records::client_record> records) const;
  void worker_finished();
  /// A request of the plan was issued. From any worker.
  void count_started();
  void pull_trigger();

  boost::asio::any_io_executor control_;
  load_meter* meter_ = nullptr;
  scenario::scenario const& scenario_;
  load::plan const& plan_;
  request_templates words_;
  std::atomic<journal::request_id> ids_{1};
  std::atomic<std::uint64_t> started_{0};
  std::atomic<std::uint64_t> start_trigger_{~std::uint64_t{0}};
  std::function<void()> on_trigger_;
  std::function<void()> on_finished_;
  std::uint64_t total_ = 0; // 0: unknown
  std::int64_t start_ns_ = 0;
  std::size_t finished_workers_ = 0;
  bool joined_ = false;
  std::vector<std::unique_ptr<worker>> workers_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true); // callbacks posted to control look here
};

}
