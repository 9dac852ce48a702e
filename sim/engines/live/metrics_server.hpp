#pragma once

#include "base/metrics/exposition.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <string>

namespace sim::live {

/// `GET /metrics` of a run, for as long as it exists. Answers on the executor's thread; every connection is bounded in
/// time, and has one answer.
class metrics_server {
public:
  using text = std::function<std::string(metrics::format)>;

  /// `where`: "PORT", "HOST:PORT"; without a host the loopback address. Throws `config::bad_input` for what is neither,
  /// and `could_not_run` when it cannot listen there.
  metrics_server(boost::asio::any_io_executor on, std::string const& where, text what);

  boost::asio::ip::tcp::endpoint address() const { return acceptor_.local_endpoint(); }

private:
  void accept();

  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer pause_;
  text what_;
};

/// "http://127.0.0.1:9464/metrics"
std::string url_of(boost::asio::ip::tcp::endpoint const& at);

/// The address that `where` means. Throws `config::bad_input`.
boost::asio::ip::tcp::endpoint metrics_address(std::string const& where);

}
