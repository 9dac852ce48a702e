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

/// Turns an IPv4-mapped IPv6 address, as dual-stack sockets report them, back into IPv4.
boost::asio::ip::address unmapped(boost::asio::ip::address const& address);

/// The key that limits count a client by: an IPv4 address, or the network of an IPv6 one, since one site has 2^64 of
/// those.
std::uint64_t limit_key(boost::asio::ip::address const& address);

/// NETWORK/BITS or a single address, IPv4 or IPv6. A network of IPv4-mapped addresses is one of IPv4.
class address_range {
public:
  static std::optional<address_range> parse(std::string const& text);
  bool contains(boost::asio::ip::address const& address) const;

private:
  std::variant<boost::asio::ip::network_v4, boost::asio::ip::network_v6> network_;
};

/// Addresses read from X-Forwarded-For of one request. Chosen: no real chain is as long, and each one has to be looked
/// at.
inline constexpr int most_proxies = 64;

/// The proxies in front of the gateway whose X-Forwarded-For is believed.
class trusted_proxies {
public:
  void add(address_range range) { ranges_.push_back(range); }
  bool empty() const { return ranges_.empty(); }
  bool contains(boost::asio::ip::address const& address) const;

  /// The origin of a request that a trusted proxy sends: the last address in X-Forwarded-For that is not itself a
  /// trusted proxy's, since each proxy appends whom it received the request from. Nothing before an element that names
  /// nobody can be trusted: the address after it counts then. The same holds for what is before `most_proxies`
  /// addresses.
  struct origin {
    std::optional<boost::asio::ip::address> address; // nullopt: not known
    std::string_view unclear;                        // the element that was not understood, if the search ended at one
  };
  origin client(std::string_view forwarded_for) const;

private:
  std::vector<address_range> ranges_;
};

}
