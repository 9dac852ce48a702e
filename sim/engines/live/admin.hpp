#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/http/verb.hpp>
#include <nlohmann/json.hpp>

#include <chrono>
#include <string>

namespace sim::live {

/// "HOST:PORT" with an IPv4 address, or a name that is looked up. Throws `could_not_run`.
boost::asio::ip::tcp::endpoint endpoint_of(std::string const& address);

/// GET from a node's admin address. Throws `could_not_run` when there is no answer of status 200 within `patience`.
boost::asio::awaitable<std::string> admin_text(std::string address, std::string target,
                                               std::chrono::nanoseconds patience);

/// One request to a node's admin address. `body` null: none. Throws `could_not_run` when there is no answer of status
/// 200 with JSON within `patience`.
boost::asio::awaitable<nlohmann::json> admin_call(std::string address, boost::beast::http::verb method,
                                                  std::string target, nlohmann::json body,
                                                  std::chrono::nanoseconds patience);

/// Completes when something accepts connections at `where`; false when `patience` has passed first.
boost::asio::awaitable<bool> accepts_connections(boost::asio::ip::tcp::endpoint where,
                                                 std::chrono::nanoseconds patience);

/// Completes when GET `path` at `where` gets a status below 500, then empty. When `patience` has passed first: what the
/// last try came to, such as "status 503".
boost::asio::awaitable<std::string> answers_requests(boost::asio::ip::tcp::endpoint where, std::string path,
                                                     std::chrono::nanoseconds patience);

}
