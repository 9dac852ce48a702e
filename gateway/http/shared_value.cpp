#include "gateway/http/shared_value.hpp"

#include <charconv>

namespace gateway::http {
namespace {

constexpr std::size_t longest = 300; // a host name has up to 253 characters
constexpr std::uint32_t largest_epoch = 0x7fff'ffff;

}

std::string shared_value_text(std::string_view backend, std::optional<std::uint32_t> epoch) {
  std::string text(backend);
  if (epoch) text.append(" ").append(std::to_string(*epoch));
  return text;
}

std::optional<shared_value> parse_shared_value(std::string_view text) {
  if (text.size() > longest) return std::nullopt;
  std::size_t const space = text.find(' ');
  auto backend = parse_host_port(text.substr(0, space));
  if (!backend) return std::nullopt;
  shared_value value{.backend = *std::move(backend)};
  if (space == std::string_view::npos) return value;
  char const* const end = text.data() + text.size();
  auto const read = std::from_chars(text.data() + space + 1, end, value.epoch.emplace());
  if (read.ec != std::errc{} || read.ptr != end || *value.epoch > largest_epoch) return std::nullopt;
  return value;
}

}
