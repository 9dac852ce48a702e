#include "gateway/http/shared_value.hpp"

namespace gateway::http {
namespace {

constexpr std::size_t longest = 300; // a host name has up to 253 characters

}

std::string shared_value_text(std::string_view backend, std::optional<std::uint64_t> epoch) {
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
  std::string_view const epoch = text.substr(space + 1);
  value.epoch = parse_epoch(epoch);
  if (!value.epoch || (epoch.size() > 1 && epoch.front() == '0')) return std::nullopt;
  return value;
}

}
