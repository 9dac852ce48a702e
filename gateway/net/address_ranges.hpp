#pragma once

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace gateway::net {

/// An IPv4 address that came through a socket for both kinds is one again.
boost::asio::ip::address unmapped(boost::asio::ip::address const& address);

/// What limits count a client by: an IPv4 address, or the network of an IPv6 one, as a site has 2^64 addresses of
/// these.
std::uint64_t limit_key(boost::asio::ip::address const& address);

/// NETWORK/BITS or a single address, IPv4 or IPv6. A network of IPv4-mapped addresses is one of IPv4.
class address_range {
public:
  static std::optional<address_range> parse(std::string const& text);
  bool contains(boost::asio::ip::address const& address) const;

private:
  std::variant<boost::asio::ip::network_v4, boost::asio::ip::network_v6> network_;
};

/// Of one request, one behind the other. Chosen: no chain is as long, and somebody has to look at each.
inline constexpr int most_proxies = 64;

/// The proxies in front of the gateway whose X-Forwarded-For is believed.
class trusted_proxies {
public:
  void add(address_range range) { ranges_.push_back(range); }
  bool empty() const { return ranges_.empty(); }
  bool contains(boost::asio::ip::address const& address) const;

  /// Where a request comes from that a trusted proxy sends: the last address in X-Forwarded-For that is not such a
  /// proxy's itself, as each appended whom it has it from. What is before an element that names nobody is no more
  /// certain: the one behind it counts then, and so is what is before `most_proxies` of them.
  struct origin {
    std::optional<boost::asio::ip::address> address; // nullopt: nobody knows
    std::string_view unclear;                        // the element that is not understood, if that is why it ends there
  };
  origin client(std::string_view forwarded_for) const;

private:
  std::vector<address_range> ranges_;
};

}
