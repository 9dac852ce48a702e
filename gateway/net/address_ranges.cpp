#include "gateway/net/address_ranges.hpp"

#include <algorithm>

namespace gateway::net {

namespace ip = boost::asio::ip;

ip::address unmapped(ip::address const& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped()) return ip::make_address_v4(ip::v4_mapped, address.to_v6());
  return address;
}

std::uint64_t limit_key(ip::address const& address) {
  if (address.is_v4()) return address.to_v4().to_uint();
  std::uint64_t network = 0;
  auto const bytes = address.to_v6().to_bytes();
  for (std::size_t i = 0; i != 8; ++i) network = network << 8 | bytes[i];
  return network;
}

std::optional<address_range> address_range::parse(std::string const& text) {
  address_range made;
  boost::system::error_code ec;
  bool const has_bits = text.find('/') != std::string::npos;
  bool const is_v6 = text.find(':') != std::string::npos;
  std::string const network = has_bits ? text : text + (is_v6 ? "/128" : "/32");
  if (is_v6)
    made.network_ = ip::make_network_v6(network, ec).canonical();
  else
    made.network_ = ip::make_network_v4(network, ec).canonical();
  if (ec) return std::nullopt;
  return made;
}

bool address_range::contains(ip::address const& address) const {
  if (auto const* v4 = std::get_if<ip::network_v4>(&network_))
    return address.is_v4() && ip::network_v4(address.to_v4(), v4->prefix_length()).canonical() == *v4;
  ip::network_v6 const& v6 = std::get<ip::network_v6>(network_);
  return address.is_v6() && ip::network_v6(address.to_v6(), v6.prefix_length()).canonical() == v6;
}

bool trusted_proxies::contains(ip::address const& address) const {
  return std::any_of(ranges_.begin(), ranges_.end(), [&](address_range const& r) { return r.contains(address); });
}

std::optional<ip::address> trusted_proxies::client(std::string_view forwarded_for) const {
  std::optional<ip::address> found;
  while (!forwarded_for.empty()) {
    std::size_t const comma = forwarded_for.rfind(',');
    std::string_view entry = forwarded_for.substr(comma == std::string_view::npos ? 0 : comma + 1);
    forwarded_for = forwarded_for.substr(0, comma == std::string_view::npos ? 0 : comma);
    entry.remove_prefix(std::min(entry.find_first_not_of(" \t"), entry.size()));
    entry = entry.substr(0, entry.find_last_not_of(" \t") + 1);
    boost::system::error_code ec;
    ip::address const address = ip::make_address(std::string(entry), ec);
    if (ec) return found; // what is before it is no more certain
    found = unmapped(address);
    if (!contains(*found)) return found;
  }
  return found;
}

}
