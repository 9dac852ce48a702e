#pragma once

#include "base/metrics/exposition.hpp"
#include "fakeproxy/net/admin_server.hpp"
#include "fakeproxy/net/proxy_server.hpp"
#include "fakeproxy/net/settings.hpp"
#include "fakeproxy/net/sol_server.hpp"
#include "fakeproxy/proxy/departure.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fakeproxy::net {

/// All nodes of one process, with their admin endpoint. One thread: the one that calls `run`.
class process {
public:
  /// Binds all addresses. Throws std::exception whose text is for the person who must act.
  explicit process(process_settings settings);

  /// Prints the ready line on stdout, serves until SIGTERM or SIGINT, finishes what is in flight.
  void run();

private:
  void tick();
  void begin_leaving();
  bool busy() const;
  void print_ready();
  /// What is counted of all nodes, as docs/metrics.md names it.
  std::string metrics_text(metrics::format format) const;
  void on_admin(admin_server::request const& request, admin_server::respond respond);
  void on_node(std::string_view node, std::string_view action, admin_server::request const& request,
               admin_server::respond const& respond);

  process_settings settings_;
  boost::asio::io_context io_{1};
  std::vector<std::unique_ptr<sol_server>> sols_;
  std::vector<std::unique_ptr<proxy_server>> proxies_;
  std::unique_ptr<admin_server> admin_;
  boost::asio::signal_set signals_{io_};
  boost::asio::steady_timer ticker_{io_};
  proxy::departure leaving_;
  bool started_ = false;
  cluster::time_point since_ = 0; // of the start
};

}
