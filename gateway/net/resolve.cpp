#include "gateway/net/resolve.hpp"

#include <boost/asio/error.hpp>

#include <string>

namespace gateway::net {

std::string text_of(endpoint const& where) {
  std::string const host = where.address().to_string();
  return http::host_port{http::canonical_address(host).value_or(host), where.port()}.text();
}

endpoint resolve(http::host_port const& name, boost::system::error_code& ec) {
  auto const literal = boost::asio::ip::make_address(name.host, ec);
  if (!ec) return {literal, name.port};
  boost::asio::io_context context;
  boost::asio::ip::tcp::resolver resolver(context);
  auto const found =
      resolver.resolve(name.host, std::to_string(name.port), boost::asio::ip::tcp::resolver::numeric_service, ec);
  if (!ec && found.empty()) ec = boost::asio::error::host_not_found;
  if (ec) return {};
  for (auto const& candidate : found)
    if (candidate.endpoint().address().is_v4()) return candidate.endpoint();
  return found.begin()->endpoint();
}

}
