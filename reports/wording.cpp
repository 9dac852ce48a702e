#include "reports/wording.hpp"

#include <cmath>
#include <cstdio>
#include <filesystem>

namespace reports {

std::string_view verdict_name(sim::measure::verdict verdict) {
  switch (verdict) {
  case sim::measure::verdict::passed:
    return "passed";
  case sim::measure::verdict::failed:
    return "failed";
  case sim::measure::verdict::invalid:
    return "invalid";
  case sim::measure::verdict::interrupted:
    return "interrupted";
  }
  return "failed";
}

std::string fixed(double value, int digits) {
  if (!std::isfinite(value)) return "-";
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

std::string short_number(double value) {
  double const size = std::abs(value);
  if (size >= 1e15) {
    char text[64];
    std::snprintf(text, sizeof text, "%.3g", value);
    return text;
  }
  if (std::floor(size) >= size || size >= 1000) return fixed(value, 0);
  return fixed(value, size >= 100 ? 1 : size >= 1 ? 2 : size >= 0.1 ? 4 : size >= 0.01 ? 5 : 6);
}

std::string file_name(std::string const& path) { return std::filesystem::path(path).filename().string(); }

std::string difference(sim::measure::ratio_metric const& ratio) {
  if (!ratio.theory || !ratio.standard_error) return "";
  double const apart = ratio.value - *ratio.theory;
  if (*ratio.standard_error > 0) return (apart < 0 ? "" : "+") + fixed(apart / *ratio.standard_error, 2) + " se";
  return std::abs(apart) < 1e-12 ? "exact" : "not exact";
}

std::string one_line(std::string_view text) {
  std::string line;
  for (char const c : text) line += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  return line;
}

std::string hexadecimal(std::uint64_t value) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(value));
  return text;
}

}
