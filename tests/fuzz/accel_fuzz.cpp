// X-Accel-Redirect, X-Backend and X-Forwarded-For values, and client targets: no bytes may crash their readers, and
// what is accepted must read the same again.
#include "gateway/http/accel.hpp"
#include "gateway/http/target.hpp"
#include "gateway/net/address_ranges.hpp"

#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string_view const text(reinterpret_cast<char const*>(data), size);
  if (auto const target = gateway::http::parse_accel_redirect(text)) {
    auto const again = gateway::http::parse_host_port(target->text());
    if (!again || !(*again == *target)) std::abort();
  }
  if (auto const backend = gateway::http::parse_backend(text)) {
    auto const again = gateway::http::parse_backend("http://" + backend->text());
    if (!again || !(*again == *backend)) std::abort();
  }
  gateway::http::names_internal_location(text);
  // Whoever decodes a path that was let through finds no way up in it.
  if (!gateway::http::has_dot_segments(text) && text.substr(0, text.find_first_of("?#")).find("/../") != text.npos)
    std::abort();
  gateway::http::is_at_or_below(text, "/characters");

  static gateway::net::trusted_proxies const proxies = [] {
    gateway::net::trusted_proxies made;
    made.add(*gateway::net::address_range::parse("10.0.0.0/8"));
    return made;
  }();
  if (auto const client = proxies.client(text).address; client && text.find(client->to_string()) == text.npos) {
    // Another spelling of an IPv6 address, or an IPv4 address in one.
    if (text.find(':') == text.npos) std::abort();
  }
  return 0;
}
