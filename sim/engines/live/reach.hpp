#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <string>
#include <vector>

namespace sim::live {

/// A balancer that runs already.
struct external_balancer {
  std::string name;    // external[0]
  std::string address; // as the scenario has it, HOST:PORT
  boost::asio::ip::tcp::endpoint where;
  bool tls = false; // clients will speak TLS to it
};

/// Looks the address up. Throws `could_not_run` that names both when there is no such host.
boost::asio::ip::tcp::endpoint external_endpoint(std::string const& name, std::string const& address);

/// Connects to each, with a TLS handshake where clients will make one, all at once, and closes the connections. Throws
/// `could_not_run` with a line for each that cannot be reached within `patience`: name, address, error.
boost::asio::awaitable<void> reach(std::vector<external_balancer> balancers, std::chrono::nanoseconds patience);

}
