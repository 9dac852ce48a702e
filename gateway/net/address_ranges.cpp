#include "gateway/net/address_ranges.hpp"

#include "gateway/http/address.hpp"

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
  constexpr unsigned short mapped_bits = 96;
  address_range made;
  boost::system::error_code ec;
  bool const has_bits = text.find('/') != std::string::npos;
  bool const is_v6 = text.find(':') != std::string::npos;
  if (text.find('%') != std::string::npos) return std::nullopt; // an address with a zone is not accepted
  std::string const network = has_bits ? text : text + (is_v6 ? "/128" : "/32");
  if (is_v6) {
    ip::network_v6 const v6 = ip::make_network_v6(network, ec);
    if (ec) return std::nullopt;
    if (v6.address().is_v4_mapped() && v6.prefix_length() >= mapped_bits)
      made.network_ = ip::network_v4(ip::make_address_v4(ip::v4_mapped, v6.address()),
                                     static_cast<unsigned short>(v6.prefix_length() - mapped_bits))
                          .canonical();
    else
      made.network_ = v6.canonical();
  } else {
    made.network_ = ip::make_network_v4(network, ec).canonical();
  }
  if (ec) return std::nullopt;
  return made;
}

bool address_range::contains(ip::address const& given) const {
  ip::address const address = unmapped(given);
  if (auto const* v4 = std::get_if<ip::network_v4>(&network_))
    return address.is_v4() && ip::network_v4(address.to_v4(), v4->prefix_length()).canonical() == *v4;
  ip::network_v6 const& v6 = std::get<ip::network_v6>(network_);
  return address.is_v6() && ip::network_v6(address.to_v6(), v6.prefix_length()).canonical() == v6;
}

bool trusted_proxies::contains(ip::address const& address) const {
  return std::any_of(ranges_.begin(), ranges_.end(), [&](address_range const& r) { return r.contains(address); });
}

trusted_proxies::origin trusted_proxies::client(std::string_view forwarded_for) const {
  using kind = http::forwarded_element::kind;
  origin found;
  for (int proxies = 0; !forwarded_for.empty();) {
    std::size_t const comma = forwarded_for.rfind(',');
    std::string_view const element = forwarded_for.substr(comma == std::string_view::npos ? 0 : comma + 1);
    forwarded_for = forwarded_for.substr(0, comma == std::string_view::npos ? 0 : comma);
    http::forwarded_element const said = http::parse_forwarded(element);
    if (said.what == kind::nothing) continue;
    if (said.what == kind::unclear || ++proxies > most_proxies) {
      found.unclear = element;
      return found;
    }
    if (said.what != kind::address) return found;
    boost::system::error_code ignored; // it is a valid address
    found.address = ip::make_address(said.address, ignored);
    if (!contains(*found.address)) return found;
  }
  return found;
}

}
