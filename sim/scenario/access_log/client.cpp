#include "sim/scenario/access_log/client.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cstring>
#include <optional>

namespace sim::access_log {
namespace {

std::string_view without_port(std::string_view text) {
  if (text.starts_with('[')) {
    std::size_t const end = text.find(']');
    return end == std::string_view::npos ? text : text.substr(1, end - 1);
  }
  return has_port(text) ? text.substr(0, text.rfind(':')) : text;
}

std::optional<std::string> address(std::string_view text) {
  std::string const plain(without_port(text));
  std::array<unsigned char, 16> bytes{};
  std::array<char, INET6_ADDRSTRLEN> spelling{};
  if (::inet_pton(AF_INET, plain.c_str(), bytes.data()) == 1) return plain;
  if (::inet_pton(AF_INET6, plain.c_str(), bytes.data()) != 1) return std::nullopt;
  constexpr std::array<unsigned char, 12> mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  bool const is_v4 = std::equal(mapped.begin(), mapped.end(), bytes.begin());
  ::inet_ntop(is_v4 ? AF_INET : AF_INET6, bytes.data() + (is_v4 ? 12 : 0), spelling.data(), spelling.size());
  return std::string(spelling.data());
}

}

bool has_port(std::string_view text) {
  std::size_t const colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  std::string_view const port = text.substr(colon + 1), host = text.substr(0, colon);
  bool const digits = !port.empty() && port.size() <= 5 &&
                      std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; });
  return digits && (host.find(':') == std::string_view::npos || host.ends_with(']'));
}

bool is_address(std::string_view text) { return address(text).has_value(); }

std::string canonical(std::string_view client) { return address(client).value_or(std::string(client)); }

}
