#include "gateway/http/accel.hpp"

#include "gateway/http/fields.hpp"

#include <algorithm>
#include <charconv>

namespace gateway::http {
namespace {

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

}

session_words session_words_of(message_head const& head, char const* base) {
  session_words out;
  auto const take = [](std::optional<std::string_view>& word, std::string_view value) {
    word = !word || *word == value ? value : std::string_view();
  };
  for (field_line const& line : head.fields) {
    std::string_view const name = line.name.in(base);
    if (!is_internal(name)) continue;
    std::string_view const value = line.value.in(base);
    if (iequals(name, "X-Accel-Redirect")) take(out.redirect, value);
    if (iequals(name, "X-Accel-Once")) out.once = value == "1" || iequals(value, "true");
    if (iequals(name, "X-Backend")) take(out.backend, value);
    if (iequals(name, "X-Session-Epoch")) take(out.epoch, value);
  }
  return out;
}

std::optional<host_port> parse_accel_redirect(std::string_view location) {
  if (!location.starts_with(internal_prefix)) return std::nullopt;
  location.remove_prefix(internal_prefix.size());
  std::size_t const end = std::min(location.find_first_of("/?*"), location.size());
  if (std::any_of(location.begin(), location.end(), is_control)) return std::nullopt;
  return parse_host_port(location.substr(0, end));
}

std::optional<host_port> parse_backend(std::string_view value) {
  std::uint16_t default_port = 0;
  if (istarts_with(value, "http://")) {
    default_port = 80;
    value.remove_prefix(7);
  } else if (istarts_with(value, "https://")) {
    default_port = 443;
    value.remove_prefix(8);
  }
  return parse_authority(value.substr(0, value.find_first_of("/?#")), default_port);
}

std::optional<std::uint64_t> parse_epoch(std::string_view value) {
  std::uint64_t epoch = 0;
  char const* const end = value.data() + value.size();
  auto const read = std::from_chars(value.data(), end, epoch);
  if (value.empty() || read.ec != std::errc{} || read.ptr != end) return std::nullopt;
  return epoch;
}

}
