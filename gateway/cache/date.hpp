#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gateway::cache {

/// Seconds since 1970 of an HTTP-date (RFC 9110 5.6.7) in any of its three forms. `now_s` determines the century of a
/// year with two digits. Nullopt for anything else, such as a date with another zone, or without a leading zero.
std::optional<std::int64_t> parse_http_date(std::string_view text, std::int64_t now_s);

/// As IMF-fixdate, the form in which dates are sent.
std::string http_date(std::int64_t seconds);

}
