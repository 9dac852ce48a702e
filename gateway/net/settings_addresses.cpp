// Addresses in a configuration: where clients and admin connect, the upstreams, and ranges of others.
#include "gateway/net/settings_reader.hpp"

#include <charconv>
#include <utility>

namespace gateway::net {
namespace {

std::optional<allowed_range> parse_range(std::string_view text) {
  std::size_t const colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string network(text.substr(0, colon));
  bool const is_v6 = network.starts_with('[') && network.ends_with(']');
  if (is_v6) network = network.substr(1, network.size() - 2);
  auto const parsed = address_range::parse(network);
  if (!parsed || is_v6 != (network.find(':') != std::string::npos)) return std::nullopt;
  allowed_range range{.network = *parsed};
  std::string_view const ports = text.substr(colon + 1);
  char const* const end = ports.data() + ports.size();
  auto first = std::from_chars(ports.data(), end, range.first_port);
  if (first.ec != std::errc{}) return std::nullopt;
  range.last_port = range.first_port;
  if (first.ptr != end) {
    if (*first.ptr != '-') return std::nullopt;
    auto const last = std::from_chars(first.ptr + 1, end, range.last_port);
    if (last.ec != std::errc{} || last.ptr != end) return std::nullopt;
  }
  if (range.first_port == 0 || range.first_port > range.last_port) return std::nullopt;
  return range;
}

constexpr char const* listen_flag = "--listen, --listen-tls";

/// Whether a listener at one address conflicts with a listener at the other. `shared`: with SO_REUSEPORT only equal
/// addresses conflict.
bool overlap(endpoint const& a, endpoint const& b, bool shared) {
  if (a.port() != b.port() || a.port() == 0) return false;
  if (a.address() == b.address()) return true;
  auto const holds = [](boost::asio::ip::address const& all, boost::asio::ip::address const& one) {
    return all.is_unspecified() && (all.is_v6() || one.is_v4()); // the IPv6 wildcard includes the IPv4 one
  };
  return !shared && (holds(a.address(), b.address()) || holds(b.address(), a.address()));
}

listener_settings read_listener(settings_reader const& in, pointer const& where) {
  if (in.at(where)->is_string()) return {.at = in.address(where, listen_flag, true)};
  listener_settings d{.at = in.address(where / "address", listen_flag, true), .tls = in.flag(where / "tls")};
  if (auto const* port = in.at(where / "redirect_to_https")) {
    if (d.tls)
      throw in.document().error_at(where,
                                   "found both tls and redirect_to_https; allowed: one of them, since what comes "
                                   "with TLS is there already");
    d.https_port = port->get<std::uint16_t>();
  }
  return d;
}

}

std::vector<listener_settings> read_listeners(settings_reader const& in) {
  pointer const root("/listen");
  auto const* value = in.at(root);
  std::vector<listener_settings> listeners;
  if (value && !value->is_array()) listeners.push_back(read_listener(in, root));
  if (value && value->is_array())
    for (std::size_t i = 0; i < value->size(); ++i) {
      listener_settings next = read_listener(in, root / i);
      for (listener_settings const& earlier : listeners)
        if (overlap(earlier.at.address, next.at.address, in.flag(pointer("/reuse_port"))))
          throw in.document().error_at(root / i, "found " + next.at.name.text() + " beside " + earlier.at.name.text() +
                                                     ", which is or holds the same; allowed: each address once");
      listeners.push_back(std::move(next));
    }
  if (listeners.empty())
    throw in.document().error_at(root, "found nothing; allowed: at least one HOST:PORT to listen at (--listen, "
                                       "--listen-tls)");
  return listeners;
}

place read_admin(settings_reader const& in, std::vector<listener_settings> const& listeners) {
  place const at = in.address(pointer("/admin"), "--admin", true);
  for (listener_settings const& d : listeners)
    if (overlap(at.address, d.at.address, false))
      throw in.document().error_at(pointer("/admin"), "found " + at.name.text() + ", where clients connect (" +
                                                          d.at.name.text() + "); allowed: another address (--admin)");
  return at;
}

std::vector<upstream_settings> read_upstreams(settings_reader const& in) {
  pointer const root("/upstreams");
  std::vector<upstream_settings> out;
  auto const* value = in.at(root);
  for (std::size_t i = 0; value && i != value->size(); ++i) {
    pointer const here = root / i;
    bool const plain = in.at(here)->is_string();
    upstream_settings next{.at = in.address(plain ? here : here / "address", "--upstream", false)};
    if (!plain) next.weight = in.at(here)->value("weight", 1u);
    for (upstream_settings const& earlier : out)
      if (earlier.at.name == next.at.name)
        throw in.document().error_at(here,
                                     "found " + next.at.name.text() + " a second time; allowed: each address once");
    out.push_back(std::move(next));
  }
  if (out.empty()) throw in.document().error_at(root, "found nothing; allowed: at least one HOST:PORT (--upstream)");
  return out;
}

trusted_proxies read_trusted_proxies(settings_reader const& in) {
  trusted_proxies out;
  pointer const root("/trusted_proxies");
  auto const* value = in.at(root);
  for (std::size_t i = 0; value && i != value->size(); ++i) {
    auto const range = address_range::parse((*value)[i].get<std::string>());
    if (!range)
      throw in.document().error_at(root / i,
                                   "found " + (*value)[i].dump() +
                                       "; allowed: an address or NETWORK/BITS, such as 10.0.0.0/8 or fd00::/8");
    out.add(*range);
  }
  return out;
}

std::vector<allowed_range> read_allowed_ranges(settings_reader const& in) {
  std::vector<allowed_range> out;
  if (auto const* ranges = in.at(pointer("/allow_redirects_to")))
    for (std::size_t i = 0; i < ranges->size(); ++i) {
      auto const range = parse_range((*ranges)[i].get<std::string>());
      if (!range)
        throw in.document().error_at(
            pointer("/allow_redirects_to") / i,
            "found " + (*ranges)[i].dump() +
                "; allowed: NETWORK/BITS:PORT or NETWORK/BITS:PORT-PORT, such as 10.0.0.0/8:8000-8999 or "
                "[fd00::/8]:8000");
      out.push_back(*range);
    }
  return out;
}

}
