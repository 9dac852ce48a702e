#pragma once

#include "base/os/ready_set.hpp"
#include "sim/actors/connection_pool.hpp"
#include "sim/engines/live/client_tls.hpp"
#include "sim/engines/live/exchange.hpp"
#include "sim/engines/live/known_head.hpp"
#include "sim/records/histogram.hpp"
#include "sim/records/records.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sim::live {

class connection;

/// Counts that other threads may read while the load runs. One thread counts.
struct client_counts {
  std::atomic<std::uint64_t> sent{0}, done{0}, failed{0};
  std::atomic<std::uint64_t> handshakes{0}, resumed{0}; // TLS; resumed ones are handshakes too
};
/// Whether a request that is over counts as failed while the load runs; the verdict is the judge's.
inline bool looks_failed(records::client_record const& r) {
  return r.outcome != records::client_outcome::answered || r.status >= 500;
}

/// One more, without the bus lock that counting from several threads would need.
inline void count_one(std::atomic<std::uint64_t>& count) {
  count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

struct client_settings {
  actors::pool_settings pool;
  bool keep_records = true; // one client_record a request
  bool tls = false, tls_resume = true;
  bool sends_on_time = true; // false: no request waits for a timer, so that timers may be some milliseconds late
};

/// Is told when requests are done, and may send new ones from there: `record.done_ns` is now.
class order_source {
public:
  virtual ~order_source() = default;
  virtual void done(request_spec const& what, records::client_record const& record) = 0;
};

/// One thread's clients: sockets for the connections of an actors::connection_pool. A request that waits for a
/// connection is sent late, and its record shows the lag. A second try has the id of the first. Everything runs on the
/// io_context's one thread.
///
/// Times in records: the clock is read once for each answer, after its last byte (`done_ns`), and that moment is also
/// the start of a request that the answer gives rise to. `sent_ns` is when a request got an open connection. Its first
/// byte follows once the answers that were ready with that one have been read, and the requests before it sent: some
/// 5 us for each of them, by which the latency of a closed load says too much.
class client {
public:
  /// `words` and `ids` (the run's next request id) must outlive it.
  client(boost::asio::io_context& context, request_templates const& words, client_settings settings,
         std::atomic<journal::request_id>& ids);
  client(client const&) = delete;
  client& operator=(client const&) = delete;
  ~client();

  /// Sets who is told. To be called before the first request; `source` outlives the last.
  void set_source(order_source& source) { source_ = &source; }

  /// The next balancer's index. `forged` is HOST:PORT for the probes of the closed door.
  std::uint16_t add_balancer(boost::asio::ip::tcp::endpoint where, std::string forged);
  std::size_t balancers() const { return balancers_.size(); }

  /// `now` as CLOCK_MONOTONIC says, or said a moment ago; it does not go back from call to call.
  void send(request_spec const& what, std::int64_t now);

  /// Requests given and not done.
  std::uint64_t in_flight() const { return given_ - finished_; }
  client_counts const& counts() const { return counts_; }
  /// Requests that were due while all connections to their balancer were busy. On its thread, or when that has ended.
  std::uint64_t waited_for_connection() const { return pool_.waited(); }

  /// Ends what is in flight as `pending`, closes all connections and sends nothing more; the io_context runs dry.
  void abandon();

  /// Records of all requests sent so far, in no order; those in flight as `pending`.
  std::vector<records::client_record> records() const;
  /// What arrived, for some of the requests with findings.
  std::map<journal::request_id, std::string> const& observed() const { return observed_; }
  /// Latencies (from the intended start) when no records are kept.
  records::histogram const& latencies() const { return latencies_; }

private:
  friend class connection;
  struct balancer {
    boost::asio::ip::tcp::endpoint where;
    std::string forged;
  };

  /// Precondition: the pool has room.
  void dispatch(request_spec const& what, std::int64_t now);
  records::client_record record_of(request_spec const& what) const;
  /// The connection's request has its outcome.
  void complete(connection& c, records::client_outcome outcome);

  // While answers are read, requests are only prepared; then they are sent one after another. Each of the two ways
  // through the kernel stays in the processor's caches, and the server is not woken for each request alone.
  void transmit_later(connection& c) { to_transmit_.push_back(&c); }
  void transmit_all();

  void arm_timeout(); // unless it is armed
  void on_timeout();

  boost::asio::io_context& context_;
  request_templates const& words_;
  client_settings settings_;
  std::atomic<journal::request_id>& ids_;
  order_source* source_ = nullptr;
  std::optional<client_tls> tls_;
  os::ready_set ready_;
  bool reading_ = false;
  std::vector<connection*> to_transmit_;
  std::vector<char> arrivals_; // what has just been read: used again at once, it stays in the processor's caches
  known_head known_;           // of the last answer, outside the laboratory
  std::deque<balancer> balancers_;
  actors::connection_pool<request_spec> pool_;
  std::vector<std::unique_ptr<connection>> connections_; // as in the pool
  boost::asio::steady_timer timer_;
  bool timer_armed_ = false;
  bool abandoned_ = false;
  std::uint64_t given_ = 0, finished_ = 0;
  client_counts counts_;
  std::deque<records::client_record> records_;
  std::map<journal::request_id, std::string> observed_;
  std::map<std::uint16_t, std::size_t> observed_of_; // by findings
  records::histogram latencies_;
};

}
