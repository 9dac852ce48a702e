#pragma once

#include "gateway/cache/shared_cache.hpp"
#include "gateway/net/balancer.hpp"
#include "gateway/net/client/access_log.hpp"
#include "gateway/net/map_keeper.hpp"
#include "gateway/net/settings.hpp"
#include "gateway/net/transport/listener.hpp"
#include "gateway/net/upstream/health_checks.hpp"
#include "gateway/net/worker.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace gateway::net {

/// The whole gateway: workers, admin endpoint, signals. Constructed and run on one thread, the main one.
class server {
public:
  /// Binds everything. `reread` reads the configuration again for SIGHUP; it may throw config::bad_input, which is
  /// logged and changes nothing. Throws std::runtime_error if an address or a file cannot be used.
  server(settings s, std::function<settings()> reread);
  ~server();

  std::vector<endpoint> const& listening() const { return listening_; }
  std::optional<endpoint> admin() const;
  /// What came of `token_map_file`; nullopt without one.
  std::optional<map_file_report> map_file() const { return shared_.snapshot().map_file; }

  /// Serves until SIGTERM or SIGINT, then drains: within `timeouts.drain` requests in flight are finished. Then the map
  /// is written to its file. A second signal ends it at once, and nothing is written.
  void run();

private:
  void listen();
  void wait_for_signal();
  void reload();
  void drain();
  void use_tickets(settings const& s);
  void flush_log();

  std::shared_ptr<settings const> settings_;
  std::function<settings()> reread_;
  balancer shared_;
  map_keeper keeper_;
  std::optional<cache::shared_cache> cache_;
  std::shared_ptr<ticket_keys> tickets_;
  access_log log_;
  boost::asio::io_context context_{1};
  boost::asio::signal_set signals_;
  health_checks checks_{context_, shared_};
  steady_timer drain_timer_;
  steady_timer log_timer_;
  std::vector<std::unique_ptr<worker>> workers_;
  std::vector<endpoint> listening_;
  std::unique_ptr<listener> admin_;
  std::size_t still_draining_ = 0;
  bool draining_ = false;
  bool hurried_ = false; // by a second signal
};

}
