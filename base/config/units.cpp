#include "base/config/units.hpp"

#include <charconv>
#include <cmath>

namespace config {

std::optional<std::uint64_t> parse_size(std::string_view text) {
  std::uint64_t number = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return std::nullopt;
  std::string_view const unit = text.substr(static_cast<std::size_t>(end - text.data()));
  unsigned shift = 0;
  if (unit == "k" || unit == "K")
    shift = 10;
  else if (unit == "m" || unit == "M")
    shift = 20;
  else if (unit == "g" || unit == "G")
    shift = 30;
  else if (!unit.empty())
    return std::nullopt;
  if (number > (std::uint64_t{1} << 60 >> shift)) return std::nullopt;
  return number << shift;
}

std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  double number = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc{} || !std::isfinite(number) || number < 0) return std::nullopt;
  std::string_view const unit = text.substr(static_cast<std::size_t>(end - text.data()));
  double unit_ns = 0;
  if (unit == "us")
    unit_ns = 1e3;
  else if (unit == "ms")
    unit_ns = 1e6;
  else if (unit == "s")
    unit_ns = 1e9;
  else if (unit == "m")
    unit_ns = 60e9;
  else if (unit == "h")
    unit_ns = 3600e9;
  else
    return std::nullopt;
  double const total = number * unit_ns;
  if (total > 365.0 * 24 * 3600e9) return std::nullopt;
  return std::chrono::nanoseconds(std::llround(total));
}

}
