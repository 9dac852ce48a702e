#include "sim/engines/live/metrics_server.hpp"

#include <utility>

namespace sim::live {

namespace http = boost::beast::http;

namespace {

http_server::reply reply_to(http_server::request const& request, metrics_server::text const& what) {
  if (request.target() != "/metrics")
    return http_server::answer_of(http::status::not_found, "text/plain", "here is /metrics\n");
  if (request.method() != http::verb::get && request.method() != http::verb::head) {
    http_server::answer refused = http_server::answer_of(http::status::method_not_allowed, "text/plain", "");
    refused.set(http::field::allow, "GET, HEAD");
    return refused;
  }
  auto const accept = request[http::field::accept];
  metrics::format const format = metrics::format_for({accept.data(), accept.size()});
  return http_server::answer_of(http::status::ok, metrics::content_type(format), what(format));
}

}

boost::asio::ip::tcp::endpoint metrics_address(std::string const& where) { return address_of("--metrics", where); }

metrics_server::metrics_server(boost::asio::any_io_executor on, std::string const& where, text what)
  : server_(std::move(on), metrics_address(where), "--metrics " + where,
            [what = std::move(what)](http_server::request const& request) { return reply_to(request, what); }) {}

}
