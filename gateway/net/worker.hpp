#pragma once

#include "gateway/cache/transaction.hpp"
#include "gateway/exchange/idle_pool.hpp"
#include "gateway/exchange/sleepers.hpp"
#include "gateway/net/balancer.hpp"
#include "gateway/net/client/access_log.hpp"
#include "gateway/net/settings.hpp"
#include "gateway/net/transport/deadlines.hpp"
#include "gateway/net/transport/listener.hpp"
#include "gateway/net/transport/read_buffer.hpp"
#include "gateway/net/transport/sockets.hpp"
#include "gateway/net/transport/stream_set.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <ctime>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <unordered_set>
#include <vector>

namespace gateway::net {

class client_connection;
class exchange;
class refresh;
class shared_map;
class upstream_connection;

/// Deadline classes: one queue each (deadlines.hpp).
enum class deadline : std::size_t {
  client_head,
  client_idle,
  client_body,
  client_total,
  client_send,
  guess_wait,
  fetch_wait,
  connect,
  answer,
  request,
  upstream_idle,
  linger,
  linger_idle,
  tunnel_idle,
  tunnel_drain
};
static_assert(static_cast<std::size_t>(deadline::tunnel_drain) < deadline_queues::classes);

/// One serving thread: an io_context with its own listeners, connections, upstream pool and deadlines.
/// Everything but `start`, `reload`, `drain`, `stop` and `join` runs on its thread.
class worker final : public cache::environment {
public:
  /// `cache`: nullptr without one.
  worker(balancer& shared, cache::shared_cache* cache, access_log& log, std::shared_ptr<settings const> s,
         std::uint64_t seed);
  worker(worker const&) = delete;
  worker& operator=(worker const&) = delete;
  ~worker();

  /// Binds and listens; call it before `start`. Returns the endpoints bound. Throws what the listener throws.
  /// `share_ports`: as for listener.
  std::vector<endpoint> listen(std::vector<endpoint> const& at, bool share_ports);
  /// Listens on the sockets of another worker; call it before either starts.
  void listen_with(worker& other);
  void start();

  // From any thread.
  void reload(std::shared_ptr<settings const> s);
  /// Closes idle connections to upstreams that were removed.
  void leave_removed_upstreams();
  /// Stops accepting, closes idle connections, lets requests finish; calls `drained` (on this thread) when none is
  /// left.
  void drain(std::function<void()> drained);
  void stop();
  void join();

  // On the worker's thread.
  boost::asio::io_context& context() { return context_; }
  stream_set& streams() { return streams_; }
  read_buffers& buffers() { return buffers_; }
  balancer& shared() { return shared_; }
  cache::shared_cache* cache() { return cache_; }
  /// nullptr without one.
  shared_map* shared_tokens() { return shared_map_.get(); }
  access_log& log() { return log_; }
  std::shared_ptr<settings const> const& current() const { return settings_; }
  std::mt19937_64& random() { return random_; }
  /// The current time for a Date field. Valid until the next call.
  std::string_view date();
  bool draining() const { return static_cast<bool>(drained_); }

  /// For answer fields that can name an upstream.
  http::upstream_question const& is_upstream() const { return is_upstream_; }

  // What the cache's transactions need.
  cache::moment now() const override { return cache_now(); }
  http::answer_forwarding forwarding() const override {
    return {.hsts = settings_->hsts, .is_upstream = &is_upstream_};
  }

  void set_deadline(deadline_owner& owner, deadline which);

  /// An idle connection for that hop, or nullptr; those that lead elsewhere, since the upstream's address changed or
  /// the id was another's, are closed.
  std::shared_ptr<upstream_connection> take_idle(routing::action const& next, balancer::destination const& to);
  /// Keeps the connection for the next request; false when there are enough.
  bool keep_idle(routing::upstream_id id, std::shared_ptr<upstream_connection> connection);
  void forget_idle(routing::upstream_id id, upstream_connection const* connection);

  /// Wakes the exchange when the guess for the key is over.
  void wait_for_guess(http::token_digest const& key, std::weak_ptr<exchange> who);
  /// Wakes those who wait for the guess, on every worker.
  std::function<void(http::token_digest const&)> wake;
  void wake_here(http::token_digest const& key);

  /// Tells the exchange when a fetch for the cache ends.
  void wait_for_fetch(http::token_digest const& variant, std::weak_ptr<exchange> who);
  /// Tells those who wait for the fetch how it ended, on every worker.
  std::function<void(http::token_digest const&, cache::fetch_outcome)> announce_fetch;
  void fetch_completed(http::token_digest const& variant, cache::fetch_outcome how) override {
    announce_fetch(variant, how);
  }
  void on_fetch_complete(http::token_digest const& variant, cache::fetch_outcome how);

  /// The worker owns the gateway's own requests, from `began` to `ended`.
  void began(std::shared_ptr<refresh> own) { refreshes_.insert(std::move(own)); }
  void ended(std::shared_ptr<refresh> const& own) { refreshes_.erase(own); }

  /// The worker owns its open client connections, from `start` to `close`.
  void opened(std::shared_ptr<client_connection> connection);
  void closed(std::shared_ptr<client_connection> const& connection);

private:
  void retire_idle();
  void arm_timer();
  void apply_settings();
  void check_drained();

  boost::asio::io_context context_{1};
  stream_set streams_{context_};
  boost::asio::executor_work_guard<executor> work_;
  balancer& shared_;
  cache::shared_cache* cache_;
  access_log& log_;
  std::shared_ptr<settings const> settings_;
  read_buffers buffers_;
  std::mt19937_64 random_;
  std::unique_ptr<shared_map> shared_map_;
  std::time_t date_of_ = 0;
  std::string date_;
  std::vector<std::unique_ptr<listener>> listeners_;
  std::vector<listener_settings> listener_settings_; // of each listener
  deadline_queues deadlines_;
  steady_timer timer_;
  steady_time timer_due_ = steady_time::max();
  gateway::exchange::idle_pool<std::shared_ptr<upstream_connection>> idle_;
  using sleepers = gateway::exchange::sleepers<http::token_digest, std::weak_ptr<exchange>, http::token_digest_hash>;
  sleepers awaiting_guess_; // by token
  sleepers awaiting_fetch_; // by variant
  std::unordered_set<std::shared_ptr<client_connection>> clients_;
  std::unordered_set<std::shared_ptr<refresh>> refreshes_;
  std::function<void()> drained_;
  http::upstream_question const is_upstream_;
  std::thread thread_;
};

}
