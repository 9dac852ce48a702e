#pragma once

#include "base/metrics/exposition.hpp"
#include "sim/engines/live/http_server.hpp"

#include <functional>
#include <string>

namespace sim::live {

/// `GET /metrics` of a run, for as long as it exists.
class metrics_server {
public:
  using text = std::function<std::string(metrics::format)>;

  /// `where`: see address_of. Throws `config::bad_input` for what is no address, and `could_not_run` when it cannot
  /// listen there.
  metrics_server(boost::asio::any_io_executor on, std::string const& where, text what);

  /// "http://127.0.0.1:9464/metrics"
  std::string url() const { return url_of(server_.address()) + "/metrics"; }

private:
  http_server server_;
};

/// The address that the option's value means. Throws `config::bad_input`.
boost::asio::ip::tcp::endpoint metrics_address(std::string const& where);

}
