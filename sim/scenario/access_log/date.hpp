#pragma once

#include <cstdint>
#include <string_view>
#include <variant>

namespace sim::access_log {

/// A date of a log.
struct moment {
  std::int64_t ns = 0; // UTC, since 1970
  bool to_the_second = true;
};

/// Why there is no date.
enum class no_moment : std::uint8_t { not_understood, out_of_range };

/// `dd/Mon/yyyy:hh:mm:ss[.fff] +hhmm` (NCSA) or `yyyy-mm-ddThh:mm:ss[.fff](Z|+hh:mm)` (RFC 3339). Years from 1970 to
/// 2199, so that differences fit into 63 bits of nanoseconds; second 60 is that of a leap second.
std::variant<moment, no_moment> parse_date(std::string_view text);

/// A number of seconds, milliseconds, microseconds or nanoseconds since 1970; its size tells which.
std::variant<moment, no_moment> date_of(double number);

}
