#include "sim/scenario/cursor.hpp"

#include <charconv>
#include <cmath>

namespace sim::scenario {

std::optional<nanoseconds> parse_duration(std::string_view text) {
  double value = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (error != std::errc{} || !(value >= 0)) return std::nullopt;
  std::string_view const unit = text.substr(static_cast<std::size_t>(end - text.data()));
  double factor = 0;
  if (unit == "us") factor = 1e3;
  if (unit == "ms") factor = 1e6;
  if (unit == "s") factor = 1e9;
  if (unit == "m") factor = 60e9;
  if (unit == "h") factor = 3600e9;
  if (factor < 1 || value * factor > 9e18) return std::nullopt;
  return nanoseconds(std::llround(value * factor));
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  std::uint64_t value = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return std::nullopt;
  std::string_view const unit = text.substr(static_cast<std::size_t>(end - text.data()));
  unsigned shift = 0;
  if (unit == "k" || unit == "K") {
    shift = 10;
  } else if (unit == "m" || unit == "M") {
    shift = 20;
  } else if (unit == "g" || unit == "G") {
    shift = 30;
  } else if (!unit.empty()) {
    return std::nullopt;
  }
  if (value > (UINT64_MAX >> shift)) return std::nullopt;
  return value << shift;
}

std::string cursor::text(char const* key, std::string fallback) const {
  return has(key) ? value_->at(key).get<std::string>() : std::move(fallback);
}

double cursor::number(char const* key, double fallback) const {
  return has(key) ? value_->at(key).get<double>() : fallback;
}

bool cursor::flag(char const* key, bool fallback) const { return has(key) ? value_->at(key).get<bool>() : fallback; }

std::uint32_t cursor::count(char const* key, std::uint32_t fallback) const {
  return has(key) ? value_->at(key).get<std::uint32_t>() : fallback;
}

bool cursor::has_duration(std::string const& key) const {
  return value_->contains(key) || value_->contains(key + "_ms");
}

nanoseconds cursor::duration(std::string const& key, nanoseconds fallback) const {
  std::string const in_ms = key + "_ms";
  if (value_->contains(key) && value_->contains(in_ms)) {
    (*this)[in_ms].fail("found both '" + key + "' and '" + in_ms + "'; allowed: one of them");
  }
  if (value_->contains(in_ms)) return nanoseconds(std::llround(value_->at(in_ms).get<double>() * 1e6));
  if (!value_->contains(key)) return fallback;
  auto const parsed = parse_duration(value_->at(key).get_ref<std::string const&>());
  if (!parsed || *parsed > std::chrono::hours(24 * 365)) {
    (*this)[key].fail("found " + value_->at(key).dump() + "; allowed: a duration up to a year, such as \"5s\"");
  }
  return *parsed;
}

}
