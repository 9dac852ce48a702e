#include "sim/scenario/cursor.hpp"

#include "base/config/units.hpp"

#include <cmath>

namespace sim::scenario {

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
  auto const parsed = config::parse_duration(value_->at(key).get_ref<std::string const&>());
  if (!parsed) {
    (*this)[key].fail("found " + value_->at(key).dump() + "; allowed: a duration up to a year, such as \"5s\"");
  }
  return *parsed;
}

}
